"""`Deadline`: the moment after which nothing more is asked of a cloud."""

from dataclasses import dataclass

from engines.clock import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    at: float
    clock: Clock

    @property
    def left(self) -> float:
        """Seconds until then, 0 once it has passed."""
        return max(0.0, self.at - self.clock.monotonic())

    def within(self, seconds: float) -> "Deadline":
        """Give the sooner of this moment and the one in `seconds` from now."""
        return Deadline(min(self.at, self.clock.monotonic() + seconds), self.clock)


def deadline_in(seconds: float, clock: Clock) -> Deadline:
    """Give the moment in `seconds` from now."""
    return Deadline(clock.monotonic() + seconds, clock)
