"""`ims-catalog reindex`."""

from typing import Annotated

import typer

from engines.base import NothingServed
from engines.ledger import Run
from ims_catalog.choosing import chosen
from ims_catalog.cli.ending import end_with
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import sources as composed_sources
from ims_catalog.compose import sources_unasked
from ims_catalog.configuration import ConfigurationError, load_settings
from ims_catalog.reindex import known_scopes, reindex_once, renormalise_once
from ims_catalog.settings import Settings


def command(
    config: Config = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME", help="Crawl this source only; may be repeated."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="Crawl this scope only, as `ims-catalog runs show` names it; may be repeated.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="SCOPE",
            help="Believe what this scope lists in this run, however much it lost; may be repeated.",
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no cloud: read what is served anew, as this version does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Crawl the configured clouds and publish what was found.

    Exit code 0: published, or nothing had changed. 3: some scopes are incomplete, their images stay as they
    were. 4: a scope lost so much that it is held, or everything is. 1: no scope is complete, or the run
    failed; the old catalogue goes on. 2: wrong usage or configuration. 5: another run is going on.
    """
    with spoken_errors():
        settings = load_settings(config)
        if offline:
            if source or scope or accept:
                raise ConfigurationError("--offline is about all that is served: give it alone")
            end_with(renormalise_once(settings, sources_unasked(settings)), as_json=as_json)
        end_with(_crawl(settings, source or [], scope or [], accept or []), as_json=as_json)


async def _crawl(settings: Settings, names: list[str], scopes: list[str], accepted: list[str]) -> Run:
    known: tuple[str, ...] = ()
    if scopes or accepted:
        try:
            known = await known_scopes(settings)
        except NothingServed:
            known = ()
    choice = chosen(settings, known, sources=names, scopes=scopes, accepted=accepted)
    return await reindex_once(settings, composed_sources(settings), choice)
