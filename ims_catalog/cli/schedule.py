"""`ims-catalog schedule`."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from ims_catalog.cli.options import Config, spoken_errors
from ims_catalog.configuration import load_settings
from ims_catalog.log import log_to_stderr
from ims_catalog.schedule import schedule, timetables
from ims_catalog.settings import Settings

_SHOWN = 5


def command(
    config: Config = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print what is crawled when, and the next times; run nothing.")
    ] = False,
) -> None:
    """Crawl at the times that `schedule.cron` and each source's `schedule` name, until interrupted.

    One run at a time, also with other processes. What is missed while a run goes on, or this was not running,
    is one late run. SIGTERM interrupts a run that is going on; the old catalogue goes on.
    """
    with spoken_errors():
        settings = load_settings(config)
        if show:
            typer.echo(_in_words(settings, datetime.now(UTC)))
            return
        log_to_stderr()
        schedule(settings)


def _in_words(settings: Settings, now: datetime) -> str:
    lines = []
    for table in timetables(settings):
        lines.append(f"{', '.join(table.sources)}: {table.cron.in_words()} ({table.cron.expression})")
        times = islice(table.cron.after(now), _SHOWN)
        lines += [f"  {time.astimezone(table.cron.zone):%a %Y-%m-%d %H:%M %Z}" for time in times]
    return "\n".join(lines) or "no source is configured"
