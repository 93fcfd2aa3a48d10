"""The command that composes the parts: settings, command line, demo and sandbox cloud."""
