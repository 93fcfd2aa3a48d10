"""`GET /v1/images`: the answer's shape, defaults, order, pages, facets and freshness."""

import orjson
import pytest

from tests.api.asking import Api
from tests.api.estate import BOB

SHOWN_BY_DEFAULT = {
    *("gold-1", "gold-2", "gold-3", "gold-4", "both", "market-1"),
    *("alice-1", "alice-2", "bob-1", "shared-1", "shared-2"),
}


async def test_answer_has_the_keys_of_the_contract(api: Api) -> None:
    told = await api.get("/v1/images", {"facets": "platform"})
    assert told.status == 200
    assert told.headers["Content-Type"] == "application/json"
    assert list(told.json) == [
        *("images", "total", "facets", "interpretation", "relaxations", "catalog", "next")
    ]
    assert list(told.json["interpretation"]) == ["summary", "filters", "text", "sort", "ignored", "notes"]
    assert list(told.json["catalog"]) == ["generation", "as_of", "scopes", "incomplete"]
    assert list(told.json["facets"]["platform"]) == ["values", "distinct", "exact"]
    assert told.json["relaxations"] == []


async def test_default_filters_hide_what_cannot_be_used_and_say_so(api: Api) -> None:
    told = await api.get("/v1/images", {"limit": "1000"})
    assert set(told.ids) == SHOWN_BY_DEFAULT
    filters = told.json["interpretation"]["filters"]
    assert [(one["id"], one["field"], one["values"], one["negated"], one["default"]) for one in filters] == [
        ("f1", "status", ["active"], False, True),
        ("f2", "deleted", [True], True, True),
        ("f3", "registered", [False], True, True),
        ("f4", "listed", [True], False, True),
    ]


@pytest.mark.parametrize(
    ("params", "left", "shown"),
    [
        pytest.param({"status": "deactivated"}, {"deleted", "registered", "listed"}, "gold-5", id="status"),
        pytest.param({"status": "neq:active"}, {"deleted", "registered", "listed"}, "gold-5", id="negated"),
        pytest.param({"registered": "false"}, {"status", "deleted", "listed"}, "gold-6", id="registered"),
        pytest.param({"__isregistered": "false"}, {"status", "deleted", "listed"}, "gold-6", id="wire name"),
        pytest.param({"deleted": "true"}, {"status", "registered", "listed"}, "gold-7", id="deleted"),
        pytest.param({"usable": "false"}, set(), "gold-5", id="usable takes all away"),
    ],
)
async def test_a_default_filter_leaves_when_its_field_is_named(
    api: Api, params: dict[str, str], left: set[str], shown: str
) -> None:
    told = await api.get("/v1/images", params)
    assert shown in told.ids
    assert {one["field"] for one in told.json["interpretation"]["filters"] if one["default"]} == left


async def test_an_image_shows_its_fields_by_name_and_when_it_was_seen(api: Api) -> None:
    (image,) = (await api.get("/v1/images", {"id": "gold-1"})).json["images"]
    assert image["platform"] == "Ubuntu"
    assert image["firmware"] == "uefi"
    assert image["created_at"] == "2026-01-01T00:00:00Z"
    assert image["region"] == "cn-north-4"
    assert image["last_seen"] == "2026-11-24T07:00:00Z"
    assert image["carried_from"] is None
    assert not {"view", "scopes", "visible_to", "shadowed_by"} & set(image)


async def test_a_carried_image_says_since_when(api: Api) -> None:
    (image,) = (await api.get("/v1/images", {"id": "market-1"})).json["images"]
    assert image["last_seen"] == image["carried_from"] == "2026-11-23T08:00:00Z"


async def test_catalog_names_the_scopes_that_are_not_whole(api: Api) -> None:
    catalog = (await api.get("/v1/images")).json["catalog"]
    assert catalog["as_of"] == "2026-11-23T08:00:00Z"
    assert catalog["scopes"] == {"complete": 5, "total": 7}
    assert catalog["incomplete"] == [
        {
            "scope": f"prod/cn-north-4/{BOB}/private",
            "reason": "403",
            "last_complete": "2026-11-23T08:00:00Z",
            "carried": 2,
        },
        {
            "scope": "prod/cn-north-4/market",
            "reason": "503",
            "last_complete": "2026-11-23T08:00:00Z",
            "carried": 1,
        },
    ]


