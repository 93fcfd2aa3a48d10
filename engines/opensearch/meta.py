"""`Meta`: what the mapping of a generation's index says of the generation, under `_meta`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engines.base import DamagedGeneration, ForeignGeneration
from engines.opensearch.known import Known
from engines.opensearch.reply import part

FORMAT = 1
"""Goes up when the layout of a generation's index changes in what its schema does not tell."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is known since all documents are in: how many documents there are and pieces of companions, how
    many values each facet field has, and which fields a rule filled in.
    """

    documents: int
    companions: int
    distinct: Mapping[str, int]
    derived: frozenset[str]


@dataclass(frozen=True, slots=True)
class Meta:
    """`sealed` and `published` are None while the generation is being built.

    `clones` tells how many times in a row a generation began as a clone of the one before, None for one that
    cannot be cloned, as it has no outlines.
    """

    installation: str
    generation: str
    schema: str
    sealed: Sealed | None = None
    published: datetime | None = None
    clones: int | None = 0

    def as_json(self) -> dict[str, object]:
        """Write it as it stands in the mapping."""
        written: dict[str, object] = {
            "installation": self.installation,
            "generation": self.generation,
            "schema": self.schema,
            "format": FORMAT,
        }
        if self.clones is not None:
            written["clones"] = self.clones
        if self.sealed is not None:
            written["sealed"] = {
                "documents": self.sealed.documents,
                "companions": self.sealed.companions,
                "distinct": dict(self.sealed.distinct),
                "derived": sorted(self.sealed.derived),
            }
        if self.published is not None:
            written["published"] = self.published.isoformat()
        return written

    def known(self) -> Known:
        """Give what questions need to know. Raises DamagedGeneration for what was never sealed."""
        if self.sealed is None:
            raise DamagedGeneration(f"{self.generation} was never finished")
        return Known(self.generation, self.sealed.distinct, self.sealed.derived)


def read_meta(index: str, value: object) -> Meta | None:
    """Read what `as_json` wrote, None where something else stands there.

    Raises ForeignGeneration for what a newer version wrote.
    """
    form = part(value, "format")
    if isinstance(form, int) and form > FORMAT:
        raise ForeignGeneration(
            f"{index} is a generation of format {form}; this version knows up to {FORMAT}"
        )
    try:
        return Meta(
            installation=_text(value, "installation"),
            generation=_text(value, "generation"),
            schema=_text(value, "schema"),
            sealed=_sealed(part(value, "sealed")),
            published=_moment(part(value, "published")),
            clones=None if part(value, "clones") is None else _whole(value, "clones"),
        )
    except (TypeError, ValueError):
        return None


def _sealed(value: object) -> Sealed | None:
    if value is None:
        return None
    distinct, derived = part(value, "distinct"), part(value, "derived")
    if not isinstance(distinct, dict) or not isinstance(derived, list):
        raise TypeError("distinct and derived are wanted")
    return Sealed(
        documents=_whole(value, "documents"),
        companions=_whole(value, "companions"),
        distinct={str(name): _whole(distinct, name) for name in distinct},
        derived=frozenset(map(str, derived)),
    )


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError("a moment is wanted")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment with its offset is wanted")
    return moment


def _text(value: object, name: str) -> str:
    found = part(value, name)
    if not isinstance(found, str):
        raise TypeError(f"{name} must be text")
    return found


def _whole(value: object, name: str) -> int:
    found = part(value, name)
    if type(found) is not int:
        raise TypeError(f"{name} must be a number")
    return found
