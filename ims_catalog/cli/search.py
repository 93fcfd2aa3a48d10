"""`ims-catalog search`."""

import asyncio
import secrets
from typing import Annotated

import orjson
import typer
from rich.console import Console

from engines.clock import system_clock
from ims_catalog.cli.answer_text import FACETS, answer_text
from ims_catalog.cli.mistake_text import problem_text
from ims_catalog.cli.options import WRONG_USAGE, AsJson, Config, only_errors_that_end_it, spoken_errors
from ims_catalog.compose import open_ledger, open_readers
from ims_catalog.configuration import load_settings
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from search_api.caller import OPERATOR
from search_api.problem import ProblemError
from search_api.service import Service


def command(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION", help="What you look for, as you would say it."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=1000, help="Images to show; 20 if not said.")
    ] = None,
    histogram: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Spread a number or date: min_disk, created_at; may be repeated."),
    ] = None,
    pivot: Annotated[
        str | None, typer.Option(metavar="ROWS,COLUMNS", help="Count by two fields: platform,firmware.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--sum", metavar="FIELD", help="Add up beside the counts: image_size, min_disk, min_ram."
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Ask the catalogue on this machine.

    Example: ims-catalog search "KVM GPU images for 64-bit Ubuntu with UEFI"

    Without a question, histograms, the pivot and sums count all there are.
    """
    if not question and not histogram and pivot is None and not add:
        raise typer.BadParameter("say what you look for, or what to count: --histogram, --pivot or --sum")
    asked = [("q", " ".join(question or ())), ("facets", ",".join(FACETS))]
    asked += [("histograms", name) for name in histogram or ()]
    asked += [("sum", name) for name in add or ()]
    if pivot is not None:
        asked.append(("pivot", pivot))
    if limit is not None:
        asked.append(("limit", str(limit)))
    only_errors_that_end_it()
    with spoken_errors():
        try:
            answer = asyncio.run(_ask(load_settings(config), asked))
        except ProblemError as error:
            typer.echo(f"ims-catalog: {problem_text(error, _OPTIONS)}", err=True)
            raise typer.Exit(WRONG_USAGE) from None
    if as_json:
        typer.echo(answer.decode())
    else:
        Console().print(answer_text(orjson.loads(answer)))


_OPTIONS = {
    "q": "the question",
    "limit": "--limit",
    "histograms": "--histogram",
    "pivot": "--pivot",
    "sum": "--sum",
}


async def _ask(settings: Settings, asked: list[tuple[str, str]]) -> bytes:
    clock = system_clock()
    ledger = open_ledger(settings)
    readers = open_readers(settings, clock)
    try:
        service = Service(
            readers=readers,
            ledger=ledger,
            clock=clock,
            cursor_key=secrets.token_bytes(32),
            question_now=question_now(clock.now),
        )
        return await service.search(OPERATOR, asked)
    finally:
        await ledger.close()
        await readers.close()
