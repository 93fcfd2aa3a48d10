"""Histograms, pivots and sums over HTTP: their shape, and that asking again gives what was counted."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from mappings.value import LARGEST
from search_api.limits import HISTOGRAMS
from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import ALICE_OWN, BOB_OWN, GOLD, Planted, documents, record
from tests.api.test_api_errors import problem

VARIED: tuple[dict[str, object], ...] = (
    {"min_disk": 0, "min_ram": 0, "__image_size": "0", "created_at": "0001-01-01T00:00:00Z"},
    {"min_disk": 1, "min_ram": 512, "__image_size": "449261568", "created_at": "1969-12-31T23:59:59Z"},
    {"min_disk": 255, "min_ram": 1023, "__image_size": str(LARGEST), "created_at": "9999-12-31T23:59:59Z"},
    {"min_disk": None, "min_ram": None, "__image_size": None, "created_at": None, "hw_firmware_type": "uefi"},
    {"min_disk": 1024, "max_ram": 4096, "__platform": 'Odd, "OS"', "tags": ["a,b", "-minus"]},
    {
        "__platform": "CentOS",
        "__os_version": "CentOS 7.9 64bit",
        "tags": ["a,b"],
        "__image_size": "1073741824",
    },
    {"__support_xen": "true", "__support_kvm": "true", "__os_version": "Ubuntu 22.10 server 64bit"},
)


@pytest.fixture(scope="module")
def varied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("planner")
    varied = [
        Planted(record(f"varied-{number}-{where.project or 'gold'}", **attributes), where).document
        for number, attributes in enumerate(VARIED)
        for where in (GOLD, ALICE_OWN, BOB_OWN)
    ]
    asyncio.run(fill(place, [*documents(), *varied]))
    return place


@pytest.fixture
async def planned(varied_folder: Path) -> AsyncIterator[Api]:
    async with serving(varied_folder, TokenAccess()) as api:
        yield api


_BY = pytest.mark.parametrize("by", ["alice", "nobody", "operator"])
_CONTEXTS = pytest.mark.parametrize(
    "context",
    [
        {},
        {"min_ram": "gte:1"},
        {"q": "ubuntu in the last 20 years"},
        {"min_disk": "lt:100", "name": "image*"},
    ],
    ids=["everything", "a bound", "a sentence", "the same field"],
)
SPREAD = ("min_disk", "min_ram", "max_ram", "image_size", "created_at", "first_seen", "trust")
PAIRS = (
    ("platform", "firmware"),
    ("firmware", "platform"),
    ("tags", "version"),
    ("version", "hypervisors"),
    ("min_disk", "usable"),
    ("status", "image_type"),
)


@_BY
@_CONTEXTS
async def test_asking_for_a_span_gives_what_was_counted(
    planned: Api, by: str, context: Mapping[str, str]
) -> None:
    told = await planned.get("/v1/images", {**context, "histograms": ",".join(SPREAD), "limit": "0"}, by=by)
    assert list(told.json["histograms"]) == list(SPREAD)
    for name, histogram in told.json["histograms"].items():
        *spans, last = histogram["values"]
        assert (last["from"], last["to"]) == (None, None)
        assert await _total(planned, by, context, (name, "exists:false")) == last["count"]
        assert all(one["to"] == other["from"] for one, other in pairwise(spans))
        for span in spans:
            bounds = [f"gte:{span['from']}"] if span["from"] is not None else []
            bounds += [f"lt:{span['to']}"] if span["to"] is not None else []
            assert bounds
            asked = [(name, bound) for bound in bounds]
            assert await _total(planned, by, context, *asked) == span["count"], (name, span)


@_BY
@_CONTEXTS
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
async def test_asking_for_a_cell_gives_what_was_counted(
    planned: Api, by: str, context: Mapping[str, str], pair: tuple[str, str]
) -> None:
    rows, columns = pair
    told = await planned.get("/v1/images", {**context, "pivot": ",".join(pair), "limit": "0"}, by=by)
    pivot = told.json["pivot"]
    assert pivot["fields"] == list(pair)
    for row in pivot["values"]:
        of_row = (rows, _text(row["value"]))
        assert await _total(planned, by, context, of_row) == row["count"], row
        for cell in row["values"]:
            total = await _total(planned, by, context, of_row, (columns, _text(cell["value"])))
            assert total == cell["count"], (row["value"], cell)
    for cell in pivot["columns"]:
        assert await _total(planned, by, context, (columns, _text(cell["value"]))) == cell["count"], cell


async def _total(api: Api, by: str, context: Mapping[str, str], *further: tuple[str, str]) -> int:
    told = await api.get("/v1/images", [*context.items(), *further, ("limit", "0")], by=by)
    assert told.status == 200, told.json
    total: int = told.json["total"]
    return total


def _text(value: object) -> str:
    if value is None:
        return "exists:false"
    escaped = str(value).replace('"', '\\"')
    return f'"{escaped}"' if isinstance(value, str) else str(value).lower()


async def test_the_shape_of_a_histogram(api: Api) -> None:
    told = await api.get("/v1/images", {"histograms": "disk,created_at", "platform": "CentOS", "limit": "0"})
    assert told.json["histograms"] == {
        "min_disk": {
            "values": [{"from": 10, "to": 11, "count": 1}, {"from": None, "to": None, "count": 0}],
        },
        "created_at": {
            "values": [
                {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z", "count": 1},
                {"from": None, "to": None, "count": 0},
            ]
        },
    }


async def test_the_shape_of_a_pivot(api: Api) -> None:
    asked = {"pivot": "platform,boot", "platform": "CentOS,Debian", "sum": "disk", "limit": "0"}
    told = await api.get("/v1/images", asked)
    assert told.json["pivot"]["fields"] == ["platform", "firmware"]
    assert told.json["pivot"]["distinct"] == [2, 2]
    assert told.json["pivot"]["exact"] is True
    assert told.json["pivot"]["values"][0] == {
        "value": "CentOS",
        "label": "CentOS",
        "count": 1,
        "sum": {"min_disk": 10},
        "values": [
            {"value": "bios", "label": "BIOS", "count": 1, "by_default": 1, "sum": {"min_disk": 10}},
            {"value": None, "label": "not stated", "count": 1, "sum": {"min_disk": 10}},
        ],
    }
    assert [cell["label"] for cell in told.json["pivot"]["columns"]] == ["BIOS", "UEFI", "not stated"]
    assert all(cell["sum"].keys() == {"min_disk"} for cell in told.json["pivot"]["columns"])


async def test_sums_stand_beside_the_counts_of_facets(planned: Api) -> None:
    told = await planned.get("/v1/images", {"facets": "os_type", "sum": "image_size,min_disk"}, by="operator")
    linux, *_, missing = told.json["facets"]["os_type"]["values"]
    assert linux["sum"].keys() == {"image_size", "min_disk"}
    assert linux["sum"]["image_size"] == 3 * (449261568 + LARGEST + 1073741824)
    assert missing == {
        "value": None, "label": "not stated", "count": 0, "selected": False,
        "sum": {"image_size": 0, "min_disk": 0},
    }  # fmt: skip


@_BY
@_CONTEXTS
async def test_the_sum_of_all_is_that_of_the_images_found(
    planned: Api, by: str, context: Mapping[str, str]
) -> None:
    asked = {**context, "sum": "image_size,min_disk,min_ram", "limit": "1000"}
    told = await planned.get("/v1/images", asked, by=by)
    assert told.json["next"] is None
    assert told.json["sum"] == {
        name: sum(image.get(name) or 0 for image in told.json["images"])
        for name in ("image_size", "min_disk", "min_ram")
    }
    assert (await planned.get("/v1/facets", {**asked, "limit": "0"}, by=by)).json["sum"] == told.json["sum"]


async def test_counts_without_what_rules_filled_in_make_up_the_total(planned: Api) -> None:
    asked = {"histograms": "min_ram", "pivot": "firmware,platform", "limit": "0"}
    told = (await planned.get("/v1/images", asked, by="operator")).json
    *spans, missing = told["histograms"]["min_ram"]["values"]
    assert any("by_default" in span for span in spans)
    assert _stated(spans) + missing["count"] == told["total"]
    *rows, missing = told["pivot"]["values"]
    assert missing["value"] is None
    assert _stated(rows) + missing["count"] == told["total"]
    for row in (*rows, missing):
        # A platform is never filled in: the cells of a row are by default as the row is.
        assert sum(cell["count"] for cell in row["values"]) == row["count"]
        assert sum(cell.get("by_default", 0) for cell in row["values"]) == row.get("by_default", 0)
    counted = [*spans, *rows, *(cell for row in rows for cell in row["values"])]
    assert 0 not in [one.get("by_default") for one in counted]


def _stated(counted: Sequence[Mapping[str, int]]) -> int:
    return sum(one["count"] - one.get("by_default", 0) for one in counted)


async def test_nothing_is_added_where_nothing_was_asked(api: Api) -> None:
    content = (await api.get("/v1/images", {"facets": "platform"})).json
    assert {"histograms", "pivot", "sum"}.isdisjoint(content)
    assert all("sum" not in bucket for bucket in content["facets"]["platform"]["values"])


async def test_an_empty_answer_has_empty_counts(api: Api) -> None:
    asked = {"os_type": "exists:false", "histograms": "min_disk", "pivot": "platform,firmware"}
    content = (await api.get("/v1/images", asked)).json
    assert content["total"] == 0
    assert content["histograms"] == {"min_disk": {"values": [{"from": None, "to": None, "count": 0}]}}
    assert (content["pivot"]["values"], content["pivot"]["columns"]) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        {"histograms": ["min_disk"], "pivot": ["platform", "firmware"], "sum": ["image_size"]},
        {"q": "ubuntu", "histograms": ["created_at"], "facets": ["platform"], "sum": ["min_ram"]},
        {"histograms": [], "pivot": [], "sum": []},
        {"histograms": None, "pivot": None, "sum": None},
    ],
    ids=["all", "beside facets", "empty", "null"],
)
async def test_a_body_asks_the_same(api: Api, body: Mapping[str, Any]) -> None:
    parameters = {
        key: value if isinstance(value, str) else ",".join(value or ()) for key, value in body.items()
    }
    by_body, by_parameters = (await api.post(body)).json, (await api.get("/v1/images", parameters)).json
    for key in ("histograms", "pivot", "sum", "facets", "total"):
        assert by_body.get(key) == by_parameters.get(key)


async def test_counts_without_images_have_them_too(api: Api) -> None:
    asked = {"histograms": "min_disk", "pivot": "platform,firmware", "sum": "min_disk", "facets": "os_bit"}
    images, counts = [(await api.get(path, asked)).json for path in ("/v1/images", "/v1/facets")]
    assert "images" not in counts
    for key in ("histograms", "pivot", "sum", "facets"):
        assert counts[key] == images[key]


async def test_they_leave_the_interpretation_as_it_is(api: Api) -> None:
    asked = {"histograms": "min_disk", "pivot": "platform,firmware", "sum": "min_disk"}
    plain, counted = [(await api.get("/v1/images", {"q": "ubuntu", **more})).json for more in ({}, asked)]
    assert counted["interpretation"] == plain["interpretation"]


async def test_each_is_part_of_the_version_and_none_of_the_cursor(api: Api) -> None:
    forms: Sequence[Mapping[str, str]] = (
        {},
        {"histograms": "min_disk"},
        {"histograms": "min_ram"},
        {"pivot": "platform,firmware"},
        {"pivot": "firmware,platform"},
        {"facets": "platform"},
        {"facets": "platform", "sum": "min_disk"},
        {"sum": "min_disk"},
    )
    answers = [await api.get("/v1/images", {**form, "limit": "2"}) for form in forms]
    assert len({answer.headers["ETag"] for answer in answers}) == len(forms)
    following = []
    for form in forms:
        told = await api.get("/v1/images", {**form, "limit": "2", "cursor": answers[0].json["next"]})
        assert told.status == 200
        following.append(orjson.dumps(told.json["images"]))
    assert len(set(following)) == 1


@pytest.mark.parametrize(
    ("query", "parameter", "said", "allowed"),
    [
        pytest.param("histograms=creatd", "histograms", "there is no field", "created_at", id="unknown"),
        pytest.param("histograms=platform", "histograms", "cannot be spread", "min_disk", id="no number"),
        pytest.param("histograms=size", "histograms", "cannot be spread", "image_size", id="no sense"),
        pytest.param("histograms=last_seen", "histograms", "cannot be spread", "created_at", id="joined in"),
        pytest.param("histograms=scopes", "histograms", "there is no field", "min_disk", id="internal"),
        pytest.param(
            "pivot=platform",
            "pivot",
            "two fields, that of its rows and that of its columns; 1 given",
            "firmware",
            id="one",
        ),
        pytest.param("pivot=platform,firmware,gpu", "pivot", "columns; 3 given", "firmware", id="three"),
        pytest.param("pivot=platform,__platform", "pivot", "named twice", "firmware", id="one twice"),
        pytest.param("pivot=platform,checksum", "pivot", "cannot be counted", "firmware", id="no facet"),
        pytest.param("pivot=platform,colour", "pivot", "there is no field", "firmware", id="unknown column"),
        pytest.param("pivot=gpu,os_bit&pivot=gpu,arch", "pivot", "columns; 4 given", "firmware", id="two"),
        pytest.param("sum=max_ram", "sum", "cannot be added up", "image_size", id="no quantity"),
        pytest.param("sum=platform", "sum", "cannot be added up", "image_size", id="sum of texts"),
        pytest.param("sum=colour", "sum", "there is no field", "image_size", id="unknown sum"),
    ],
)
async def test_mistakes_are_named(
    api: Api, query: str, parameter: str, said: str, allowed: str | None
) -> None:
    error = problem(await api.get(f"/v1/images?{query}"), 400)
    assert error["parameter"] == parameter
    assert said in str(error["detail"])
    assert allowed is None or allowed in list(error["allowed"])  # type: ignore[call-overload]
    assert (await api.get(f"/v1/facets?{query}")).status == 400


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        pytest.param({"histograms": "min_disk"}, "/histograms", "not a list of strings", id="no list"),
        pytest.param({"histograms": ["platform"]}, "/histograms", "cannot be spread", id="no number"),
        pytest.param(
            {"pivot": ["platform"]},
            "/pivot",
            "two fields, that of its rows and that of its columns; 1 given",
            id="one field",
        ),
        pytest.param({"pivot": ["platform", 7]}, "/pivot", "not a list of strings", id="no names"),
        pytest.param({"sum": ["max_ram"]}, "/sum", "cannot be added up", id="no quantity"),
        pytest.param({"sums": ["min_disk"]}, "/sums", "not a key", id="no key"),
    ],
)
async def test_mistakes_of_bodies_are_named(
    api: Api, body: Mapping[str, object], pointer: str, said: str
) -> None:
    error = problem(await api.post(body), 400)
    assert error["pointer"] == pointer
    assert said in str(error["detail"])


async def test_too_many_histograms_are_refused(api: Api) -> None:
    names = [one["name"] for one in (await api.get("/v1/fields")).json["fields"] if one["histogram"]]
    assert len(names) > HISTOGRAMS
    error = problem(await api.get("/v1/images", {"histograms": ",".join(names)}), 400)
    assert f"at most {HISTOGRAMS}" in str(error["detail"])
    assert (await api.get("/v1/images", {"histograms": ",".join(names[:HISTOGRAMS])})).status == 200


async def test_one_named_twice_is_counted_once(api: Api) -> None:
    told = await api.get(
        "/v1/images?histograms=min_disk,disk&histograms=min_disk&sum=disk,min_disk&facets=os_bit"
    )
    assert list(told.json["histograms"]) == ["min_disk"]
    assert list(told.json["facets"]["os_bit"]["values"][0]["sum"]) == ["min_disk"]
