"""Three nodes, each shard with a copy: one is killed while a generation is built and readers search."""

import asyncio

import orjson
import pytest

from tests.api.test_command_line import run as run_command
from tests.faults.seams import Moment
from tests.node_deaths.account import Account, looking
from tests.node_deaths.death import Death, check_ending, run_meeting

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("three_nodes"),
    pytest.mark.parametrize("account", ["three_nodes"], indirect=True),
]

ALL = 1_000_000
"""More images than there are."""


async def test_a_node_is_killed_that_has_the_only_copy_of_what_is_built(account: Account) -> None:
    """What is not verified yet has no copies: the run says so, and the next one builds on the nodes left."""
    before, old = await account.publish(), account.listed()
    await asyncio.to_thread(account.nodes.settle)
    account.rename(ALL)
    async with looking(account) as met:
        run = await run_meeting(Death(Moment("before build.verify")), account)
        assert run.exit == 1
        await check_ending(run, account, old)
        code, out, err = await run_command(account.folder, "reindex", "--json")
        assert code == 0, (out, err, run)
        assert await account.held() == account.listed() != old
        await met.more_answers()
    served = orjson.loads(out)["generation"]
    # Every search was answered, whole, from what was served at that moment.
    assert met.totals == {before: {len(old)}, served: {len(old)}}
    assert not met.failures
    await account.whole_cluster()
    assert await account.held() == account.listed()
    assert set(account.generations()) == {before, served}
    runs = await account.runs()
    assert [each.exit for each in runs] == [0, 1, 0]
    assert (runs[0].generation, runs[-1].generation) == (before, served)
