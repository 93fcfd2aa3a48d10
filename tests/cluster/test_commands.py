"""The commands on OpenSearch, as processes: the same answers as on files, and clear words when it is away."""

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest
import trustme

from clouds.rights import policy
from engines.generation import Generation
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.installation import installation
from engines.opensearch.meta import Meta
from engines.opensearch.names import Names
from engines.opensearch.reply import entries
from engines.opensearch.roles import roles
from ims_catalog.cli.sandbox import settings_for
from ims_catalog.demo import PREFIX as DEMO_PREFIX
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, Hang, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from mappings.opensearch import mapping
from mappings.schema import SCHEMA
from tests.api.test_command_line import PATIENCE, run, start
from tests.cluster.conftest import Place, remove
from tests.cluster.severed import severable
from tests.cluster.tls import PASSWORD, USER, front
from tests.contract.engine import START

QUESTIONS = (
    "q=KVM+GPU+images+for+64-bit+Ubuntu+with+UEFI&facets=platform,firmware,version,gpu_types,tags,region",
    "q=ubuntu+server&limit=50",
    "q=newest+centos+7",
    "q=windows+-xen&facets=platform,image_type,os_bit,boards",
    "platform=Ubuntu,Debian&hw_firmware_type=exists:false&sort=-created_at,name&limit=40",
    "min_ram=gte:1024&min_ram=lt:8192&histograms=min_disk,min_ram,image_size,created_at&limit=0",
    "pivot=platform,firmware&sum=image_size&facets=platform&limit=0",
    "usable=exists:true&facets=status,visibility,trust,origin,kind,protected&limit=100",
    "name=wild:*server*&limit=30",
    "q=GPU&sort=min_disk&limit=25&fields=id,name,min_disk,first_seen",
)
_OF_THE_RUN = re.compile(
    rb'"(?:first_seen|last_seen|as_of|last_complete|generation|next)":(?:"[^"]*"|null),?'
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(60, regions=1, projects=2)) as running:
        yield running


@pytest.fixture
async def wide() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(400, regions=2, projects=3)) as running:
        yield running


def written(folder: Path, sandbox: Sandbox, engine: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "ims-catalog.toml").write_text(engine + settings_for(sandbox), "utf-8")
    return folder


def on_cluster(place: Place, url: str | None = None) -> str:
    return f'[engine]\nkind = "opensearch"\nurl = "{url or place.url}"\nprefix = "{place.names.prefix}"\n'


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox, place: Place) -> Path:
    """A folder whose settings name the cluster."""
    return written(tmp_path / "cluster", sandbox, on_cluster(place))


