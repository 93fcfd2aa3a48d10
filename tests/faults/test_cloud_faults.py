"""Clouds that fail on the wire, case by case; the numbers are those of the list of faults.

Whatever happens, nothing secret stands in the log, in what a run says, or in a file of the catalogue.
"""

import asyncio
import logging
import os
import ssl
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path

import orjson
import pytest
import trustme
from pydantic import SecretStr

from ims_catalog.compose import sources
from ims_catalog.configuration import load_settings
from ims_catalog.sandbox.answer import Answer, gateway_error, image_error
from ims_catalog.sandbox.fault import (
    Effect,
    Fault,
    Flood,
    HalfClose,
    Hang,
    Received,
    Rewrite,
    Trickle,
    matching,
)
from ims_catalog.sandbox.login import ACCOUNT, PASSWORD, PERMANENT, USER, Key
from indexer.limits import Limits
from indexer.sources.credential import Password
from tests.faults.installation import LIMITS, Installation
from tests.faults.test_cloud_logins import keys, rigged

USER_LOGIN = Password(USER, ACCOUNT, SecretStr(PASSWORD))
LAST = Key("SANDBOXACCESSKEY0009", "sandbox-secret-key-of-no-value-0009")
PLANTED = (PERMANENT.access, PERMANENT.secret, PASSWORD, LAST.access, LAST.secret, "sandbox-issued-")


