"""Records that are poisoned, dated wrongly or told differently: no other one suffers."""

from dataclasses import replace

import orjson
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