@asynccontextmanager
async def served(folder: Path, **environment: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve as a process; give its address and what it logs, which is read all the time: a full pipe would
    hold it up.
    """
    process = await start(folder, "serve", "--port", "0", **environment)
    assert process.stdout is not None
    logged: list[bytes] = []
    reading = asyncio.create_task(_gather(process, logged))
    try:
        async with asyncio.timeout(2 * PATIENCE):
            yield (await process.stdout.readline()).decode().split()[-1], logged
            assert process.returncode is None
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await reading
            await process.wait()
        assert b"Traceback" not in b"".join(logged)
        assert process.returncode == 0


async def _gather(process: Process, lines: list[bytes]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        lines.append(line)


async def fetch(session: aiohttp.ClientSession, url: str) -> tuple[int, bytes]:
    async with session.get(url) as answer:
        return answer.status, await answer.read()


async def test_both_engines_give_the_same_bytes(tmp_path: Path, wide: Sandbox, place: Place) -> None:
    """What tells of one run and not of the images is left out: when, which generation, which cursor."""
    files = written(tmp_path / "files", wide, "")
    folder = written(tmp_path / "cluster", wide, on_cluster(place))
    for one in (files, folder):
        code, out, err = await run(one, "reindex")
        assert (code, "published" in out) == (0, True), err
    async with served(files) as (there, _), served(folder) as (here, _), aiohttp.ClientSession() as session:
        for question in QUESTIONS:
            expected = await fetch(session, f"{there}/v1/images?{question}")
            found = await fetch(session, f"{here}/v1/images?{question}")
            assert expected[0] == found[0] == 200, question
            assert _OF_THE_RUN.sub(b"", found[1]) == _OF_THE_RUN.sub(b"", expected[1]), question
        walked = [await walk(session, base) for base in (there, here)]
        assert len(walked[0]) > 300
        assert walked[0] == walked[1]
        region, identity = walked[0][0]
        path = f"/v1/images/{identity}/raw?region={region}"
        assert await fetch(session, there + path) == await fetch(session, here + path)


async def walk(session: aiohttp.ClientSession, base: str) -> list[tuple[str, str]]:
    """Give region and id of every image, page by page."""
    found: list[tuple[str, str]] = []
    asked = f"{base}/v1/images?usable=exists:true&limit=50&fields=id,region"
    cursor = ""
    while True:
        status, body = await fetch(session, asked + cursor)
        assert status == 200
        page = orjson.loads(body)
        found += [(image["region"], image["id"]) for image in page["images"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


async def test_published_then_unchanged_then_shown(folder: Path) -> None:
    code, out, _ = await run(folder, "reindex")
    assert (code, "published" in out) == (0, True)
    code, out, _ = await run(folder, "reindex", "--json")
    assert (code, orjson.loads(out)["outcome"]) == (0, "unchanged")
    code, out, _ = await run(folder, "runs")
    assert (code, out.count("published"), out.count("unchanged")) == (0, 1, 1)
    code, out, _ = await run(folder, "search", "ubuntu", "--json", "--limit", "2")
    assert (code, len(orjson.loads(out)["images"])) == (0, 2)


async def test_nothing_there_yet_is_said(folder: Path) -> None:
    code, _, err = await run(folder, "search", "ubuntu")
    assert (code, "nothing has been published" in err) == (1, True)
    code, out, _ = await run(folder, "runs")
    assert (code, "no run yet" in out) == (0, True)


async def test_another_run_is_five_and_a_signal_frees_the_right_to_write(
    folder: Path, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault(matching(image_type="market"), Hang()))
    first = await start(folder, "reindex")
    async with asyncio.timeout(PATIENCE):
        assert first.stderr is not None
        await first.stderr.readline()
        code, _, err = await run(folder, "reindex")
        assert (code, f"process {first.pid} on " in err) == (5, True)
        assert err.startswith("waiting for the right to write")
        first.send_signal(signal.SIGTERM)
        _, said = await first.communicate()
    assert (first.returncode, b"interrupted" in said, b"Traceback" in said) == (130, True, False)
    sandbox.faults.clear()
    code, out, _ = await run(folder, "reindex")
    assert (code, "published" in out) == (0, True)


async def test_serve_begins_without_the_cluster_and_recovers(
    tmp_path: Path, sandbox: Sandbox, place: Place, folder: Path
) -> None:
    await run(folder, "reindex")
    async with severable(place.url) as line:
        await line.cut()
        away = written(tmp_path / "away", sandbox, on_cluster(place, line.url))
        code, _, err = await run(away, "reindex")
        assert (code, line.url in err) == (1, True)
        code, _, err = await run(away, "search", "ubuntu")
        assert (code, err.count(line.url), "taken over" in err, err.count("\n")) == (1, 1, False, 1)
        async with served(away) as (base, logged), aiohttp.ClientSession() as session:
            status, body = await fetch(session, f"{base}/v1/images?q=ubuntu")
            assert (status, orjson.loads(body)["type"].rpartition(":")[2]) == (503, "engine-unavailable")
            assert (await fetch(session, f"{base}/readyz"))[0] == 503
            assert (await fetch(session, f"{base}/healthz"))[0] == 200
            await line.mend()
            while (await fetch(session, f"{base}/v1/images?q=ubuntu"))[0] != 200:
                pass
            await line.cut()
            while (await fetch(session, f"{base}/v1/images?q=debian"))[0] != 503:
                pass
            await line.mend()
            while (await fetch(session, f"{base}/v1/images?q=debian"))[0] != 200:
                pass
            while not any(b"can be taken over again" in each for each in logged):
                await fetch(session, f"{base}/healthz")
            assert all(re.match(rb"20\d\d-\d\d-\d\dT[0-9:.]+Z ", each) for each in logged)
            assert not any(b"q=" in each for each in logged)


async def test_no_password_is_printed(tmp_path: Path, sandbox: Sandbox, place: Place) -> None:
    guarded = written(
        tmp_path / "guarded",
        sandbox,
        on_cluster(place, "https://127.0.0.1:1") + 'username = "me"\npassword_env = "A_PASSWORD"\n',
    )
    for arguments in (("reindex",), ("search", "x"), ("doctor",)):
        code, out, err = await run(guarded, *arguments, A_PASSWORD="hush-hush")
        assert code == 1
        assert "hush" not in out + err
        assert "127.0.0.1:1" in out + err
        code, out, err = await run(guarded, *arguments, A_PASSWORD="")
        assert code == (1 if arguments[0] == "doctor" else 2)
        assert "A_PASSWORD" in out + err
    code, _, err = await run(guarded, "serve", "--port", "0", A_PASSWORD="")
    assert (code, "A_PASSWORD" in err) == (2, True)


async def test_all_goes_over_tls_with_a_password(tmp_path: Path, sandbox: Sandbox, place: Place) -> None:
    authority = trustme.CA()
    async with front(place.url, authority.issue_cert("localhost")) as one:
        folder = written(
            tmp_path / "guarded",
            sandbox,
            on_cluster(place, f"https://localhost:{one.port}")
            + f'ca_file = "ca.pem"\nusername = "{USER}"\npassword_file = "password"\n',
        )
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        (folder / "password").write_text(f"{PASSWORD}\n")
        code, out, err = await run(folder, "reindex")
        assert (code, "published" in out) == (0, True), err
        async with served(folder) as (base, _), aiohttp.ClientSession() as session:
            assert (await fetch(session, f"{base}/v1/images?q=ubuntu"))[0] == 200
        code, out, _ = await run(folder, "doctor")
        assert (code, f"TLS, as {USER}" in out, PASSWORD in out) == (0, True, False)


async def test_from_one_engine_to_the_other_and_back(folder: Path) -> None:
    totals, outcomes = [], []
    for kind in ("embedded", "opensearch", "embedded", "opensearch"):
        code, out, err = await run(folder, "reindex", "--json", IMS_CATALOG_ENGINE__KIND=kind)
        assert code == 0, err
        outcomes.append(orjson.loads(out)["outcome"])
        code, out, _ = await run(
            folder, "search", "usable=exists:true", "--json", IMS_CATALOG_ENGINE__KIND=kind
        )
        totals.append(orjson.loads(out)["total"])
    assert outcomes == ["published", "published", "unchanged", "unchanged"]
    assert len(set(totals)) == 1


class TestDoctor:
    async def verdicts(self, folder: Path, **environment: str) -> tuple[int, Mapping[str, str]]:
        code, out, _ = await run(folder, "doctor", "--json", **environment)
        return code, {check["name"]: check["verdict"] for check in orjson.loads(out)}

    async def test_before_and_after_the_first_run(self, folder: Path) -> None:
        code, found = await self.verdicts(folder)
        assert code == 0
        assert (found["engine"], found["installation"], found["served"]) == ("fine", "doubtful", "doubtful")
        await run(folder, "reindex")
        code, found = await self.verdicts(folder)
        assert (code, {name for name, verdict in found.items() if verdict != "fine"} - {"room"}) == (0, set())
        code, out, _ = await run(folder, "doctor")
        assert (code, "OpenSearch" in out) == (0, True)

    async def test_who_writes_and_what_is_being_built_is_told(self, folder: Path, sandbox: Sandbox) -> None:
        await run(folder, "reindex")
        code, out, _ = await run(folder, "doctor")
        assert (code, "nobody writes" in out) == (0, True)
        # The doctor asks for one image only, and is answered.
        sandbox.fail(Fault(lambda one: one.image_type == "market" and one.parameters["limit"] != "1", Hang()))
        writing = await start(folder, "reindex")
        async with asyncio.timeout(PATIENCE):
            assert writing.stderr is not None
            await writing.stderr.readline()
            code, out, _ = await run(folder, "doctor")
            assert (code, f"process {writing.pid} on " in out) == (0, True)
            writing.send_signal(signal.SIGTERM)
            await writing.communicate()

    async def test_a_build_that_broke_off_is_told(self, folder: Path, place: Place) -> None:
        await run(folder, "reindex")
        name = Generation(place.names.prefix, SCHEMA, 9, START, "5f2c9a").name
        found = await installation(place.client, place.names, create=False)
        assert found is not None
        body = {"mappings": {"_meta": Meta(found, name, SCHEMA).as_json()}}
        await place.client.request("PUT", quoted(name), body=orjson.dumps(body))
        code, out, _ = await run(folder, "doctor")
        assert (code, name in out, "not finished" in " ".join(out.split())) == (0, True, True)

    async def test_a_password_that_nobody_asks_for_is_told(self, folder: Path) -> None:
        with (folder / "ims-catalog.toml").open("r+") as file:
            given = file.read().replace("\nprefix", '\nusername = "me"\npassword_env = "A_PASSWORD"\nprefix')
            file.seek(0)
            file.write(given)
        code, out, _ = await run(folder, "doctor", A_PASSWORD="hush-hush")
        assert (code, "asks for no password" in " ".join(out.split()), "hush" in out) == (0, True, False)

    async def test_full_disks_are_seen(self, folder: Path, place: Place) -> None:
        await run(folder, "reindex")
        await place.client.request(
            "PUT",
            quoted(place.names.runs, "_settings"),
            body=b'{"index": {"blocks": {"read_only_allow_delete": true}}}',
        )
        try:
            code, found = await self.verdicts(folder)
            assert (code, found["disk"]) == (1, "wrong")
        finally:
            await place.client.request(
                "PUT",
                quoted(place.names.runs, "_settings"),
                body=b'{"index": {"blocks": {"read_only_allow_delete": null}}}',
            )

    async def test_an_alias_that_is_lost_is_seen(self, folder: Path, place: Place) -> None:
        await run(folder, "reindex")
        (index,) = entries(await place.client.request("GET", quoted(place.names.served, "_mapping")))
        remove = {"remove": {"index": index, "alias": place.names.served, "must_exist": True}}
        await place.client.request("POST", "/_aliases", body=orjson.dumps({"actions": [remove]}))
        code, found = await self.verdicts(folder)
        assert (code, found["served"]) == (1, "wrong")

    async def test_what_is_wrong_with_the_settings_is_said(self, folder: Path) -> None:
        code, found = await self.verdicts(folder, HUAWEICLOUD_SDK_SK="")
        assert (code, found["sources"], found["engine"]) == (0, "doubtful", "fine")
        code, _, err = await run(folder, "doctor", IMS_CATALOG_ENGINE__SHARDS="none")
        assert (code, "engine.shards" in err) == (2, True)

    async def test_files_are_looked_at_too(self, tmp_path: Path, sandbox: Sandbox) -> None:
        files = written(tmp_path / "files", sandbox, "")
        code, found = await self.verdicts(files)
        assert (code, found["served"], found["folder"]) == (0, "doubtful", "fine")
        assert not (files / "var").exists()
        code, found = await self.verdicts(files, IMS_CATALOG_ENGINE__PATH="/proc/nope")
        assert (code, found["folder"], found["cursors"]) == (1, "wrong", "wrong")
        (files / "var/catalog").mkdir(parents=True)
        (files / "var/catalog/cursor.key").write_text("short")
        code, found = await self.verdicts(files)
        assert (code, found["cursors"]) == (1, "wrong")
        (files / "var/catalog/cursor.key").unlink()
        await run(files, "reindex")
        assert await self.verdicts(files) == (0, dict.fromkeys(found, "fine"))

    async def test_the_roles_are_printed(self, folder: Path, place: Place) -> None:
        code, out, _ = await run(folder, "doctor", "--roles")
        assert code == 0
        assert orjson.loads(out) == orjson.loads(orjson.dumps(roles(place.names.prefix)))

    async def test_the_policy_for_the_cloud_is_printed_without_any_settings(self, tmp_path: Path) -> None:
        code, out, _ = await run(tmp_path, "doctor", "--policy")
        assert (code, orjson.loads(out)) == (0, policy())


async def test_the_mapping_is_printed(tmp_path: Path) -> None:
    code, out, _ = await run(tmp_path, "fields", "--mapping")
    assert (code, orjson.loads(out)) == (0, {"mappings": mapping()})
    code, _, err = await run(tmp_path, "fields", "platform", "--mapping")
    assert (code, "leave the name out" in err) == (2, True)


async def test_the_demo_and_what_it_says_to_try(tmp_path: Path, opensearch_url: str) -> None:
    code, _, err = await run(tmp_path, "demo", "--opensearch", "not an address")
    assert (code, "--opensearch" in err) == (2, True)
    process = await start(tmp_path, "demo", "--images", "150", "--opensearch", opensearch_url)
    assert process.stdout is not None
    try:
        printed = ""
        async with asyncio.timeout(PATIENCE):
            while "3." not in printed or not printed.endswith("\n\n"):
                printed += (await process.stdout.readline()).decode()
        assert re.search(rf"published: [\d,]+ images in OpenSearch at {re.escape(opensearch_url)}", printed)
        line = next(line.strip() for line in printed.splitlines() if "ims-catalog search" in line)
        words = shlex.split(line)
        named = dict(word.split("=", 1) for word in words if word.startswith("IMS_CATALOG_"))
        assert words[len(named)] == ".venv/bin/ims-catalog"
        code, out, err = await run(tmp_path, *words[len(named) + 1 :], **named)
        assert (code, "Read as: images for" in out) == (0, True), err
        async with aiohttp.ClientSession() as session:
            for url in re.findall(r"curl '([^']+)'", printed):
                assert (await fetch(session, url))[0] == 200
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
        client = Client(Cluster((opensearch_url,)))
        await remove(client, Names(DEMO_PREFIX))
        await client.close()
    assert process.returncode == 0


async def test_files_need_no_client_of_a_cluster() -> None:
    loaded = "import sys, ims_catalog.serve, ims_catalog.reindex, ims_catalog.cli.doctor, ims_catalog.demo"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{loaded}; print('opensearchpy' in sys.modules)", stdout=PIPE, env=os.environ
    )
    out, _ = await process.communicate()
    assert out == b"False\n"
