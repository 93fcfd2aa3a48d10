"""Two sources that see the same images and tell different things of them."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from engines.ledger import Outcome
from ims_catalog.sandbox.fault import Fault, Received, Rewrite
from indexer.choice import Choice
from indexer.sources.source import Source
from mappings.document import key_of
from mappings.scope import ImageType, View
from tests.faults.installation import Installation
from tests.faults.spoilt import BROKEN, gold, ids


def two(one: Installation) -> tuple[Source, Source]:
    """Sources of one region, each of which lists public images through a project of its own."""
    region = one.sandbox.regions[0]
    mine, others = [project.id for project in one.sandbox.projects if project.region == region][:2]
    base = replace(one.source, regions=(region,), image_types=(ImageType.GOLD,))
    return replace(base, name="first", projects=(mine,)), replace(base, name="second", projects=(others,))


def of(source: Source) -> Callable[[Received], bool]:
    """Pick the requests for public images that a source makes."""
    return lambda received: received.image_type == "gold" and received.project in (source.projects or ())


def telling(name: str) -> Rewrite:
    """Give all images of a page another name."""

    def rewrite(body: bytes) -> bytes:
        page = orjson.loads(body)
        return orjson.dumps({**page, "images": [{**image, "name": name} for image in page["images"]]})

    return Rewrite(rewrite)


async def names(one: Installation) -> set[object]:
    return {document.fields["name"] for document in (await one.documents()).values()}


async def test_the_first_source_counts_in_every_kind_of_run(wide: Installation) -> None:
    first, second = two(wide)
    of_the_first = wide.sandbox.fail(Fault(of(first), telling("of the first")))
    wide.sandbox.fail(Fault(of(second), telling("of the second")))
    whole = await wide.run(first, second)
    assert (whole.exit, await names(wide)) == (0, {"of the first"})
    assert whole.problems["disagreement"] == whole.documents
    for due in ("second/", "first/", f"second/{first.regions[0]}/gold"):
        run = await wide.run(first, second, choice=Choice(frozenset({due})))
        assert (due, run.exit, run.outcome, run.changed) == (due, 0, Outcome.UNCHANGED, 0)
    wide.sandbox.faults.remove(of_the_first)
    failing = wide.sandbox.fail(Fault(of(first), BROKEN))
    run = await wide.run(first, second)
    assert (run.exit, run.outcome, run.changed) == (3, Outcome.UNCHANGED, 0)
    wide.sandbox.faults.remove(failing)
    wide.sandbox.fail(Fault(of(first), telling("of the first")))

    turned = await wide.run(second, first)
    assert (turned.exit, await names(wide)) == (0, {"of the second"}), "the configuration was turned round"
    run = await wide.run(second, first, choice=Choice(frozenset({"first/"})))
    assert (run.exit, run.outcome) == (0, Outcome.UNCHANGED)


async def test_what_only_the_later_source_sees_is_as_it_says_now(wide: Installation) -> None:
    first, second = two(wide)
    listing = gold(wide)
    image = ids(wide, listing)[0]
    hidden = Rewrite(lambda body: without(body, image))
    wide.sandbox.fail(Fault(of(first), hidden))
    await wide.run(first, second)
    wide.sandbox.cloud.patch(listing.region, image, name="renamed")
    run = await wide.run(first, second, choice=Choice(frozenset({"second/"})))
    assert (run.exit, run.changed) == (0, 1)
    key = key_of("huawei", listing.region, image, View.PUBLIC)
    assert (await wide.documents())[key].fields["name"] == "renamed"


def without(body: bytes, image: str) -> bytes:
    page = orjson.loads(body)
    return orjson.dumps({**page, "images": [one for one in page["images"] if one["id"] != image]})


@pytest.mark.parametrize("due", ["second/", "first/"])
async def test_only_the_sources_that_are_due_are_asked(wide: Installation, due: str) -> None:
    first, second = two(wide)
    await wide.run(first, second)
    wide.sandbox.requests.clear()
    await wide.run(first, second, choice=Choice(frozenset({due})))
    asked = {one.project for one in wide.sandbox.requests if one.image_type == "gold"}
    source = first if due == "first/" else second
    assert asked == set(source.projects or ())
