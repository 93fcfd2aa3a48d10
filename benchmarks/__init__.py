"""Every figure that the README claims, measured again by one command: `make bench`."""
