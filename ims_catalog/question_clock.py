"""The clock of questions: `IMS_CATALOG_NOW` makes "last 7 days" mean the same in every run of a test."""

import os
from collections.abc import Callable
from datetime import datetime

from ims_catalog.configuration import ConfigurationError
from mappings.date import milliseconds, to_datetime


def question_now(clock_now: Callable[[], datetime]) -> Callable[[], datetime]:
    """Give the fixed time of the environment if there is one, else the clock. Raises ConfigurationError."""
    text = os.environ.get("IMS_CATALOG_NOW")
    if not text:
        return clock_now
    try:
        fixed = to_datetime(milliseconds(text))
    except ValueError:
        raise ConfigurationError(
            f'IMS_CATALOG_NOW: a time such as "2026-03-11T09:30:00Z" is expected, not "{text[:40]}"'
        ) from None
    return lambda: fixed
