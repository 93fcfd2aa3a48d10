"""Every refusal is problem+json that names the place and what is allowed."""

import time
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from engines.base import (
    DamagedGeneration,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    GenerationGone,
    NothingServed,
)
from search_api.boundary import boundary
from search_api.limits import BODY, CONDITIONS, ERRORS, FACETS, PAGE, SENTENCE
from tests.api.asking import Api, Told, serving


def problem(told: Told, status: int) -> dict[str, object]:
    """Check the shape that all problems share; give the first error."""
    assert told.status == status
    assert told.headers["Content-Type"] == "application/problem+json"
    assert told.headers["Cache-Control"] == "no-store"
    content = told.json
    assert content["type"].startswith("urn:ims-catalog:problem:")
    assert (content["status"], bool(content["title"]), bool(content["detail"])) == (status, True, True)
    first: dict[str, object] = content.get("errors", [{}])[0]
    return first


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        pytest.param("platfrom=Ubuntu", "platfrom", "there is no field 'platfrom'", id="unknown field"),
        pytest.param("visible_to=x", "visible_to", "there is no field", id="internal field"),
        pytest.param("extra.=x", "extra.", "there is no field", id="map without a key"),
        pytest.param("extra=x", "extra", "extra.KEY", id="the map itself"),
        pytest.param("explain=true", "explain", "not supported by this version", id="reserved"),
        pytest.param("latest=true", "latest", "not supported by this version", id="reserved flag"),
        pytest.param("self=x", "self", "cannot be filtered", id="a field that is no filter"),
        pytest.param("platform=", "platform", "is empty", id="empty value"),
        pytest.param("platform=,", "platform", "is empty", id="nothing but a comma"),
        pytest.param("platform=Ubuntoo", "platform", "", id="unknown value"),
        pytest.param("os_bit=128", "os_bit", "", id="value of a closed field"),
        pytest.param("min_ram=lots", "min_ram", "", id="no number"),
        pytest.param("min_ram=gte:", "min_ram", "", id="no bound"),
        pytest.param("created_at=gte:yesteryear", "created_at", "", id="no date"),
        pytest.param("usable=perhaps", "usable", "", id="no boolean"),
        pytest.param("version=gte:new", "version", "", id="no version"),
        pytest.param("platform=exists:maybe", "platform", "", id="exists what"),
        pytest.param("facets=platfrom", "facets", "there is no field", id="unknown facet"),
        pytest.param("facets=checksum", "facets", "cannot be counted", id="no facet"),
        pytest.param("sort=size", "sort", "cannot be sorted", id="not sortable"),
        pytest.param("sort=-creatd_at", "sort", "there is no field", id="unknown sort"),
        pytest.param("fields=id,nmae", "fields", "there is no field", id="unknown selection"),
        pytest.param("limit=many", "limit", "not a whole number", id="limit is no number"),
        pytest.param("limit=-1", "limit", f"0 (counts only) to {PAGE}", id="limit below"),
        pytest.param("limit=1001", "limit", f"0 (counts only) to {PAGE}", id="limit above"),
        pytest.param("limit=1000000000", "limit", "not a whole number", id="limit far above"),
        pytest.param("limit=١", "limit", "not a whole number", id="limit in other digits"),
        pytest.param("limit=1&limit=2", "limit", "given twice", id="limit twice"),
        pytest.param("q=a&q=b", "q", "given twice", id="sentence twice"),
        pytest.param("cursor=a&cursor=b", "cursor", "given twice", id="cursor twice"),
        pytest.param("cursor=AAAA", "cursor", "not one that this service gave", id="no cursor"),
        pytest.param("cursor=%F0%9F%98%80", "cursor", "not one that this service gave", id="no base64"),
        pytest.param(f"q={'a' * (SENTENCE + 1)}", "q", f"longer than {SENTENCE}", id="sentence too long"),
    ],
)
async def test_a_mistake_is_named(api: Api, query: str, parameter: str, said: str) -> None:
    error = problem(await api.get(f"/v1/images?{query}"), 400)
    assert error["parameter"] == parameter
    assert said in str(error["detail"])


