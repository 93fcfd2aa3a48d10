"""A proxy before a node that lets through what a role allows, as the security plugin would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from engines.opensearch.roles import Role
from tests.cluster.permission import Aliases, Grant, grants, needs

_LARGEST = 64 * 1024 * 1024


@dataclass
class Guard:
    """`needed` are the grants without which a request would have been refused."""

    node: URL
    role: Role
    session: aiohttp.ClientSession
    needed: set[Grant] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        why = await self._judge(request, body)
        if why is not None:
            self.refused.append(f"{request.method} {request.path}: {why}")
            error = {"type": "security_exception", "reason": f"no permissions for [{why}] and User [name=it]"}
            return web.json_response({"error": error, "status": 403}, status=403)
        self.passed.append((request.method, request.path))
        target = self.node.join(request.rel_url)
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        async with self.session.request(request.method, target, data=body or None, headers=headers) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), content_type="application/json"
            )

    async def _judge(self, request: web.Request, body: bytes) -> str | None:
        """Say what the role lacks, None if nothing."""
        aliases = await self._aliases()
        wanted = needs(request.method, request.path, body, aliases)
        if wanted is None:
            return "what is not known"
        for need in wanted:
            allowed = grants(self.role, need, aliases)
            if not allowed:
                return need.action
            if len(allowed) == 1:
                self.needed |= allowed
        return None

    async def _aliases(self) -> Aliases:
        path = "/_cluster/state/metadata?filter_path=metadata.indices.*.aliases,metadata.indices.*.state"
        async with self.session.get(self.node.join(URL(path))) as answer:
            found = await answer.json()
        return {
            index: frozenset(one.get("aliases", ()))
            for index, one in found.get("metadata", {}).get("indices", {}).items()
        }


@asynccontextmanager
async def guarded(node: str, role: Role) -> AsyncIterator[tuple[str, Guard]]:
    """Stand before a node; give the address, and what happens there."""
    async with aiohttp.ClientSession() as session:
        guard = Guard(URL(node), role, session)
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", guard.handle)
        async with TestServer(app) as server:
            yield str(server.make_url("")), guard
