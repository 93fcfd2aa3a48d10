"""`[schedule]`: when it is crawled by the clock."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from ims_catalog.sections.section import Duration, Section
from indexer.cron import cron_expression


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError('the name of a time zone such as "Europe/Berlin" is expected') from None
    return value


Cron = Annotated[str, AfterValidator(cron_expression)]
Zone = Annotated[str, AfterValidator(_zone)]


class Schedule(Section):
    """When `ims-catalog schedule`, and `serve` where it is set, crawl."""

    cron: Cron = Field(
        default="17 * * * *",
        description="Minute, hour, day of the month, month and day of the week; or @hourly, @daily, @weekly,"
        " @monthly, @yearly. Sources with a `schedule` of their own have that instead.",
    )
    jitter: Duration = Field(
        default=300.0, description="Each run begins late by a part of this, drawn anew each time."
    )
    timezone: Zone = Field(
        default="UTC", description='Where the clock is that cron means, such as "Europe/Berlin".'
    )
    in_serve: bool = Field(
        default=False, description="`ims-catalog serve` also runs the schedule, in a process of its own."
    )
