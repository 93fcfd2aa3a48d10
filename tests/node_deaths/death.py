"""A run during which a node is killed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from engines.ledger import Outcome, Run
from tests.faults.seams import Ending, Moment
from tests.node_deaths.account import Account, Held


def shard_of_what_is_built(account: Account) -> str:
    """A node that has a shard of the newest generation."""
    generations = account.generations()
    return account.nodes.holder(generations[-1] if generations else account.names.lease)


def ledger(account: Account) -> str:
    """A node that has the first of the copies of the runs."""
    return account.nodes.holder(account.names.runs if len(account.indices()) > 1 else account.names.lease)


def manager(account: Account) -> str:
    """The node that manages the cluster."""
    return account.nodes.manager()


@dataclass(frozen=True, slots=True)
class Death:
    """When which node dies, and whether it comes back by itself while the run goes on."""

    moment: Moment
    victim: Callable[[Account], str] = shard_of_what_is_built
    back: bool = False

    def __str__(self) -> str:
        """Read as the name of a case."""
        who = self.victim.__name__.replace("_", " ")
        return f"{self.moment}, {who}{', comes back' if self.back else ''}"


async def run_meeting(death: Death, account: Account) -> Run:
    """Run; when the moment comes the node is killed, and where it is to come back it is started again."""
    coming: list[asyncio.Task[None]] = []
    killed: list[str] = []

    def kill() -> None:
        if killed:
            return
        killed.append(death.victim(account))
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
