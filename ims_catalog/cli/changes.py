"""`ims-catalog changes`."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer
from rich.console import Console, Group

from engines.clock import system_clock
from ims_catalog.cli.change_text import changes_text
from ims_catalog.cli.mistake_text import problem_text
from ims_catalog.cli.options import WRONG_USAGE, AsJson, Config, only_errors_that_end_it, spoken_errors
from ims_catalog.compose import open_ledger, open_readers
from ims_catalog.configuration import load_settings
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from search_api.caller import OPERATOR
from search_api.changes import changes
from search_api.limits import CHANGES
from search_api.problem import ProblemError
from search_api.service import Service
from search_api.told import ToldChange


def command(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION", help="Of which images, as you would say it; of all without it."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="From when on, as in a question: 2026-11-24, yesterday, 7d, '3 hours ago', 'May 2026'; or a"
            " run's name.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Changes to show, oldest first.")
    ] = 100,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of images: added, changed, unlisted, removed.

    Example: ims-catalog changes --since 7d ubuntu
    """
    asked = [("q", " ".join(question))] if question else []
    only_errors_that_end_it()
    with spoken_errors():
        try:
            answer = asyncio.run(_ask(load_settings(config), asked, since, limit + 1))
        except ProblemError as error:
            typer.echo(f"ims-catalog: {problem_text(error, _OPTIONS)}", err=True)
            raise typer.Exit(WRONG_USAGE) from None
    shown, more = answer[:limit], len(answer) > limit
    if as_json:
        typer.echo(orjson.dumps({"changes": shown, "more": more}).decode())
        return
    if not shown:
        typer.echo("no change of such images is kept")
    else:
        Console().print(Group(*changes_text(shown)))
    if more:
        typer.echo("and more: take a larger --limit, or a later --since", err=True)


_OPTIONS = {"q": "the question", "since": "--since", "limit": "--limit"}


async def _ask(
    settings: Settings, asked: Sequence[tuple[str, str]], since: str | None, limit: int
) -> Sequence[ToldChange]:
    """Ask page by page, as one looks at so many changes only, until there are so many or no more."""
    clock = system_clock()
    ledger = open_ledger(settings)
    readers = open_readers(settings, clock)
    key = secrets.token_bytes(32)
    try:
        service = Service(
            readers=readers,
            ledger=ledger,
            clock=clock,
            cursor_key=key,
            question_now=question_now(clock.now),
        )
        found: list[ToldChange] = []
        place = [] if since is None else [("since", since)]
        while True:
            most = ("limit", str(min(limit - len(found), CHANGES)))
            page = await changes(service, OPERATOR, [*asked, *place, most], key)
            found += page.changes
            if len(found) == limit or not page.more:
                return found
            place = [("cursor", page.next)]
    finally:
        await ledger.close()
        await readers.close()
