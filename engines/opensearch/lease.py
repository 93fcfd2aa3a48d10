"""`take_lease`: the right to write, which one process holds, and which ends by itself when that one dies.

A document in the lease index names who holds it. It is written only on top of the state that was read
(compare-and-swap by sequence number), and written anew while it is held. Who finds it held watches it by a
clock of its own: as long as a holder lives the document changes, so that no two clocks need to agree.

The document also keeps the term, which grows with each run and never falls, and the generations that were
begun: so an index that says nothing of itself is known to be what a build of ours has left.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from engines.base import EngineError, Superseded, WriterBusy
from engines.clock import Clock
from engines.holding import Holding
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.installation import installation
from engines.opensearch.names import Names
from engines.opensearch.reply import part, whole

RENEW_SECONDS = 5.0
"""The lease is written anew so often."""

TRY_SECONDS = 3.0
"""A request of the first try to write it anew may take so long, and one of the next tries twice as long.

A host that hangs must leave time to ask another one.
"""

AGAIN_SECONDS = 1.0
"""After a try that failed the next one follows so soon."""

WRITE_SECONDS = 10.0
"""A request of whoever waits for it may take so long: the renewal waits meanwhile."""

LIVES_SECONDS = 20.0
"""A lease that was not written anew for so long is free."""

LOOK_SECONDS = 1.0
"""Who finds it held looks so often whether it is still written."""

_DOCUMENT = "writer"

_BEGUN = 20
"""So many of the generations that were begun last are remembered."""

_log = logging.getLogger(__name__)


async def take_lease(
    client: Client,
    names: Names,
    clock: Clock,
    holder: str,
    waiting: Callable[[str], None] | None = None,
) -> "Lease":
    """Take the right to write; the lease index must exist. `holder` tells others who has it.

    `waiting` is told what is waited for, where another process has it or had it when it died.

    Raises WriterBusy that names who has it, after at most `LIVES_SECONDS`, and EngineUnavailable.
    """
    found = await _look(client, names)
    if found is not None and found.held:
        if waiting is not None:
            waiting(
                f"waiting for the right to write to {names.prefix}, which {found.holding} has or had when it"
                f" died: at most {LIVES_SECONDS:g} s"
            )
        found = await _when_free(client, names, clock, found)
    token = secrets.token_hex(16)
    lease = Lease(client, names, clock, _Told(holder, token, clock.now()), found)
    await lease.begin()
    return lease


async def holding(client: Client, names: Names) -> Holding | None:
    """Tell who has the right to write, None if nobody. Raises EngineUnavailable."""
    found = await _look(client, names)
    if found is None or not found.held:
        return None
    return found.holding


@dataclass(frozen=True, slots=True)
class _Version:
    """A state of the document, as OpenSearch counts them."""

    number: int
    term: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What the document says."""

    version: _Version
    holder: str | None
    token: str | None
    since: str
    renewed: str
    run: str | None
    term: int
    begun: tuple[str, ...]

    @property
    def held(self) -> bool:
        return self.holder is not None

    @property
    def holding(self) -> Holding:
        who = self.holder or "another process"
        return Holding(who, _read_moment(self.since), self.run, _read_moment(self.renewed))


@dataclass(frozen=True, slots=True)
class _Told:
    """What the holder writes of itself."""

    holder: str
    token: str
    since: datetime
    run: str | None = None


