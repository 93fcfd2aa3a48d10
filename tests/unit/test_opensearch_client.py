"""The client of OpenSearch: what it makes of what a host answers, and what it never does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import time

import pytest
from aiohttp import web
from pydantic import SecretStr

from engines.base import EngineError, EngineTimeout, EngineUnavailable
from engines.opensearch import connection as connections
from engines.opensearch.client import DEAD_SECONDS, Busy, Client, Cluster, Forbidden, Refused, quoted

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRET = "do-not-tell"


@asynccontextmanager
async def host(handler: Handler) -> AsyncIterator[str]:
    application = web.Application(client_max_size=32 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(*urls: str, within: float = 5.0) -> AsyncIterator[Client]:
    client = Client(Cluster(urls, username="reader", password=SecretStr(SECRET), timeout=within))
    try:
        yield client
    finally:
        await client.close()


def closed_port() -> str:
    """An address on which nothing listens."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def answering(status: int, body: object = None, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=named)

    return handler


def problem(kind: str, reason: str = "") -> dict[str, object]:
    return {"error": {"type": kind, "reason": reason}, "status": 0}


FLOOD = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
STARTING = "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"
ELECTING = "blocked by: [SERVICE_UNAVAILABLE/2/no cluster-manager];"
BLOCK = "index [x] blocked by: [FORBIDDEN/8/index write (api)];"
RIGHT = "no permissions for [indices:data/read/search] and User [name=reader, roles=[secret-role]]"


@pytest.mark.parametrize(
    ("handler", "failure", "said"),
    [
        pytest.param(
            answering(401), EngineUnavailable, "user name reader or its password", id="wrong password"
        ),
        pytest.param(
            answering(403, problem("security_exception", RIGHT)),
            Forbidden,
            "no right to indices:data/read/search",
            id="no right",
        ),
        pytest.param(
            answering(429, problem("cluster_block_exception", FLOOD)),
            EngineUnavailable,
            "disks are full",
            id="flood stage",
        ),
        pytest.param(
            answering(403, problem("cluster_block_exception", BLOCK)),
            EngineUnavailable,
            "index write",
            id="write block",
        ),
        pytest.param(
            answering(429, problem("rejected", SECRET)), Busy, "HTTP 429 rejected", id="too much to do"
        ),
        pytest.param(
            answering(503, problem("cluster_block_exception", STARTING)), Busy, "HTTP 503", id="a start"
        ),
        pytest.param(
            answering(503, problem("cluster_block_exception", ELECTING)), Busy, "HTTP 503", id="an election"
        ),
        pytest.param(
            answering(503, problem("cluster_manager_not_discovered_exception")),
            Busy,
            "no manager at this moment",
            id="no cluster manager",
        ),
        pytest.param(
            answering(503, problem("search_phase_execution_exception", SECRET)),
            Busy,
            "not every shard of the index is on a node that answers",
            id="a shard whose node is gone",
        ),
        pytest.param(
            answering(429, problem("search_phase_execution_exception")),
            Busy,
            "cannot answer now",
            id="too many searches",
        ),
        pytest.param(answering(504), EngineTimeout, "in time", id="a gateway's time-out"),
        pytest.param(
            answering(500, problem("odd")), EngineUnavailable, "failed: HTTP 500 odd", id="a failure"
        ),
        pytest.param(
            answering(400, problem("parsing", SECRET)),
            Refused,
            "refused: HTTP 400 parsing",
            id="a bad question",
        ),
        pytest.param(
            answering(302, Location="http://127.0.0.1:1/"), EngineUnavailable, "redirect", id="redirect"
        ),
    ],
)
async def test_each_status_has_its_meaning(handler: Handler, failure: type[EngineError], said: str) -> None:
    async with host(handler) as url, asking(url) as client:
        with pytest.raises(failure, match=said) as raised:
            await client.request("PUT", "/x/_doc/1", body=b'{"name": "do-not-tell"}')
    assert type(raised.value) is failure
    assert SECRET not in str(raised.value)
    assert "secret-role" not in str(raised.value)


async def test_what_was_refused_can_be_looked_at_by_the_program() -> None:
    handler = answering(404, problem("index_not_found_exception", "no such index"))
    async with host(handler) as url, asking(url) as client:
        with pytest.raises(Refused) as raised:
            await client.request("GET", "/x")
    assert (raised.value.status, raised.value.kind, raised.value.reason) == (
        404,
        "index_not_found_exception",
        "no such index",
    )


async def test_what_a_busy_cluster_asks_to_wait_is_kept() -> None:
    async with host(answering(503, Retry_After="7")) as url, asking(url) as client:
        with pytest.raises(Busy) as raised:
            await client.request("POST", "/_bulk", body=b"")
    assert raised.value.retry_after == 7


