"""`Unseen`: the progress of runs that nobody watches; a log tells how they end."""


class Unseen:
    """Implements `indexer.progress.Progress`."""

    def begun(self, scope: str, expected: int | None) -> None:
        """Listing a scope begins."""

    def listed(self, scope: str, images: int) -> None:
        """A page brought so many images more."""

    def ended(self, scope: str, reason: str | None) -> None:
        """Listing a scope ended."""

    def compared(self, documents: int) -> None:
        """So many documents were compared."""

    def asked(self, answered: int, images: int) -> None:
        """So many images have been asked for."""

    def built(self, documents: int) -> None:
        """So many documents are in the next generation."""

    def close(self) -> None:
        """Nothing more will come."""
