"""Records that are poisoned, dated wrongly or told differently: no other one suffers."""

from dataclasses import replace

import orjson
import pytest
from pydantic import SecretStr

from ims_catalog.sandbox.fault import Fault, Received, Rewrite, matching
from ims_catalog.sandbox.login import TEMPORARY
from indexer.sources.credential import AccessKey
from mappings.document import key_of
from mappings.scope import View
from tests.faults.installation import Installation
from tests.faults.spoilt import gold, ids


async def test_a_poisoned_record_costs_neither_its_page_nor_itself(wide: Installation) -> None:
    def poison(body: bytes) -> bytes:
        page = orjson.loads(body)
        if not page["images"]:
            return body
        records = [*page["images"], {"name": "no id"}]
        text = orjson.dumps({"images": records}).decode()
        first = str(page["images"][0]["id"])
        return text.replace(
            f'"id":"{first}"', f'"id":"{first}","__huge":1e999,"__lone":"\\ud800"', 1
        ).encode()

    wide.sandbox.fail(Fault(matching(image_type="gold"), Rewrite(poison)))
    run = await wide.run()
    assert (run.exit, run.refused) == (0, len(wide.sandbox.regions))
    assert await wide.held() == wide.model()


POISON = {
    "a lone surrogate": '"__lone": "\\ud800"',
    "NaN and infinities": '"__number": NaN, "min_ram": Infinity, "min_disk": -1e999',
    "a description of 2 MB": f'"__description": "{"x" * 2_000_000}"',
    "5,000 keys": ", ".join(f'"__key_{number}": "x"' for number in range(5_000)),
    "200 levels": f'"__deep": {"[" * 200}{"]" * 200}',
    "keys that come twice": '"name": "first", "name": "second", "tags": ["a"], "tags": 7',
    "other kinds of values": '"name": 7, "tags": {"a": [1]}, "__platform": ["x"], "created_at": {}',
    "texts for numbers": '"min_disk": "x", "min_ram": "", "protected": "perhaps", "size": "1e3"',
    "an integer of 5,000 digits": f'"__huge": {"9" * 5_000}',
    "a raw control character": '"__control": "\x01"',
}


async def test_case_15_each_poisoned_record_is_kept_and_no_other_suffers(each: Installation) -> None:
    listing = gold(each)
    images = ids(each, listing)
    spoilt = dict(zip(images, POISON.values(), strict=False))
    assert len(spoilt) == len(POISON)

    def poison(body: bytes) -> bytes:
        records = []
        for record in orjson.loads(body)["images"]:
            keys = spoilt.get(str(record["id"]))
            text = orjson.dumps(record).decode()
            # At the end, where they outrank the record's own.
            records.append(text if keys is None else f"{text[:-1]}, {keys}}}")
        return f'{{"images": [{", ".join(records)}]}}'.encode()

    each.sandbox.fail(Fault(matching(image_type="gold", region=listing.region), Rewrite(poison)))
    run = await each.run()
    assert (run.exit, run.refused) == (0, 0)
    assert sum(run.problems.values()) >= 3
    held = await each.held()
    assert held.keys() == each.model().keys()
    poisoned = {key_of("huawei", listing.region, image, View.PUBLIC) for image in spoilt}
    assert {key: one for key, one in held.items() if key not in poisoned} == {
        key: one for key, one in each.model().items() if key not in poisoned
    }


@pytest.mark.parametrize(
    "updated",
    [
        pytest.param("2001-01-01T00:00:00Z", id="it goes backwards"),
        pytest.param("", id="it stays as it was"),
        pytest.param(None, id="it is missing"),
        pytest.param("9999-12-31T23:59:59Z", id="the year 9999"),
        pytest.param("no date", id="it is no date"),
    ],
)
async def test_case_14_what_the_cloud_dates_decides_nothing(wide: Installation, updated: str | None) -> None:
    listing = gold(wide)
    image = ids(wide, listing)[0]
    await wide.run()
    for name in ("changed once", "changed again"):
        changes = {"name": name} if updated == "" else {"name": name, "updated_at": updated}
        wide.sandbox.cloud.patch(listing.region, image, **changes)
        run = await wide.run()
        assert (run.exit, run.changed) == (0, 1)
        assert await wide.held() == wide.model()
    assert (await wide.run()).outcome.value == "unchanged"


async def test_two_sources_that_disagree_are_counted_and_the_first_is_right(wide: Installation) -> None:
    listing = gold(wide)
    image = ids(wide, listing)[0]

    def from_second(received: Received) -> bool:
        return received.image_type == "gold" and "x-security-token" in received.headers

    def rename(body: bytes) -> bytes:
        page = orjson.loads(body)
        for record in page["images"]:
            if record["id"] == image:
                record["name"] = "told otherwise"
        return orjson.dumps(page)

    wide.sandbox.fail(Fault(from_second, Rewrite(rename)))
    temporary = AccessKey(
        SecretStr(TEMPORARY.access), SecretStr(TEMPORARY.secret), SecretStr(str(TEMPORARY.security_token))
    )
    second = replace(wide.source, name="second", credential=temporary)
    run = await wide.run(wide.source, second)
    assert (run.exit, run.problems["disagreement"]) == (0, 1)
    name = (await wide.held())[key_of("huawei", listing.region, image, View.PUBLIC)].name
    assert name == wide.sandbox.cloud.image(listing.region, image)["name"]