async def test_default_order_is_trust_then_newest(api: Api) -> None:
    told = await api.get("/v1/images", {"limit": "1000"})
    images = told.json["images"]
    order = [(image["trust"], _descending(image["created_at"])) for image in images]
    assert order == sorted(order)
    assert told.json["interpretation"]["sort"] == ["trust", "-created_at"]


def _descending(text: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in text)


async def test_sort_is_obeyed_and_a_stranger_in_front_is_said(api: Api) -> None:
    told = await api.get("/v1/images", {"sort": "-created_at,name"})
    assert told.ids[0] == "market-1"
    assert told.json["interpretation"]["sort"] == ["-created_at", "name"]
    assert told.json["interpretation"]["notes"] == [
        "The first image is a market image. The newest public one: CentOS 7.9 64bit (gold-2)."
    ]
    page = {"sort": "-created_at,name", "limit": "1"}
    first = await api.get("/v1/images", page)
    later = await api.get("/v1/images", {**page, "cursor": first.json["next"]})
    assert later.ids == ["shared-1"]
    assert later.json["interpretation"]["notes"] == []


async def test_no_note_where_a_public_image_stands_first(api: Api) -> None:
    told = await api.get("/v1/images", {"sort": "created_at"})
    assert told.json["interpretation"]["notes"] == []


@pytest.mark.parametrize("sort", ["", "-created_at", "name", "-min_ram,platform", "os_version"])
async def test_pages_by_cursor_give_each_image_once(api: Api, sort: str) -> None:
    params = {"limit": "3", **({"sort": sort} if sort else {})}
    whole = (await api.get("/v1/images", {**params, "limit": "1000"})).json["images"]
    walked, cursor = [], None
    for _ in range(10):
        told = await api.get("/v1/images", {**params, **({"cursor": cursor} if cursor else {})})
        assert told.status == 200
        walked += told.json["images"]
        cursor = told.json["next"]
        if cursor is None:
            break
    assert [(image["id"], image["region"]) for image in walked] == [
        (image["id"], image["region"]) for image in whole
    ]


async def test_limit_zero_counts_only(api: Api) -> None:
    told = await api.get("/v1/images", {"limit": "0", "facets": "platform"})
    assert told.json["images"] == []
    assert told.json["total"] == 12
    assert told.json["next"] is None
    assert sum(bucket["count"] for bucket in told.json["facets"]["platform"]["values"]) == 12


async def test_repeated_and_comma_separated_values_mean_or(api: Api) -> None:
    commas = await api.get("/v1/images", {"platform": "Debian,CentOS"})
    repeated = await api.get("/v1/images", [("platform", "Debian"), ("__platform", "CentOS")])
    assert sorted(commas.ids) == sorted(repeated.ids) == ["gold-2", "gold-4"]
    (one, *_) = repeated.json["interpretation"]["filters"]
    assert (one["field"], one["operator"], one["values"]) == ("platform", "in", ["Debian", "CentOS"])


async def test_bounds_on_one_field_mean_and(api: Api) -> None:
    told = await api.get("/v1/images", [("min_ram", "gte:2048"), ("min_ram", "lt:8192")])
    assert told.ids == ["gold-2"]
    assert [(one["operator"], one["values"]) for one in told.json["interpretation"]["filters"][:2]] == [
        ("gte", [2048]),
        ("lt", [8192]),
    ]


async def test_dates_are_told_as_iso(api: Api) -> None:
    told = await api.get("/v1/images", {"created_at": "gte:2026-11-20T00:00:00Z"})
    assert told.ids == ["market-1"]
    assert told.json["interpretation"]["filters"][0]["values"] == ["2026-11-20T00:00:00Z"]


