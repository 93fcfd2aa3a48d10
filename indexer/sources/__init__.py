"""How records are fetched from a cloud: configured sources, logins, one hardened HTTP client, retries."""
