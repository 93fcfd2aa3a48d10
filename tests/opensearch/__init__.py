"""A real OpenSearch for the tests, and for a person to try: fetched, verified, started, stopped."""
