"""`since`: the moment from which on changes are told, as a request names it."""

import re
from datetime import datetime

from mappings.date import to_datetime
from search_api.problem import Mistake, refused
from search_api.question.beginning import beginning
from search_api.service import Service

_RUN = re.compile(r"[0-9]{8}t[0-9]{6}z-[0-9a-f]{6}")


async def since(service: Service, text: str, now: datetime) -> datetime:
    """Read the name of a run, from whose start on changes are told, or a date or moment as a question has it.

    Raises ProblemError and EngineError.
    """
    if _RUN.fullmatch(text):
        run = await service.journal.run(text)
        if run is None:
            raise refused(Mistake(parameter="since", detail="is not a run that is kept"))
        return run.started
    vocabulary = (await service.catalogue.current()).terms.vocabulary
    moment = beginning(text, vocabulary, now)
    if moment is None:
        raise refused(Mistake(parameter="since", detail="says no time to begin at", allowed=_FORMS))
    return to_datetime(moment)


_FORMS = (
    "2026-11-24",
    "2026-11-24T06:17:00Z",
    "November 2026",
    "yesterday",
    "7 days ago",
    "7d",
    "the name of a run",
)
