"""Nobody learns of an image that is not public nor of his projects: by no route, number, error or header."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from engines.ledger import State
from mappings.date import date_text, from_datetime
from mappings.document import Document
from mappings.filter import Condition, Filter, Not, Operator
from mappings.match import matches
from tests.api.asking import CALLERS, Api, TokenAccess, fill, serving
from tests.api.estate import (
    ALICE,
    ALICE_SHARED,
    BOB,
    BOB_SHARED,
    EARLIER,
    YESTERDAY,
    documents,
    run,
    state,
    visible,
)
from tests.contract.engine import embedded

WHO = ("alice", "bob", "nobody", "both", "operator")
BOBS_WORDS = ("SecretOS", "hush", "bob secret", "bob-1")
SHARED_WITH_ALICE = ("bob", BOB)
"""Tag and owner of an image that Bob shares with her."""


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
    ("query", "word", "other"),
    [
        pytest.param("platform={}", "SecretOS", "SecretXX", id="platform"),
        pytest.param("platform={}", "SecretO", "SecretX", id="nearly a platform"),
        pytest.param("platform=neq:{}", "SecretOS", "SecretXX", id="another platform"),
        pytest.param("platform=Ubuntu,{}", "SecretOS", "SecretXX", id="one of two platforms"),
        pytest.param("platform={}*", "Secret", "Sekret", id="beginning of a platform"),
        pytest.param("os_version=*{}*", "SecretOS", "SecretXX", id="pattern of a version"),
        pytest.param("q={}", "SecretOS", "SecretXX", id="word"),
        pytest.param("q={} images", "secretos", "secretxx", id="word in a sentence"),
        pytest.param("q=platform:{}", "SecretOS", "SecretXX", id="term"),
        pytest.param("q=platform is not {}", "SecretOS", "SecretXX", id="negation"),
        pytest.param("q={} os", "Secret", "Sekret", id="beginning of a word"),
        pytest.param("q={}", "bob secret", "rob sekret", id="name in a sentence"),
        pytest.param('q="{}"', "bob secret", "rob sekret", id="quoted name"),
        pytest.param("owner={}", "b" * 32, "f" * 32, id="owner"),
        pytest.param("extra.{}=exists:true", "secret", "sekret", id="unknown key"),
        pytest.param("extra.secret={}", "hush", "husk", id="value of an unknown key"),
        pytest.param("name={}", "bob secret", "rob sekret", id="name"),
        pytest.param("id={}", "bob-1", "rob-1", id="id"),
        pytest.param("tags=team={}", "bob", "rob", id="tag"),
        pytest.param("limit=0&facets=platform,owner,tags,os_version", "", "", id="facets"),
    ],
)
async def test_no_question_of_a_stranger_tells_of_bobs(
    tenants: Api, query: str, word: str, other: str
) -> None:
    """What is Bob's and what nobody has are answered alike, whole answer, but for the word itself."""
    for by in ("nobody",) if word in SHARED_WITH_ALICE else ("nobody", "alice"):
        told = await tenants.get(f"/v1/images?{query.format(word)}", by=by)
        control = await tenants.get(f"/v1/images?{query.format(other)}", by=by)
        assert told.status == control.status
        assert _without(told.body, word) == _without(control.body, other)
        if told.status == 200:
            assert "bob-1" not in told.ids
        rest = _without(told.body, word).decode()
        assert not any(one in rest for one in BOBS_WORDS if one not in query)


def _without(body: bytes, word: str) -> bytes:
    return body.replace(word.encode(), b"WORD") if word else body


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
    assert {run[name] for name in ("added", "outcome", "exit", "reason", "problems")} == {None}
    (run,) = (await tenants.get("/v1/runs", by="operator")).json["runs"]
    assert (len(run["scopes"]), run["added"]) == (7, len(documents()))
    assert (run["outcome"], run["exit"]) == ("published", 0)


async def test_a_shared_image_is_as_fresh_as_the_callers_own_listings_tell(tmp_path: Path) -> None:
    (shared,) = (one for one in documents() if one.fields["id"] == "shared-2")
    both = shared.stamped(scopes=(ALICE_SHARED.id, BOB_SHARED.id), visible_to=(ALICE, BOB))
    generation = await fill(tmp_path, [both])
    ledger = embedded(tmp_path).ledger()
    carried = state(
        ALICE_SHARED, state=State.INCOMPLETE, reason="503", last_complete=YESTERDAY, seen=0, carried=1
    )
    await ledger.record(replace(run("run-2", 1, generation=generation), scopes=(carried, state(BOB_SHARED))))
    await ledger.close()
    yesterday, earlier = (date_text(from_datetime(moment)) for moment in (YESTERDAY, EARLIER))
    async with serving(tmp_path, TokenAccess()) as api:
        for by, seen, since in (
            ("alice", yesterday, yesterday),
            ("bob", earlier, None),
            ("both", earlier, None),
            ("operator", earlier, None),
        ):
            for path in ("/v1/images", "/v1/images/shared-2", "/v1/images?fields=last_seen,carried_from"):
                (image,) = (await api.get(path, by=by)).json["images"]
                assert (image["last_seen"], image["carried_from"]) == (seen, since), (by, path)
            found = (await api.get(f"/v1/images?last_seen=gte:{earlier}", by=by)).json["total"]
            assert found == (seen == earlier), by