async def test_near_misses_and_what_is_allowed_are_listed(api: Api) -> None:
    error = problem(await api.get("/v1/images?platfrom=Ubuntu"), 400)
    assert "platform" in list(error["did_you_mean"])  # type: ignore[call-overload]
    assert {"platform", "q", "facets", "extra.KEY", "last_seen"} <= set(error["allowed"])  # type: ignore[call-overload]
    error = problem(await api.get("/v1/images?platform=Ubunto"), 400)
    assert error["did_you_mean"] == ["Ubuntu"]


async def test_all_mistakes_are_named_at_once(api: Api) -> None:
    told = await api.get("/v1/images?platfrom=x&limit=-1&sort=size")
    assert {error["parameter"] for error in told.json["errors"]} == {"platfrom", "limit", "sort"}


async def test_an_open_value_that_no_public_image_holds_is_found_where_the_caller_sees_it(
    tenants: Api,
) -> None:
    assert (await tenants.get("/v1/images?platform=AliceOS", by="alice")).ids == ["alice-2"]
    problem(await tenants.get("/v1/images?platform=AliceOS", by="bob"), 400)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/v2/images", "GET", 404, id="unknown route"),
        pytest.param("/v1/images/gold-1/nothing", "GET", 404, id="unknown part of an image"),
        pytest.param("/v1/images/no-such-image", "GET", 404, id="unknown image"),
        pytest.param("/v1/images/no-such-image/raw", "GET", 404, id="record of an unknown image"),
        pytest.param(f"/v1/images/{'x' * 300}", "GET", 404, id="an id of no sensible length"),
        pytest.param("/v1/images/gold-1?colour=red", "GET", 400, id="parameter that an image has not"),
        pytest.param("/v1/images", "DELETE", 405, id="method"),
        pytest.param("/v1/images/search", "GET", 405, id="the name of a route is no id"),
        pytest.param("/?x=1", "GET", 400, id="parameter of the list of routes"),
        pytest.param("/v1/fields?x=1", "GET", 400, id="parameter of the fields"),
        pytest.param("/healthz?x=1", "GET", 400, id="parameter of the health"),
        pytest.param("/readyz?x=1", "GET", 400, id="parameter of the readiness"),
        pytest.param("/v1/fields", "POST", 405, id="fields are read only"),
        pytest.param(f"/v1/images?q={'a' * 8200}", "GET", 414, id="query string too long"),
        pytest.param("/v1/runs?limit=0", "GET", 400, id="no runs"),
        pytest.param("/v1/runs?limit=x", "GET", 400, id="runs without number"),
        pytest.param("/v1/runs?page=2", "GET", 400, id="parameter that runs have not"),
        pytest.param("/v1/runs?cursor=AAAA", "GET", 400, id="runs by a bad cursor"),
        pytest.param("/v1/facets?platfrom=x", "GET", 400, id="facets of an unknown field"),
    ],
)
async def test_errors_of_routes_have_the_one_shape(api: Api, path: str, method: str, status: int) -> None:
    problem(await api.ask(method, path), status)


async def test_a_method_that_is_not_possible_tells_which_are(api: Api) -> None:
    told = await api.ask("DELETE", "/v1/images")
    assert told.headers["Allow"] == "GET, HEAD"
    told = await api.get("/v1/images/search")
    assert (told.status, told.headers["Allow"]) == (405, "POST")


async def test_a_body_too_large_is_refused(api: Api) -> None:
    problem(await api.post(b"x" * (BODY + 1)), 413)


