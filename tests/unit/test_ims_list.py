import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouds.ecs import flavor_parameters, flavors_path, parse_flavors
from clouds.endpoint import ENDPOINTS, endpoint
from clouds.identity import Project, parse_projects
from clouds.ims import LARGEST_PAGE, is_marker, list_parameters, parse_page
from clouds.os_version import parse_os_versions
from clouds.payload import BadAnswer, read_json

READERS: tuple[Callable[[bytes], object], ...] = (
    read_json,
    parse_page,
    parse_os_versions,
    parse_flavors,
    parse_projects,
)
ORDER = {"limit": "500", "sort_key": "created_at", "sort_dir": "asc"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            {"image_type": "gold"},
            {"__imagetype": "gold", "visibility": "public", "protected": "true"},
            id="public images",
        ),
        pytest.param(
            {"image_type": "private", "project": "p1"},
            {"__imagetype": "private", "owner": "p1"},
            id="private images of a project",
        ),
        pytest.param(
            {"image_type": "shared"},
            {"__imagetype": "shared", "visibility": "shared", "member_status": "accepted"},
            id="shared and accepted",
        ),
        pytest.param(
            {"image_type": "shared", "member_status": "pending"},
            {"__imagetype": "shared", "visibility": "shared", "member_status": "pending"},
            id="shared and not yet accepted",
        ),
        pytest.param({"image_type": "market"}, {"__imagetype": "market"}, id="market images"),
        pytest.param(
            {
                "image_type": "private",
                "project": "p1",
                "marker": "m",
                "enterprise_project_id": "all_granted_eps",
            },
            {
                "__imagetype": "private",
                "owner": "p1",
                "marker": "m",
                "enterprise_project_id": "all_granted_eps",
            },
            id="a later page, enterprise projects",
        ),
    ],
)
def test_recipes(arguments: dict[str, Any], expected: dict[str, str]) -> None:
    parameters = list_parameters(**arguments)
    assert dict(parameters) == {**ORDER, **expected}
    assert len(parameters) == len(dict(parameters))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param({"image_type": "golden"}, "gold, private, shared, market", id="image type"),
        pytest.param({"image_type": "private"}, "project", id="private without project"),
        pytest.param(
            {"image_type": "shared", "member_status": "all"},
            "pending, accepted, rejected",
            id="member status",
        ),
    ],
)
def test_a_recipe_that_does_not_exist_is_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        list_parameters(**arguments)


@pytest.mark.parametrize(
    ("body", "ids", "marker"),
    [
        pytest.param(b'{"images": []}', [], None, id="an empty page"),
        pytest.param(b'{"images": [{"id": "a"}, {"id": "b"}]}', ["a", "b"], None, id="no next marker"),
        pytest.param(
            b'{"images": [{"id": "a"}], "page_info": {"next_marker": "a"}}', ["a"], "a", id="a next marker"
        ),
        pytest.param(b'{"images": [], "page_info": {"next_marker": ""}}', [], None, id="an empty marker"),
        pytest.param(b'{"images": [], "page_info": null}', [], None, id="no page info"),
        pytest.param(
            b'{"images": [], "page_info": {"next_marker": 7}}', [], None, id="a marker of another type"
        ),
    ],
)
def test_pages(body: bytes, ids: list[str], marker: str | None) -> None:
    page = parse_page(body)
    assert [image["id"] for image in page.images] == ids
    assert page.next_marker == marker


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"<!DOCTYPE html><title>Login</title>", "HTML", id="a login page"),
        pytest.param(b"{}", "has none", id="no list"),
        pytest.param(b'{"images": null}', "null", id="null instead of a list"),
        pytest.param(b'{"images": {}}', "an object", id="an object instead of a list"),
        pytest.param(b"[]", "an array", id="an array"),
        pytest.param(b"null", "null", id="null"),
        pytest.param(b'"text"', "a string", id="a string"),
        pytest.param(b'{"images": [{"id": "a"}, "b"]}', "a string", id="a record that is no object"),
        pytest.param(b'{"images": [{"id": "a"}, {"id', "not JSON", id="cut in the middle"),
        pytest.param(b'{"images": ' + b"[" * 100_000, "nested too deeply", id="bottomless"),
        pytest.param(
            b'{"error": {"message": "no", "code": "IMG.0027"}}', "'error'", id="an error with status 200"
        ),
    ],
)
def test_what_is_no_page_is_refused_and_named(body: bytes, named: str) -> None:
    with pytest.raises(BadAnswer, match=named):
        parse_page(body)


@pytest.mark.parametrize(
    ("poison", "expected"),
    [
        pytest.param(rb'"\ud800 lone"', "\ud800 lone", id="a lone surrogate"),
        pytest.param(b"NaN", math.nan, id="NaN"),
        pytest.param(b"-Infinity", -math.inf, id="infinity"),
        pytest.param(b"1" * 5000, math.inf, id="more digits than int takes"),
        pytest.param(b"1e999", math.inf, id="a float beyond range"),
        pytest.param(b'"a\x01b"', "a\x01b", id="a raw control character"),
        pytest.param(b'"a\xff\xfeb"', "a\ufffd\ufffdb", id="bytes that are not UTF-8"),
        pytest.param(b"18446744073709551616", 2**64, id="an integer beyond 64 bits"),
    ],
)
def test_one_poisoned_record_does_not_cost_its_page(poison: bytes, expected: object) -> None:
    page = parse_page(b'{"images": [{"id": "a"}, {"id": "b", "poison": ' + poison + b'}, {"id": "c"}]}')
    assert [image["id"] for image in page.images] == ["a", "b", "c"]
    assert page.images[1]["poison"] == pytest.approx(expected, nan_ok=True)


