"""A run of another version of the program: what is carried is read again by the present rules."""

from collections import Counter
from dataclasses import replace

import orjson
import pytest

from engines.base import Companions, Expected
from engines.generation import Generation
from ims_catalog.sandbox.answer import Answer, forbidden
from ims_catalog.sandbox.fault import Fault, matching
from mappings.document import Document, store
from mappings.schema import SCHEMA
from tests.contract.another_version import write_as_another_version
from tests.faults.installation import Installation

EARLIER = 1_600_000_000_000
BROKEN = Answer(500, b"{}")


def as_before(document: Document) -> Document:
    """Give the document as an older version may have read it: no platform, another name, seen long ago."""
    fields = {name: value for name, value in document.fields.items() if name != "platform"}
    return replace(document, fields={**fields, "name": "as it was read before", "first_seen": EARLIER})


async def serve_as_another_version(one: Installation, documents: list[Document]) -> None:
    """Publish documents, and make the generation one of another schema."""
    name = Generation("ims-catalog", SCHEMA, 2, one.clock.now(), "abcdef").name
    build = await one.writer.begin(name, await one.writer.served())
    await build.add([store(document) for document in documents])
    await build.seal(Companions())
    await build.verify(
        Expected(len(documents), Counter(scope for document in documents for scope in document.scopes))
    )
    await build.publish()
    write_as_another_version(one.folder)


@pytest.mark.parametrize("fails", [True, False], ids=["carried", "listed anew"])
async def test_documents_of_another_version_are_read_again(wide: Installation, fails: bool) -> None:
    await wide.run()
    before = await wide.documents()
    await serve_as_another_version(wide, [as_before(before[key]) for key in sorted(before)])
    if fails:
        wide.sandbox.fail(Fault(lambda one: one.service == "ims" and one.image_type != "market", forbidden()))
    run = await wide.run()
    assert (run.exit, run.outcome.value) == (3 if fails else 0, "published")
    after = await wide.documents()
    assert after == {key: document.stamped(first_seen=EARLIER) for key, document in before.items()}


async def test_what_another_version_showed_to_all_is_shown_as_the_present_rules_say(
    wide: Installation,
) -> None:
    await wide.run()
    served = await wide.documents()
    key = next(key for key in sorted(served) if key.endswith("/shared"))
    (scope,) = {one for one in served[key].scopes if one.startswith("prod/")}
    raw = orjson.dumps({**orjson.loads(served[key].raw), "__data_origin": "instance,secret"})
    await serve_as_another_version(wide, [replace(served[key], raw=raw)])
    wide.sandbox.fail(Fault(matching(image_type="shared"), BROKEN))
    await wide.run()
    document = (await wide.documents())[key]
    assert (document.scopes, b"secret" in document.raw) == ((scope,), False)
    assert document.fields["trust"] == served[key].fields["trust"]
