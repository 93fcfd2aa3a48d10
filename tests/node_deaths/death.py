"""A run during which a node is killed."""

import asyncio
from dataclasses import dataclass

from engines.ledger import Outcome, Run
from tests.faults.seams import Ending, Moment
from tests.node_deaths.account import Account, Held


@dataclass(frozen=True, slots=True)
class Death:
    """When a node dies that has a shard of what is built, and whether it comes back while the run goes on."""

    moment: Moment
    back: bool = False


async def run_meeting(death: Death, account: Account) -> Run:
    """Run; when the moment comes the node is killed, and where it is to come back it is started again."""
    coming: list[asyncio.Task[None]] = []
    killed: list[str] = []

    def kill() -> None:
        if killed:
            return
        killed.append(account.nodes.holder(account.generations()[-1]))
        account.nodes.kill(killed[0])
        if death.back:
            coming.append(asyncio.create_task(asyncio.to_thread(account.nodes.revive)))

    run = await account.run(Ending(death.moment, kill))
    if coming:
        await asyncio.gather(*coming)
        await asyncio.to_thread(account.nodes.settle, "yellow")
    assert killed, "the run took no such step"
    return run


async def check_ending(run: Run, account: Account, old: Held) -> None:
    """See that a run that met a death is what it says: published whole, or in vain for a reason."""
    if run.exit == 0:
        assert (run.outcome, run.reason) == (Outcome.PUBLISHED, None)
        assert await account.held() == account.listed() != old
        return
    assert run.exit == 1
    assert run.reason
    assert "internal error" not in run.reason
    served = account.listed() if run.reason.startswith("what was published is served") else old
    assert await account.held() == served
