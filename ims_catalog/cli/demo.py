"""`ims-catalog demo`."""

import asyncio
from typing import Annotated

import typer

from ims_catalog.cli.options import FAILED, spoken_errors
from ims_catalog.demo import DemoError, demo


def command(
    images: Annotated[
        int, typer.Option(metavar="N", min=100, max=1_000_000, help="Images in the sandbox cloud.")
    ] = 3000,
    opensearch: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep the catalogue in the OpenSearch at this address, such as http://127.0.0.1:9200.",
        ),
    ] = None,
) -> None:
    """Crawl the sandbox cloud, serve the catalogue, and print what to try."""
    with spoken_errors():
        try:
            asyncio.run(demo(images, typer.echo, opensearch))
        except DemoError as error:
            typer.echo(f"ims-catalog: the crawl failed: {error}", err=True)
            raise typer.Exit(FAILED) from None
