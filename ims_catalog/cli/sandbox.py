"""`ims-catalog sandbox`."""

import asyncio
import signal
from typing import Annotated

import typer

from ims_catalog.cli.options import FAILED
from ims_catalog.sandbox.estate import Estate, draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox


def command(
    images: Annotated[int, typer.Option(metavar="N", min=0, max=10_000_000, help="Images to draw.")] = 3000,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed draws the same images.")] = 1,
    regions: Annotated[int, typer.Option(metavar="N", min=1, max=6, help="Regions of the cloud.")] = 3,
    projects: Annotated[int, typer.Option(metavar="N", min=1, max=60, help="Projects of the account.")] = 6,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    page_info: Annotated[bool, typer.Option("--page-info", help="Tell the next marker in pages.")] = False,
) -> None:
    """Run a made-up cloud on this machine, to try things out.

    It speaks as IMS, IAM and ECS do, wrong corners included, and prints the settings of a source for it.
    """
    try:
        estate = draw_estate(images, seed=seed, regions=regions, projects=projects)
        asyncio.run(_serve(estate, port, page_info=page_info))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        typer.echo(f"ims-catalog: cannot listen on port {port}: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from None


async def _serve(estate: Estate, port: int, *, page_info: bool) -> None:
    until = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    async with await start_sandbox(estate, port=port, page_info=page_info) as sandbox:
        typer.echo(settings_for(sandbox))
        await until.wait()


def settings_for(sandbox: Sandbox) -> str:
    """Write the settings of a source that crawls this sandbox, and the keys it asks for."""
    return f"""# The sandbox cloud answers on {sandbox.url} (Ctrl-C ends it). Crawl it with:
#   export HUAWEICLOUD_SDK_AK={sandbox.access_key} HUAWEICLOUD_SDK_SK={sandbox.secret_key}
# and, in ims-catalog.toml:

[[sources]]
name = "sandbox"
cloud = "sandbox"
regions = [{", ".join(f'"{region}"' for region in sandbox.regions)}]
endpoint = "{sandbox.ims_endpoint}"
ecs_endpoint = "{sandbox.ecs_endpoint}"
identity_endpoint = "{sandbox.identity_endpoint}"
auth = {{ kind = "aksk" }}
"""
