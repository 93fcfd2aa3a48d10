"""The name of a generation, and its parts back from the name.

<prefix>-<schema>-<term>-<time>-<run>      ims-catalog-3f9a1c2e-000007-20261124t061700z-5f2c9a
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_TIME = "%Y%m%dt%H%M%Sz"
_NAME = re.compile(
    r"(?P<prefix>[a-z][a-z0-9-]*)-(?P<schema>[0-9a-f]{8})-(?P<term>[0-9]{6,})"
    r"-(?P<time>[0-9]{8}t[0-9]{6}z)-(?P<run>[0-9a-f]{6})"
)


@dataclass(frozen=True, slots=True)
class Generation:
    """`schema` is the hash of what was generated from `FIELDS`, `term` grows with each run."""

    prefix: str
    schema: str
    term: int
    time: datetime
    run: str

    @property
    def name(self) -> str:
        """The parts as one name; names of one prefix and schema sort by term."""
        return f"{self.prefix}-{self.schema}-{self.term:06}-{self.time.strftime(_TIME)}-{self.run}"


def parse_generation(name: str) -> Generation:
    """Split a name. Raises ValueError for what is not the name of a generation, or not written as it is."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is not the name of a generation")
    time = datetime.strptime(found["time"], _TIME).replace(tzinfo=UTC)
    generation = Generation(found["prefix"], found["schema"], int(found["term"]), time, found["run"])
    if generation.name != name:
        raise ValueError(f"{name!r} is not the name of a generation, which would be {generation.name}")
    return generation


def term_of(name: str) -> int:
    """Give the term of a generation. Raises ValueError for what is not the name of one."""
    return parse_generation(name).term
