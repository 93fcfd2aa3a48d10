"""What a generation holds beside its documents: flavors and OS versions, fetched now or kept from before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import orjson

from engines.base import Companions
from engines.ledger import Memory

DOCUMENTED = "documented"
"""The `source` of a flavor that was read in documents."""


class Place(NamedTuple):
    """A region of a cloud, whichever source crawls it."""

    cloud: str
    region: str


class Table(StrEnum):
    """The kinds of companions."""

    FLAVORS = "flavors"
    OS_VERSIONS = "os_versions"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One table of one region as it is to be; `reason` says why that is not known.

    `fetched`: the cloud gave it just now. Else it is what is documented, or nothing as nothing is wanted.
    """

    table: Table
    cloud: str
    region: str
    records: tuple[Mapping[str, object], ...] = ()
    reason: str | None = None
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is served already, and the memories of the ledger, which tell when each table was fetched."""

    companions: Companions = field(default_factory=Companions)
    memories: Mapping[str, Memory] = field(default_factory=dict)


def remembered(fetched: Iterable[Fetched], now: datetime) -> tuple[Memory, ...]:
    """Give what a run has to remember of the tables that it fetched."""
    return tuple(
        Memory(_name(one.table, Place(one.cloud, one.region)), fetched=now) for one in fetched if one.fetched
    )


def fresh(known: Known, table: Table, place: Place, now: datetime, every: float) -> bool:
    """Tell whether a table that is served was fetched from the cloud less than `every` seconds ago."""
    memory = known.memories.get(_name(table, place))
    if memory is None or memory.fetched is None:
        return False
    age = (now - memory.fetched).total_seconds()
    served = served_of(known.companions, table, place)
    return 0 <= age < every and any(map(of_the_cloud, served))


def served_of(companions: Companions, table: Table, place: Place) -> list[Mapping[str, object]]:
    """Give the records of a table that are of a region."""
    records = companions.flavors if table is Table.FLAVORS else companions.os_versions
    return [record for record in records if (record.get("cloud"), record.get("region")) == place]


def of_the_cloud(record: Mapping[str, object]) -> bool:
    """Tell whether a record is what the cloud itself said."""
    return record.get("source") != DOCUMENTED


def _name(table: Table, place: Place) -> str:
    return f"{place.cloud}/{place.region}/{table.value}"


def merge_companions(before: Companions, fetched: Iterable[Fetched]) -> Companions:
    """Take each table of a region from the first source that gave it; keep those that none gave.

    `fetched` is in the order of the sources.
    """
    given: dict[Table, dict[tuple[str, str], Fetched]] = {table: {} for table in Table}
    for one in fetched:
        if one.reason is None:
            given[one.table].setdefault((one.cloud, one.region), one)
    return Companions(
        flavors=_merged(before.flavors, given[Table.FLAVORS], ("id",)),
        os_versions=_merged(before.os_versions, given[Table.OS_VERSIONS], ("platform", "os_version")),
    )


def _merged(
    before: Iterable[Mapping[str, object]],
    given: Mapping[tuple[str, str], Fetched],
    order: tuple[str, ...],
) -> tuple[Mapping[str, object], ...]:
    kept = [record for record in before if (record.get("cloud"), record.get("region")) not in given]
    fresh = [
        readable
        for one in given.values()
        for record in one.records
        if (readable := _readable({**record, "cloud": one.cloud, "region": one.region})) is not None
    ]
    return tuple(
        sorted(
            (*kept, *fresh),
            key=lambda record: tuple(str(record.get(name, "")) for name in ("cloud", "region", *order)),
        )
    )


def _readable(record: Mapping[str, object]) -> Mapping[str, object] | None:
    """Give the record as any JSON reader would read it, None for one that cannot be written as JSON."""
    try:
        read: Mapping[str, object] = orjson.loads(orjson.dumps(record))
    except TypeError:
        return None
    return read
