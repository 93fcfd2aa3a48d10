import pytest

from mappings.date import date_text, from_datetime, milliseconds, to_datetime


@pytest.mark.parametrize(
    ("title", "text", "written"),
    [
        ("as IMS writes it", "2018-09-06T14:03:27Z", "2018-09-06T14:03:27Z"),
        ("without offset it is UTC", "2018-09-06T14:03:27", "2018-09-06T14:03:27Z"),
        ("microseconds are cut off", "2026-11-23T08:05:34.123999Z", "2026-11-23T08:05:34.123Z"),
        ("no fraction is written where it is zero", "2026-11-23T08:05:34.000000Z", "2026-11-23T08:05:34Z"),
        ("offset", "2018-09-06T22:03:27+08:00", "2018-09-06T14:03:27Z"),
        ("offset without colon", "2018-09-06T22:03:27+0800", "2018-09-06T14:03:27Z"),
        ("blank between day and time", "2018-09-06 14:03:27 UTC", "2018-09-06T14:03:27Z"),
        ("blanks behind colons, as in a real record", "2016-06-20T13: 34: 41Z", "2016-06-20T13:34:41Z"),
        ("before 1970", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ("first year", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_date_is_read_and_written(title: str, text: str, written: str) -> None:
    assert date_text(milliseconds(text)) == written


@pytest.mark.parametrize(
    "text", ["", "2018-09-06", "TEST", "2018-13-06T14:03:27Z", "2018-09-06T25:03:27Z", "1536242607"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a date|month|hour"):
        milliseconds(text)


def test_datetimes_go_there_and_back() -> None:
    value = milliseconds("2018-09-06T14:03:27.250Z")
    assert from_datetime(to_datetime(value)) == value
