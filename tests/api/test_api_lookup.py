"""`/v1/images/{id}`, `/raw`, `/v1/facets`, `/v1/fields`, `/v1/runs`, `/healthz`, `/readyz` and `/`."""

from pathlib import Path

import orjson

from engines.embedded.pointer import POINTER_FILE
from engines.ledger import Outcome
from mappings.field import Exposure
from mappings.fields import FIELDS
from tests.api.asking import Api, fill, serving
from tests.api.estate import ALICE_OWN, GOLD, Planted, documents, record, run
from tests.api.test_api_errors import problem
from tests.contract.engine import embedded


async def test_an_id_gives_one_entry_per_place(api: Api) -> None:
    told = await api.get("/v1/images/both")
    assert list(told.json) == ["images", "catalog"]
    assert [(image["cloud"], image["region"]) for image in told.json["images"]] == [
        ("huawei", "cn-north-4"),
        ("huawei", "eu-west-101"),
    ]
    assert told.json["images"][0]["last_seen"] == "2026-11-24T07:00:00Z"


async def test_places_narrow_an_id(api: Api) -> None:
    told = await api.get("/v1/images/both", {"region": "eu-west-101", "cloud": "huawei", "fields": "region"})
    assert told.json["images"] == [{"region": "eu-west-101"}]
    problem(await api.get("/v1/images/both", {"region": "elsewhere"}), 404)


async def test_an_id_has_no_default_filters(api: Api) -> None:
    assert (await api.get("/v1/images/gold-5")).ids == ["gold-5"]


async def test_an_image_shared_by_its_owner_is_given_once(api: Api) -> None:
    (image,) = (await api.get("/v1/images/shared-1")).json["images"]
    assert image["image_type"] == "private"


async def test_an_image_that_is_public_and_listed_by_its_owner_is_one(tmp_path: Path) -> None:
    twice = [Planted(record("twice"), place).document for place in (GOLD, ALICE_OWN)]
    await fill(tmp_path, [*documents(), *twice])
    async with serving(tmp_path) as api:
        (image,) = (await api.get("/v1/images/twice")).json["images"]
        assert image["trust"] == 0
        assert (await api.get("/v1/images/twice/raw")).status == 200


async def test_raw_is_the_record_as_the_cloud_sent_it(api: Api) -> None:
    told = await api.get("/v1/images/gold-1/raw")
    assert told.headers["Content-Type"] == "application/json"
    assert told.json["__support_kvm"] == "true"
    assert "last_seen" not in told.json


async def test_several_records_are_a_conflict_that_lists_them(api: Api) -> None:
    error = problem(await api.get("/v1/images/both/raw"), 409)
    assert error["allowed"] == ["cloud=huawei&region=cn-north-4", "cloud=huawei&region=eu-west-101"]
    assert (await api.get("/v1/images/both/raw?cloud=huawei&region=cn-north-4")).json["id"] == "both"


async def test_facets_are_those_of_the_answer(api: Api) -> None:
    asked = {"platform": "Ubuntu", "facets": "platform,gpu"}
    counted = (await api.get("/v1/facets", asked)).json
    answered = (await api.get("/v1/images", asked)).json
    assert list(counted) == ["total", "facets", "interpretation", "catalog"]
    assert all(counted[key] == answered[key] for key in counted)


async def test_the_main_facets_are_counted_if_none_is_named(api: Api) -> None:
    facets = (await api.get("/v1/facets")).json["facets"]
    assert {"platform", "image_type", "firmware", "gpu"} <= set(facets)


async def test_fields_tell_all_that_may_be_asked(api: Api) -> None:
    fields = {field["name"]: field for field in (await api.get("/v1/fields")).json["fields"]}
    assert set(fields) == {field.name for field in FIELDS if field.exposure is not Exposure.INTERNAL} | {
        *("last_seen", "carried_from")
    }
    platform = fields["platform"]
    assert platform["ims"] == ["__platform"]
    assert platform["facet"] == "or"
    assert {"value": "Ubuntu", "label": "Ubuntu", "label_zh": "Ubuntu"} in platform["values"]
    assert fields["min_ram"]["unit"] == "MB"


async def test_every_field_can_be_asked_by_each_of_its_names(api: Api) -> None:
    for field in (await api.get("/v1/fields")).json["fields"]:
        if field["filterable"] and field["kind"] != "map":
            for name in (field["name"], *field["ims"], *field["glance"], *field["aliases"]):
                told = await api.get("/v1/images", {name: "exists:true", "limit": "0"})
                assert told.status == 200, (name, told.body)


async def test_runs_come_newest_first_by_pages(tmp_path: Path) -> None:
    generation = await fill(tmp_path, documents())
    ledger = embedded(tmp_path).ledger()
    await ledger.record(run("run-2", 10, Outcome.UNCHANGED, generation))
    await ledger.record(run("run-3", 20, Outcome.FAILED, generation))
    await ledger.close()
    async with serving(tmp_path) as api:
        first = await api.get("/v1/runs", {"limit": "2"})
        assert [one["run"] for one in first.json["runs"]] == ["run-3", "run-2"]
        second = await api.get("/v1/runs", {"limit": "2", "cursor": first.json["next"]})
        assert [one["run"] for one in second.json["runs"]] == ["run-1"]
        assert second.json["next"] is None
        foreign = await api.get("/v1/images", {"cursor": first.json["next"]})
        assert problem(foreign, 400)["parameter"] == "cursor"
        page = await api.get("/v1/images", {"limit": "1"})
        problem(await api.get("/v1/runs", {"cursor": page.json["next"]}), 400)
        shown = second.json["runs"][0]
        assert shown["started"] == "2026-11-24T07:00:00Z"
        assert {"outcome", "exit", "added", "changed", "removed", "unlisted", "refused"} <= set(shown)
        assert set(shown["scopes"][0]) >= {"scope", "state", "reason", "seen", "carried"}


async def test_health_and_readiness(api: Api) -> None:
    assert (await api.get("/healthz")).json == {"status": "ok"}
    told = await api.get("/readyz")
    assert told.status == 200
    assert told.json["status"] == "ready"
    assert told.json["generation"]
    assert told.json["problem"] is None


async def test_readiness_turns_amber_when_a_new_generation_cannot_be_read(tmp_path: Path) -> None:
    await fill(tmp_path, documents())
    async with serving(tmp_path) as api:
        before = (await api.get("/v1/images")).json
        (tmp_path / POINTER_FILE).write_bytes(b"not a pointer")
        api.hand.move(5)
        told = await api.get("/readyz")
        told = await api.get("/readyz")
        assert (told.status, told.json["status"]) == (200, "degraded")
        assert str(tmp_path) not in told.body.decode()
        assert (await api.get("/v1/images")).json["total"] == before["total"]


async def test_the_index_lists_routes_that_exist(api: Api) -> None:
    for route in orjson.loads((await api.get("/")).body)["routes"]:
        path = route["path"].replace("{id}", "gold-1").replace("{run}", "run-1")
        method = route.get("method", "GET")
        told = await api.ask(method, path, **({"data": b"{}"} if method == "POST" else {}))
        assert told.status == 200, route
