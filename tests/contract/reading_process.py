"""A process of its own that asks without pause, as a worker of the API does; run by `test_take_over.py`.

    python -m tests.contract.reading_process ENGINE FOLDER LAST

Every image of a generation bears the generation's number. Prints as JSON which numbers were seen, how many
requests were answered and what went wrong; ends when LAST has been seen.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from engines.clock import Clock, system_clock
from engines.query import FieldFacet, Query
from tests.contract.catalogue import ask
from tests.contract.engine import ENGINES

GIVE_UP_SECONDS = 60


async def main(name: str, folder: Path, last: int) -> None:
    engine = ENGINES[name](folder)
    # Time passes a hundred times as fast, so that the reader looks for news often.
    real = system_clock()
    readers = engine.readers_at(Clock(real.now, lambda: real.monotonic() * 100, real.sleep))
    seen: list[int] = []
    answered = 0
    wrong: list[str] = []
    end = time.monotonic() + GIVE_UP_SECONDS
    try:
        while (not seen or seen[-1] != last) and time.monotonic() < end:
            try:
                answer = await ask(await readers.served(), Query(facets=(FieldFacet("min_disk"),)))
            except Exception as error:
                wrong.append(repr(error))
                break
            (bucket,) = answer.facets["min_disk"].buckets
            number = int(bucket.value)
            if answer.total != bucket.count or any(
                f'"min_disk":{number},' not in hit.body.decode() for hit in answer.hits
            ):
                wrong.append(f"an answer out of two generations: {answer}")
            if not seen or seen[-1] != number:
                seen.append(number)
            answered += 1
            if answered == 1:
                sys.stdout.write("ready\n")
                sys.stdout.flush()
            await asyncio.sleep(0)
    finally:
        await readers.close()
    sys.stdout.write(json.dumps({"seen": seen, "answered": answered, "wrong": wrong}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
