"""`Asked`: what a request asks beside its sentence, and the parts that parameters and bodies share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from engines.histogram import SPREADABLE
from engines.query import Pivot, Sort
from mappings.field import Field
from mappings.fields import FIELDS
from mappings.filter import Filter
from search_api.clause import Clause
from search_api.limits import DOUBTS, ERRORS, FACETS, HISTOGRAMS, PAGE, SELECTED, SENTENCE, SORTS, SUMS
from search_api.naming import (
    SHOWN,
    SHOWN_NAMES,
    find_shown,
    near,
    no_field,
    shown_field,
    spoken_names,
    unknown,
)
from search_api.problem import Mistake, MistakeError, refused

_Given = TypeVar("_Given")
_Taken = TypeVar("_Taken")
_Read = TypeVar("_Read")


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

    def about(self, clauses: tuple[Clause, ...], doubts: tuple[Doubt, ...]) -> "Asked":
        """Give the same with other filters."""
        return Asked(
            sentence=self.sentence,
            clauses=clauses,
            doubts=doubts,
            facets=self.facets,
            histograms=self.histograms,
            pivot=self.pivot,
            sums=self.sums,
            sort=self.sort,
            limit=self.limit,
            selection=self.selection,
        )


def check_doubts(doubts: Sequence[Doubt]) -> None:
    """Refuse more doubts than are worth looking for. Raises ProblemError."""
    if len(doubts) > DOUBTS:
        raise refused(*(doubt.mistake for doubt in doubts))


@dataclass(frozen=True, slots=True)
class Form(Generic[_Given]):
    """How a request writes a text, a number and a list of names; each raises MistakeError for another thing.

    `place` adds to a mistake where the part of this name stands in the request.
    """

    text: Callable[[_Given], str]
    number: Callable[[_Given], int]
    names: Callable[[_Given], Sequence[str]]
    place: Callable[[Mistake, str], Mistake]


def read_asked(
    given: Mapping[str, _Given],
    form: Form[_Given],
    *,
    clauses: tuple[Clause, ...],
    doubts: tuple[Doubt, ...],
    mistakes: Sequence[Mistake],
) -> Asked:
    """Read the parts of a search that are no filter: what is asked in one form is asked in each.

    `mistakes` are those of the filters. Raises ProblemError that names every mistake.
    """
    wrong = list(mistakes)

    def read(
        name: str, take: Callable[[_Given], _Taken], reader: Callable[[_Taken], _Read], absent: _Read
    ) -> _Read:
        value = given.get(name)
        if value is None:
            return absent
        try:
            return reader(take(value))
        except MistakeError as error:
            wrong.extend(form.place(_with_allowed(mistake, name), name) for mistake in error.mistakes)
            return absent

    asked = Asked(
        sentence=read("q", form.text, _sentence, ""),
        clauses=clauses,
        doubts=doubts,
        facets=read("facets", form.names, _facets, None),
        histograms=read("histograms", form.names, _histograms, ()),
        pivot=read("pivot", form.names, _pivot, None),
        sums=read("sum", form.names, _sums, ()),
        sort=read("sort", form.names, _sort, ()),
        limit=read("limit", form.number, _limit, None),
        selection=read("fields", form.names, selection, ()),
    )
    if wrong:
        raise refused(*wrong)
    return asked


def _with_allowed(mistake: Mistake, name: str) -> Mistake:
    return mistake if mistake.allowed else replace(mistake, allowed=_ALLOWED.get(name, ()))


def _sentence(text: str) -> str:
    if len(text) > SENTENCE:
        raise MistakeError(Mistake(detail=f"is longer than {SENTENCE} characters", position=SENTENCE))
    return text


def _facets(names: Sequence[str]) -> tuple[str, ...]:
    return _each(names, FACETS, "facets", _COUNTED.field, _COUNTED.names)


def _histograms(names: Sequence[str]) -> tuple[str, ...]:
    return _each(names, HISTOGRAMS, "histograms", _SPREAD.field)


def _pivot(names: Sequence[str]) -> Pivot | None:
    """Read the two fields to count by at once: that of the rows, that of the columns."""
    if not names:
        return None
    if len(names) != _PIVOT:
        detail = f"has two fields, that of its rows and that of its columns; {len(names)} given"
        raise MistakeError(Mistake(detail=detail))
    rows, *others = _each(names, _PIVOT, "fields", _COUNTED.field, _COUNTED.names)
    if not others:
        detail = f"{rows} is named twice; a pivot counts by two different fields"
        raise MistakeError(Mistake(detail=detail))
    return Pivot(rows, others[0])


def _sums(names: Sequence[str]) -> tuple[str, ...]:
    return _each(names, SUMS, "sums", _ADDED.field)


def _sort(names: Sequence[str]) -> tuple[Sort, ...]:
    """Read the levels of an order, `-` for descending; a field counts where it is named first."""
    levels: dict[str, Sort] = {}
    for level in _each(names, SORTS, "sort fields", _level):
        levels.setdefault(level.field, level)
    return tuple(levels.values())


def _level(text: str) -> Sort:
    return Sort(_SORTED.field(text.removeprefix("-")), descending=text.startswith("-"))


def _limit(value: int) -> int:
    if not 0 <= value <= PAGE:
        raise MistakeError(Mistake(detail=f"{value} is out of range; allowed: 0 (counts only) to {PAGE}"))
    return value


def selection(names: Sequence[str]) -> tuple[str, ...]:
    """Read which fields of an image are wanted, each once. Raises MistakeError."""
    return _each(names, SELECTED, "fields", _selected)


def _selected(name: str) -> str:
    if name == _DERIVED:
        return name
    found = find_shown(name)
    if found is None:
        raise MistakeError(unknown(name, (_DERIVED,)))
    return found[0]


def _each(
    names: Sequence[str],
    most: int,
    what: str,
    reader: Callable[[str], _Read],
    known: Mapping[str, _Read] | None = None,
) -> tuple[_Read, ...]:
    """Read names, each result once; those that are `known` need no reader.

    Raises MistakeError with a mistake for each name that is wrong.
    """
    if len(names) > most:
        raise MistakeError(Mistake(detail=f"{len(names)} {what} are too many; at most {most}"))
    if known is not None and all(map(known.__contains__, names)):
        return tuple(dict.fromkeys(map(known.__getitem__, names)))
    found: dict[_Read, None] = {}
    wrong: list[Mistake] = []
    for name in dict.fromkeys(names):
        try:
            found[reader(name)] = None
        except MistakeError as error:
            wrong.append(error.mistake)
            if len(wrong) == ERRORS:
                break
    if wrong:
        raise MistakeError(*wrong)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Use:
    """What some fields are fit for: `fit` is what they are called, `names` leads there from each name."""

    why_not: str
    fit: tuple[str, ...]
    names: Mapping[str, str]

    def field(self, name: str) -> str:
        """Find one of the fields by any of its names. Raises MistakeError."""
        found = self.names.get(name)
        if found is None:
            detail = no_field(name) if find_shown(name) is None else f"{name}: {self.why_not}"
            raise MistakeError(Mistake(detail=detail, allowed=self.fit, did_you_mean=self._near(name)))
        return found

    def _near(self, name: str) -> tuple[str, ...]:
        """Give names that are spelled nearly so, one of each field."""
        found: dict[str, str] = {}
        for each in near(name, tuple(self.names)):
            found.setdefault(self.names[each], each)
        return tuple(found.values())


def _use(why_not: str, fields: Iterable[Field]) -> _Use:
    fit = [field for field in fields if field in SHOWN]
    spoken = (name for field in fit for name in spoken_names(field))
    names = {name: field.name for name in spoken if (field := shown_field(name)[1]) in fit}
    return _Use(why_not, tuple(field.name for field in fit), names)


_COUNTED = _use("values cannot be counted", (field for field in FIELDS if field.facet is not None))
_SPREAD = _use("values cannot be spread", (field for field in FIELDS if field.name in SPREADABLE))
_ADDED = _use("values cannot be added up", (field for field in FIELDS if field.summable))
_SORTED = _use("images cannot be sorted by it", (field for field in FIELDS if field.sortable))
_DERIVED = "derived"
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "facets": _COUNTED.fit,
    "histograms": _SPREAD.fit,
    "pivot": _COUNTED.fit,
    "sum": _ADDED.fit,
    "sort": _SORTED.fit,
    "fields": (_DERIVED, *SHOWN_NAMES),
}
_PIVOT = 2
