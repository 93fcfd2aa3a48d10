"""The sandbox over HTTP, asked as a crawler asks: with real signatures, to the end of each listing."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest
from yarl import URL

from clouds.error import Meaning, read_error
from clouds.identity import parse_projects
from clouds.ims import list_parameters, parse_page
from clouds.os_version import parse_os_versions
from clouds.payload import Record
from clouds.signature import Parameters, Request, canonical_query, sign
from ims_catalog.sandbox.answer import Answer, forbidden, throttled
from ims_catalog.sandbox.cloud import UnknownImage
from ims_catalog.sandbox.estate import Listing, Project, draw_estate
from ims_catalog.sandbox.fault import Cut, Fault, Flood, Hang, Rewrite, matching
from ims_catalog.sandbox.login import TEMPORARY
from ims_catalog.sandbox.server import Sandbox, start_sandbox

ESTATE = draw_estate(images=1200, seed=7)
REGION = ESTATE.regions[0]
HERE = [project for project in ESTATE.projects if project.region == REGION]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
IMAGES = f"/ims/{REGION}/v2/cloudimages"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(ESTATE, now=lambda: NOW) as running:
        yield running


async def ask(
    sandbox: Sandbox,
    path: str,
    parameters: Parameters = (),
    *,
    project: str | None = HERE[0].id,
    date: datetime = NOW,
    secret: str | None = None,
) -> tuple[int, bytes]:
    """Ask with a signature, as the SDK does."""
    query = canonical_query(parameters)
    headers = {"Host": urlsplit(sandbox.url).netloc} | ({"X-Project-Id": project} if project else {})
    signed = sign(
        Request("GET", path, query, headers),
        access=sandbox.access_key,
        secret=secret or sandbox.secret_key,
        date=date,
    )
    return await send(sandbox, path, query, signed)


async def send(sandbox: Sandbox, path: str, query: str, headers: dict[str, str]) -> tuple[int, bytes]:
    url = URL(f"{sandbox.url}{path}" + (f"?{query}" if query else ""), encoded=True)
    async with (
        aiohttp.ClientSession(auto_decompress=True) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.read()


async def walk(
    sandbox: Sandbox, image_type: str, project: Project, *, limit: int = 500, member_status: str = "accepted"
) -> tuple[list[Record], list[int]]:
    """Page through a listing as a crawler has to: until a page is empty. Gives records and page sizes."""
    records: list[Record] = []
    sizes: list[int] = []
    marker = None
    while not sizes or sizes[-1]:
        parameters = list_parameters(
            image_type, project=project.id, member_status=member_status, marker=marker, limit=limit
        )
        status, body = await ask(
            sandbox, f"/ims/{project.region}/v2/cloudimages", parameters, project=project.id
        )
        assert status == 200, body
        page = parse_page(body)
        records += page.images
        sizes.append(len(page.images))
        marker = page.next_marker or (str(records[-1]["id"]) if records else None)
    return records, sizes


def meaning(answer: tuple[int, bytes]) -> tuple[int, str | None, Meaning]:
    error = read_error(*answer)
    return error.status, error.code, error.meaning


@pytest.mark.parametrize("limit", [1, 7, 500, 100_000])
@pytest.mark.parametrize("image_type", ["gold", "private", "shared", "market"])
async def test_a_walk_gives_each_image_once_and_ends_on_an_empty_page(
    sandbox: Sandbox, image_type: str, limit: int
) -> None:
    records, sizes = await walk(sandbox, image_type, HERE[0], limit=limit)
    listing = Listing(
        REGION,
        image_type,
        HERE[0].id if image_type in {"private", "shared"} else None,
        "accepted" if image_type == "shared" else None,
    )
    assert records == list(ESTATE.records(listing))
    assert len({str(record["id"]) for record in records}) == len(records) > 0
    assert sizes[-1] == 0
    assert max(sizes) <= min(limit, 500)


async def test_no_page_is_larger_than_500_whatever_is_asked() -> None:
    async with await start_sandbox(draw_estate(2000, regions=1, projects=2), now=lambda: NOW) as sandbox:
        project = sandbox.projects[0]
        for parameters in (list_parameters("gold", limit=1000), [("__imagetype", "gold")]):
            _, body = await ask(sandbox, IMAGES, parameters, project=project.id)
            assert len(parse_page(body).images) == 500
        _, sizes = await walk(sandbox, "gold", project, limit=1000)
        assert sizes == [500, 100, 0]


@pytest.mark.parametrize("page_info", [False, True])
async def test_the_next_marker_is_told_by_switch(page_info: bool) -> None:
    async with await start_sandbox(ESTATE, now=lambda: NOW, page_info=page_info) as sandbox:
        _, body = await ask(sandbox, IMAGES, list_parameters("gold", limit=3))
        page = parse_page(body)
        assert page.next_marker == (page.images[-1]["id"] if page_info else None)
        assert "next" not in json.loads(body)
        records, sizes = await walk(sandbox, "gold", HERE[0], limit=10)
        assert (len(records), sizes[-1]) == (len(list(ESTATE.records(Listing(REGION, "gold")))), 0)


async def test_an_image_is_private_for_its_owner_and_shared_for_its_member(sandbox: Sandbox) -> None:
    shared, _ = await walk(sandbox, "shared", HERE[1])
    owned, _ = await walk(sandbox, "private", HERE[0])
    by_id = {record["id"]: record for record in owned}
    assert shared
    for record in shared:
        assert (record["__imagetype"], record["visibility"]) == ("shared", "shared")
        assert by_id[record["id"]]["__imagetype"] == "private"
        assert record["owner"] == HERE[0].id


async def test_member_statuses_are_listed_apart(sandbox: Sandbox) -> None:
    by_status = {
        status: {
            str(record["id"]) for record in (await walk(sandbox, "shared", HERE[1], member_status=status))[0]
        }
        for status in ("accepted", "pending", "rejected")
    }
    assert all(by_status.values())
    assert sum(map(len, by_status.values())) == len(set().union(*by_status.values()))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"limit": "0"}, (400, "IMG.0017", Meaning.MALFORMED), id="limit 0"),
        pytest.param({"limit": "many"}, (400, "IMG.0017", Meaning.MALFORMED), id="limit in words"),
        pytest.param({"sort_key": "updated_at"}, (400, "IMG.0017", Meaning.MALFORMED), id="sort by update"),
        pytest.param({"sort_dir": "up"}, (400, "IMG.0017", Meaning.MALFORMED), id="sort direction"),
        pytest.param({"architecture": "mips"}, (400, "IMG.0212", Meaning.MALFORMED), id="architecture"),
        pytest.param(
            {"created_at": "2020-01-01"}, (400, "IMG.0024", Meaning.MALFORMED), id="date without op"
        ),
        pytest.param({"created_at": "gt:soon"}, (400, "IMG.0024", Meaning.MALFORMED), id="no date"),
        pytest.param({"member_status": "pending"}, (400, "IMG.0017", Meaning.MALFORMED), id="status alone"),
        pytest.param({"flavor_id": "c6.large.2"}, (400, "IMG.0192", Meaning.MALFORMED), id="flavor"),
        pytest.param({"marker": "no-such-image"}, (400, "IMG.0027", Meaning.GONE), id="unknown marker"),
        pytest.param({"id": "no-such-image"}, (400, "IMG.0027", Meaning.GONE), id="unknown id"),
    ],
)
async def test_bad_parameters(
    sandbox: Sandbox, parameters: dict[str, str], expected: tuple[int, str, Meaning]
) -> None:
    assert meaning(await ask(sandbox, IMAGES, parameters.items())) == expected


async def test_a_marker_that_was_deleted_meanwhile_is_a_400(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, IMAGES, list_parameters("private", project=HERE[0].id, limit=5))
    marker = str(parse_page(body).images[-1]["id"])
    sandbox.cloud.delete(REGION, marker)
    answer = await ask(sandbox, IMAGES, list_parameters("private", project=HERE[0].id, marker=marker))
    assert meaning(answer) == (400, "IMG.0027", Meaning.GONE)


async def test_another_projects_private_image_is_no_marker(sandbox: Sandbox) -> None:
    places = ESTATE.places(Listing(REGION, "private", HERE[1].id))
    foreign = next(place[1] for place in places if not ESTATE.members(place))
    answer = await ask(sandbox, IMAGES, list_parameters("private", project=HERE[0].id, marker=foreign))
    assert meaning(answer) == (400, "IMG.0027", Meaning.GONE)


@pytest.mark.parametrize(
    ("parameters", "attribute", "values"),
    [
        pytest.param({"__platform": "Ubuntu"}, "__platform", {"Ubuntu"}, id="platform"),
        pytest.param({"__platform": "ubuntu"}, "__platform", set(), id="values are case-sensitive"),
        pytest.param({"__os_bit": "32"}, "__os_bit", {"32"}, id="bits"),
        pytest.param({"protected": "true"}, "protected", {True}, id="protected"),
        pytest.param({"min_ram": "1024"}, "min_ram", {1024}, id="a number is matched by its text"),
        pytest.param({"virtual_env_type": "IsoImage"}, "virtual_env_type", {"IsoImage"}, id="kind"),
        pytest.param(
            {"__support_gpu_t4": "true"}, "__support_gpu_t4", {"true"}, id="an undocumented property"
        ),
        pytest.param({"no_such": "x"}, "no_such", set(), id="an unknown property matches nothing"),
        pytest.param({"status": "killed"}, "status", {"killed"}, id="status"),
        pytest.param({"__imagetype": "golden"}, "__imagetype", set(), id="unknown image type"),
        pytest.param({"__imagetype": "market"}, "visibility", {"public"}, id="market images are public"),
        pytest.param(
            {"visibility": "public"}, "__imagetype", {"gold", "market"}, id="public means market too"
        ),
    ],
)
async def test_filters(
    sandbox: Sandbox, parameters: dict[str, str], attribute: str, values: set[object]
) -> None:
    _, body = await ask(sandbox, IMAGES, parameters.items())
    assert {image.get(attribute) for image in parse_page(body).images} == values


async def test_tags_are_asked_for_in_the_new_form_whatever_their_own(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, IMAGES, [("tag", "env=prod")])
    tags = [set(image["tags"]) for image in parse_page(body).images if isinstance(image["tags"], list)]
    assert any("env.prod" in one for one in tags)
    assert any("env=prod" in one for one in tags)
    assert all(one & {"env.prod", "env=prod"} for one in tags)


async def test_dates_are_bounded_and_orders_differ(sandbox: Sandbox) -> None:
    _, body = await ask(
        sandbox,
        IMAGES,
        [("created_at", "gte:2020-01-01T00:00:00Z"), ("updated_at", "lt:2025-01-01 00:00:00")],
    )
    images = parse_page(body).images
    created = [str(image["created_at"]) for image in images]
    assert created == sorted(created, reverse=True)
    assert min(created) >= "2020"
    assert max(str(image["updated_at"]) for image in images) < "2025"
    _, body = await ask(sandbox, IMAGES, [("sort_key", "name"), ("sort_dir", "asc"), ("limit", "50")])
    first = parse_page(body).images
    _, body = await ask(
        sandbox,
        IMAGES,
        [("sort_key", "name"), ("sort_dir", "asc"), ("limit", "50"), ("marker", str(first[-1]["id"]))],
    )
    names = [str(image["name"]) for image in (*first, *parse_page(body).images)]
    assert len(names) == 100
    assert names == sorted(names)


async def test_enterprise_projects(sandbox: Sandbox) -> None:
    totals = {}
    for wanted in ("all_granted_eps", "0", "5f1c2e9a-7c2b-4a36-9d4f-0d6a3b1c8e77", "other"):
        parameters = list_parameters("private", project=HERE[0].id, enterprise_project_id=wanted)
        _, body = await ask(sandbox, IMAGES, parameters)
        totals[wanted] = len(parse_page(body).images)
    assert totals["all_granted_eps"] == len(list(ESTATE.records(Listing(REGION, "private", HERE[0].id))))
    assert 0 < totals["5f1c2e9a-7c2b-4a36-9d4f-0d6a3b1c8e77"] < totals["0"] < totals["all_granted_eps"]
    assert totals["other"] == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param({"project": None}, (400, "IMG.0104", Meaning.CONFIGURATION), id="several projects"),
        pytest.param({"project": "0" * 32}, (400, "IMG.0067", Meaning.CONFIGURATION), id="unknown project"),
        pytest.param({"secret": "wrong"}, (401, "APIG.0301", Meaning.CONFIGURATION), id="wrong secret"),
        pytest.param(
            {"date": NOW - timedelta(minutes=16)}, (401, "APIG.0301", Meaning.CLOCK_SKEW), id="wrong clock"
        ),
    ],
)
async def test_signatures_are_checked(
    sandbox: Sandbox, arguments: dict[str, object], expected: tuple[int, str, Meaning]
) -> None:
    assert meaning(await ask(sandbox, IMAGES, list_parameters("gold"), **arguments)) == expected  # type: ignore[arg-type]


async def test_a_project_of_another_region_is_refused(sandbox: Sandbox) -> None:
    other = next(project for project in ESTATE.projects if project.region != REGION)
    answer = await ask(sandbox, IMAGES, list_parameters("gold"), project=other.id)
    assert meaning(answer) == (400, "IMG.0067", Meaning.CONFIGURATION)


async def test_the_only_project_of_a_region_need_not_be_named() -> None:
    async with await start_sandbox(draw_estate(30, projects=3), now=lambda: NOW) as sandbox:
        status, _ = await ask(sandbox, IMAGES, list_parameters("gold"), project=None)
        assert status == 200


async def test_a_signature_does_not_serve_another_query(sandbox: Sandbox) -> None:
    headers = {"Host": urlsplit(sandbox.url).netloc, "X-Project-Id": HERE[0].id}
    signed = sign(
        Request("GET", IMAGES, "limit=1", headers),
        access=sandbox.access_key,
        secret=sandbox.secret_key,
        date=NOW,
    )
    assert (await send(sandbox, IMAGES, "limit=1", signed))[0] == 200
    assert (await send(sandbox, IMAGES, "limit=2", signed))[0] == 401
    assert (await send(sandbox, IMAGES, "limit=1", {**signed, "X-Project-Id": HERE[1].id}))[0] == 401


async def test_a_temporary_key_needs_its_security_token(sandbox: Sandbox) -> None:
    host = {"Host": urlsplit(sandbox.url).netloc, "X-Project-Id": HERE[0].id}
    for token, status in ((TEMPORARY.security_token, 200), ("another", 401), (None, 401)):
        headers = host | ({"X-Security-Token": token} if token else {})
        signed = sign(
            Request("GET", IMAGES, "", headers), access=TEMPORARY.access, secret=TEMPORARY.secret, date=NOW
        )
        assert (await send(sandbox, IMAGES, "", signed))[0] == status


async def test_tokens_are_checked(sandbox: Sandbox) -> None:
    token = {"X-Auth-Token": sandbox.token(HERE[0])}
    query = canonical_query(list_parameters("private", project=HERE[0].id))
    status, body = await send(sandbox, IMAGES, query, token)
    assert (status, len(parse_page(body).images)) == (200, ESTATE.blocks[2].length)
    for headers, expected in (
        ({}, (401, "APIG.0301", Meaning.EXPIRED_LOGIN)),
        ({"X-Auth-Token": "expired"}, (401, "APIG.0301", Meaning.EXPIRED_LOGIN)),
        (token | {"X-Project-Id": HERE[1].id}, (400, "IMG.0030", Meaning.CONFIGURATION)),
    ):
        assert meaning(await send(sandbox, IMAGES, query, headers)) == expected
    elsewhere = f"/ims/{ESTATE.regions[1]}/v2/cloudimages"
    assert meaning(await send(sandbox, elsewhere, "", token)) == (400, "IMG.0030", Meaning.CONFIGURATION)


async def test_projects(sandbox: Sandbox) -> None:
    for path in ("/iam/v3/projects", "/iam/v3/auth/projects"):
        status, body = await ask(sandbox, path, project=None)
        assert status == 200
        assert [(project.id, project.name) for project in parse_projects(body)] == [
            (project.id, project.name) for project in ESTATE.projects
        ]
    _, body = await ask(sandbox, "/iam/v3/projects", [("name", HERE[1].name)], project=None)
    assert [project.id for project in parse_projects(body)] == [HERE[1].id]
    assert meaning(await send(sandbox, "/iam/v3/projects", "", {})) == (401, "401", Meaning.EXPIRED_LOGIN)


async def test_flavors_are_paged(sandbox: Sandbox) -> None:
    path = f"/ecs/{REGION}/v1/{HERE[0].id}/cloudservers/flavors"
    found: list[Record] = []
    page: list[Record] = []
    pages = 0
    while not pages or page:
        marker = [("marker", str(found[-1]["id"]))] if found else []
        status, body = await ask(sandbox, path, [("limit", 300), *marker])
        assert status == 200
        page = json.loads(body)["flavors"]
        found += page
        pages += 1
    assert len({str(flavor["id"]) for flavor in found}) == len(found) > 600
    assert all(isinstance(flavor["vcpus"], str) for flavor in found)
    assert {type(flavor["ram"]) for flavor in found} == {int, str}
    assert meaning(await ask(sandbox, path, [("marker", "no.such")]))[0] == 400
    assert (await ask(sandbox, path, project=HERE[1].id))[0] == 403


async def test_os_versions(sandbox: Sandbox) -> None:
    path = f"/ims/{REGION}/v1/cloudimages/os_version"
    counts = {}
    for tags in ((), ("uefi",), ("arm",), ("uefi", "arm")):
        status, body = await ask(sandbox, path, [("tag", tags)])
        assert status == 200
        entries = parse_os_versions(body)
        counts[tags] = len(entries)
        assert {type(entry["os_bit"]) for entry in entries} == {int}
        assert "Windows" not in {entry["platform"] for entry in entries}
    assert 0 < counts["uefi", "arm"] < counts["arm",] < counts["uefi",] < counts[()]


async def test_what_is_not_served_is_a_404(sandbox: Sandbox) -> None:
    for path in (f"/ims/{REGION}/v2/images/x", "/ims/nowhere/v2/cloudimages", "/", "/metadata"):
        assert meaning(await ask(sandbox, path)) == (404, "APIG.0101", Meaning.NOT_FOUND)


async def test_the_estate_changes_while_it_is_served(sandbox: Sandbox) -> None:
    owner, member = HERE
    before, _ = await walk(sandbox, "private", owner)
    gone, changed = str(before[3]["id"]), str(before[5]["id"])
    added = sandbox.cloud.add(REGION, {"name": "fresh", "owner": owner.id, "__platform": "Debian"})
    sandbox.cloud.delete(REGION, gone)
    sandbox.cloud.patch(REGION, changed, name="renamed", __os_bit=None)
    sandbox.cloud.share(REGION, added, member.id)
    after = {str(record["id"]): record for record in (await walk(sandbox, "private", owner))[0]}
    assert set(after) == {str(record["id"]) for record in before} - {gone} | {added}
    assert after[changed]["name"] == "renamed"
    assert "__os_bit" not in after[changed]
    shared, _ = await walk(sandbox, "shared", member)
    assert added in {record["id"] for record in shared}
    for record in shared:
        sandbox.cloud.unshare(REGION, str(record["id"]), member.id)
    assert (await walk(sandbox, "shared", member))[0] == []


async def test_changes_that_make_no_sense_are_refused(sandbox: Sandbox) -> None:
    known = next(ESTATE.places(Listing(REGION, "gold")))[1]
    with pytest.raises(ValueError, match="created_at"):
        sandbox.cloud.patch(REGION, known, created_at="2020-01-01T00:00:00Z")
    sandbox.cloud.delete(REGION, known)
    for identifier, region in ((known, REGION), ("no-such-image", REGION), (known, ESTATE.regions[1])):
        with pytest.raises(UnknownImage, match=identifier):
            sandbox.cloud.patch(region, identifier, name="x")


async def test_an_image_that_was_deleted_can_come_back(sandbox: Sandbox) -> None:
    before, _ = await walk(sandbox, "private", HERE[0])
    sandbox.cloud.delete(REGION, str(before[4]["id"]))
    assert len((await walk(sandbox, "private", HERE[0]))[0]) == len(before) - 1
    sandbox.cloud.add(REGION, before[4])
    assert (await walk(sandbox, "private", HERE[0]))[0] == before


async def test_a_drawn_share_changes_its_status(sandbox: Sandbox) -> None:
    accepted, _ = await walk(sandbox, "shared", HERE[1])
    identifier = str(accepted[0]["id"])
    sandbox.cloud.share(REGION, identifier, HERE[1].id, "rejected")
    assert (await walk(sandbox, "shared", HERE[1]))[0] == accepted[1:]
    rejected, _ = await walk(sandbox, "shared", HERE[1], member_status="rejected")
    assert accepted[0] in rejected


async def test_a_deleted_image_is_gone_for_its_members_too(sandbox: Sandbox) -> None:
    accepted, _ = await walk(sandbox, "shared", HERE[1])
    sandbox.cloud.delete(REGION, str(accepted[1]["id"]))
    assert (await walk(sandbox, "shared", HERE[1]))[0] == [accepted[0], *accepted[2:]]


async def test_what_json_forbids_can_be_listed(sandbox: Sandbox) -> None:
    sandbox.cloud.add(
        REGION, {"id": "poison", "owner": HERE[0].id, "name": "\ud800", "min_ram": float("nan")}
    )
    records, _ = await walk(sandbox, "private", HERE[0])
    assert records[-1]["name"] == "\ud800"


async def test_requests_are_logged_without_values_of_headers(sandbox: Sandbox) -> None:
    await walk(sandbox, "gold", HERE[0], limit=40)
    assert [received.page for received in sandbox.requests] == [1, 2, 3, 4]
    first = sandbox.requests[0]
    assert (first.service, first.region, first.project, first.image_type) == (
        "ims",
        REGION,
        HERE[0].id,
        "gold",
    )
    assert {"authorization", "x-sdk-date", "x-project-id", "host"} <= set(first.headers)
    assert not any("SDK-HMAC" in str(received) for received in sandbox.requests)


async def test_faults_strike_what_they_match_and_as_often_as_they_say(sandbox: Sandbox) -> None:
    second_page = matching(service="ims", region=REGION, image_type="gold", page=2)
    fault = sandbox.fail(Fault(second_page, throttled("2"), times=1))
    gold = list_parameters("gold", limit=10)
    status, body = await ask(sandbox, IMAGES, gold)
    assert status == 200
    next_page = [*gold, ("marker", str(parse_page(body).images[-1]["id"]))]
    assert meaning(await ask(sandbox, IMAGES, next_page)) == (429, "APIG.0308", Meaning.THROTTLED)
    sandbox.faults.remove(fault)
    sandbox.fail(Fault(matching(project=HERE[1].id), forbidden()))
    assert (await ask(sandbox, IMAGES, gold))[0] == 200
    assert meaning(await ask(sandbox, IMAGES, gold, project=HERE[1].id)) == (
        403,
        "APIG.0802",
        Meaning.FORBIDDEN,
    )


async def test_a_fault_that_is_over_strikes_no_more(sandbox: Sandbox) -> None:
    sandbox.fail(Fault(matching(), Answer(503), times=2))
    assert [(await ask(sandbox, IMAGES, list_parameters("gold")))[0] for _ in range(3)] == [503, 503, 200]


async def test_answers_can_be_html_redirects_or_changed(sandbox: Sandbox) -> None:
    gold = list_parameters("gold")
    for effect, status, start in (
        (Answer(200, b"<html>login</html>", content_type="text/html"), 200, b"<html>"),
        (Answer(302, b"", {"Location": "http://127.0.0.1:9/"}), 302, b""),
        (Rewrite(lambda body: body.replace(b'"images"', b'"pictures"')), 200, b'{"pictures"'),
    ):
        sandbox.faults = [Fault(matching(service="ims"), effect)]
        answered, body = await ask(sandbox, IMAGES, gold)
        assert (answered, body[: len(start)]) == (status, start)


async def test_a_body_can_be_cut(sandbox: Sandbox) -> None:
    sandbox.fail(Fault(matching(service="ims"), Cut(after=100)))
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask(sandbox, IMAGES, list_parameters("gold"))


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_can_be_huge(sandbox: Sandbox, compressed: bool) -> None:
    sandbox.fail(Fault(matching(service="ims"), Flood(3_000_001, compressed=compressed)))
    status, body = await ask(sandbox, IMAGES, list_parameters("gold"))
    assert (status, len(body), set(body)) == (200, 3_000_001, {0x20})


async def test_a_request_can_hang_and_closing_lets_it_go() -> None:
    async with await start_sandbox(ESTATE, now=lambda: NOW) as sandbox:
        arrived = asyncio.Event()

        def notice(_: object) -> bool:
            arrived.set()
            return True

        sandbox.fail(Fault(notice, Hang()))
        hanging = asyncio.create_task(ask(sandbox, IMAGES, list_parameters("gold")))
        await arrived.wait()
        assert not hanging.done()
        await sandbox.close()
        assert (await hanging)[0] == 503
