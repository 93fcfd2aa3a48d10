"""Every benchmark runs at a tiny scale, gives its figures, and measures what it says."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from socket import create_server

import orjson
import pytest

from benchmarks import asking
from benchmarks.__main__ import parser
from benchmarks.asking import Image
from benchmarks.baseline_sqlite import ask_baseline, fill_baseline
from benchmarks.bench import BENCHES, Bench
from benchmarks.catalogue import Catalogue, make_catalogue
from benchmarks.figure import Figure, Suite, page, percentile
from benchmarks.http import target
from benchmarks.http_load import load
from benchmarks.http_server import serve_catalogue, serve_recorded, server
from benchmarks.pages import recorded_pages
from benchmarks.run import run
from benchmarks.scale import Scale
from clouds.ims import parse_page
from engines.clock import system_clock
from engines.embedded.file import GenerationFile
from engines.embedded.readers import EmbeddedReaders
from engines.query import Answer, Query
from mappings.document import Document, Stored, restore
from mappings.filter import And, Condition, Filter, Not, Operator, Or
from mappings.match import matches
from search_api.access import narrow, visible
from search_api.caller import OPERATOR

TINY = Scale(smaller=2000, larger=2000, questions=20, compared=5, rounds=1, requests=32, searches=10)
FIGURES = {"normalise": 1, "build": 4, "engine": 9, "http": 10, "opensearch": 8, "amend": 2, "questions": 29}
DRAWINGS: dict[str, Callable[[Sequence[Image], int], Iterator[Query]]] = {
    "filters and facets": asking.filtered,
    "first pages": asking.first_pages,
    "words": asking.worded,
    "dates": asking.dated,
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def catalogue(workspace: Path) -> Catalogue:
    return make_catalogue(workspace, TINY.smaller)


@pytest.fixture(scope="module")
def stored(catalogue: Catalogue) -> list[Stored]:
    (path,) = catalogue.engine.glob("ims-catalog-*.sqlite")
    with closing(GenerationFile.open(path)) as file:
        return file.stored(0, file.documents)


@pytest.fixture(scope="module")
def images(stored: list[Stored]) -> list[Image]:
    return [orjson.loads(each.body) for each in stored]


def answers(catalogue: Catalogue, questions: Sequence[Query]) -> list[Answer]:
    async def ask() -> list[Answer]:
        readers = EmbeddedReaders(catalogue.engine, system_clock())
        reader = await readers.served()
        found = [await reader.search(narrow(question, OPERATOR)) for question in questions]
        await readers.close()
        return found

    return asyncio.run(ask())


@pytest.mark.parametrize("bench", BENCHES, ids=[f"{place} {one.name}" for place, one in enumerate(BENCHES)])
def test_gives_its_figures(
    bench: Bench, catalogue: Catalogue, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bench.name == "opensearch":
        monkeypatch.setenv("OPENSEARCH_URL", request.getfixturevalue("opensearch_url"))
    figures = list(bench.figures(catalogue, TINY))
    assert len(figures) == FIGURES[bench.name]
    assert all(figure.title and figure.value for figure in figures)


@pytest.mark.parametrize(
    ("arguments", "suites", "scale"),
    [
        ([], [], "full"),
        (["--scale", "small"], [], "small"),
        (["engine", "http"], ["engine", "http"], "full"),
    ],
    ids=["all of them", "a quick look", "some"],
)
def test_reads_the_command_line(arguments: list[str], suites: list[str], scale: str) -> None:
    asked = parser().parse_args(arguments)
    assert (asked.suite, asked.scale) == (suites, scale)


def test_refuses_a_suite_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["nothing"])
    assert (
        "'nothing' is not one of normalise, build, engine, http, opensearch, amend, questions"
        in capsys.readouterr().err
    )


def test_runs_in_a_process_of_its_own_and_prints(
    workspace: Path, catalogue: Catalogue, capfd: pytest.CaptureFixture[str]
) -> None:
    suite = run(BENCHES[0], workspace, TINY)
    printed = capfd.readouterr().out
    assert suite.title == f"Normalising, {catalogue.images:,} images"
    assert suite.command.endswith("-m benchmarks normalise")
    assert suite.title in printed
    assert suite.figures[0].title in printed


def test_the_catalogue_holds_every_record_once_per_view(catalogue: Catalogue, stored: list[Stored]) -> None:
    listed = {
        f"{page.scope.cloud}/{page.scope.region}/{record['id']}/{page.scope.view.value}"
        for page in recorded_pages(catalogue.folder, catalogue.images)
        for record in parse_page(page.body).images
    }
    assert {each.key for each in stored} == listed
    assert catalogue.documents == len(listed) > catalogue.images


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_questions_differ_and_are_the_same_every_time(
    draw: Callable[[Sequence[Image], int], Iterator[Query]], images: list[Image], catalogue: Catalogue
) -> None:
    questions = list(islice(draw(images, 7), 200))
    assert len(set(questions)) == len(questions)
    assert questions == list(islice(draw(images, 7), 200))
    found = [answer.total for answer in answers(catalogue, questions)]
    assert sum(total > 0 for total in found) > len(found) * 0.8
    assert len(set(found)) > len(found) * 0.2


def test_sampled_images_come_from_everywhere(catalogue: Catalogue) -> None:
    async def sampled() -> list[Image]:
        readers = EmbeddedReaders(catalogue.engine, system_clock())
        found = await asking.sample(await readers.served(), 1)
        await readers.close()
        return found

    found = asyncio.run(sampled())
    assert len({image["id"] for image in found}) > 400
    assert {image["image_type"] for image in found} >= {"gold", "private", "market"}
    assert len({str(image["created_at"])[:4] for image in found}) > 8


UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
SQL_CASES: dict[str, Filter] = {
    "a value": UBUNTU,
    "several values": Condition("image_type", Operator.IN, ("gold", "market")),
    "not a value, absent ones too": Not(Condition("registered", Operator.IN, (False,))),
    "a prefix of a version": Condition("version", Operator.IN, ("7",)),
    "another spelling of a version": Condition("version", Operator.IN, ("22.4",)),
    "one of many values": Condition("gpu_types", Operator.IN, ("T4", "V100")),
    "at most": Condition("min_ram", Operator.LTE, (1024,)),
    "since": Condition("created_at", Operator.GTE, (1_600_000_000_000,)),
    "not at most, absent ones too": Not(Condition("min_disk", Operator.LTE, (40,))),
    "either": Or((UBUNTU, Condition("firmware", Operator.IN, ("uefi",)))),
    "none of nothing": Or(()),
    "both": And((UBUNTU, Condition("os_bit", Operator.IN, ("64",)))),
}


@pytest.mark.parametrize("given", SQL_CASES.values(), ids=SQL_CASES)
def test_the_baseline_finds_what_the_judge_finds(given: Filter, stored: list[Stored], tmp_path: Path) -> None:
    documents: list[Document] = list(map(restore, stored))
    wanted = {each.key for each in documents if matches(And((visible(OPERATOR), given)), each)}
    with closing(fill_baseline(tmp_path / "baseline.sqlite", stored)) as connection:
        told = ask_baseline(connection, Query(filter=given, limit=len(stored)), visible(OPERATOR))
    assert (told.total, set(told.keys)) == (len(wanted), wanted)
    assert wanted or given == Or(())


def test_a_request_asks_what_the_question_asks(images: list[Image], catalogue: Catalogue) -> None:
    questions = list(islice(asking.filtered(images, 3), 40))
    bodies: dict[str, bytes] = {}
    with server(serve_catalogue, catalogue.engine) as port:
        load(port, list(map(target, questions)), bodies.__setitem__)
    for question, found in zip(questions, answers(catalogue, questions), strict=True):
        told = orjson.loads(bodies[target(question)])
        assert told["total"] == found.total, question
        assert [image["id"] for image in told["images"]] == [
            orjson.loads(hit.body)["id"] for hit in found.hits
        ]
        assert len(told["facets"]) == 12


def test_the_bare_handler_sends_what_was_recorded(tmp_path: Path) -> None:
    recorded = {f"/v1/images?q={number}": b'{"n":%d}' % number * (number + 1) for number in range(100)}
    (tmp_path / "recorded").write_bytes(b"".join(b"%b\n%b\n" % (a.encode(), b) for a, b in recorded.items()))
    bodies: dict[str, bytes] = {}
    with server(serve_recorded, tmp_path / "recorded") as port:
        loaded = load(port, list(recorded), bodies.__setitem__)
    assert bodies == recorded
    assert len(loaded.milliseconds) == len(recorded)
    assert loaded.body_bytes == sum(map(len, recorded.values()))


REFUSED = {
    "another status": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n{}",
    "a closed connection": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_the_load_takes_no_other_answer(sent: bytes) -> None:
    with create_server(("127.0.0.1", 0), backlog=64) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(sent)

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(ConnectionError):
            load(listener.getsockname()[1], ["/v1/images"])
        answering.join()


def test_the_page_tells_what_was_missed() -> None:
    figures = [Figure("fast", "1 ms", "<= 2 ms"), Figure("slow", "3 ms", "<= 2 ms", holds=False)]
    lines = page([Suite("Speed", "make it", figures)], 4).splitlines()
    assert "| fast | 1 ms | <= 2 ms |" in lines
    assert "| slow | 3 ms | <= 2 ms (missed) |" in lines
    assert "`make it`" in lines


@pytest.mark.parametrize(
    ("share", "wanted"),
    [(0.5, 51.0), (0.99, 100.0), (1.0, 100.0), (0.0, 1.0)],
    ids=["half", "99", "all", "none"],
)
def test_percentile(share: float, wanted: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == wanted
