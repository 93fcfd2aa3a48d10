"""The HTTP client against a server that does not mean well."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from yarl import URL

from clouds.error import Meaning
from clouds.signature import Request, verify
from engines.clock import Clock, system_clock
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources.account import Account, login_with
from indexer.sources.credential import AccessKey, Credential, NoCredential, ReadyToken
from indexer.sources.failure import Failure
from indexer.sources.http import Http, open_session
from indexer.sources.lane import Lanes
from indexer.sources.login import Configured

LIMITS = Limits(request_timeout=5.0, largest_body=100_000, attempts=1, requests_per_second=1000.0)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def ask(
    address: str,
    *,
    parameters: tuple[tuple[str, str], ...] = (),
    credential: Credential | None = None,
    limits: Limits = LIMITS,
    project: str | None = None,
    clock: Clock | None = None,
    endpoints: tuple[str, ...] | None = None,
) -> bytes:
    async with open_session(limits) as session:
        http = Http(session, endpoints or (address,), Lanes(limits), limits)
        login = login_with(http, Configured(credential or NoCredential(), None))
        account = Account(http, login, limits)
        deadline = deadline_in(60.0, clock or system_clock())
        return await account.ask(
            address, "/v2/cloudimages", parameters, bytes, project=project, deadline=deadline
        )


async def failure(address: str, **given: object) -> Failure:
    with pytest.raises(Failure) as caught:
        await ask(address, **given)  # type: ignore[arg-type]
    return caught.value


async def test_the_query_is_sent_as_it_is_signed_and_the_signature_holds() -> None:
    received: list[tuple[Request, str]] = []

    async def handler(request: web.Request) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        received.append((Request(request.method, path, query, dict(request.headers)), query))
        return web.Response(body=b"ok")

    key = AccessKey(SecretStr("AK"), SecretStr("SK"), SecretStr("TOKEN"))
    parameters = (("name", "镜像 a"), ("__platform", "Red Hat~*"), ("created_at", "gt:2018-10-28T10:00:00Z"))
    async with serving(handler) as address:
        assert await ask(f"{address}/ims/x", parameters=parameters, credential=key, project="p1") == b"ok"
    ((request, query),) = received
    assert query == (
        "__platform=Red%20Hat~%2A&created_at=gt%3A2018-10-28T10%3A00%3A00Z&name=%E9%95%9C%E5%83%8F%20a"
    )
    assert request.path == "/ims/x/v2/cloudimages"
    assert request.headers["X-Project-Id"] == "p1"
    assert request.headers["X-Security-Token"] == "TOKEN"
    assert verify(request, secret_of={"AK": "SK"}.get, now=system_clock().now()) == "AK"


async def test_a_redirect_is_an_error_and_the_other_place_is_never_asked() -> None:
    elsewhere: list[str] = []

    async def thief(request: web.Request) -> web.Response:
        elsewhere.append(str(request.headers))
        return web.Response(body=b"mine")

    async with serving(thief) as other:

        async def handler(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{other}/v2/cloudimages")

        async with serving(handler) as address:
            error = await failure(address, credential=ReadyToken(SecretStr("t0ken")))
    assert "redirect (HTTP 302)" in str(error)
    assert not error.passing
    assert elsewhere == []


async def test_nothing_is_sent_to_an_origin_that_is_not_configured() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    async with serving(handler) as address:
        error = await failure(address, endpoints=("https://ims.example.com",))
        assert f"{URL(address).origin()} is none of the configured endpoints" in str(error)
    assert asked == []


async def test_nothing_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def handler(request: web.Request) -> web.Response:
        response = web.Response(body=str("Cookie" in request.headers).encode())
        response.set_cookie("session", "1")
        return response

    async with serving(handler) as numeric, open_session(LIMITS) as session:
        address = numeric.replace("127.0.0.1", "localhost")  # a jar would keep nothing of a bare address
        http = Http(session, (address,), Lanes(LIMITS), LIMITS)
        answers = [await http.get(address, URL(address), {}) for _ in range(2)]
    assert [answer.body for answer in answers] == [b"False", b"False"], "no proxy, and no cookie comes back"


def body_of(size: int) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(0, size, 50_000):
            await response.write(b"x" * 50_000)
        return response

    return handler


def packed(body: bytes, encoding: str = "gzip") -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    return handler


@pytest.mark.parametrize(
    ("handler", "expected", "passing"),
    [
        pytest.param(body_of(1_000_000), "more than 100000 bytes", False, id="too long, without a length"),
        pytest.param(packed(gzip.compress(b"\0" * 50_000_000)), "more than 100000 bytes", False, id="a bomb"),
        pytest.param(packed(b"not gzip"), "damaged gzip", True, id="not what it says"),
        pytest.param(packed(gzip.compress(b"{}" * 99)[:-9]), "end too early", True, id="cut gzip"),
        pytest.param(packed(b"{}", "br"), "encoding 'br'", False, id="an encoding nobody asked for"),
    ],
)
async def test_bodies_are_limited(handler: Handler, expected: str, passing: bool) -> None:
    async with serving(handler) as address:
        error = await failure(address)
    assert expected in str(error)
    assert error.passing is passing


async def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    async with serving(packed(gzip.compress(b"\0" * 50_000_000))) as address:
        tracemalloc.start()
        try:
            await failure(address)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


async def test_gzip_is_read() -> None:
    async with serving(packed(gzip.compress(b"hello"))) as address:
        assert await ask(address) == b"hello"


async def test_a_body_that_breaks_off_may_be_asked_for_again() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(handler) as address:
        error = await failure(address)
    assert "broke" in str(error)
    assert error.passing


async def test_silence_ends_with_the_request_timeout() -> None:
    release = asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with serving(handler) as address:
        error = await failure(address, limits=replace(LIMITS, request_timeout=0.1))
        release.set()
    assert "no whole answer within 0.1 s" in str(error)
    assert error.passing


async def test_a_place_where_nobody_listens() -> None:
    async with serving(body_of(1)) as address:
        pass
    assert "no connection could be made" in str(await failure(address))


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
async def test_a_host_that_cannot_be_is_told(host: str) -> None:
    error = await failure(f"http://{host}:1")
    assert str(error) == f"{host}:1/v2/cloudimages: this is not the name of a host"
    assert error.meaning is Meaning.CONFIGURATION


async def test_a_parameter_that_cannot_be_sent_is_named() -> None:
    async with serving(body_of(1)) as address:
        error = await failure(address, parameters=(("enterprise_project_id", "e\ud800"),))
    assert str(error) == "'e\\ud800' holds half a character, which cannot be sent"


async def test_a_long_token_that_the_cloud_repeats_leaves_no_beginning() -> None:
    token = "/".join(["token-of-many-parts"] * 40)

    async def handler(request: web.Request) -> web.Response:
        sent = request.headers["X-Auth-Token"].replace("/", "\\/")
        return web.Response(status=403, text=f'{{"error_msg": "refused: {sent}"}}')

    async with serving(handler) as address:
        text = str(await failure(address, credential=ReadyToken(SecretStr(token))))
    assert text == "forbidden (HTTP 403): refused: ***"


async def test_a_secret_that_the_cloud_repeats_is_blotted_out() -> None:
    async def handler(request: web.Request) -> web.Response:
        sent = request.headers.get("X-Auth-Token") or request.headers["Authorization"]
        return web.json_response(
            {"error": {"code": "IMG.0087", "message": f"{sent} {'.' * 279} secret-value"}}, status=400
        )

    async with serving(handler) as address:
        for credential in (
            ReadyToken(SecretStr("secret-value")),
            AccessKey(SecretStr("AKIDVALUE"), SecretStr("secret-value")),
        ):
            text = str(await failure(address, credential=credential))
            assert "IMG.0087" in text
            assert "secret" not in text, "nor half of it, where the message is cut"
            assert "AKIDVALUE" not in text


@pytest.mark.parametrize(
    "credential",
    [
        AccessKey(SecretStr("AKIDVALUE"), SecretStr("hush"), SecretStr("hush-token")),
        ReadyToken(SecretStr("hush")),
    ],
    ids=["access key", "token"],
)
def test_credentials_do_not_print(credential: Credential) -> None:
    for text in (repr(credential), str(credential), f"{credential}"):
        assert "hush" not in text
        assert "AKIDVALUE" not in text


async def test_an_endpoint_takes_so_many_requests_at_once() -> None:
    now, most = 0, 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response()

    async with serving(handler) as address, open_session(LIMITS) as session:
        lanes = Lanes(LIMITS)
        both = [Http(session, (address,), lanes, LIMITS) for _ in range(2)]
        await asyncio.gather(*(both[n % 2].get(address, URL(address), {}) for n in range(12)))
    assert most == LIMITS.concurrency, "two sources of one endpoint share its limit"


async def test_the_meaning_of_an_error_comes_with_it() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"code": "IMG.0060", "message": "flow control"}},
            status=400,
            headers={"Retry-After": "7"},
        )

    async with serving(handler) as address:
        error = await failure(address)
    assert (error.meaning, error.passing) == (Meaning.THROTTLED, True)
