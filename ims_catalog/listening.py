"""The port that answers are given on."""

import socket

from ims_catalog.configuration import ConfigurationError
from ims_catalog.settings import Settings

BACKLOG = 1024
"""Connections that wait to be accepted."""


def listen(settings: Settings) -> socket.socket:
    """Open the port. Raises ConfigurationError."""
    host, port = settings.api.host, settings.api.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"api: cannot listen on {host}, port {port}: {reason}") from None


def address(settings: Settings, listener: socket.socket) -> str:
    """Give the address that a browser takes."""
    host = settings.api.host
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