async def test_an_interval_is_told_as_a_group(api: Api) -> None:
    told = await api.get("/v1/images", {"created_at": "2026-11"})
    assert set(told.ids) == {"market-1", "shared-1"}
    (group, *_) = told.json["interpretation"]["filters"]
    assert (group["field"], group["operator"]) == (None, "and")
    assert [(part["operator"], part["values"]) for part in group["filters"]] == [
        ("gte", ["2026-11-01T00:00:00Z"]),
        ("lt", ["2026-12-01T00:00:00Z"]),
    ]


async def test_exists_and_the_map(api: Api) -> None:
    assert (await api.get("/v1/images", {"hw_firmware_type": "exists:true"})).ids == ["gold-1"]
    assert (await api.get("/v1/images", {"extra.team": "web"})).ids == ["alice-2"]
    assert (await api.get("/v1/images", {"tags": "team=alice"})).ids == ["alice-1"]


async def test_a_value_is_read_in_any_case_and_spelling(api: Api) -> None:
    assert (await api.get("/v1/images", {"platform": "centos"})).ids == ["gold-2"]
    assert (await api.get("/v1/images", {"os": "debian"})).ids == ["gold-4"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        pytest.param("platform=SecretOS,CentOS", {"bob-1", "gold-2"}, id="values, one nobody else has"),
        pytest.param("platform=in:SecretOS,CentOS", {"bob-1", "gold-2"}, id="behind in"),
        pytest.param("platform=CentOS&platform=in:SecretOS", {"bob-1", "gold-2"}, id="given twice"),
        pytest.param(
            "platform=neq:Ubuntu,neq:CentOS,neq:BobOS", {"gold-3", "gold-4", "bob-1"}, id="neq thrice"
        ),
        pytest.param("platform=neq:Ubuntu,CentOS,BobOS", {"gold-3", "gold-4", "bob-1"}, id="neq of three"),
        pytest.param("created_at=gte:2026-02-01,lt:2026-03", {"gold-3"}, id="two bounds"),
        pytest.param("min_ram=>1024,<=4096", {"gold-2"}, id="two signs"),
        pytest.param('platform="CentOS",Debian', {"gold-2", "gold-4"}, id="quotes"),
        pytest.param("tag=team.bob", {"shared-1"}, id="a tag in its other spelling"),
        pytest.param("tags=team.bob", set(), id="a tag as it is spelled"),
    ],
)
async def test_values_of_one_parameter(tenants: Api, query: str, ids: set[str]) -> None:
    told = await tenants.get(f"/v1/images?{query}&limit=100", by="bob")
    assert told.status == 200, told.json
    assert set(told.ids) == ids


async def test_each_value_that_nobody_has_is_named_with_its_place(api: Api) -> None:
    told = await api.get("/v1/images", {"platform": "in:Ubuntoo,Ubuntu,Centoss"})
    assert [(error["position"], error["did_you_mean"]) for error in told.json["errors"]] == [
        (3, ["Ubuntu"]),
        (18, ["CentOS"]),
    ]


async def test_a_facet_counts_what_choosing_another_value_would_give(api: Api) -> None:
    told = await api.get("/v1/images", {"platform": "CentOS", "facets": "platform,os_type"})
    platform = told.json["facets"]["platform"]
    counts = {bucket["value"]: (bucket["count"], bucket["selected"]) for bucket in platform["values"]}
    assert counts["CentOS"] == (1, True)
    assert counts["Ubuntu"] == (6, False)
    assert counts[None] == (0, False)
    assert platform["distinct"] == len(counts) - 1
    linux, _ = told.json["facets"]["os_type"]["values"]
    assert linux == {"value": "Linux", "label": "Linux", "count": 1, "selected": False}


async def test_not_stated_comes_last_and_overlaps_what_a_rule_filled_in(api: Api) -> None:
    values = (await api.get("/v1/images", {"facets": "firmware"})).json["facets"]["firmware"]["values"]
    assert [(one["value"], one["count"], one.get("by_default")) for one in values] == [
        ("bios", 10, 10),
        ("uefi", 2, 1),
        (None, 11, None),
    ]
    assert values[-1]["label"] == "not stated"


