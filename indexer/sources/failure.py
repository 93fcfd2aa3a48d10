"""`Failure`: a request that gave no usable answer, with what that means for the next one."""

from clouds.error import Meaning

_PASSING = frozenset({Meaning.THROTTLED, Meaning.TEMPORARY})


class Failure(Exception):
    """The text is for the user and holds no secret. `retry_after` is in seconds, as the cloud asked.

    `sent` is False where it is certain that the request reached nobody.
    """

    def __init__(
        self, text: str, meaning: Meaning, retry_after: float | None = None, *, sent: bool = True
    ) -> None:
        super().__init__(text)
        self.meaning = meaning
        self.retry_after = retry_after
        self.sent = sent

    @property
    def passing(self) -> bool:
        """The same request may succeed a little later."""
        return self.meaning in _PASSING

    def again(self) -> "Failure":
        """Give the same one to raise once more, elsewhere."""
        return Failure(str(self), self.meaning, self.retry_after, sent=self.sent)


class Down(Failure):
    """Nothing was sent: the endpoint has given no usable answer for too long."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Meaning.OTHER, sent=False)
