"""The signals that end a service, and who meets them when."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Meets SIGINT and SIGTERM: raises KeyboardInterrupt, but not while it is held."""

    def __init__(self) -> None:
        self._held = False
        self._told = False

    def __call__(self, *_: object) -> None:
        """Meet a signal."""
        if not self._held:
            raise KeyboardInterrupt
        self._told = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait: a worker that is cut off while it is handed its parts ends in a stack trace.

        The worker begins with signals blocked, until it can meet them itself.
        """
        self._held = True
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            self._held = False
            if self._told:
                raise KeyboardInterrupt
