"""Freshness: what the ledger tells of an image, and conditions on it as conditions on scopes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt

import pytest

from engines.ledger import ScopeState, State
from mappings.date import from_datetime
from mappings.document import Document
from mappings.filter import And, Condition, Filter, Not, Operator, Or, conditions
from mappings.match import matches
from search_api.freshness import Freshness

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MORNING = NOON - timedelta(hours=4)


def _state(
    scope: str, state: State, complete: datetime | None, carried: int = 0, *, held: bool = False
) -> ScopeState:
    return ScopeState(scope, state, None, NOON, complete, 1, carried, held=held)


FRESHNESS = Freshness(
    {
        "whole": _state("whole", State.COMPLETE, NOON),
        "not due": _state("not due", State.NOT_DUE, MORNING),
        "carried": _state("carried", State.INCOMPLETE, MORNING, carried=3),
        "cut": _state("cut", State.INCOMPLETE, None, carried=0),
        "never": _state("never", State.INCOMPLETE, None, carried=2),
        "held": _state("held", State.INCOMPLETE, MORNING, carried=2, held=True),
        "held whole": _state("held whole", State.INCOMPLETE, MORNING, held=True),
    }
)


@pytest.mark.parametrize(
    ("scopes", "seen", "carried"),
    [
        pytest.param(("whole",), NOON, None, id="listed whole"),
        pytest.param(("not due",), MORNING, None, id="whole when it was last due"),
        pytest.param(("carried",), MORNING, MORNING, id="perhaps carried"),
        pytest.param(("cut",), NOON, None, id="listing cut short, all of it new"),
        pytest.param(("never",), None, None, id="never whole"),
        pytest.param(("carried", "whole"), NOON, None, id="the freshest scope counts"),
        pytest.param(("held",), MORNING, MORNING, id="listed whole, and not believed"),
        pytest.param(("held whole",), MORNING, MORNING, id="not believed though nothing is carried"),
        pytest.param(("unknown",), None, None, id="a scope the ledger does not know"),
        pytest.param((), None, None, id="no scope"),
    ],
)
def test_an_image_is_as_fresh_as_its_freshest_scope(
    scopes: tuple[str, ...], seen: datetime | None, carried: datetime | None
) -> None:
    assert FRESHNESS.last_seen(scopes) == seen
    assert FRESHNESS.carried_from(scopes) == carried


def test_the_ending_of_an_image_is_json() -> None:
    assert FRESHNESS.ending(("carried",)) == (
        b',"last_seen":"2026-11-24T08:00:00Z","carried_from":"2026-11-24T08:00:00Z"}'
    )
    assert FRESHNESS.ending(("whole",)) == b',"last_seen":"2026-11-24T12:00:00Z","carried_from":null}'


_COMPARE: dict[Operator, Callable[[datetime, datetime], bool]] = {
    Operator.LT: lt,
    Operator.LTE: le,
    Operator.GT: gt,
    Operator.GTE: ge,
    Operator.IN: eq,
}
_SCOPES = ("whole", "not due", "carried", "cut", "never", "held", "held whole")
_SETS = (*((scope,) for scope in _SCOPES), ("carried", "whole"), ("carried", "never"), ("unknown",))


@pytest.mark.parametrize("name", ["last_seen", "carried_from"])
@pytest.mark.parametrize(
    "moment", [MORNING - timedelta(hours=1), MORNING, MORNING + timedelta(hours=1), NOON]
)
@pytest.mark.parametrize("operator", list(_COMPARE))
def test_a_condition_on_scopes_holds_where_the_date_does(
    name: str, moment: datetime, operator: Operator
) -> None:
    condition = Condition(name, operator, (from_datetime(moment),))
    for scopes in _SETS:
        value = getattr(FRESHNESS, name)(scopes)
        expected = value is not None and _COMPARE[operator](value, moment)
        assert _on_scopes(condition, scopes) is expected, (scopes, value)
        assert _on_scopes(Not(condition), scopes) is not expected
    assert _on_scopes(Or((condition, And(()))), ("whole",))


@pytest.mark.parametrize("name", ["last_seen", "carried_from"])
def test_existence_is_that_of_a_date(name: str) -> None:
    for scopes in _SETS:
        value = getattr(FRESHNESS, name)(scopes)
        assert _on_scopes(Condition(name, Operator.EXISTS), scopes) is (value is not None), scopes


def _on_scopes(given: Filter, scopes: tuple[str, ...]) -> bool:
    return matches(FRESHNESS.on_scopes(given), Document({"scopes": scopes}, {}, (), b"{}"))


@pytest.mark.parametrize("name", ["last_seen", "carried_from"])
def test_one_of_many_dates_is_what_each_of_them_is(name: str) -> None:
    dates = (MORNING, NOON, *(MORNING + timedelta(minutes=minute) for minute in range(1, 200)))
    asked = Condition(name, Operator.IN, tuple(map(from_datetime, dates)))
    for scopes in _SETS:
        assert _on_scopes(asked, scopes) is (getattr(FRESHNESS, name)(scopes) in dates), scopes


@pytest.mark.parametrize("name", ["last_seen", "carried_from"])
@pytest.mark.parametrize("operator", list(_COMPARE))
def test_however_many_dates_are_asked_for_few_conditions_come_of_them(name: str, operator: Operator) -> None:
    dates = [from_datetime(MORNING) + minute * 60_000 for minute in range(1000)]
    asked = Condition(name, operator, tuple(dates if operator is Operator.IN else dates[:1]))
    assert len(conditions(FRESHNESS.on_scopes(asked))) <= 2


def test_dates_apart_are_asked_for_apart() -> None:
    hours = {
        f"h{hour}": _state(f"h{hour}", State.COMPLETE, NOON + timedelta(hours=hour)) for hour in range(6)
    }
    freshness = Freshness(hours)
    asked = Condition(
        "last_seen", Operator.IN, tuple(from_datetime(NOON + timedelta(hours=hour)) for hour in (0, 2, 3, 7))
    )
    given = freshness.on_scopes(asked)
    for scopes, expected in (
        (("h0",), True),
        (("h1",), False),
        (("h0", "h1"), False),
        (("h0", "h2"), True),
        (("h1", "h3"), True),
        (("h3", "h4"), False),
        ((), False),
    ):
        assert matches(given, Document({"scopes": scopes}, {}, (), b"{}")) is expected, scopes
