"""When an image was last seen: joined in from the ledger, as documents never say when we looked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from engines.ledger import ScopeState, State
from mappings.date import date_text, from_datetime
from mappings.field import Field, Group, Kind
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value, conditions

_SOURCE = "Ledger of the crawls"

LAST_SEEN = Field(
    name="last_seen",
    kind=Kind.DATE,
    group=Group.LISTING,
    label="Last seen",
    label_zh="最近发现时间",
    description="Start of the last whole listing that told of the image.",
    example="2026-11-24T08:17:00Z",
    source=_SOURCE,
)
CARRIED_FROM = Field(
    name="carried_from",
    kind=Kind.DATE,
    group=Group.LISTING,
    label="Carried from",
    label_zh="沿用自",
    description=(
        "Set where no listing of the last run that tells of the image was whole: the time from which it may "
        "have been carried."
    ),
    example="2026-11-23T08:17:00Z",
    source=_SOURCE,
)
JOINED: Mapping[str, Field] = {joined.name: joined for joined in (LAST_SEEN, CARRIED_FROM)}
"""Fields of an answer that stand in no document; a filter on them becomes one on scopes."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the ledger tells of images by the scopes that list them, as of one revision.

    `states` are those of the scopes that may be told of; others count as unknown.
    """

    states: Mapping[str, ScopeState]
    _endings: dict[tuple[str, ...], bytes] = field(default_factory=dict, init=False, repr=False)

    def ending(self, scopes: tuple[str, ...]) -> bytes:
        """Give the last members of an image's JSON object, from the comma to the brace."""
        found = self._endings.get(scopes)
        if found is None:
            seen, carried = self.last_seen(scopes), self.carried_from(scopes)
            found = f',"last_seen":{_quoted(seen)},"carried_from":{_quoted(carried)}}}'.encode()
            if len(self._endings) < _ENDINGS:
                self._endings[scopes] = found
        return found

    def last_seen(self, scopes: tuple[str, ...]) -> datetime | None:
        """Give the start of the last listing that surely told of an image in these scopes."""
        known = [self.states[scope].told for scope in scopes if scope in self.states]
        return max((told for told in known if told is not None), default=None)

    def carried_from(self, scopes: tuple[str, ...]) -> datetime | None:
        """Give the time from which such an image may be carried; None if it is fresh or nothing is known."""
        if any(_is_fresh(self.states.get(scope)) for scope in scopes):
            return None
        return self.last_seen(scopes)

    def on_scopes(self, given: Filter) -> Filter:
        """Replace conditions on joined fields by conditions on scopes."""
        if JOINED.keys().isdisjoint([condition.field for condition in conditions(given)]):
            return given
        match given:
            case Condition():
                return self._condition(given)
            case Not():
                return Not(self.on_scopes(given.filter))
            case And():
                return And(tuple(self.on_scopes(part) for part in given.filters))
            case Or():
                return Or(tuple(self.on_scopes(part) for part in given.filters))

    def _condition(self, condition: Condition) -> Filter:
        """Write a condition as the spans of time within which the date must lie."""
        carried = condition.field == CARRIED_FROM.name
        match condition.operator, condition.values:
            case Operator.EXISTS, _:
                return self._within(0, None, carried=carried)
            case Operator.IN, values:
                spans = [self._within(*span, carried=carried) for span in self._spans(values)]
                return spans[0] if len(spans) == 1 else Or(tuple(spans))
            case Operator.GTE, (value,):
                return self._within(int(value), None, carried=carried)
            case Operator.GT, (value,):
                return self._within(int(value) + 1, None, carried=carried)
            case Operator.LT, (value,):
                return self._within(0, int(value) - 1, carried=carried)
            case Operator.LTE, (value,):
                return self._within(0, int(value), carried=carried)
            case operator, _:
                raise ValueError(f"{operator} is no comparison of dates")

    def _spans(self, values: Sequence[Value]) -> Iterator[tuple[int, int]]:
        """Give first and last of the dates asked for that follow one another among those there are."""
        asked = {int(value) for value in values}
        there = sorted({seen for state in self.states.values() if (seen := _milliseconds(state)) is not None})
        for wanted, dates in groupby(there, key=asked.__contains__):
            if wanted:
                first, *more = dates
                yield first, more[-1] if more else first

    def _within(self, low: int, high: int | None, *, carried: bool) -> Filter:
        """Hold from `low` to `high`: as the date is the latest of the scopes, one is there, none beyond."""

        def beyond(state: ScopeState) -> bool:
            seen = _milliseconds(state)
            late = high is not None and seen is not None and seen > high
            return late or (carried and _is_fresh(state))

        def reached(state: ScopeState) -> bool:
            seen = _milliseconds(state)
            return seen is not None and seen >= low

        there, none = self._scopes(reached), self._scopes(beyond)
        return there if none == _NOTHING else And((there, Not(none)))

    def _scopes(self, wanted: Callable[[ScopeState], bool]) -> Filter:
        names = tuple(sorted(scope for scope, state in self.states.items() if wanted(state)))
        return Condition("scopes", Operator.IN, names) if names else _NOTHING


_ENDINGS = 65_536
_NOTHING: Filter = Or(())


def _is_fresh(state: ScopeState | None) -> bool:
    """Whether all that the scope lists was told by its last attempt, and was believed."""
    if state is None or state.held:
        return False
    return state.state is not State.INCOMPLETE or not state.carried


def _milliseconds(state: ScopeState) -> int | None:
    return None if state.told is None else from_datetime(state.told)


def _quoted(moment: datetime | None) -> str:
    return "null" if moment is None else f'"{date_text(from_datetime(moment))}"'
