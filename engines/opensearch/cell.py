"""`Cell`: a small value that several processes may change, each change seen by the next."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.reply import items, text, whole

TRIES = 100
"""So often a value is changed anew where other processes change it at the same time."""

BETWEEN = 0.02
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One document of an index, whose field `entry` holds the value as text."""

    client: Client
    index: str
    name: str

    async def value(self) -> str | None:
        """Give the value, None where there is none."""
        return (await self._read())[0]

    async def change(self, change: Callable[[str | None], str]) -> str:
        """Put what `change` makes of the value in its place, whoever else changes it; give what it made."""
        for _ in range(TRIES):
            value, unchanged = await self._read()
            made = change(value)
            path = quoted(self.index, "_doc", self.name)
            body = orjson.dumps({"entry": made})
            try:
                await self.client.request("PUT", path, body=body, params={**unchanged, "refresh": "true"})
            except Refused as error:
                if error.status != 409:
                    raise
                # What the other has written is seen as soon as its write is refreshed.
                await asyncio.sleep(BETWEEN)
            else:
                return made
        raise EngineUnavailable(f"other processes write to {self.index} all the time")

    async def _read(self) -> tuple[str | None, dict[str, str]]:
        """Give the value, and the parameters of a write that only succeeds while it is."""
        body = {
            "query": {"ids": {"values": [self.name]}},
            "_source": ("entry",),
            "seq_no_primary_term": True,
        }
        try:
            reply = await self.client.request("POST", quoted(self.index, "_search"), body=orjson.dumps(body))
        except Refused as error:
            if error.status != 404:
                raise
            return None, {"op_type": "create"}
        if whole(reply, "_shards", "failed"):
            raise EngineUnavailable(f"the index {self.index} did not answer whole")
        found = items(reply, "hits", "hits")
        if not found:
            return None, {"op_type": "create"}
        version = {
            "if_seq_no": whole(found[0], "_seq_no"),
            "if_primary_term": whole(found[0], "_primary_term"),
        }
        return text(found[0], "_source", "entry"), {name: str(value) for name, value in version.items()}
