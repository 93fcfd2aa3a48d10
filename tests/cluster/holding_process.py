"""A process that takes the right to write, says so, and holds it until it is killed."""

import asyncio
import sys

from engines.clock import system_clock
from engines.opensearch.client import Client, Cluster
from engines.opensearch.lease import take_lease
from engines.opensearch.names import Names


async def hold(url: str, prefix: str) -> None:
    await take_lease(Client(Cluster((url,))), Names(prefix), system_clock(), "a process that dies")
    sys.stdout.write("held\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(*sys.argv[1:]))
