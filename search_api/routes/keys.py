"""What a route finds in its application."""

from aiohttp import web

from engines.base import Readers
from engines.clock import Clock
from engines.ledger import Ledger
from search_api.caller import Access, Caller
from search_api.deadlines import Deadlines
from search_api.problem import Mistake, refused
from search_api.service import Service

SERVICE = web.AppKey("service", Service)
READERS = web.AppKey("readers", Readers)
LEDGER = web.AppKey("ledger", Ledger)
ACCESS: web.AppKey[Access] = web.AppKey("access")
CLOCK = web.AppKey("clock", Clock)
CURSOR_KEY = web.AppKey("cursor_key", bytes)
DEADLINES = web.AppKey("deadlines", Deadlines)


async def caller_of(request: web.Request) -> Caller:
    """Tell who calls. Raises ProblemError."""
    return await request.app[ACCESS].caller(request.headers)


def pairs_of(request: web.BaseRequest) -> tuple[tuple[str, str], ...]:
    """Give the parameters of a request, decoded, in order."""
    return tuple(request.rel_url.query.items())


def no_parameters(request: web.Request) -> None:
    """Refuse parameters where there are none. Raises ProblemError."""
    strangers = dict.fromkeys(name for name, _ in pairs_of(request))
    if strangers:
        raise refused(
            *(Mistake(parameter=name[:64], detail="no parameters are known here") for name in strangers)
        )