@pytest.fixture(autouse=True)
def no_secret_is_told(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    catalogue = (tmp_path / "catalog").rglob("*")
    texts = [path.read_bytes().decode("latin-1") for path in catalogue if path.is_file()]
    for text in (*texts, caplog.text, *capfd.readouterr()):
        assert not [secret for secret in PLANTED if secret in text]


@asynccontextmanager
async def somebody_else() -> AsyncIterator[tuple[int, list[str]]]:
    """A place where nobody should come: its port, and who came."""
    came: list[str] = []

    async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append("a connection")
        writer.close()

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


def paged(change: Callable[[dict[str, object]], dict[str, object]]) -> Rewrite:
    def rewrite(body: bytes) -> bytes:
        page = orjson.loads(body)
        return orjson.dumps(change(page)) if isinstance(page, dict) else body

    return Rewrite(rewrite)


def to_itself(_: int) -> Rewrite:
    return paged(lambda page: {**page, "page_info": {"next_marker": "the-same-for-ever"}})


def to_an_earlier_one(_: int) -> Rewrite:
    markers = count()
    return paged(lambda page: {**page, "page_info": {"next_marker": f"marker-{next(markers) % 3}"}})


def without_end(_: int) -> Rewrite:
    numbers = count()
    return Rewrite(lambda _: orjson.dumps({"images": [{"id": f"image-{next(numbers)}"} for _ in range(5)]}))


@pytest.mark.parametrize("spoil", [to_itself, to_an_earlier_one, without_end])
async def test_case_09_pages_that_lead_to_themselves_or_never_end(
    wide: Installation, spoil: Callable[[int], Rewrite]
) -> None:
    await wide.run()
    before = await wide.held()
    region = wide.sandbox.regions[0]
    wide.sandbox.requests.clear()
    wide.sandbox.fail(Fault(matching(region=region, image_type="gold"), spoil(0)))
    run = await wide.run(limits=replace(LIMITS, pages=20, restarts=2))
    assert run.exit == 3
    assert {state.scope for state in run.scopes if state.state.value == "incomplete"} == {
        f"prod/{region}/gold"
    }
    assert before.keys() <= (await wide.held()).keys()
    asked = [one for one in wide.sandbox.requests if one.region == region and one.image_type == "gold"]
    assert len(asked) <= 20 * 3 + 3


ELSEWHERE = [
    "http://127.0.0.1:{port}/v2/cloudimages",
    "//127.0.0.1:{port}/",
    "http://ims@127.0.0.1:{port}/",
    "file:///etc/passwd",
    "http://169.254.169.254/openstack/latest/securitykey",
    "/v2/images?marker=x@127.0.0.1:{port}",
]


async def test_case_10_links_in_answers_are_data(wide: Installation) -> None:
    async with somebody_else() as (port, came):
        links = cycle(place.format(port=port) for place in ELSEWHERE)

        def led_away(page: dict[str, object]) -> dict[str, object]:
            link = next(links)
            marker = {"page_info": {"next_marker": link}} if "images" in page else {}
            return {**page, "next": link, "first": link, "links": {"self": link, "previous": link}, **marker}

        wide.sandbox.fail(Fault(matching(), paged(led_away)))
        run = await wide.run(limits=replace(LIMITS, restarts=0, pages=10))
        assert run.exit == 1
        assert came == []
    asked = {place for one in wide.sandbox.requests if (place := one.parameters.get("marker"))}
    evil = {place.format(port=port) for place in ELSEWHERE}
    assert evil <= asked, "they went out as what they are: names of images"
    assert {one.service for one in wide.sandbox.requests} == {"ims", "ecs", "iam"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("service", ["ims", "iam"])
async def test_case_11_a_redirect_is_an_error(wide: Installation, status: int, service: str) -> None:
    async with somebody_else() as (port, came):
        answer = Answer(status, b"", {"Location": f"http://127.0.0.1:{port}/v2/cloudimages"})
        wide.sandbox.fail(Fault(matching(service=service), answer))
        run = await wide.run(replace(wide.source, credential=USER_LOGIN) if status == 307 else wide.source)
        assert came == []
    assert run.exit == 1
    assert f"redirect (HTTP {status})" in str(run.reason)


SLOW = Limits(requests_per_second=1000.0, first_wait=1.0, longest_wait=60.0)
FLOW = gateway_error("APIG.0308", "The throttling threshold has been reached", 429)


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        pytest.param(replace(FLOW, headers={"Retry-After": "2"}), 2.0, 3.1, id="seconds"),
        pytest.param(
            replace(FLOW, headers={"Retry-After": "Tue, 24 Nov 2026 09:00:30 GMT"}), 30.0, 31.1, id="a date"
        ),
        pytest.param(
            replace(FLOW, headers={"Retry-After": "Tue, 24 Nov 2026 08:00:00 GMT"}),
            0.0,
            1.1,
            id="a past date",
        ),
        pytest.param(replace(FLOW, headers={"Retry-After": "-1"}), 0.0, 1.1, id="negative"),
        pytest.param(replace(FLOW, headers={"Retry-After": "1000000000"}), 60.0, 61.1, id="a billion"),
        pytest.param(replace(FLOW, headers={"Retry-After": "1e9"}), 0.0, 1.1, id="1e9"),
        pytest.param(replace(FLOW, headers={"Retry-After": "in a while"}), 0.0, 1.1, id="garbage"),
        pytest.param(FLOW, 0.0, 1.1, id="none"),
        pytest.param(gateway_error("APIGW.0308", "Flow", 429), 0.0, 1.1, id="an older gateway"),
        pytest.param(gateway_error("APIG.0308", "Flow", 400), 0.0, 1.1, id="as a 400"),
        *[
            pytest.param(
                replace(image_error(code, "x"), headers={"Retry-After": "7"}), 7.0, 8.1, id=f"{code} as a 400"
            )
            for code in ("IMG.0060", "IMG.0149", "IMG.0187")
        ],
        pytest.param(Answer(503, b"", {"Retry-After": "5"}), 5.0, 6.1, id="as a 503"),
    ],
)
async def test_case_16_throttling_in_its_disguises_is_waited_for(
    answer: Answer, least: float, most: float
) -> None:
    async with rigged(keys, limits=SLOW) as rig:
        rig.sandbox.fail(Fault(matching(service="ims"), answer, times=1))
        assert (await rig.page(deadline=600.0)).images
        assert least <= rig.moment[0] <= most
        lane = rig.account.http.lanes.of(rig.sandbox.ims_endpoint.replace("{region}", rig.sandbox.regions[0]))
        assert lane.pace.rate == 500.0


async def test_case_17_an_outage_is_bridged_and_spared(wide: Installation) -> None:
    outage = 0.6
    begun: list[float] = []
    failed: dict[str | None, int] = {}

    def during(received: Received) -> bool:
        if received.service != "ims":
            return False
        begun.append(time.monotonic())
        hit = begun[-1] < begun[0] + outage
        failed[received.region] = failed.get(received.region, 0) + hit
        return hit

    wide.sandbox.fail(Fault(during, Answer(503, b"<html>busy</html>")))
    limits = replace(LIMITS, attempts=5, probe_every=0.1, longest_outage=30.0)
    run = await wide.run(limits=limits)
    assert run.exit == 0
    assert await wide.held() == wide.model()
    allowed = limits.failures_in_a_row + limits.concurrency + outage / limits.probe_every + 1
    assert 0 < max(failed.values()) <= allowed


