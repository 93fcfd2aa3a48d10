"""When an image was seen last that is gone: what is kept with its removal."""

from dataclasses import replace

from ims_catalog.sandbox.fault import Fault
from indexer.run import purge
from mappings.document import key_parts
from tests.faults.installation import Installation, scope_id
from tests.faults.spoilt import BROKEN, gold, ids


async def test_a_removal_tells_when_its_listing_was_whole_last(wide: Installation) -> None:
    await wide.run()
    listing = gold(wide)
    scope, image = scope_id(listing), ids(wide, listing)[0]
    seen = (await wide.states())[scope].last_complete
    failing = wide.sandbox.fail(Fault(lambda one: one.image_type == "gold", BROKEN))
    assert (await wide.run()).exit == 3
    wide.sandbox.faults.remove(failing)
    wide.sandbox.cloud.delete(listing.region, image)
    assert (await wide.run()).removed == 1
    (removal,) = await wide.ledger.removals(image)
    assert removal.seen == {scope: seen}, "the one that failed in between told nothing of it"


async def test_what_is_given_up_tells_so_too(wide: Installation) -> None:
    other = replace(wide.source, name="other", regions=wide.source.regions[:1])
    await wide.run(other)
    scopes = frozenset(await wide.states())
    seen = {scope: state.last_complete for scope, state in (await wide.states()).items()}
    keys = sorted(await wide.held())
    await purge(wide.setup, (), scopes)
    _, _, image, _ = key_parts(keys[0])
    removals = await wide.ledger.removals(image)
    assert removals
    for removal in removals:
        assert removal.seen
        assert removal.seen.items() <= seen.items()
