"""`Asked`: what a request asks beside its sentence, and the parts that parameters and bodies share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engines.histogram import SPREADABLE
from engines.query import Pivot, Sort
from mappings.fields import FIELDS
from mappings.filter import Filter
from search_api.clause import Clause
from search_api.limits import DOUBTS, FACETS, HISTOGRAMS, PAGE, SELECTED, SORTS
from search_api.naming import SHOWN, near, shown_field
from search_api.problem import Mistake, MistakeError, refused


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that no public image holds: a mistake, unless the caller sees one that satisfies `literal`."""

    literal: Filter
    mistake: Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, read. `facets` and `limit` are None and `sort` empty where the request leaves them open."""

    sentence: str = ""
    clauses: tuple[Clause, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    facets: tuple[str, ...] | None = None
    histograms: tuple[str, ...] = ()
    pivot: Pivot | None = None
    sums: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    selection: tuple[str, ...] = ()


def check_doubts(doubts: Sequence[Doubt]) -> None:
    """Refuse more doubts than are worth looking for. Raises ProblemError."""
    if len(doubts) > DOUBTS:
        raise refused(*(doubt.mistake for doubt in doubts))


@lru_cache(maxsize=1024)
def facet_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Read the fields to count, each once. Raises MistakeError."""
    found = dict.fromkeys(_facet(name) for name in names)
    if len(found) > FACETS:
        raise MistakeError(Mistake(detail=f"{len(found)} facets are too many; at most {FACETS}"))
    return tuple(found)


def histogram_names(names: Iterable[str]) -> tuple[str, ...]:
    """Read the fields to spread, each once. Raises MistakeError."""
    found = dict.fromkeys(_fit(name, "values cannot be spread", _SPREADABLE) for name in names)
    if len(found) > HISTOGRAMS:
        raise MistakeError(Mistake(detail=f"{len(found)} histograms are too many; at most {HISTOGRAMS}"))
    return tuple(found)


def pivot_fields(names: Sequence[str]) -> Pivot | None:
    """Read the two fields to count by at once: that of the rows, that of the columns. Raises MistakeError."""
    if not names:
        return None
    if len(names) != _PIVOT:
        detail = f"has two fields, that of its rows and that of its columns; {len(names)} given"
        raise MistakeError(Mistake(detail=detail, allowed=_FACETABLE))
    rows, columns = map(_facet, names)
    if rows == columns:
        detail = f"{rows} is named twice; a pivot counts by two different fields"
        raise MistakeError(Mistake(detail=detail, allowed=_FACETABLE))
    return Pivot(rows, columns)


def sum_names(names: Iterable[str]) -> tuple[str, ...]:
    """Read the fields to add up, each once. Raises MistakeError."""
    return tuple(dict.fromkeys(_fit(name, "values cannot be added up", _SUMMABLE) for name in names))


def sort_levels(names: Iterable[str]) -> tuple[Sort, ...]:
    """Read the levels of an order, `-` for descending; a field counts where it is named first.

    Raises MistakeError.
    """
    levels: dict[str, Sort] = {}
    for name in names:
        level = _sort(name)
        levels.setdefault(level.field, level)
    if len(levels) > SORTS:
        raise MistakeError(Mistake(detail=f"{len(levels)} sort fields are too many; at most {SORTS}"))
    return tuple(levels.values())


def page_limit(value: int) -> int:
    """Check how many images a page may have. Raises MistakeError."""
    if not 0 <= value <= PAGE:
        raise MistakeError(Mistake(detail=f"{value} is out of range; allowed: 0 (counts only) to {PAGE}"))
    return value


def selection(names: Sequence[str]) -> tuple[str, ...]:
    """Read which fields of an image are wanted, each once. Raises MistakeError."""
    if len(names) > SELECTED:
        raise MistakeError(Mistake(detail=f"{len(names)} fields are too many; at most {SELECTED}"))
    return tuple(dict.fromkeys("derived" if name == "derived" else shown_field(name)[0] for name in names))


def _facet(name: str) -> str:
    return _fit(name, "values cannot be counted", _FACETABLE)


def _sort(text: str) -> Sort:
    name = text.removeprefix("-")
    spoken, field = shown_field(name)
    if not field.sortable:
        raise _unfit(name, "images cannot be sorted by it", _SORTABLE)
    return Sort(spoken, descending=text.startswith("-"))


def _fit(name: str, why_not: str, fit: tuple[str, ...]) -> str:
    spoken, _ = shown_field(name)
    if spoken not in fit:
        raise _unfit(name, why_not, fit)
    return spoken


def _unfit(name: str, why: str, fit: tuple[str, ...]) -> MistakeError:
    return MistakeError(Mistake(detail=f"{name}: {why}", allowed=fit, did_you_mean=near(name, fit)))


_SHOWN_NAMES = frozenset(field.name for field in SHOWN)
_FACETABLE = tuple(field.name for field in FIELDS if field.facet is not None and field.name in _SHOWN_NAMES)
_SPREADABLE = tuple(name for name in SPREADABLE if name in _SHOWN_NAMES)
_SUMMABLE = tuple(field.name for field in FIELDS if field.summable and field.name in _SHOWN_NAMES)
_PIVOT = 2
_SORTABLE = tuple(field.name for field in FIELDS if field.sortable and field.name in _SHOWN_NAMES)