async def test_what_is_no_json_is_no_opensearch() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html")

    async with host(page) as url, asking(url) as client:
        with pytest.raises(EngineUnavailable, match="is this an OpenSearch"):
            await client.request("GET", "/")


async def test_a_request_arrives_as_it_was_meant() -> None:
    seen: list[tuple[str, str, str, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(
            (request.method, request.raw_path, request.headers["Authorization"], await request.read())
        )
        return web.json_response({"ok": "授权"})

    large = b"x" * (3 * 1024 * 1024)
    async with host(handler) as url, asking(f"{url}/behind/") as client:
        path = quoted("a index", "_doc", "huawei/cn/授#?", "_bulk")
        assert await client.request("POST", path, body=large, params={"timeout": "3s"}) == {"ok": "授权"}
    basic = "Basic cmVhZGVyOmRvLW5vdC10ZWxs"
    assert seen == [
        ("POST", "/behind/a%20index/_doc/huawei%2Fcn%2F%E6%8E%88%23%3F/_bulk?timeout=3s", basic, large)
    ]


async def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    given_up = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await given_up.wait()
        return web.Response()

    async with host(late) as url, asking(url, within=0.05) as client:
        with pytest.raises(EngineTimeout, match=r"within 0\.05 s"):
            await client.request("GET", "/")
        with pytest.raises(EngineTimeout, match=r"within 0\.01 s"):
            await client.request("GET", "/", seconds=0.01)
        given_up.set()


async def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LARGEST_ANSWER", 1000)

    async def streamed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"x" * 500)
        return response

    for handler in (answering(200, "x" * 1000), streamed):
        async with host(handler) as url, asking(url) as client:
            with pytest.raises(EngineUnavailable, match="more than 1000 bytes"):
                await client.request("POST", "/x")


async def test_a_packed_answer_is_not_unpacked() -> None:
    async with host(answering(200, {}, Content_Encoding="gzip")) as url, asking(url) as client:
        with pytest.raises(EngineUnavailable, match="encoding 'gzip'"):
            await client.request("GET", "/")


async def test_what_reads_goes_on_to_the_next_host() -> None:
    async with host(answering(200, {"ok": 1})) as url, asking(closed_port(), url, closed_port()) as client:
        for _ in range(6):
            assert await client.request("POST", "/x/_search", body=b"{}") == {"ok": 1}


async def test_what_writes_is_sent_once() -> None:
    asked: list[str] = []

    async def broken(request: web.Request) -> web.Response:
        asked.append(request.path)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with host(broken) as url, asking(url) as client:
        with pytest.raises(EngineUnavailable, match="broke off"):
            await client.request("POST", "/x/_bulk", body=b"{}\n")
        assert len(asked) == 1
        with pytest.raises(EngineUnavailable, match="broke off"):
            await client.request("POST", "/x/_search", body=b"{}")
        assert len(asked) == 3


async def test_what_writes_goes_on_only_from_a_host_that_takes_no_connection() -> None:
    asked: list[str] = []

    async def broken(request: web.Request) -> web.Response:
        asked.append(request.path)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with host(answering(200, {"ok": 1})) as url:
        for _ in range(6):
            async with asking(closed_port(), url, closed_port()) as client:
                assert await client.request("POST", "/x/_bulk", body=b"{}\n") == {"ok": 1}
    async with host(broken) as one, host(broken) as two, asking(one, two) as client:
        with pytest.raises(EngineUnavailable, match="broke off"):
            await client.request("POST", "/x/_bulk", body=b"{}\n")
    assert len(asked) == 1


async def test_what_reads_goes_on_from_a_node_that_is_not_ready() -> None:
    starting = answering(503, problem("cluster_block_exception", STARTING))
    async with (
        host(starting) as unready,
        host(answering(200, {"ok": 1})) as url,
        asking(unready, url) as client,
    ):
        for _ in range(4):
            assert await client.request("POST", "/x/_search", body=b"{}") == {"ok": 1}


@asynccontextmanager
async def hung() -> AsyncIterator[tuple[str, list[str]]]:
    """A host that takes every request and never answers; and what it was asked."""
    asked: list[str] = []
    done = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        await done.wait()
        return web.Response()

    async with host(handler) as url:
        try:
            yield url, asked
        finally:
            done.set()


async def test_a_host_that_hangs_costs_one_question_half_its_time_and_no_answer() -> None:
    well = host(answering(200, {"ok": 1}))
    async with hung() as (stuck, asked), well as url, asking(stuck, url, within=1.0) as client:
        for _ in range(6):
            assert await client.request("POST", "/x/_search", body=b"{}") == {"ok": 1}
    assert len(asked) <= 1


async def test_a_host_that_fails_again_is_left_alone_no_longer_than_before() -> None:
    async with asking(closed_port(), closed_port()) as client:
        for _ in range(6):
            with pytest.raises(EngineUnavailable):
                await client.request("GET", "/x")
            pool = client._transport.connection_pool
            while not pool.dead.empty():
                until, _ = pool.dead.queue[0]
                assert 0 < until - time() <= DEAD_SECONDS
                pool.resurrect(force=True)


async def test_all_tries_share_the_time_of_one() -> None:
    async with (
        hung() as (one, _),
        hung() as (two, _),
        hung() as (three, asked),
        asking(one, two, three, within=0.4) as client,
    ):
        begun = asyncio.get_running_loop().time()
        with pytest.raises(EngineTimeout):
            await client.request("GET", "/x")
        assert 0.35 < asyncio.get_running_loop().time() - begun < 1.1
        assert asked == ["/x"]


@pytest.mark.parametrize(
    ("hosts", "headers", "asked"),
    [
        pytest.param(1, {}, 1, id="not the same host again"),
        pytest.param(2, {}, 2, id="each other host once"),
        pytest.param(2, {"Retry_After": "3"}, 1, id="nobody where the cluster says how long to wait"),
    ],
)
async def test_who_is_busy_is_not_asked_at_once_again(
    hosts: int, headers: dict[str, str], asked: int
) -> None:
    seen: list[str] = []

    async def busy(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return await answering(429, problem("rejected"), **headers)(request)

    async with host(busy) as one, host(busy) as two, asking(*(one, two)[:hosts]) as client:
        with pytest.raises(Busy):
            await client.request("POST", "/x/_search", body=b"{}")
    assert len(seen) == asked


@pytest.mark.parametrize(
    ("method", "path", "params", "limit"),
    [
        pytest.param("PUT", "/x", None, "4000ms", id="making an index"),
        pytest.param("DELETE", "/x", None, "4000ms", id="deleting it"),
        pytest.param("PUT", "/x/_mapping", None, "4000ms", id="a mapping"),
        pytest.param("PUT", "/x/_block/write", None, "4000ms", id="a block"),
        pytest.param("PUT", "/x/_settings", None, "4000ms", id="settings"),
        pytest.param("POST", "/_aliases", {"cluster_manager_timeout": "9s"}, "9s", id="as it was asked"),
        pytest.param("GET", "/x/_mapping", None, None, id="not a look"),
        pytest.param("POST", "/_bulk", None, None, id="not documents"),
        pytest.param("PUT", "/x/_doc/1", None, None, id="not a document"),
        pytest.param("POST", "/x/_search", None, None, id="not a search"),
        pytest.param("POST", "/x/_refresh", None, None, id="not a refresh"),
    ],
)
async def test_the_cluster_gives_up_what_it_has_not_begun_before_the_client_does(
    method: str, path: str, params: dict[str, str] | None, limit: str | None
) -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.query.get("cluster_manager_timeout"))
        return web.json_response({})

    async with host(handler) as url, asking(url) as client:
        await client.request(method, path, params=params)
    assert seen == [limit]


async def test_nobody_there() -> None:
    async with asking(closed_port()) as client:
        with pytest.raises(EngineUnavailable, match="no connection could be made"):
            await client.request("GET", "/")


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", closed_port())
    async with host(answering(200, {})) as url, asking(url) as client:
        assert await client.request("GET", "/") == {}


@pytest.mark.parametrize(
    "address",
    [
        "ftp://h:9200",
        "h:9200",
        "http://",
        "http://reader:do-not-tell@h:9200",
        "http://h:9200/?a=b",
        "http://h:x",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(EngineUnavailable, match="is not the address") as raised:
        Client(Cluster((address,)))
    assert SECRET not in str(raised.value)


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"ca_file.*ca\.pem"):
        Client(Cluster(("https://h:9200",), ca_file=tmp_path / "ca.pem"))


def test_an_authority_that_is_none_is_named_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(EngineUnavailable, match=r"ca_file: .*ca\.pem holds no certificate") as raised:
        Client(Cluster(("https://h:9200",), ca_file=path))
    assert "_ssl" not in str(raised.value)


def test_no_password_is_printed() -> None:
    cluster = Cluster(("http://h:9200",), username="reader", password=SecretStr(SECRET))
    assert SECRET not in repr(cluster)
    assert SECRET not in repr(vars(Client(cluster)))
