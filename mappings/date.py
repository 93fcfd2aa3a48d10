"""Dates: ISO 8601 text to and from milliseconds since 1970 in UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_PATTERN = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\s?\d\d:\s?\d\d)(?:\.(\d{1,9}))?\s?(Z|z|UTC|[+-]\d\d:?\d\d)?", re.ASCII
)


def milliseconds(text: str) -> int:
    """Read a date with time. Without an offset it is UTC; what is finer than a millisecond is cut off.

    Raises ValueError for anything else.
    """
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a date with time: {text[:80]!r}")
    day, time, fraction, offset = found.groups()
    zone = "+00:00" if offset is None or offset[0] not in "+-" else offset
    moment = datetime.fromisoformat(f"{day}T{time.replace(' ', '')}{zone}")
    return (moment - _EPOCH) // _MILLISECOND + int((fraction or "0").ljust(3, "0")[:3])


# The date of a question is written several times in its answer.
@lru_cache(maxsize=256)
def date_text(value: int) -> str:
    """Write milliseconds as `2018-09-06T14:03:27Z`, with `.123` only where there are any."""
    seconds, rest = divmod(value, 1000)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{rest:03}Z" if rest else f"{text}Z"


def from_datetime(moment: datetime) -> int:
    """Milliseconds of an aware datetime."""
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(value: int) -> datetime:
    """Aware UTC datetime of milliseconds."""
    return _EPOCH + timedelta(milliseconds=value)
