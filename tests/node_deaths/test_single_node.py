"""Case 28: the only node is killed in the middle of a full load, and started again."""

import pytest

from engines.ledger import Outcome
from tests.faults.seams import Moment
from tests.node_deaths.account import Account, looking
from tests.node_deaths.death import Death, check_ending, run_meeting

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("single_node")]


@pytest.mark.parametrize("account", ["single_node"], indirect=True)
async def test_case_28_the_node_is_killed_in_a_full_load(account: Account) -> None:
    before, old = await account.publish(), account.listed()
    account.rename(len(old))
    async with looking(account) as met:
        run = await run_meeting(Death(Moment("after build.add", 2), back=True), account)
        await check_ending(run, account, old)
        if run.exit:
            served = await account.publish()
        else:
            served = str(run.generation)
        await met.more_answers()
    assert met.totals == {before: {len(old)}, served: {len(old)}}
    assert met.failures
    assert await account.held() == account.listed()
    assert account.generations() == [before, served]
    first, *others = await account.runs()
    assert (first.generation, others[-1].generation) == (before, served)
    assert (await account.run()).outcome is Outcome.UNCHANGED
