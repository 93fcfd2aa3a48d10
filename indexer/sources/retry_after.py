"""`retry_after`: how long a cloud asks to be left alone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]+")


def retry_after(text: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header: seconds from `now`, negative if past; None for anything but its two forms.

    The forms are a number of seconds in ASCII digits, infinity if beyond a float, and a date. Source:
    RFC 9110, section 10.2.3.
    """
    if text is None:
        return None
    if _SECONDS.fullmatch(text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
