"""`publish`: from a plan to the generation that is served, or to the reason why it is not."""

import logging
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from engines.base import Amendment, Build, Companions, EngineError, GenerationRejected
from engines.ledger import Run
from indexer.building import Building
from indexer.difference import Difference
from indexer.fate import Terms
from indexer.journal import Done
from indexer.setup import Setup
from indexer.standing import Seen, Standing
from indexer.telling import Telling

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be served next: the plan that `seen` and `terms` make, and `companions` beside it.

    With a `difference`, which knows all that changes, only that is written where the engine can do so.
    `renew`: as this version reads what is served. `done` is what the run came to before.
    """

    seen: Seen
    terms: Terms
    companions: Companions
    done: Done
    difference: Difference | None = None
    renew: bool = False


async def publish(setup: Setup, standing: Standing, telling: Telling, proposal: Proposal) -> Run:
    """Build it, and serve it; give the entry of the run, whatever came of it.

    Raises what went wrong. A cancel that comes while the cluster serves it already passes; `telling` has the
    entry of the run then.
    """
    name, now = telling.begun.generation, setup.clock.now
    amendment = await _amendment(setup, standing, name, proposal)
    build = amendment or await setup.writer.begin(name, standing.served)
    run: Run | None = None
    try:
        building = await _built(setup, standing, telling, proposal, build, amendment=amendment, at=now())
        run = telling.finished(
            replace(
                proposal.done,
                tally=building.tally,
                generation=name,
                published=True,
                changes=building.changes,
                left_out=building.left_out,
            )
        )
        await setup.writer.check()
        await setup.ledger.intend(run, telling.memories)
        await build.publish()
    except GenerationRejected as error:
        await build.discard()
        if amendment is None:
            return telling.held(proposal.done.gated, str(error))
        return await _whole(setup, standing, telling, proposal, str(error))
    except BaseException as error:
        await build.discard()
        if run is None or not await _is_served(setup, telling, build):
            raise
        if not isinstance(error, Exception):
            telling.published = replace(run, finished=now())
            raise
    return replace(run, finished=now())


async def _amendment(setup: Setup, standing: Standing, name: str, proposal: Proposal) -> Amendment | None:
    """Begin with a copy of what is served, if so little changes that it is less work."""
    if standing.served is None or proposal.difference is None or not proposal.difference.few:
        return None
    return await setup.writer.amend(name, standing.served)


async def _built(
    setup: Setup,
    standing: Standing,
    telling: Telling,
    proposal: Proposal,
    build: Build,
    *,
    amendment: Amendment | None,
    at: datetime,
) -> Building:
    """Write the generation and read it back; its changes are noted. Raises GenerationRejected."""
    begun, difference = telling.begun, proposal.difference
    building = Building(setup.ledger, setup.progress, begun.run, setup.keep.changes, begun.scopes)
    if amendment is not None and difference is not None:
        async with aclosing(difference.planned(proposal.terms)) as decisions:
            await building.amend(amendment, decisions, difference.rest, at=at)
    else:
        async with standing.planned(proposal.seen, proposal.terms, renew=proposal.renew) as decisions:
            await building.fill(build, decisions, at=at)
    await build.seal(proposal.companions)
    await build.verify(building.tally.expected)
    return building


async def _whole(setup: Setup, standing: Standing, telling: Telling, proposal: Proposal, reason: str) -> Run:
    """Build all of it after a copy was rejected, and say so."""
    _log.warning("a generation that was cloned is built whole instead: %s", reason)
    note = f"a copy of what is served was not what was planned, so all was written anew: {reason}"
    await telling.open()
    done = replace(proposal.done, notes=(*proposal.done.notes, note))
    return await publish(setup, standing, telling, replace(proposal, done=done, difference=None))


async def _is_served(setup: Setup, telling: Telling, build: Build) -> bool:
    """Tell whether a generation is served though publishing it failed, and note where nobody can tell."""
    try:
        served = await setup.writer.served() == build.generation
    except EngineError:
        telling.in_doubt = True
        return False
    telling.in_doubt = build.in_doubt and not served
    return served
