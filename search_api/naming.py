"""The names that a request may use: those of fields, and those that are reserved."""

from rapidfuzz import fuzz, process

from mappings.field import Exposure, Field
from mappings.fields import FIELDS, MAP_FIELD, field_named
from search_api.freshness import JOINED
from search_api.limits import FIELD_NAME
from search_api.problem import Mistake, MistakeError

QUESTION_NAMES = ("q", "facets", "histograms", "pivot", "sum", "sort", "limit", "cursor", "fields")
"""Parameters of a search that are no fields."""

LATER = (
    "explain",
    "fit",
    "fits",
    "flavor",
    "format",
    "lang",
    "latest",
    "text",
    "without",
)
"""Reserved for what this version does not offer."""

RESERVED = frozenset((*QUESTION_NAMES, *LATER))
"""No field bears one of these, neither as name, wire name nor alias."""

SHOWN: tuple[Field, ...] = (
    *(field for field in FIELDS if field.exposure is not Exposure.INTERNAL),
    *JOINED.values(),
)
"""The fields that callers may know of."""

SHOWN_NAMES = tuple(field.name if field.name != MAP_FIELD else f"{MAP_FIELD}.KEY" for field in SHOWN)
"""What these are called; the map by its keys."""


def shown_field(name: str) -> tuple[str, Field]:
    """Find a field by name, wire name or alias; `extra.KEY` gives the map.

    Gives the name that conditions use beside the field. Raises MistakeError.
    """
    found = find_shown(name)
    if found is None:
        raise MistakeError(unknown(name))
    return found


def find_shown(name: str) -> tuple[str, Field] | None:
    """Find a field as `shown_field` does, or None. Raises MistakeError for a name that is far too long."""
    found = _DECLARED.get(name)
    if found is not None:
        return found
    if len(name) > FIELD_NAME:
        detail = f"a name of {len(name)} characters is too long; at most {FIELD_NAME}"
        raise MistakeError(Mistake(detail=detail))
    return (name, _MAP) if name.startswith(_KEY) and name != _KEY else None


def spoken_names(field: Field) -> tuple[str, ...]:
    """Give all names by which a field is found, its own first."""
    return (field.name, *field.aliases, *field.wire_names)


def check_filterable(spoken: str, field: Field) -> None:
    """Raise MistakeError if images cannot be filtered by it."""
    if spoken == MAP_FIELD:
        raise MistakeError(Mistake(detail=f"name one of its keys: {MAP_FIELD}.KEY"))
    if not field.filterable:
        raise MistakeError(Mistake(detail=f"images cannot be filtered by {field.name}"))


def unknown(name: str, further: tuple[str, ...] = ()) -> Mistake:
    """Say that no field is called so, which there are, and which may have been meant."""
    return Mistake(
        detail=no_field(name),
        allowed=(*further, *SHOWN_NAMES),
        did_you_mean=near(name, (*further, *_SPOKEN)),
    )


def no_field(name: str) -> str:
    """Say that no field is called so."""
    return f"there is no field {_short(name)}"


def near(word: str, among: tuple[str, ...]) -> tuple[str, ...]:
    """Give at most three that are spelled nearly so, the nearest first."""
    found = process.extract(
        word[:64], among, scorer=fuzz.ratio, processor=str.lower, limit=3, score_cutoff=70
    )
    return tuple(name for name, _, _ in found)


def _short(name: str) -> str:
    return repr(name if len(name) <= 64 else f"{name[:64]}…")


_SPOKEN = tuple(dict.fromkeys(name for field in SHOWN for name in spoken_names(field)))


def _declared(name: str) -> Field:
    return JOINED.get(name) or field_named(name)


_DECLARED = {
    name: (field.name, field)
    for name in _SPOKEN
    if (field := _declared(name)).exposure is not Exposure.INTERNAL
}
_MAP = field_named(MAP_FIELD)
_KEY = f"{MAP_FIELD}."
