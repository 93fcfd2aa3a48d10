"""When it is time: expressions, time zones and their two odd nights."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from indexer.cron import Cron, cron_expression

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(expression: str, after: str, count: int, zone: ZoneInfo | None = None) -> list[str]:
    cron = Cron(expression, zone or UTC)
    return [f"{time:%d %H:%M}" for time in islice(cron.after(utc(after)), count)]


@pytest.mark.parametrize(
    ("expression", "after", "wanted"),
    [
        pytest.param("17 * * * *", "2026-11-24 06:17:00", ["24 07:17", "24 08:17"], id="strictly after"),
        pytest.param("17 * * * *", "2026-11-24 06:16:59", ["24 06:17", "24 07:17"], id="just before"),
        pytest.param("@daily", "2026-11-24 06:17:00", ["25 00:00", "26 00:00"], id="by name"),
        pytest.param("0 9 * * MON", "2026-11-24 06:17:00", ["30 09:00", "07 09:00"], id="by weekday"),
    ],
)
def test_times_after_a_moment(expression: str, after: str, wanted: list[str]) -> None:
    assert times(expression, after, 2) == wanted


@pytest.mark.parametrize(
    ("expression", "after", "wanted"),
    [
        pytest.param("30 2 * * *", "2026-03-28 12:00", ["29 01:00", "30 00:30"], id="left out: right after"),
        pytest.param("30 2 * * *", "2026-10-24 12:00", ["25 00:30", "26 01:30"], id="twice: once"),
        pytest.param("30 2 * * *", "2026-10-25 00:40", ["26 01:30", "27 01:30"], id="begun in between"),
        pytest.param("0 * * * *", "2026-10-24 23:30", ["25 00:00", "25 01:00"], id="hourly in autumn"),
        pytest.param("0 * * * *", "2026-03-29 00:30", ["29 01:00", "29 02:00"], id="hourly in spring"),
    ],
)
def test_the_nights_when_the_clock_is_set(expression: str, after: str, wanted: list[str]) -> None:
    assert times(expression, after, 2, BERLIN) == wanted


@pytest.mark.parametrize("expression", ["*/5 * * * *", "30 2 * * *", "0 */6 * * *", "0 0 29 2 *"])
@pytest.mark.parametrize("zone", [UTC, BERLIN], ids=["UTC", "Berlin"])
def test_the_newest_is_the_last_of_those_that_came(expression: str, zone: ZoneInfo) -> None:
    cron = Cron(expression, zone)
    coming = list(islice(cron.after(utc("2026-10-24 00:00")), 12))
    for earlier, later in pairwise(coming):
        assert cron.newest(earlier) == earlier
        assert cron.newest(later - timedelta(microseconds=1)) == earlier
        assert cron.next(earlier) == later


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("17 * * *", "five fields", id="four fields"),
        pytest.param("0 17 * * * *", "five fields", id="six fields"),
        pytest.param("61 * * * *", "bad minute", id="no such minute"),
        pytest.param("0 0 31 2 *", "bad day-of-month", id="no such day"),
        pytest.param("@often", "allowed: @hourly", id="no such name"),
        pytest.param("", "five fields", id="nothing"),
    ],
)
def test_what_is_no_expression_is_said(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        cron_expression(given)


def test_expressions_are_written_one_way() -> None:
    assert cron_expression("  17  *  * * *") == "17 * * * *"
    assert cron_expression("@Daily") == "@daily"
    assert Cron("17 3 * * *").in_words() == "At 03:17 every day"