class Lease:
    """The right to write; it is renewed in the background until `release`.

    It is lost once another process has taken it, and not before: what could not be renewed for long, because
    the cluster had too much to do, is still held where nobody else wanted it.
    """

    def __init__(self, client: Client, names: Names, clock: Clock, told: _Told, found: _Found | None) -> None:
        self._client = client
        self._path = quoted(names.lease, "_doc", _DOCUMENT)
        self._names = names
        self._clock = clock
        self._told = told
        self._version = None if found is None else found.version
        self._term = 0 if found is None else found.term
        self._begun = () if found is None else found.begun
        self._beat = 0
        self._lost: str | None = None
        self._writing = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Write it for the first time. Raises WriterBusy if another process was quicker."""
        try:
            await self._renew()
        except Superseded:
            found = await _look(self._client, self._names)
            raise _busy(self._names, found) from None
        self._renewal = asyncio.create_task(self._keep())

    async def check(self) -> None:
        """Make sure that it is held at this moment.

        Raises Superseded if another process has taken it, EngineUnavailable or EngineTimeout if that cannot
        be told.
        """
        await self._renew()

    @property
    def begun(self) -> tuple[str, ...]:
        """The generations that were begun last, by this holder and those before, the newest at the end."""
        return self._begun

    async def term(self, run: str, above: int) -> int:
        """Give a run a term greater than any given before and than `above`; others see both from now on.

        Raises as `check` does: the term is written down before anybody has it.
        """
        self._term = max(self._term, above) + 1
        self._told = replace(self._told, run=run)
        await self._renew()
        return self._term

    async def begin_build(self, generation: str) -> None:
        """Write down that a generation is begun. Raises as `check` does."""
        self._begun = (*self._begun, generation)[-_BEGUN:]
        await self._renew()

    async def release(self) -> None:
        """Give it back at once; where that cannot be written it ends by itself."""
        if self._renewal is not None:
            self._renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewal
            self._renewal = None
        if self._lost is not None:
            return
        async with self._writing:
            self._lost = "it was given back"
            try:
                await self._write(self._entry(held=False), WRITE_SECONDS)
            except EngineError as error:
                _log.warning(
                    "the right to write is not given back but ends in %g s: %s", LIVES_SECONDS, error
                )

    async def _keep(self) -> None:
        """Write it anew until it is lost. What goes wrong in between is met by the next try."""
        pause, within = RENEW_SECONDS, TRY_SECONDS
        while self._lost is None:
            await self._clock.sleep(pause)
            try:
                await self._renew(within)
            except EngineError as error:
                _log.warning("the right to write could not be renewed: %s", error)
                pause, within = AGAIN_SECONDS, 2 * TRY_SECONDS
            else:
                pause, within = RENEW_SECONDS, TRY_SECONDS

    async def _renew(self, within: float = WRITE_SECONDS) -> None:
        async with self._writing:
            if self._lost is not None:
                raise Superseded(f"the right to write was lost: {self._lost}")
            await self._write(self._entry(held=True), within)

    def _entry(self, *, held: bool) -> dict[str, object]:
        self._beat += 1
        return {
            "holder": self._told.holder if held else None,
            "token": self._told.token if held else None,
            "since": self._told.since,
            "renewed": self._clock.now(),
            "beat": self._beat,
            "run": self._told.run if held else None,
            "term": self._term,
            "begun": self._begun,
        }

    async def _write(self, entry: Mapping[str, object], within: float) -> None:
        """Write on top of the state that is known. Raises Superseded if there is another.

        Each request may take as long as any other, and not longer than `within` seconds.
        """
        seconds = min(within, self._client.cluster.timeout)
        # Many clusters would make the index anew, without the installation, of a document that is sent to it.
        if await installation(self._client, self._names, create=False, seconds=seconds) is None:
            self._lost = f"the index {self._names.lease} was deleted"
            raise Superseded(f"the right to write was lost: {self._lost}")
        try:
            self._version = await self._put(entry, seconds)
            return
        except Refused as error:
            if error.status not in {404, 409}:
                raise
        # An answer that did not come may belong to a write that was made.
        found = await _look(self._client, self._names, seconds)
        if found is None or found.token != self._told.token:
            self._lost = "the lease is gone" if found is None else f"{found.holder or 'nobody'} has it now"
            raise Superseded(f"the right to write was lost: {self._lost}")
        self._version = found.version
        try:
            self._version = await self._put(entry, seconds)
        except Refused as error:
            if error.status not in {404, 409}:
                raise
            self._lost = "another process took it"
            raise Superseded(f"the right to write was lost: {self._lost}") from None

    async def _put(self, entry: Mapping[str, object], seconds: float) -> _Version:
        if self._version is None:
            params = {"op_type": "create"}
        else:
            params = {"if_seq_no": str(self._version.number), "if_primary_term": str(self._version.term)}
        body = orjson.dumps(entry)
        reply = await self._client.request("PUT", self._path, body=body, params=params, seconds=seconds)
        return _Version(whole(reply, "_seq_no"), whole(reply, "_primary_term"))


async def _when_free(client: Client, names: Names, clock: Clock, held: _Found) -> _Found | None:
    """Watch a lease that is held until it has ended. Raises WriterBusy as soon as it is renewed."""
    begun = clock.monotonic()
    while clock.monotonic() - begun < LIVES_SECONDS:
        await clock.sleep(LOOK_SECONDS)
        found = await _look(client, names)
        if found is None or not found.held:
            return found
        if found.version != held.version:
            raise _busy(names, found)
    return held


async def _look(client: Client, names: Names, seconds: float | None = None) -> _Found | None:
    try:
        reply = await client.request("GET", quoted(names.lease, "_doc", _DOCUMENT), seconds=seconds)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return _Found(
        version=_Version(whole(reply, "_seq_no"), whole(reply, "_primary_term")),
        holder=_text(part(reply, "_source", "holder")),
        token=_text(part(reply, "_source", "token")),
        since=_text(part(reply, "_source", "since")) or "",
        renewed=_text(part(reply, "_source", "renewed")) or "",
        run=_text(part(reply, "_source", "run")),
        term=_number(part(reply, "_source", "term")),
        begun=_texts(part(reply, "_source", "begun")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int:
    return value if type(value) is int else 0


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _busy(names: Names, found: _Found | None) -> WriterBusy:
    who = "another process" if found is None or not found.held else str(found.holding)
    return WriterBusy(f"{who} is building a generation of {names.prefix} in OpenSearch")


def _read_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