async def test_case_18_a_login_that_ends_in_the_middle_is_renewed_once_for_all(long: Installation) -> None:
    ended: list[Received] = []

    def end(received: Received) -> bool:
        if received.image_type == "gold" and received.page == 2 and not ended:
            ended.append(received)
            long.sandbox.login.revoke()
        return False

    long.sandbox.fail(Fault(end, Hang()))
    run = await long.run(replace(long.source, credential=USER_LOGIN), limits=replace(LIMITS, concurrency=16))
    assert run.exit == 0
    assert await long.held() == long.model()
    posted = [one for one in long.sandbox.requests if one.method == "POST"]
    places = len(long.sandbox.projects) + 1
    assert places < len(posted) <= 2 * places, "one more for each project, and for the account if it asks"


async def test_case_18_a_login_that_fails_in_the_middle_ends_what_needs_it(long: Installation) -> None:
    await long.run()
    before = await long.held()
    broken: list[Fault] = []

    def end(received: Received) -> bool:
        if received.image_type == "gold" and received.page == 2 and not broken:
            long.sandbox.login.revoke()
            broken.append(long.sandbox.fail(Fault(lambda one: one.method == "POST", Answer(503, b"busy"))))
        return False

    long.sandbox.fail(Fault(end, Hang()))
    run = await long.run(replace(long.source, credential=USER_LOGIN))
    assert run.exit in {1, 3}
    assert "login of user" in f"{run.reason} {[state.reason for state in run.scopes]}"
    assert before.keys() <= (await long.held()).keys()
    posted = [one for one in long.sandbox.requests if one.method == "POST"]
    assert len(posted) <= 2 * (len(long.sandbox.projects) + 1), "no loop"


@pytest.mark.parametrize("effect", [Trickle(0.05), Hang()], ids=["byte by byte", "silent"])
async def test_case_19_a_slow_cloud_is_cut_off(wide: Installation, effect: Effect) -> None:
    region = wide.sandbox.regions[0]
    wide.sandbox.fail(Fault(matching(region=region, image_type="gold"), effect))
    run = await wide.run(limits=replace(LIMITS, request_timeout=0.4, attempts=2))
    assert run.exit == 3
    (incomplete,) = [state for state in run.scopes if state.state.value == "incomplete"]
    assert incomplete.scope == f"prod/{region}/gold"
    assert "gave no whole answer within 0.4 s" in str(incomplete.reason)
    for limits, took in (
        (replace(LIMITS, request_timeout=30.0, scope_deadline=1.5), 20.0),
        (replace(LIMITS, request_timeout=30.0, run_deadline=1.5), 20.0),
    ):
        begin = time.monotonic()
        run = await wide.run(limits=limits)
        assert run.exit == 3
        assert "the deadline passed" in str([state.reason for state in run.scopes])
        assert time.monotonic() - begin < took


@pytest.mark.parametrize("after", [0, 900], ids=["before the body", "in the body"])
async def test_case_19_a_connection_that_is_half_closed_is_a_broken_one(
    wide: Installation, after: int
) -> None:
    region = wide.sandbox.regions[0]
    wide.sandbox.fail(Fault(matching(region=region, image_type="gold"), HalfClose(after)))
    begin = time.monotonic()
    run = await wide.run(limits=replace(LIMITS, request_timeout=30.0))
    assert time.monotonic() - begin < 20.0, "nobody waits for what will not come"
    assert run.exit == 3
    (incomplete,) = [state for state in run.scopes if state.state.value == "incomplete"]
    assert incomplete.scope == f"prod/{region}/gold"
    assert "the connection broke before the answer was whole" in str(incomplete.reason)


@pytest.mark.parametrize("compressed", [False, True], ids=["1 GB", "1 GB in 1 MB"])
async def test_case_20_a_page_without_measure_does_not_fill_the_memory(
    wide: Installation, compressed: bool
) -> None:
    region = wide.sandbox.regions[0]
    wide.sandbox.fail(
        Fault(matching(region=region, image_type="gold"), Flood(1_000_000_000, compressed=compressed))
    )
    tracemalloc.start()
    try:
        run = await wide.run(limits=replace(LIMITS, largest_body=4 * 1024 * 1024))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.exit == 3
    assert "answered with more than 4194304 bytes" in str([state.reason for state in run.scopes])
    assert most < 100 * 1024 * 1024


