"""Images that are deleted while they are listed: nothing that lived throughout is missing."""

from collections.abc import Callable

from ims_catalog.sandbox.fault import Fault, Received
from tests.faults.installation import Installation, scope_id
from tests.faults.spoilt import BROKEN, gold, ids


def deleting(installation: Installation, times: int) -> Callable[[Received], bool]:
    """Delete the image that the next page is to start after, just before that page is asked for."""
    left = [times]

    def strike(received: Received) -> bool:
        marker = received.parameters.get("marker")
        if received.image_type == "gold" and marker and left[0]:
            left[0] -= 1
            installation.sandbox.cloud.delete(str(received.region), marker)
        return False

    return strike


async def test_case_07_a_marker_that_is_deleted_costs_nothing_that_lives(long: Installation) -> None:
    images = ids(long, gold(long))
    long.sandbox.fail(Fault(deleting(long, times=2), BROKEN))
    run = await long.run()
    assert run.exit == 0
    assert len(ids(long, gold(long))) == len(images) - 2
    held, model = await long.held(), long.model()
    assert model.items() <= held.items()
    assert len(held) == len(model) + 2, "what was deleted once it was seen goes in the next run"
    assert (await long.run()).exit == 0
    assert await long.held() == model


async def test_a_listing_that_always_has_to_start_again_ends(long: Installation) -> None:
    long.sandbox.fail(Fault(deleting(long, times=99), BROKEN))
    run = await long.run()
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(long)))
    assert state.reason == (
        "images were deleted while they were listed, 4 times in a row; seen were 1 page with 500 images"
    )
