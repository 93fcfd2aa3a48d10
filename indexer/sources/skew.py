"""`skew`: how far the clock of this machine is off, as an answer shows it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from clouds.signature import MAX_SKEW


def skew(headers: Mapping[str, str], now: datetime) -> str | None:
    """Say in words how far `now` is from the `Date` of an answer; None where no signature fails by it."""
    try:
        there = parsedate_to_datetime(headers.get("date", ""))
        off = now - (there if there.tzinfo else there.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if abs(off) <= MAX_SKEW:
        return None
    minutes = abs(off).total_seconds() / 60
    return f"the clock of this machine is {minutes:.0f} minutes {'ahead' if off == abs(off) else 'behind'}"