OURS, ANOTHER = trustme.CA(), trustme.CA()
PAST = datetime(2020, 1, 1, tzinfo=UTC)

ASKING = """
import asyncio, sys
from pydantic import SecretStr
from engines.clock import system_clock
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources.account import open_account
from indexer.sources.credential import ReadyToken
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.lane import Lanes
from indexer.sources.source import Source

async def main():
    limits = Limits(request_timeout=20.0, attempts=1)
    async with open_session(limits) as session:
        for url in sys.argv[1:]:
            source = Source(name="a", cloud="b", regions=("r",), endpoint=url, identity_endpoint=url,
                            credential=ReadyToken(SecretStr("planted-token")))
            account = open_account(source, session, Lanes(limits), limits)
            until = deadline_in(30.0, system_clock())
            try:
                print(await account.ask(url, "/x", (), bytes, project="p", deadline=until))
            except Failure as failure:
                print(failure)

asyncio.run(main())
"""


def encrypted(certificate: trustme.LeafCert | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@asynccontextmanager
async def answering(certificate: trustme.LeafCert | None) -> AsyncIterator[tuple[str, bytearray]]:
    """A cloud behind a certificate, or behind none; and what it was sent."""
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.extend(await reader.read(4096))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=encrypted(certificate))
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}", heard


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        pytest.param(lambda: OURS.issue_cert("localhost"), "b'fine'", id="the right one"),
        pytest.param(
            lambda: ANOTHER.issue_cert("localhost"), "unable to get local issuer certificate", id="authority"
        ),
        pytest.param(lambda: OURS.issue_cert("ims.test"), "not valid for 'localhost'", id="host name"),
        pytest.param(
            lambda: OURS.issue_cert("localhost", not_after=PAST), "certificate has expired", id="expired"
        ),
        pytest.param(lambda: None, "no connection could be made", id="plain HTTP"),
    ],
)
async def test_case_35_who_is_not_the_cloud_gets_no_credential(
    tmp_path: Path, certificate: Callable[[], trustme.LeafCert | None], said: str
) -> None:
    authority = tmp_path / "ca.pem"
    OURS.cert_pem.write_to_path(str(authority))
    async with answering(certificate()) as (url, heard):
        asking = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ASKING,
            url,
            env={**os.environ, "SSL_CERT_FILE": str(authority)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        text = (await asking.communicate())[0].decode()
    assert said in text
    assert "planted-token" not in text
    assert (b"planted-token" in heard) is (said == "b'fine'")


def settings_file(installation: Installation, folder: Path) -> Path:
    sandbox = installation.sandbox
    path = folder / "ims-catalog.toml"
    path.write_text(
        f"""
        [[sources]]
        name = "prod"
        regions = {list(sandbox.regions)}
        endpoint = "{sandbox.ims_endpoint}"
        ecs_endpoint = "{sandbox.ecs_endpoint}"
        identity_endpoint = "{sandbox.identity_endpoint}"
        [sources.auth]
        kind = "aksk"
        access_key_file = "{folder / "access"}"
        secret_key_file = "{folder / "secret"}"
        """
    )
    return path


async def test_keys_that_are_replaced_in_the_middle_of_a_run_need_no_restart(
    long: Installation, tmp_path: Path
) -> None:
    def keep(key: Key) -> None:
        (tmp_path / "access").write_text(f"{key.access}\n")
        (tmp_path / "secret").write_text(f"{key.secret}\n")

    replaced: list[Received] = []

    def replace_keys(received: Received) -> bool:
        if received.image_type == "gold" and received.page == 2 and not replaced:
            replaced.append(received)
            keep(LAST)
            long.sandbox.login.keys = (LAST,)
        return False

    keep(PERMANENT)
    path = settings_file(long, tmp_path)
    given = sources(load_settings(path))
    long.sandbox.fail(Fault(replace_keys, Hang()))
    run = await long.run(*given)
    assert replaced
    assert run.exit == 0
    assert await long.held() == long.model()
    assert not [secret for secret in PLANTED if secret in repr((given, run, sources(load_settings(path))))]
