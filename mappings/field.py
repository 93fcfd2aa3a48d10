"""`Field`: the one declaration of an attribute of an image, from which everything else is generated."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a value of a field is, in a `Document` and in a `Condition` alike."""

    KEYWORD = "keyword"
    """`str`, compared by code points; exact, prefix and wildcard."""
    TEXT = "text"
    """`str`, a keyword that is also cut into tokens (`mappings.text`)."""
    INTEGER = "integer"
    """`int` within ±(2**53 - 1), the numbers every JSON reader keeps exact."""
    BOOLEAN = "boolean"
    """`bool`."""
    DATE = "date"
    """`int`, milliseconds since 1970 in UTC; ISO 8601 in JSON."""
    VERSION = "version"
    """`str` of dotted components, compared by component (`mappings.version`)."""
    MAP = "map"
    """Text to text, asked as `name.KEY`."""


class Vocabulary(StrEnum):
    """Which values a question may name."""

    CLOSED = "closed"
    """The documented ones."""
    OPEN = "open"
    """The documented ones and those that occur in the served generation."""
    FREE = "free"
    """Any: ids, names, tags, numbers, dates."""


class FacetLogic(StrEnum):
    """How several chosen values of one facet combine."""

    OR = "or"
    """One value per image: the facet counts what choosing another value would give."""
    AND = "and"
    """Many values per image: each chosen value narrows."""


class Exposure(StrEnum):
    """In whose documents a field stands."""

    PUBLIC = "public"
    """In every document."""
    OWNER = "owner"
    """In the owner's own document only; cut from all others before they are stored."""
    INTERNAL = "internal"
    """Never shown: it serves access and freshness."""


class Group(StrEnum):
    """The part of an image's description that a field belongs to; orders reference and page."""

    IDENTITY = "identity"
    STATE = "state"
    TIMES = "times"
    SYSTEM = "system"
    KIND = "kind"
    ORIGIN = "origin"
    SIZE = "size"
    HARDWARE = "hardware"
    GUEST = "guest"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Documented:
    """A documented value with its English and Chinese label."""

    value: str
    label: str
    label_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An attribute of an image.

    `ims` and `glance` are the wire keys it is read from, the first that holds a value wins; each is also
    accepted wherever the field's name is. A field without wire keys is filled in by a rule
    (`mappings.derive`) or, if internal, by the plan.
    """

    name: str
    kind: Kind
    group: Group
    label: str
    label_zh: str
    description: str
    example: str
    source: str
    ims: tuple[str, ...] = ()
    glance: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    multiple: bool = False
    unit: str | None = None
    values: tuple[Documented, ...] = ()
    vocabulary: Vocabulary = Vocabulary.FREE
    filterable: bool = True
    facet: FacetLogic | None = None
    sortable: bool = False
    summable: bool = False
    """A quantity that can be added up over images."""
    text: bool = False
    exposure: Exposure = Exposure.PUBLIC
    stated_in: str | None = None
    """The field that holds what the cloud stated, where this one holds what is effective."""
    absent: str | int | bool | None = field(default=None)
    """The effective value where the cloud states none; the document then lists the field in `derived`."""

    @property
    def wire_names(self) -> tuple[str, ...]:
        """All keys the field is read from, each once."""
        return tuple(dict.fromkeys(self.ims + self.glance))
