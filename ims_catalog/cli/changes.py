"""`ims-catalog changes`."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, TypedDict

import orjson
import typer
from rich.console import Console, Group

from engines.clock import system_clock
from ims_catalog.cli.change_text import Told, changes_text
from ims_catalog.cli.mistake_text import problem_text
from ims_catalog.cli.options import WRONG_USAGE, AsJson, Config, only_errors_that_end_it, spoken_errors
from ims_catalog.compose import open_ledger, open_readers
from ims_catalog.configuration import load_settings
from ims_catalog.duration import seconds
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from mappings.date import date_text, from_datetime
from search_api.caller import OPERATOR
from search_api.changes import changes
from search_api.limits import CHANGES
from search_api.problem import ProblemError
from search_api.service import Service


def command(
    question: Annotated[
        list[str] | None, typer.Argument(help="Of which images, as you would say it; of all without it.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="From when on: 2026-11-24, 7d for the last seven days, or a run's name."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Changes to show, oldest first.")] = 100,
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
) -> Sequence[Told]:
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
        found: list[Told] = []
        place = [] if since is None else [("since", _moment(since, question_now(clock.now)()))]
        while True:
            page = ("limit", str(min(limit - len(found), CHANGES)))
            answer: _Page = orjson.loads(await changes(service, OPERATOR, [*asked, *place, page], key))
            found += answer["changes"]
            following = [("cursor", answer["next"])]
            if len(found) == limit or following == place:
                return found
            place = following
    finally:
        await ledger.close()
        await readers.close()


def _moment(since: str, now: datetime) -> str:
    """Give the moment so long ago for a duration; all else is left as it is."""
    try:
        return date_text(from_datetime(now - timedelta(seconds=seconds(since))))
    except (ValueError, OverflowError):
        return since


class _Page(TypedDict):
    changes: Sequence[Told]
    next: str
