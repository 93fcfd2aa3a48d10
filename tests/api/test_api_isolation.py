"""Nobody learns of an image that is not public nor of his projects: by no route, number, error or header."""

import random
from collections import Counter

import orjson
import pytest

from mappings.document import Document
from mappings.filter import Condition, Filter, Not, Operator
from mappings.match import matches
from tests.api.asking import CALLERS, Api
from tests.api.estate import documents, visible

WHO = ("alice", "bob", "nobody", "both", "operator")
BOBS_WORDS = ("SecretOS", "hush", "bob secret", "bob-1")


def _model(by: str) -> list[Document]:
    return [one for one in documents() if visible(one, CALLERS[f"Bearer {by}"].projects)]


@pytest.mark.parametrize("by", WHO)
async def test_images_total_and_facets_are_those_of_the_model(tenants: Api, by: str) -> None:
    names = ("platform", "image_type", "owner", "tags", "os_version", "region")
    params = {"status": "active,deactivated", "registered": "true,false", "deleted": "exists:true"}
    told = await tenants.get("/v1/images", {**params, "limit": "1000", "facets": ",".join(names)}, by=by)
    model = _model(by)
    assert sorted(told.ids) == sorted(str(one.fields["id"]) for one in model)
    assert told.json["total"] == len(model)
    for name in names:
        counted = {
            bucket["value"]: bucket["count"]
            for bucket in told.json["facets"][name]["values"]
            if bucket["value"] is not None
        }
        assert counted == Counter(value for one in model for value in one.values_of(name)), name


@pytest.mark.parametrize("by", WHO)
async def test_random_questions_equal_the_model(tenants: Api, by: str) -> None:
    draw = random.Random(by)
    fields = ("platform", "image_type", "owner", "name", "id", "visibility")
    every = [(name, str(one.fields[name])) for one in documents() for name in fields if name in one.fields]
    model = _model(by)
    for _ in range(60):
        name, value = draw.choice(every)
        negated = draw.random() < 0.5
        condition: Filter = Condition(name, Operator.IN, (value,))
        asked = {"field": name, "in": [value]}
        wanted = Not(condition) if negated else condition
        # `usable` takes the default filters away.
        tree = {"and": [{"not": asked} if negated else asked, {"field": "usable", "in": [True, False]}]}
        told = await tenants.post({"filter": tree, "limit": 1000}, by=by)
        expected = sorted(str(one.fields["id"]) for one in model if matches(wanted, one))
        if told.status == 400:
            assert not any(value in one.values_of(name) for one in model), (name, value)
        else:
            assert sorted(told.ids) == expected, (name, value, negated)


@pytest.mark.parametrize("by", ["alice", "nobody"])
@pytest.mark.parametrize("image", ["bob-1", "no-such"])
@pytest.mark.parametrize("ending", ["", "/raw", "?region=cn-north-4", "/raw?cloud=huawei"])
async def test_a_foreign_image_is_answered_like_one_that_does_not_exist(
    tenants: Api, by: str, image: str, ending: str
) -> None:
    foreign = await tenants.get(f"/v1/images/{image}{ending}", by=by)
    missing = await tenants.get(f"/v1/images/00000{ending}", by=by)
    assert foreign.status == missing.status == 404
    assert foreign.body == missing.body
    assert {name: value for name, value in foreign.headers.items() if name != "Date"} == {
        name: value for name, value in missing.headers.items() if name != "Date"
    }


@pytest.mark.parametrize(
    "query",
    [
        "platform=SecretOS",
        "platform=SecretO",
        "q=SecretOS",
        "q=secretos images",
        "q=platform:SecretOS",
        "q=bob secret",
        "owner=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "extra.secret=exists:true",
        "extra.secret=hush",
        "name=bob secret",
        "id=bob-1",
        "tags=team=bob",
        "limit=0&facets=platform,owner,tags,os_version",
    ],
)
async def test_no_question_of_a_stranger_tells_of_bobs(tenants: Api, query: str) -> None:
    told = await tenants.get(f"/v1/images?{query}", by="nobody")
    other = query.replace("SecretOS", "SecretXX").replace("hush", "husk")
    control = await tenants.get(f"/v1/images?{other}", by="nobody")
    assert told.status == control.status
    if told.status == 200:
        assert told.json["total"] == control.json["total"]
        assert "bob-1" not in told.ids
        answer = {key: value for key, value in told.json.items() if key != "interpretation"}
        text = orjson.dumps(answer).decode()
    else:
        text = orjson.dumps([error.get("did_you_mean") for error in told.json["errors"]]).decode()
        text += orjson.dumps([error.get("allowed") for error in told.json["errors"]]).decode()
    assert not any(word in text for word in BOBS_WORDS)


async def test_owner_fields_stay_with_the_owner(tenants: Api) -> None:
    (own,) = (await tenants.get("/v1/images/alice-1", by="alice")).json["images"]
    assert own["data_origin"] == "instance,5e1d0b9a"
    problem = await tenants.get("/v1/images/alice-1", by="bob")
    assert problem.status == 404


async def test_who_is_shared_with_sees_it_once_and_the_owner_his_own(tenants: Api) -> None:
    for by, kind in (("alice", "shared"), ("bob", "private"), ("both", "private"), ("operator", "private")):
        (image,) = (await tenants.get("/v1/images/shared-1", by=by)).json["images"]
        assert image["image_type"] == kind, by
    assert (await tenants.get("/v1/images/shared-1", by="nobody")).status == 404


async def test_catalog_and_runs_tell_of_the_callers_scopes_only(tenants: Api) -> None:
    alice = (await tenants.get("/v1/images", by="alice")).json["catalog"]
    assert alice["scopes"] == {"complete": 4, "total": 5}
    assert [one["scope"] for one in alice["incomplete"]] == ["prod/cn-north-4/market"]
    assert (await tenants.get("/v1/images", by="nobody")).json["catalog"]["scopes"]["total"] == 3
    (run,) = (await tenants.get("/v1/runs", by="alice")).json["runs"]
    assert len(run["scopes"]) == 5
    assert run["added"] is None
    (run,) = (await tenants.get("/v1/runs", by="operator")).json["runs"]
    assert (len(run["scopes"]), run["added"]) == (7, len(documents()))
