"""`Deadlines`: how long a client may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds until a connection is cut.

    `head`: from its beginning, and from the first byte of a further request, to the last line of the head.
    `body`: for all of a body. `idle`: between requests; longer than the proxies before us keep theirs, so
    that these are the ones who close. `linger`: for what is still sent to an answer that did not wait for it.
    """

    head: float = 10.0
    body: float = 10.0
    idle: float = 75.0
    linger: float = 2.0
