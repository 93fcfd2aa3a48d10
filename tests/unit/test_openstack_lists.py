"""Lists of OpenStack as a real one does not send them at will: endless, spoilt, forbidden; and flavors."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest
from aiohttp import web

from clouds.error import Meaning
from clouds.glance import list_parameters, parse_images, parse_members
from clouds.keystone import application_credential_login, password_login
from clouds.nova import as_of_ecs
from clouds.payload import BadAnswer, read_json
from engines.base import Companions
from engines.clock import system_clock
from indexer.companions import Fetched, Table, merge_companions
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources import glance, nova
from indexer.sources.account import open_account
from indexer.sources.credential import NoCredential
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.ims import Endless, MarkerGone, Region
from indexer.sources.lane import Lanes
from indexer.sources.listing import flavors
from indexer.sources.source import Source
from mappings.scope import CloudKind, ImageType, Scope

LIMITS = Limits(requests_per_second=1000.0, first_wait=0.001, longest_wait=0.002, attempts=2)
Query = Mapping[str, str]
Answer = Callable[[str, Query], object]
"""The JSON of an answer to a path and its parameters, or a whole response."""


@asynccontextmanager
async def region_of(answer: Answer, **changes: object) -> AsyncIterator[Region]:
    """A region whose services all answer as a function says."""

    async def respond(request: web.Request) -> web.Response:
        told = answer(request.path, dict(request.query))
        return told if isinstance(told, web.Response) else web.json_response(told)

    application = web.Application()
    application.router.add_get("/{path:.*}", respond)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    source = Source(
        name="home",
        kind=CloudKind.GLANCE,
        cloud="openstack",
        regions=("home",),
        endpoint=address,
        identity_endpoint=address,
        ecs_endpoint=address,
        credential=NoCredential(),
        image_types=(ImageType.GOLD, ImageType.PRIVATE, ImageType.SHARED),
    )
    try:
        async with open_session(LIMITS) as session:
            account = open_account(source, session, Lanes(LIMITS, system_clock()), LIMITS)
            yield Region(replace(source, **changes), "home", ("p1", "p2"), account)  # type: ignore[arg-type]
    finally:
        await runner.cleanup()


def scope(image_type: ImageType, project: str | None = None, status: str | None = None) -> Scope:
    return Scope("home", "openstack", CloudKind.GLANCE, "home", image_type, project, status)


OWN = scope(ImageType.PRIVATE, "p1")


def image(name: str, **properties: object) -> dict[str, object]:
    return {"id": name, "owner": "p1", "visibility": "private", **properties}


async def listed(region: Region, of: Scope, after: str | None = None) -> list[str]:
    deadline = deadline_in(10.0, system_clock())
    found: list[str] = []
    async for page in glance.pages(region, of, deadline, after):
        found += [str(record["id"]) for record in page]
    return found


def forbidden() -> web.Response:
    return web.Response(status=403, text="<html><h1>403 Forbidden</h1></html>", content_type="text/html")


def paged(*pages: list[dict[str, object]]) -> Answer:
    """Pages by the id before them; the first by none."""
    markers = [None, *(str(page[-1]["id"]) for page in pages)]

    def answer(path: str, query: Query) -> object:
        place = markers.index(query.get("marker"))
        return {"images": pages[place] if place < len(pages) else []}

    return answer


async def test_a_list_goes_on_to_the_empty_page_whatever_is_said_of_the_next() -> None:
    first = {"images": [image("a"), image("b")]}  # no "next"
    second = {"images": [image("c")], "next": "http://elsewhere.example.com/v2/images?marker=zzz"}

    def answer(path: str, query: Query) -> object:
        return {None: first, "b": second}.get(query.get("marker"), {"images": []})

    async with region_of(answer) as region:
        assert await listed(region, OWN) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("title", "pages", "words"),
    [
        ("a page that comes again", {None: ["a", "b"], "b": ["a", "b"]}, "no image that the page before"),
        ("a list in a circle", {None: ["a", "b"], "b": ["c", "d"], "d": ["a", "b"]}, "a second time"),
        ("a page without an id", {None: [None]}, "no id"),
    ],
)
async def test_a_list_without_end_is_known_for_one(
    title: str, pages: dict[str | None, list[str | None]], words: str
) -> None:
    def answer(path: str, query: Query) -> object:
        names = pages[query.get("marker")]
        return {"images": [{} if name is None else image(name) for name in names]}

    async with region_of(answer) as region:
        with pytest.raises(Endless, match=words):
            await listed(region, OWN)


@pytest.mark.parametrize(
    ("title", "response"),
    [
        ("deleted", web.Response(status=400, text="<h1>400</h1> No image found with ID b")),
        ("another project's by now", web.Response(status=403, text="<h1>403 Forbidden</h1>")),
    ],
)
async def test_a_marker_that_is_no_more_is_told_apart_from_a_failure(
    title: str, response: web.Response
) -> None:
    def answer(path: str, query: Query) -> object:
        if query.get("marker") == "b":
            return web.Response(status=response.status, text=response.text)
        return {"images": [image("a"), image("b")] if "marker" not in query else []}

    async with region_of(answer) as region:
        with pytest.raises(MarkerGone):
            await listed(region, OWN)
        assert await listed(region, OWN, after="a") == []


@pytest.mark.parametrize(
    ("title", "body"),
    [("null", '{"images": null}'), ("HTML", "<html>Welcome</html>"), ("cut", '{"images": [{"id": "a"')],
)
async def test_a_spoilt_page_is_a_failure(title: str, body: str) -> None:
    async with region_of(lambda *_: web.Response(text=body)) as region:
        with pytest.raises(Failure, match="unusable answer"):
            await listed(region, OWN)


async def test_a_listing_that_goes_on_does_so_in_the_list_that_it_was_in() -> None:
    lists = {"false": ["a", "b", "c"], "true": ["h1", "h2", "h3"]}
    gone = {"c"}

    def answer(path: str, query: Query) -> object:
        names = lists[query.get("os_hidden", "false")]
        marker = query.get("marker")
        if marker in gone:
            return web.Response(status=400, text="No image found with ID")
        at = names.index(marker) + 1 if marker in names else 0
        return {"images": [image(name) for name in names[at : at + 3]]}

    async with region_of(answer, hidden=True) as region:
        with pytest.raises(MarkerGone):
            await listed(region, OWN)
        gone = {"h3"}
        with pytest.raises(MarkerGone):
            await listed(region, OWN, after="b")
        gone = set()
        assert await listed(region, OWN, after="h2") == ["h3"]
        assert await listed(region, OWN, after="b") == ["h1", "h2", "h3"]
        assert await listed(region, OWN) == ["a", "b", "c", "h1", "h2", "h3"]


async def test_public_images_are_listed_through_the_first_project_that_may() -> None:
    asked: list[str] = []

    def answer(path: str, query: Query) -> object:
        asked.append(path)
        if len(asked) == 1:
            return forbidden()
        return {"images": [] if "marker" in query else [image("a", visibility="public")]}

    async with region_of(answer) as region:
        assert await listed(region, scope(ImageType.GOLD)) == ["a"]


OFFERED = [image("s1", visibility="shared"), image("s2", visibility="shared")]


async def test_members_that_are_not_crawled_have_a_scope_as_long_as_anyone_told_of_them() -> None:
    members = {"s1": [{"member_id": "m1", "status": "accepted"}, {"member_id": "p2", "status": "accepted"}]}

    def answer(path: str, query: Query) -> object:
        if path.endswith("/members"):
            return {"members": members.get(path.split("/")[3], [])}
        return {"images": OFFERED if query.get("owner") == "p1" and "marker" not in query else []}

    deadline = deadline_in(10.0, system_clock())
    async with region_of(answer) as region:
        before = ["home/home/m2/shared/told-accepted", "home/home/p2/shared/told-accepted", "other/home/gold"]
        found = {one.id: one for one in await glance.scopes(region, before, deadline)}
        assert sorted(found) == [
            "home/home/gold",
            "home/home/m1/shared/told-accepted",
            "home/home/m2/shared/told-accepted",
            "home/home/p1/private",
            "home/home/p1/shared/accepted",
            "home/home/p2/private",
            "home/home/p2/shared/accepted",
            "home/home/p2/shared/told-accepted",
        ]
        told = {
            name: await listed(region, one) for name, one in found.items() if name.endswith("told-accepted")
        }
        assert list(told.values()).count([]) == 2
        assert told["home/home/m1/shared/told-accepted"] == ["s1"]
        assert found["home/home/m1/shared/told-accepted"].grants == ("m1",)


@pytest.mark.parametrize("fails", [False, True], ids=["owners tell", "owners cannot be asked"])
async def test_offers_of_a_status_that_left_the_settings_end(fails: bool) -> None:
    members = {"s1": [{"member_id": "m1", "status": "pending"}], "s2": []}

    def answer(path: str, query: Query) -> object:
        if path.endswith("/members"):
            return forbidden() if fails else {"members": members[path.split("/")[3]]}
        return {"images": OFFERED if query.get("owner") == "p1" and "marker" not in query else []}

    deadline = deadline_in(10.0, system_clock())
    before = ["home/home/m1/shared/told-pending"]
    async with region_of(answer, member_status=("accepted",)) as region:
        found = {one.id: one for one in await glance.scopes(region, before, deadline)}
        assert await listed(region, found[before[0]]) == []
    if not fails:
        async with region_of(answer, member_status=("accepted", "pending")) as region:
            found = {one.id: one for one in await glance.scopes(region, before, deadline)}
            assert await listed(region, found[before[0]]) == ["s1"]


@pytest.mark.parametrize("all_projects", [False, True], ids=["owners", "an administrator"])
async def test_a_member_reads_nothing_of_the_owners_that_could_not_be_asked(
    all_projects: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(path: str, query: Query) -> object:
        if path == "/v3/projects":
            return {"projects": [{"id": one, "name": one, "enabled": True} for one in ("p1", "p2")]}
        if path == "/v2/images/s1/members":
            return {"members": [{"member_id": "m1", "status": "accepted"}]}
        if path.endswith("/members"):
            return web.Response(status=403, text="p1 may not ask for the members of s2")
        return {"images": OFFERED if query.get("owner") in {"p1", None} and "marker" not in query else []}

    deadline = deadline_in(10.0, system_clock())
    async with region_of(answer, all_projects=all_projects) as region:
        found = await glance.scopes(region, (), deadline)
        told = next(one for one in found if one.project == "m1" and one.image_type is ImageType.SHARED)
        with pytest.raises(Failure) as raised:
            await listed(region, told)
    assert str(raised.value) == "the members of some images are not known"
    (line,) = caplog.messages
    for word in ("home/home: ", "forbidden", "p1 may not ask for the members of s2"):
        assert word in line


@pytest.mark.parametrize(
    ("title", "identifier", "answered", "expected"),
    [
        ("still listed", "i", image("i"), "i"),
        ("hidden", "i", image("i", os_hidden=True), "i"),
        ("public by now", "i", image("i", visibility="public"), None),
        ("another's by now", "i", image("i", owner="p9"), None),
        ("not found", "i", web.Response(status=404, text="<h1>404</h1>"), None),
    ],
)
async def test_an_image_is_asked_for_by_its_id(
    title: str, identifier: str, answered: object, expected: str | None
) -> None:
    async with region_of(lambda path, _: answered if path == "/v2/images/i" else forbidden()) as region:
        record = await glance.image(region, OWN, identifier, deadline_in(10.0, system_clock()))
    assert (None if record is None else record["id"]) == expected


async def test_an_answer_about_another_image_is_none() -> None:
    async with region_of(lambda *_: image("j")) as region:
        with pytest.raises(Failure, match="another"):
            await glance.image(region, OWN, "i", deadline_in(10.0, system_clock()))


def test_what_is_asked_for_never_repeats_a_parameter() -> None:
    asked = list_parameters(visibility="shared", member_status="pending", hidden=True, marker="a", limit=10)
    assert asked == (
        ("visibility", "shared"),
        ("member_status", "pending"),
        ("os_hidden", "true"),
        ("limit", "10"),
        ("sort", "created_at:asc,id:asc"),
        ("marker", "a"),
    )


@pytest.mark.parametrize(
    ("title", "read", "body"),
    [
        ("no list", parse_images, b'{"images": {}}'),
        ("too long a page", parse_images, b'{"images": [' + b"{}," * 2000 + b"{}]}"),
        ("a member without a name", parse_members, b'{"members": [{"status": "accepted"}]}'),
        ("a member without a status", parse_members, b'{"members": [{"member_id": "m"}]}'),
    ],
)
def test_answers_of_glance_that_are_refused(title: str, read: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(body)


@pytest.mark.parametrize("name", ["a/b/c", "m2/private", "m2/shared", "..", "m 2", "m2\n", "é", "m" * 65])
def test_a_member_that_no_project_can_be_is_left_out_and_costs_nobody_else(name: str) -> None:
    sent = [{"member_id": one, "status": "pending"} for one in (name, "m-1", "M_2" + "0" * 61)]
    members = parse_members(orjson.dumps({"members": sent}))
    assert [one.project for one in members] == ["m-1", "M_2" + "0" * 61]


def test_logins_of_keystone() -> None:
    who = {"user": "u", "domain": "Default", "password": "p"}
    unscoped = read_json(password_login(**who, project=None))
    scoped = read_json(password_login(**who, project="p1"))
    user = {"name": "u", "password": "p", "domain": {"name": "Default"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    assert unscoped == {"auth": {"identity": identity, "scope": "unscoped"}}
    assert scoped == {"auth": {"identity": identity, "scope": {"project": {"id": "p1"}}}}
    credential = {"id": "a", "secret": "s"}
    assert read_json(application_credential_login(identifier="a", secret="s")) == {
        "auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}
    }


TINY: dict[str, object] = {
    "OS-FLV-DISABLED:disabled": False,
    "disk": 1,
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "os-flavor-access:is_public": True,
    "id": "1",
    "links": [{"href": "http://openstack.example.com/v2.1/flavors/1", "rel": "self"}],
    "name": "m1.tiny",
    "ram": 512,
    "swap": "",
    "vcpus": 1,
    "rxtx_factor": 1.0,
}
"""As in the samples of the Compute API."""
SMALL = {**TINY, "id": "2", "name": "m1.small", "ram": 2048, "disk": 20}
SPECS = {"hw:cpu_policy": "shared", "hw:numa_nodes": "1"}


async def test_flavors_of_nova_read_as_those_of_ecs() -> None:
    def answer(path: str, query: Query) -> object:
        if path == "/v2.1/flavors/detail":
            return {"flavors": {None: [TINY], "1": [SMALL]}.get(query.get("marker"), [])}
        return {"extra_specs": SPECS} if path == "/v2.1/flavors/1/os-extra_specs" else forbidden()

    async with region_of(answer) as region:
        found = await flavors(region, deadline_in(10.0, system_clock()))
    tiny, small = found
    assert (tiny["vcpus"], tiny["ram"], tiny["disk"], tiny["os_extra_specs"]) == ("1", 512, "1", SPECS)
    assert "os_extra_specs" not in small
    assert "links" not in tiny
    merged = merge_companions(Companions(), [Fetched(Table.FLAVORS, "openstack", "home", found)])
    assert [(one["cloud"], one["region"], one["id"]) for one in merged.flavors] == [
        ("openstack", "home", "1"),
        ("openstack", "home", "2"),
    ]


async def test_who_may_not_see_extra_specs_asks_once() -> None:
    asked: list[str] = []

    def answer(path: str, query: Query) -> object:
        asked.append(path)
        if path == "/v2.1/flavors/detail":
            return {"flavors": [TINY, SMALL] if "marker" not in query else []}
        return forbidden()

    async with region_of(answer) as region:
        found = await nova.flavors(region, deadline_in(10.0, system_clock()))
    assert [one["name"] for one in found] == ["m1.tiny", "m1.small"]
    assert sum("os-extra_specs" in path for path in asked) == 1


async def test_flavors_that_cannot_be_had_are_a_failure() -> None:
    async with region_of(lambda *_: forbidden()) as region:
        with pytest.raises(Failure) as raised:
            await nova.flavors(region, deadline_in(10.0, system_clock()))
    assert raised.value.meaning is Meaning.FORBIDDEN


def test_extra_specs_that_came_with_a_flavor_are_taken() -> None:
    assert as_of_ecs({**TINY, "extra_specs": SPECS}, None)["os_extra_specs"] == SPECS
