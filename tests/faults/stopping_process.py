"""A process that builds a generation in a folder, says so, and is stopped right before it would publish."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from engines.base import Companions, Expected, Superseded
from engines.clock import system_clock
from engines.embedded.writer import open_writer
from engines.generation import Generation
from mappings.schema import SCHEMA


async def build(folder: Path, run: str) -> None:
    clock = system_clock()
    writer = open_writer(folder, clock=clock)
    name = Generation("ims-catalog", SCHEMA, await writer.term(run), clock.now(), run[-6:]).name
    built = await writer.begin(name, await writer.served())
    await built.seal(Companions())
    await built.verify(Expected(0, {}))
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        await built.publish()
    except Superseded as error:
        sys.stdout.write(f"superseded: {error}\n")
        await built.discard()
    else:
        sys.stdout.write("published\n")
    await writer.close()


if __name__ == "__main__":
    asyncio.run(build(Path(sys.argv[1]), sys.argv[2]))
