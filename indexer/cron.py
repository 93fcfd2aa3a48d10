"""`Cron`: when it is time, as five fields say it: minute, hour, day of the month, month, day of the week.

What the fields mean is `cronsim`'s: in spring a time that the clock leaves out comes right after the gap, in
autumn one that comes twice counts once, as with Debian's cron.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_TWICE = timedelta(hours=3)
"""Clocks are not set back further at once: a walk that begins so much earlier misses no time."""

_BACK = tuple(timedelta(days=days) for days in (0.05, 1.1, 8, 32, 367, 2930, 18300))


@dataclass(frozen=True, slots=True)
class Cron:
    """Times of one expression in one time zone. All moments given and taken are in UTC."""

    expression: str
    zone: tzinfo = UTC

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Give the times after a moment, the next one first; those of at most 50 years."""
        last = moment
        for local in CronSim(self._fields, self._begin(moment)):
            time = local.astimezone(UTC)
            if time > last:
                last = time
                yield time

    def next(self, moment: datetime) -> datetime:
        """Give the next time after a moment."""
        return next(self.after(moment))

    def newest(self, moment: datetime) -> datetime | None:
        """Give the last time up to a moment and with it, None if it is more than 50 years ago."""
        for back in _BACK:
            found = None
            for time in self.after(moment - back):
                if time > moment:
                    break
                found = time
            if found is not None:
                return found
        return None

    def in_words(self) -> str:
        """Say it in English."""
        return CronSim(self._fields, datetime(2026, 1, 1, tzinfo=UTC)).explain()

    @property
    def _fields(self) -> str:
        return NAMED.get(self.expression, self.expression)

    def _begin(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone) if self.zone is UTC else (moment - _TWICE).astimezone(self.zone)


def cron_expression(text: str) -> str:
    """Check an expression. Raises ValueError that says what is expected."""
    given = " ".join(text.split())
    if given.lower() in NAMED:
        return given.lower()
    if given.startswith("@"):
        raise ValueError(f"{given} is not known; allowed: {', '.join(NAMED)}")
    # cronsim takes a sixth field, for seconds.
    if len(given.split()) != 5:
        raise ValueError(f'five fields are expected, such as "17 * * * *", or one of {", ".join(NAMED)}')
    try:
        next(CronSim(given, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f'"{given}": {str(error).lower()}') from None
    except StopIteration:
        raise ValueError(f'"{given}" never comes') from None
    return given
