"""A real Keystone and Glance for the tests: installed once, started, stopped."""
