"""Flavors and OS versions in a run: fetched once a day, kept if that fails."""

from dataclasses import replace

from ims_catalog.sandbox.fault import Fault, matching
from tests.faults.installation import LIMITS, Installation
from tests.faults.spoilt import BROKEN


async def test_flavors_that_fail_cost_no_image_and_stay(wide: Installation) -> None:
    first = await wide.run()
    assert first.generation is not None
    before = await wide.writer.companions(first.generation)
    wide.sandbox.fail(Fault(matching(service="ecs"), BROKEN))
    wide.sandbox.fail(Fault(lambda one: one.path.endswith("os_version"), BROKEN))
    wide.sandbox.cloud.add(wide.sandbox.regions[0], {"name": "new", "__imagetype": "gold"})
    run = await wide.run(limits=replace(LIMITS, companions_every=0.0))
    assert (run.exit, run.added) == (0, 1)
    assert run.problems["flavors not fetched"] == 3
    assert run.generation is not None
    assert await wide.writer.companions(run.generation) == before


async def test_companions_that_are_fetched_and_the_same_make_no_generation(wide: Installation) -> None:
    first = await wide.run()
    wide.sandbox.requests.clear()
    run = await wide.run(limits=replace(LIMITS, companions_every=0.0))
    assert any(one.service == "ecs" for one in wide.sandbox.requests)
    assert (run.outcome.value, run.generation) == ("unchanged", first.generation)