async def test_not_stated_can_be_chosen(api: Api) -> None:
    told = await api.get("/v1/images", {"hw_firmware_type": "exists:false", "facets": "hw_firmware_type"})
    assert told.json["total"] == 11
    assert told.json["facets"]["hw_firmware_type"]["values"] == [
        {"value": "uefi", "label": "UEFI", "count": 1, "selected": False},
        {"value": None, "label": "not stated", "count": 11, "selected": True},
    ]


async def test_what_is_chosen_stays_in_sight_when_nothing_is_left(api: Api) -> None:
    told = await api.get("/v1/images", {"os_type": "exists:false", "facets": "os_type"})
    assert told.json["total"] == 0
    last = told.json["facets"]["os_type"]["values"][-1]
    assert last == {"value": None, "label": "not stated", "count": 0, "selected": True}


async def test_booleans_and_units_in_facets(api: Api) -> None:
    facets = (await api.get("/v1/images", {"facets": "usable,min_disk"})).json["facets"]
    assert facets["usable"]["values"] == [
        {"value": True, "label": "yes", "count": 12, "selected": False},
        {"value": None, "label": "not stated", "count": 0, "selected": False},
    ]
    assert [(one["value"], one["label"]) for one in facets["min_disk"]["values"]] == [
        (40, "40 GB"),
        (10, "10 GB"),
        (None, "not stated"),
    ]


async def test_selected_fields_come_in_their_order(api: Api) -> None:
    told = await api.get("/v1/images", {"id": "alice-2", "fields": "name,id,extra.team,last_seen,__platform"})
    (image,) = told.json["images"]
    assert list(image.items()) == [
        ("name", "alice odd"),
        ("id", "alice-2"),
        ("extra.team", "web"),
        ("last_seen", "2026-11-24T07:00:00Z"),
        ("platform", "AliceOS"),
    ]


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        pytest.param({"last_seen": "lt:2026-11-24"}, {"market-1", "bob-1", "shared-1"}, id="not seen today"),
        pytest.param({"carried_from": "exists:true"}, {"market-1", "bob-1", "shared-1"}, id="carried"),
        pytest.param(
            {"carried_from": "exists:false", "image_type": "private"}, {"alice-1", "alice-2"}, id="fresh"
        ),
        pytest.param({"last_seen": "2026-11-23"}, {"market-1", "bob-1", "shared-1"}, id="a day"),
        pytest.param({"last_seen": "lt:2026-11-23"}, set(), id="long ago"),
    ],
)
async def test_freshness_can_be_asked_for(api: Api, params: dict[str, str], ids: set[str]) -> None:
    told = await api.get("/v1/images", params)
    assert told.status == 200
    assert set(told.ids) == ids
    assert next(iter(params)) in orjson.dumps(told.json["interpretation"]["filters"][0]).decode()


async def test_a_sentence_and_parameters_both_count(api: Api) -> None:
    told = await api.get("/v1/images", {"q": '"Graphic driver"', "platform": "Windows"})
    assert told.ids == ["gold-3"]
    assert told.json["interpretation"]["text"]


@pytest.mark.parametrize(
    "params",
    [
        pytest.param([("platform", "Ubuntu")], id="one value"),
        pytest.param([("platform", "ubuntu,CentOS")], id="alternatives"),
        pytest.param([("platform", "Ubuntu"), ("__platform", "CentOS")], id="one field by two names"),
        pytest.param([("min_ram", "gte:1"), ("min_ram", "lte:4096")], id="bounds"),
        pytest.param([("platform", "neq:Ubuntu"), ("firmware", "exists:true")], id="negation and existence"),
        pytest.param([("min_ram", "x"), ("platform", "Ubuntu")], id="a mistake beside"),
    ],
)
async def test_what_was_read_before_is_read_the_same(api: Api, params: list[tuple[str, str]]) -> None:
    """Parameters are remembered one by one: neither repeating nor combining them changes their meaning."""
    first = await api.get("/v1/images", params)
    for pair in params:
        await api.get("/v1/images", [pair])
    again = await api.get("/v1/images", params)
    assert (again.status, again.body) == (first.status, first.body)