def test_a_byte_order_mark_is_read_over() -> None:
    assert parse_page(b'\xef\xbb\xbf{"images": []}').images == ()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123456789.eE+-\\utrfalsn \x00\ud800', max_size=60))
def test_reading_raises_nothing_but_its_own_error(body: bytes | str) -> None:
    messages = []
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    for read in READERS:
        try:
            read(raw)
        except BadAnswer as error:
            messages.append(str(error))
    assert all(messages)


def test_os_versions() -> None:
    body = (
        b'[{"platform":"Ubuntu","version_list":['
        b'{"platform":"Ubuntu","os_version_key":"Ubuntu 20.04 server 64bit",'
        b'"os_version":"Ubuntu 20.04 server 64bit","os_bit":64,"os_type":"Linux"}]},'
        b'{"platform":"Other","version_list":[]}]'
    )
    entries = parse_os_versions(body)
    assert [(entry["os_version"], entry["os_bit"]) for entry in entries] == [
        ("Ubuntu 20.04 server 64bit", 64)
    ]
    with pytest.raises(BadAnswer, match="array"):
        parse_os_versions(b'{"platform": "Ubuntu"}')


def test_flavors() -> None:
    assert flavors_path("p/1") == "/v1/p%2F1/cloudservers/flavors"
    assert dict(flavor_parameters(marker="c6.large.2")) == {"limit": "500", "marker": "c6.large.2"}
    assert "marker" not in dict(flavor_parameters())
    assert [flavor["id"] for flavor in parse_flavors(b'{"flavors": [{"id": "c6.large.2"}]}')] == [
        "c6.large.2"
    ]
    with pytest.raises(BadAnswer, match="flavors"):
        parse_flavors(b'{"flavors": null}')


def test_projects() -> None:
    body = (
        b'{"links": {"next": null}, "projects": '
        b'[{"id": "1", "name": "r1"}, {"id": "2", "name": "r2", "enabled": false}]}'
    )
    assert parse_projects(body) == (Project("1", "r1"), Project("2", "r2", enabled=False))
    with pytest.raises(BadAnswer, match="id"):
        parse_projects(b'{"projects": [{"name": "r1"}]}')


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "a\n", "x" * 65, "é"])
def test_what_cannot_be_the_id_of_a_project_is_refused_by_name(name: str) -> None:
    """Ids go into paths and headers of requests."""
    with pytest.raises(BadAnswer, match=re.escape(f"{name[:40]!r} is not the id of a project")):
        parse_projects(orjson.dumps({"projects": [{"id": name, "name": "r1"}]}))


@pytest.mark.parametrize(
    ("given", "cut"),
    [
        pytest.param(b'"links": {"next": null}', False, id="no next"),
        pytest.param(b'"links": {"next": "https://iam.example.com/v3/projects?page=2"}', True, id="a next"),
        pytest.param(b'"truncated": true', True, id="truncated"),
        pytest.param(b'"truncated": false', False, id="not truncated"),
        pytest.param(b'"links": null', False, id="links of no use"),
    ],
)
def test_a_cut_list_of_projects_is_not_taken_for_the_whole(given: bytes, cut: bool) -> None:
    body = b"{" + given + b', "projects": [{"id": "1", "name": "r1"}]}'
    if cut:
        with pytest.raises(BadAnswer, match="there are more"):
            parse_projects(body)
    else:
        assert parse_projects(body) == (Project("1", "r1"),)


@pytest.mark.parametrize(("records", "fine"), [(LARGEST_PAGE, True), (LARGEST_PAGE + 1, False)])
def test_a_page_holds_so_many_records(records: int, fine: bool) -> None:
    body = b'{"images": [' + b",".join([b"{}"] * records) + b"]}"
    if fine:
        assert len(parse_page(body).images) == records
    else:
        with pytest.raises(BadAnswer, match="2000 records at most, this holds 2001"):
            parse_page(body)


@pytest.mark.parametrize(
    ("text", "usable"),
    [("a", True), ("é" * 255, True), ("a" * 256, False), ("", False), ("half \ud800", False)],
)
def test_ids_that_a_page_can_begin_after(text: str, usable: bool) -> None:
    assert is_marker(text) is usable
    page = parse_page(json.dumps({"images": [], "page_info": {"next_marker": text}}).encode())
    assert page.next_marker == (text if usable else None)


def test_endpoints() -> None:
    assert endpoint(ENDPOINTS["huawei"].ims, "cn-north-4") == "https://ims.cn-north-4.myhuaweicloud.com"
    assert endpoint(ENDPOINTS["otc"].ims, "eu-de") == "https://ims.eu-de.otc.t-systems.com"
    assert "market" not in ENDPOINTS["otc"].image_types
    assert endpoint("http://127.0.0.1:1/ims/{region}/", "r") == "http://127.0.0.1:1/ims/r"
    for region in ("evil.example/", "a@b", "", "a\n", "../x"):
        with pytest.raises(ValueError, match="region"):
            endpoint(ENDPOINTS["huawei"].ims, region)
