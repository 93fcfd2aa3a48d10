"""The doctor of clouds: each sort of fault is told in words, with what to do, in time and without secrets."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from clouds.ims import IMAGES_PATH
from clouds.os_version import OS_VERSIONS_PATH
from clouds.rights import GET_FLAVORS, LIST_IMAGES, policy
from engines.clock import system_clock
from engines.ledger import State
from ims_catalog.check import Check, Verdict
from ims_catalog.cloud_doctor import checks_of_sources
from ims_catalog.sandbox.answer import Answer, forbidden, gateway_error, image_error
from ims_catalog.sandbox.fault import Fault, Hang, Received, matching
from ims_catalog.sandbox.login import ACCOUNT, PASSWORD, USER
from ims_catalog.sandbox.server import Sandbox
from indexer.companions import Table
from indexer.sources.credential import Password, ReadyToken
from indexer.sources.source import FlavorsFrom, Source
from tests.faults.crawling import account, brought
from tests.faults.installation import LIMITS, Installation

LIST_PROJECTS = "iam:projects:listProjects"
GRANTED = frozenset({LIST_IMAGES, GET_FLAVORS})
"""What the policy grants."""


async def looked(*sources: Source, seconds: float = 20.0) -> dict[str, Check]:
    found = await checks_of_sources(sources, LIMITS, system_clock(), seconds=seconds)
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def not_fine(found: Mapping[str, Check]) -> dict[str, Verdict]:
    return {name: check.verdict for name, check in found.items() if check.verdict is not Verdict.FINE}


def right_to(received: Received) -> str | None:
    """The right that a request takes by the clouds' documents, None for what takes none.

    Raises KeyError for a request that is not in the table: a crawl may make no other.
    """
    if received.service == "ims":
        return {IMAGES_PATH: LIST_IMAGES, OS_VERSIONS_PATH: LIST_IMAGES}[
            received.path.removeprefix(f"/ims/{received.region}")
        ]
    if received.service == "ecs":
        assert received.path.endswith("/cloudservers/flavors")
        return GET_FLAVORS
    return {
        "/iam/v3/projects": LIST_PROJECTS,
        "/iam/v3/auth/projects": None,
        "/iam/v3/auth/tokens": None,
    }[received.path]


def grant(sandbox: Sandbox, rights: AbstractSet[str]) -> None:
    """Have the cloud refuse what takes another right, from users who log in; others are asked to."""

    def refused(received: Received) -> bool:
        known = {"authorization", "x-auth-token"} & set(received.headers)
        right = right_to(received)
        return bool(known) and right is not None and right not in rights

    sandbox.fail(Fault(refused, forbidden()))


async def test_the_policy_is_all_that_a_crawl_takes(wide: Installation, tmp_path: Path) -> None:
    grant(wide.sandbox, GRANTED)
    found = await brought([account(wide.sandbox)], tmp_path)
    assert {listed.state for listed in found.crawled.scopes} == {State.COMPLETE}
    assert len(found.crawled.scopes) == len(wide.sandbox.regions) * 2 + len(wide.sandbox.projects) * 2
    assert not found.crawled.unreached
    assert {one.table for one in found.crawled.companions if one.fetched} == set(Table)
    assert all(one.fetched and one.records for one in found.crawled.companions)
    asked = {right_to(received) for received in wide.sandbox.requests}
    assert asked == GRANTED | {LIST_PROJECTS, None}


async def test_the_policy_is_all_that_a_run_takes_which_asks_for_what_is_missing(wide: Installation) -> None:
    grant(wide.sandbox, GRANTED)
    assert (await wide.run()).exit == 0
    listing = next(one for one in wide.sandbox.cloud.estate.listings() if one.image_type == "private")
    name = str(next(wide.sandbox.cloud.records(listing))["id"])
    wide.sandbox.cloud.delete(listing.region, name)
    run = await wide.run()
    assert (run.exit, run.removed > 0) == (0, True)
    assert any(received.parameters.get("id") == name for received in wide.sandbox.requests)


@pytest.mark.parametrize("right", sorted(GRANTED))
async def test_each_right_of_the_policy_is_needed(wide: Installation, tmp_path: Path, right: str) -> None:
    grant(wide.sandbox, GRANTED - {right})
    found = await brought([account(wide.sandbox)], tmp_path)
    whole = all(listed.state is State.COMPLETE for listed in found.crawled.scopes)
    assert (whole, all(one.fetched for one in found.crawled.companions)) == (right != LIST_IMAGES, False)


async def test_with_the_rights_of_the_policy_all_is_fine(wide: Installation) -> None:
    grant(wide.sandbox, GRANTED)
    found = await looked(account(wide.sandbox))
    assert not not_fine(found)
    assert "6 can be seen" in found["prod projects"].found
    for region in wide.sandbox.regions:
        names = {name for name in found if name.startswith(f"prod/{region} ")}
        what = ("endpoints", "images", "image by id", "os versions", "flavors")
        assert names == {f"prod/{region} {one}" for one in what}
    asked = [one for one in wide.sandbox.requests if one.path.endswith(IMAGES_PATH) and one.image_type]
    assert asked
    assert {one.parameters["limit"] for one in asked} == {"1"}


@pytest.mark.parametrize(
    ("right", "wrong", "doubtful"),
    [
        (LIST_IMAGES, {"images"}, {"image by id", "os versions"}),
        (GET_FLAVORS, set(), {"flavors"}),
    ],
)
async def test_a_right_that_is_missing_is_named(
    wide: Installation, right: str, wrong: AbstractSet[str], doubtful: AbstractSet[str]
) -> None:
    grant(wide.sandbox, GRANTED - {right})
    found = await looked(account(wide.sandbox))
    expected = {
        f"prod/{region} {about}": verdict
        for region in wide.sandbox.regions
        for abouts, verdict in ((wrong, Verdict.WRONG), (doubtful, Verdict.DOUBTFUL))
        for about in abouts
    }
    assert not_fine(found) == expected
    for name in expected:
        assert f"the right {right} is missing" in found[name].found
        assert "forbidden (HTTP 403" in found[name].found
        assert right in (found[name].todo or "")
        assert "--policy" in (found[name].todo or "")


async def test_a_right_that_is_missing_in_one_project_is_told_with_its_name(wide: Installation) -> None:
    there = wide.sandbox.projects[0]
    wide.sandbox.fail(Fault(matching(service="ims", project=there.id, image_type="shared"), forbidden()))
    found = await looked(account(wide.sandbox))
    assert not_fine(found) == {f"prod/{there.region} images": Verdict.WRONG}
    told = found[f"prod/{there.region} images"]
    assert told.found.startswith(f"shared images (accepted) of {there.name}: forbidden")
    for_enterprise = await looked(replace(account(wide.sandbox), enterprise_project_id="all_granted_eps"))
    assert "enterprise project" in (for_enterprise[f"prod/{there.region} images"].todo or "")


async def test_flavors_that_nobody_wants_are_not_asked_for(wide: Installation) -> None:
    source = replace(account(wide.sandbox), flavors=FlavorsFrom.DOCUMENTED)
    assert not not_fine(await looked(source))
    assert "ecs" not in {received.service for received in wide.sandbox.requests}


def refusing(sandbox: Sandbox, answer: Answer) -> None:
    """Refuse every login by key or token; who proves nothing is answered as ever."""
    sandbox.fail(Fault(lambda received: "authorization" in received.headers, answer))


@pytest.mark.parametrize(
    ("answer", "said", "todo"),
    [
        pytest.param(
            gateway_error("APIG.0301", "Incorrect IAM authentication information: Get secretKey failed", 401),
            "configuration",
            "logs in with",
            id="a wrong key",
        ),
        pytest.param(
            gateway_error("APIG.0307", "The token must be updated", 401),
            "expired login",
            "have not ended",
            id="an expired one",
        ),
        pytest.param(
            gateway_error("APIG.0301", "Incorrect IAM authentication information: x-sdk-date is off", 401),
            "clock skew",
            "NTP",
            id="a clock that is off",
        ),
    ],
)
async def test_a_login_that_is_refused_is_told_by_its_reason(
    wide: Installation, answer: Answer, said: str, todo: str
) -> None:
    refusing(wide.sandbox, answer)
    found = await looked(account(wide.sandbox))
    assert not_fine(found) == {"prod login": Verdict.WRONG}
    assert said in found["prod login"].found
    assert todo in (found["prod login"].todo or "")
    sent = [received for received in wide.sandbox.requests if "authorization" in received.headers]
    assert len(sent) == 1


async def test_a_wrong_password_is_sent_once_and_shown_nowhere(wide: Installation) -> None:
    """Every region has an identity service of its own: none but the first is logged in to."""
    password = "wrong-and-not-to-be-seen"
    base = account(wide.sandbox)
    source = replace(
        base,
        identity_endpoint=f"{wide.sandbox.url}/iam",
        credential=Password(USER, ACCOUNT, SecretStr(password)),
    )
    found = await looked(source)
    assert not_fine(found) == {"prod login": Verdict.WRONG}
    logins = [received for received in wide.sandbox.requests if received.method == "POST"]
    assert len(logins) == 1
    assert not [one for one in wide.sandbox.requests if "x-auth-token" in one.headers]
    assert password not in orjson.dumps(list(found.values())).decode()


async def test_a_password_logs_in(wide: Installation) -> None:
    source = replace(account(wide.sandbox), credential=Password(USER, ACCOUNT, SecretStr(PASSWORD)))
    assert not not_fine(await looked(source))


async def test_a_token_of_one_project_that_is_not_named_is_told(wide: Installation) -> None:
    token = wide.sandbox.token(wide.sandbox.projects[0])
    found = await looked(replace(account(wide.sandbox), credential=ReadyToken(SecretStr(token))))
    assert not_fine(found) == {"prod projects": Verdict.WRONG}
    assert "name that one in `projects`" in found["prod projects"].found


@pytest.mark.parametrize(
    ("off", "verdict", "said"),
    [
        (timedelta(minutes=-4), Verdict.FINE, "differ by"),
        (timedelta(minutes=-7), Verdict.DOUBTFUL, "7 minutes ahead"),
        (timedelta(minutes=7), Verdict.DOUBTFUL, "7 minutes behind"),
        (timedelta(minutes=16), Verdict.WRONG, "16 minutes behind"),
    ],
)
async def test_a_clock_that_is_off_is_told_before_it_matters(
    wide: Installation, off: timedelta, verdict: Verdict, said: str
) -> None:
    wide.sandbox.login.now = lambda: datetime.now(UTC) + off
    found = await looked(account(wide.sandbox))
    told = found["prod clock"]
    assert (told.verdict, said in told.found) == (verdict, True)
    assert ("NTP" in (told.todo or "")) is (verdict is not Verdict.FINE)
    assert found["prod login"].verdict is (Verdict.WRONG if verdict is Verdict.WRONG else Verdict.FINE)


async def test_configured_projects_that_are_not_there_are_named(wide: Installation) -> None:
    there = wide.sandbox.projects[0]
    found = await looked(replace(account(wide.sandbox), projects=(there.name, "no-such-project")))
    told = found["prod projects"]
    assert told.verdict is Verdict.WRONG
    assert all(said in told.found for said in ("'no-such-project'", there.name, "none of the configured"))
    assert f"prod/{there.region} images" in found


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Unreachable:
    title: str
    change: Callable[[Source, str], Source]
    said: str
    todo: str
    verdict: Verdict = Verdict.WRONG


def images_at(source: Source, address: str) -> Source:
    return replace(source, endpoint=address)


UNREACHABLE = [
    Unreachable(
        "a host that has no name",
        lambda source, _: images_at(source, "https://ims.{region}.example.invalid"),
        "the host name is not known",
        "name resolution",
    ),
    Unreachable(
        "a port where nothing listens",
        lambda source, _: images_at(source, f"http://127.0.0.1:{closed_port()}"),
        "no connection could be made",
        "firewall",
    ),
    Unreachable("a certificate that nobody knows", images_at, "certificate of 127.0.0.1", "SSL_CERT_FILE"),
    Unreachable(
        "TLS where there is none",
        lambda source, _: images_at(source, source.endpoint.replace("http:", "https:")),
        "no connection could be made",
        "correct the address",
    ),
    Unreachable(
        "flavors only",
        lambda source, _: replace(source, ecs_endpoint=f"http://127.0.0.1:{closed_port()}"),
        "images are found without",
        "firewall",
        Verdict.DOUBTFUL,
    ),
]


@pytest.mark.parametrize("case", UNREACHABLE, ids=lambda case: case.title)
async def test_a_service_that_is_not_there_is_told_in_words(wide: Installation, case: Unreachable) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = TestServer(web.Application())
    await server.start_server(ssl=context)
    try:
        address = f"https://127.0.0.1:{server.port}"
        found = await looked(case.change(account(wide.sandbox), address))
    finally:
        await server.close()
    for region in wide.sandbox.regions:
        told = found[f"prod/{region} endpoints"]
        assert told.verdict is case.verdict
        assert case.said in told.found
        assert case.todo in (told.todo or "")
        about = "flavors" if case.verdict is Verdict.DOUBTFUL else "images"
        assert found[f"prod/{region} {about}"].verdict is Verdict.UNSEEN
    assert found["prod login"].verdict is Verdict.FINE


async def test_no_login_is_tried_where_the_identity_service_is_away(wide: Installation) -> None:
    source = replace(account(wide.sandbox), identity_endpoint=f"http://127.0.0.1:{closed_port()}")
    found = await looked(source)
    assert found["prod login"].verdict is Verdict.UNSEEN
    assert not [one for one in wide.sandbox.requests if "authorization" in one.headers]


async def test_a_cloud_that_is_ill_is_told_so(wide: Installation) -> None:
    wide.sandbox.fail(Fault(matching(service="ims"), image_error("IMG.0014", "out of order", 503)))
    found = await looked(account(wide.sandbox))
    told = found[f"prod/{wide.sandbox.regions[0]} endpoints"]
    assert (told.verdict, "HTTP 503" in told.found, "outage" in (told.todo or "")) == (
        Verdict.WRONG,
        True,
        True,
    )


@pytest.mark.parametrize("proven", [True, False], ids=["once it is logged in to", "from the beginning"])
async def test_a_cloud_that_hangs_does_not_hold_the_doctor(wide: Installation, *, proven: bool) -> None:
    wide.sandbox.fail(
        Fault(lambda one: one.service == "ims" and proven is ("authorization" in one.headers), Hang())
    )
    async with asyncio.timeout(10):
        found = await looked(account(wide.sandbox), seconds=0.5)
    told = found[f"prod/{wide.sandbox.regions[0]} {'images' if proven else 'endpoints'}"]
    assert told.verdict is (Verdict.DOUBTFUL if proven else Verdict.WRONG)
    assert "time" in told.found


async def test_sources_are_looked_at_at_once_and_one_hides_no_other(wide: Installation) -> None:
    closed = f"http://127.0.0.1:{closed_port()}"
    away = replace(
        account(wide.sandbox), name="away", endpoint=closed, ecs_endpoint=closed, identity_endpoint=closed
    )
    no_address = replace(away, name="none", endpoint="ims")
    found = await looked(away, no_address, account(wide.sandbox))
    assert {name.split("/")[0].split()[0] for name in not_fine(found)} == {"away", "none"}
    assert "is not an address" in found["none endpoints"].found


def test_the_policy_is_in_the_form_of_iam_and_grants_just_that() -> None:
    assert frozenset({"ims:images:list", "ecs:cloudServerFlavors:get"}) == GRANTED
    assert orjson.loads(orjson.dumps(policy())) == {
        "Version": "1.1",
        "Statement": [{"Effect": "Allow", "Action": ["ims:images:list", "ecs:cloudServerFlavors:get"]}],
    }
