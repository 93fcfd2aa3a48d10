"""`with_skew`: whether a signature was refused because the clock of this machine is off."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from clouds.error import CloudError, Meaning
from clouds.signature import MAX_SKEW


def with_skew(error: CloudError, headers: Mapping[str, str], now: datetime) -> CloudError:
    """Say so in the answer to a signed request, where its `Date` shows it and the cloud does not."""
    off = skew(headers, now) if error.status == 401 else None
    if off is None:
        return error
    return replace(error, meaning=Meaning.CLOCK_SKEW, message=f"{error.message} ({off})")


def skew(headers: Mapping[str, str], now: datetime) -> str | None:
    """Say in words how far `now` is from the `Date` of an answer; None where no signature fails by it."""
    off = ahead(headers, now)
    if off is None or abs(off) <= MAX_SKEW:
        return None
    minutes = abs(off).total_seconds() / 60
    return f"the clock of this machine is {minutes:.0f} minutes {'ahead' if off == abs(off) else 'behind'}"


def ahead(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Tell how far `now` is ahead of the `Date` of an answer, to a second; None where that has none."""
    try:
        there = parsedate_to_datetime(headers.get("date", ""))
        return now - (there if there.tzinfo else there.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
