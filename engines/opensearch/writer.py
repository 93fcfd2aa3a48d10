"""`OpenSearchWriter`: the one process that builds and publishes generations of an installation."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import orjson

from engines.base import (
    Companions,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    ForeignGeneration,
    GenerationGone,
    Superseded,
)
from engines.clock import Clock
from engines.generation import parse_generation, term_of
from engines.opensearch.build import OpenSearchBuild, Steps
from engines.opensearch.bulk import Loading
from engines.opensearch.client import Client, Cluster, Refused
from engines.opensearch.clone import clone_index
from engines.opensearch.creation import create_index, delete_index, write_meta
from engines.opensearch.fence import ALIAS_SECONDS, fence
from engines.opensearch.installation import installation
from engines.opensearch.lease import Lease, take_lease
from engines.opensearch.meta import Meta, Sealed
from engines.opensearch.names import Names
from engines.opensearch.reply import part
from engines.opensearch.retire import retired
from engines.opensearch.served import generations, kept, metas, served
from engines.opensearch.stored import companions, documents, outlines, these_documents
from engines.opensearch.sweep import sweep
from engines.opensearch.version import check_version
from mappings.document import Outline, Stored
from mappings.schema import SCHEMA

_LOG = logging.getLogger(__name__)


async def open_writer(
    cluster: Cluster,
    *,
    prefix: str = "ims-catalog",
    clock: Clock,
    shards: int = 1,
    replicas: int | None = None,
    holder: str = "a process",
    loading: Loading | None = None,
    waiting: Callable[[str], None] | None = None,
) -> "OpenSearchWriter":
    """Take the right to write on a cluster; the first writer makes the installation. What broke off is swept.

    `replicas`: copies of each index, None for one where there is another node. `holder` tells others who
    writes, `waiting` is told who is waited for. Raises WriterBusy while another process has it,
    ForeignGeneration, EngineUnavailable.
    """
    given = loading or Loading()
    client = Client(cluster, connections=given.at_once + 4)
    names = Names(prefix)
    try:
        await check_version(client)
        identity = await installation(client, names, create=True)
        if identity is None:
            raise EngineUnavailable(f"the index {names.lease} was deleted while it was being made")
        lease = await take_lease(client, names, clock, holder, waiting)
    except BaseException:
        await client.close()
        raise
    writer = OpenSearchWriter(
        client, names, clock, lease, identity, shards=shards, replicas=replicas, loading=given
    )
    try:
        await writer.sweep()
    except BaseException:
        await writer.close()
        raise
    return writer


class OpenSearchWriter:
    """Implements `engines.base.Writer`. Holds the right to write until `close`."""

    def __init__(
        self,
        client: Client,
        names: Names,
        clock: Clock,
        lease: Lease,
        identity: str,
        *,
        shards: int,
        replicas: int | None,
        loading: Loading,
    ) -> None:
        self._client = client
        self._names = names
        self._clock = clock
        self._lease = lease
        self._installation = identity
        self._shards = shards
        self._replicas = replicas
        self._loading = loading
        self._builds: list[OpenSearchBuild] = []

    async def served(self) -> str | None:
        """Name of the generation being served, None before the first.

        Raises ForeignGeneration for one of another installation or a newer version, and DamagedGeneration
        where the alias that tells it is lost.
        """
        meta = await served(self._client, self._names)
        return None if meta is None else meta.generation

    async def term(self, run: str) -> int:
        """Give a run a term greater than any before it, and tell others of it.

        Raises Superseded if the right to write was lost, EngineUnavailable.
        """
        return await self._lease.term(run, await self._highest())

    async def sweep(self) -> None:
        """Remove what builds have left that broke off. What cannot be removed now goes another time, and
        where it is lost what is served nothing goes.
        """
        try:
            await self._sweep(below=await self._highest() + 1)
        except EngineError as error:
            _LOG.info("nothing is swept of %s: %s", self._names.prefix, error)

    async def documents(self, generation: str) -> AsyncIterator[Sequence[Stored]]:
        """Stream the documents of a generation by ascending key, whatever schema wrote them.

        Raises GenerationGone, DamagedGeneration or ForeignGeneration.
        """
        pages = documents(self._client, generation, await self._sealed(generation))
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def outlined(self, generation: str) -> "OpenSearchOutlined | None":
        """Give the documents in outline; None where another version wrote them. Raises as `documents`."""
        meta = await kept(self._client, self._names, generation)
        if meta.sealed is None or meta.clones is None or meta.schema != SCHEMA:
            return None
        return OpenSearchOutlined(self._client, generation, meta.sealed)

    async def check(self) -> None:
        """Look whether this process still has the right to write. Raises Superseded, EngineUnavailable."""
        await self._lease.check()

    async def fence(self, generation: str) -> bool:
        """Make sure that a generation is served now or never; tell which.

        Raises Superseded if the right to write was lost, EngineUnavailable.
        """
        await self._lease.check()
        return await fence(self._client, self._names, generation, self._clock)

    async def companions(self, generation: str) -> Companions:
        """Give flavors and OS versions of a generation. Raises as `documents` does."""
        return await companions(self._client, generation, await self._sealed(generation))

    async def begin(self, generation: str, planned_on: str | None) -> OpenSearchBuild:
        """Start to build a generation; what builds of lower terms have left that broke off is removed.

        Raises ForeignGeneration for a name of another prefix or schema, ValueError for what is no name,
        GenerationRejected where the cluster makes something else of the index, Superseded if the right to
        write was lost.
        """
        await self._prepare(generation)
        meta = Meta(self._installation, generation, SCHEMA)
        uuid = await create_index(self._client, meta, shards=self._shards)
        return self._built(meta, planned_on, uuid)

    async def amend(self, generation: str, planned_on: str) -> OpenSearchBuild | None:
        """Start to build a generation from a clone of the one served; None where it is not to be cloned.

        Removes and raises what `begin` does.
        """
        version = await check_version(self._client)
        source = await served(self._client, self._names)
        if source is None or source.generation != planned_on or source.sealed is None:
            return None
        await self._prepare(generation)
        meta = Meta(self._installation, generation, SCHEMA, clones=(source.clones or 0) + 1)
        uuid = await clone_index(self._client, source, meta, shards=self._shards, version=version)
        return None if uuid is None else self._built(meta, planned_on, uuid, source)

    async def _prepare(self, generation: str) -> None:
        """Make sure of the right to write, and of a place where nothing is left of others."""
        parts = parse_generation(generation)
        if (parts.prefix, parts.schema) != (self._names.prefix, SCHEMA):
            raise ForeignGeneration(
                f"{generation} is not one of {self._names.prefix} with schema {SCHEMA}, which this writer"
                " builds"
            )
        self._builds = [build for build in self._builds if not (build.given_up or build.ended)]
        await self._lease.check()
        await self._sweep(below=parts.term)
        await self._lease.begin_build(generation)

    def _built(
        self, meta: Meta, planned_on: str | None, uuid: str, source: Meta | None = None
    ) -> OpenSearchBuild:
        build = OpenSearchBuild(
            self._client,
            meta,
            planned_on,
            uuid=uuid,
            steps=Steps(self._publish, self._is_served),
            replicas=self._replicas,
            loading=self._loading,
            clock=self._clock,
            source=source,
        )
        self._builds.append(build)
        return build

    async def close(self) -> None:
        """Let go of connections and of the right to write."""
        for build in self._builds:
            await build.close()
        await self._lease.release()
        await self._client.close()

    async def _publish(self, build: OpenSearchBuild) -> None:
        """Move the alias to a verified index, if it is still where it was when the build was planned."""
        await self._lease.check()
        present = await self.served()
        if present != build.planned_on:
            raise _superseded(build, present)
        build.meta = replace(build.meta, published=self._clock.now())
        try:
            await write_meta(self._client, build.meta)
        except Refused as error:
            if error.status != 404:
                raise
            raise Superseded(f"{build.generation} was deleted before it could be published") from None
        await self._move_alias(build)
        await self._retire(build)

    async def _move_alias(self, build: OpenSearchBuild) -> None:
        """One step for the cluster: taken off where it must be, put on the new index; then read back."""
        alias = self._names.served
        off = {"index": build.planned_on or self._names.lease, "alias": alias, "must_exist": True}
        on = {"index": build.generation, "alias": alias, "is_hidden": True}
        failure: EngineError | None = None
        # What was sent may be done at any later time, until an answer tells how it ended.
        build.in_doubt = True
        try:
            reply = await self._client.request(
                "POST",
                "/_aliases",
                body=orjson.dumps({"actions": [{"remove": off}, {"add": on}]}),
                params={"cluster_manager_timeout": f"{ALIAS_SECONDS:g}s", "timeout": f"{ALIAS_SECONDS:g}s"},
                # The cluster gives up before the client does: what is not done by then is never done.
                seconds=2 * ALIAS_SECONDS + 5,
            )
            if part(reply, "acknowledged") is not True:
                failure = EngineTimeout(f"the cluster has not confirmed that it serves {build.generation}")
        except Refused as error:
            if error.status != 404:
                build.in_doubt = False
                raise
        except (EngineTimeout, EngineUnavailable) as error:
            failure = error
        present = await self.served()
        if present == build.generation:
            return
        if failure is not None:
            raise failure
        build.in_doubt = False
        raise _superseded(build, present)

    async def _retire(self, build: OpenSearchBuild) -> None:
        """Delete what is no longer served; what cannot be goes next time."""
        try:
            for name in retired(await self._ours(), build.generation, build.planned_on, self._clock.now()):
                await delete_index(self._client, name)
        except EngineError as error:
            _LOG.warning("a generation that is no longer kept could not be removed: %s", error)

    async def _is_served(self, generation: str) -> bool:
        return generation in (await metas(self._client, self._names.served) or {})

    async def _ours(self) -> list[Meta]:
        return await generations(self._client, self._names, self._installation)

    async def _sweep(self, below: int) -> None:
        await sweep(
            self._client,
            self._names,
            self._installation,
            building=[build.generation for build in self._builds],
            begun=self._lease.begun,
            below=below,
        )

    async def _highest(self) -> int:
        """Give the highest term of a generation of this installation that was begun, 0 where none was."""
        known = (*(meta.generation for meta in await self._ours()), *self._lease.begun)
        return max(map(term_of, known), default=0)

    async def _sealed(self, generation: str) -> Sealed:
        sealed = (await kept(self._client, self._names, generation)).sealed
        if sealed is None:
            raise GenerationGone(f"{generation!r} is no longer kept")
        return sealed


class OpenSearchOutlined:
    """Implements `engines.base.Outlined`."""

    def __init__(self, client: Client, generation: str, sealed: Sealed) -> None:
        self._client = client
        self._generation = generation
        self._sealed = sealed

    def outlines(self) -> AsyncGenerator[Sequence[Outline], None]:
        """Stream the outlines by ascending key. Raises GenerationGone, DamagedGeneration."""
        return outlines(self._client, self._generation, self._sealed)

    async def documents(self, keys: Sequence[str]) -> Sequence[Stored]:
        """Read the documents with these keys. Raises DamagedGeneration where one is missing."""
        return await these_documents(self._client, self._generation, keys)


def _superseded(build: OpenSearchBuild, present: str | None) -> Superseded:
    return Superseded(
        f"{build.generation} was planned on {build.planned_on or 'nothing'}, but {present or 'nothing'} is"
        " served now"
    )
