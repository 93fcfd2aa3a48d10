"""`Fault`: what goes wrong at the transport, and with which requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ims_catalog.sandbox.answer import Answer


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the sandbox got it. `page` counts the pages of one walk through a listing, from 1.

    `service` is "ims", "ecs" or "iam"; `headers` are the names sent, in lower case, never the values.
    """

    method: str
    path: str
    query: str
    service: str
    region: str | None
    project: str | None
    parameters: Mapping[str, str]
    headers: tuple[str, ...]
    page: int

    @property
    def image_type(self) -> str | None:
        """The `__imagetype` asked for."""
        return self.parameters.get("__imagetype")


@dataclass(frozen=True, slots=True)
class Hang:
    """The request is read and never answered."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The right answer, of which only the first `after` bytes arrive before the connection breaks."""

    after: int


@dataclass(frozen=True, slots=True)
class HalfClose:
    """The right answer, of which the first `after` bytes arrive; the cloud then says that this was all, and
    goes on listening.
    """

    after: int


@dataclass(frozen=True, slots=True)
class Flood:
    """An answer of `size` bytes; with `compressed`, a thousandth of that which unpacks to it."""

    size: int
    compressed: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The right answer with its body changed."""

    change: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Trickle:
    """The right answer, one byte after the other with `pause` seconds between them."""

    pause: float


Effect = Answer | Hang | Cut | HalfClose | Flood | Rewrite | Trickle


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """An `effect` on the requests that `when` picks: on all of them, or on the first `times`."""

    when: Callable[[Received], bool]
    effect: Effect
    times: int | None = None


def matching(
    *,
    service: str | None = None,
    region: str | None = None,
    project: str | None = None,
    image_type: str | None = None,
    page: int | None = None,
) -> Callable[[Received], bool]:
    """Pick requests by what is given; what is left out does not matter."""

    def picks(received: Received) -> bool:
        return (
            service in {None, received.service}
            and region in {None, received.region}
            and project in {None, received.project}
            and image_type in {None, received.image_type}
            and page in {None, received.page}
        )

    return picks