async def test_too_much_is_refused(api: Api) -> None:
    many = "&".join(f"extra.k{n}=v" for n in range(CONDITIONS + 1))
    problem(await api.get(f"/v1/images?{many}"), 400)
    names = [field["name"] for field in (await api.get("/v1/fields")).json["fields"] if field["facet"]]
    assert (await api.get("/v1/images", {"facets": ",".join(names[:FACETS])})).status == 200


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("q=%FF%FE", id="no UTF-8"),
        pytest.param("q=%ED%A0%80", id="a surrogate"),
        pytest.param("%00=%00", id="nul"),
        pytest.param("platform=%00%01", id="control characters in a value"),
        pytest.param("name=%EF%BF%BF", id="no character"),
        pytest.param("=", id="no name"),
        pytest.param("&&;=&", id="signs"),
        pytest.param("q=%", id="cut escape"),
        pytest.param("limit=1;facets=platform", id="semicolon"),
    ],
)
async def test_odd_bytes_are_answered_or_refused(api: Api, query: str) -> None:
    told = await api.ask("GET", URL(f"/v1/images?{query}", encoded=True))
    assert told.status in (200, 400)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("&".join(f"f{n}=x" for n in range(1000)), id="unknown fields"),
        pytest.param("platform=" + ",".join(f"p{n}" for n in range(1000)), id="unknown values"),
        pytest.param("&".join(f"platform=p{n}" for n in range(400)), id="unknown values, repeated"),
        pytest.param("id=" + "a," * 3000, id="values"),
        pytest.param("facets=" + "a," * 3000, id="facets"),
        pytest.param("sort=" + "name," * 1000 + "nam", id="sort fields"),
        pytest.param("q=" + "%28" * 1000, id="parentheses"),
        pytest.param("name=" + "*" * 7000 + "a*b", id="stars"),
        pytest.param("name=" + "*a" * 3500, id="stars and letters"),
        pytest.param("q=name:" + "*" * 1900 + "a*b", id="stars in a sentence"),
    ],
)
async def test_much_nonsense_costs_little(api: Api, query: str) -> None:
    await api.get("/v1/images")
    begun = time.process_time()
    told = await api.get(f"/v1/images?{query}")
    assert time.process_time() - begun < 0.25
    assert told.status in (200, 400)
    assert len(told.json.get("errors", ())) <= ERRORS


async def test_a_token_is_asked_for_on_every_route_of_the_catalogue(tenants: Api) -> None:
    for route in tenants.client.app.router.routes():
        path = (
            str(route.resource.canonical).replace("{id}", "gold-1").replace("{run}", "run-1")
            if route.resource
            else ""
        )
        if path.startswith("/v1/"):
            method = "GET" if route.method == "*" else route.method
            assert (await tenants.ask(method, path)).status == 401, (method, path)


async def test_security_headers_stand_everywhere(api: Api) -> None:
    for path in ("/", "/v1/images", "/v1/nothing", "/healthz", "/v1/images?limit=x"):
        headers = (await api.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Server"] == "ims-catalog"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(NothingServed("/secret/path"), 503, id="nothing served"),
        pytest.param(EngineUnavailable("/secret/path"), 503, id="unavailable"),
        pytest.param(EngineTimeout("/secret/path"), 504, id="timeout"),
        pytest.param(GenerationGone("/secret/path"), 410, id="gone"),
        pytest.param(DamagedGeneration("/secret/path"), 503, id="damaged"),
        pytest.param(EngineError("/secret/path"), 503, id="any"),
        pytest.param(ZeroDivisionError("/secret/path"), 500, id="a fault of ours"),
        pytest.param(web.HTTPForbidden(text="/secret/path"), 403, id="an error of the HTTP layer"),
    ],
)
async def test_what_fails_inside_tells_nothing_of_the_inside(error: Exception, status: int) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise error

    app = web.Application(middlewares=[boundary])
    app.router.add_get("/", fail)
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        told = Told(response.status, response.headers, await response.read())
    problem(told, status)
    assert b"secret" not in told.body


async def test_before_the_first_generation_a_question_is_a_503_that_helps(tmp_path: Path) -> None:
    async with serving(tmp_path) as empty:
        told = await empty.get("/v1/images")
        problem(told, 503)
        assert "reindex" in told.json["detail"]
        problem(await empty.get("/readyz"), 503)
        assert (await empty.get("/healthz")).json == {"status": "ok"}
        assert (await empty.get("/v1/runs")).json == {"runs": [], "next": None}
