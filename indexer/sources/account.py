"""`Account`: a source that can be asked: client, login and retries put together."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import aiohttp
from yarl import URL

from clouds.endpoint import endpoint as address_of
from clouds.error import CloudError, Meaning, read_error
from clouds.payload import BadAnswer
from clouds.signature import Parameters, canonical_query
from indexer.deadline import Deadline
from indexer.limits import Limits
from indexer.sources.credential import (
    AccessKey,
    Agency,
    ApplicationCredential,
    Credential,
    InstanceKeys,
    Password,
    Proof,
)
from indexer.sources.failure import Down, Failure
from indexer.sources.given import GivenLogin
from indexer.sources.http import Answer, Http
from indexer.sources.lane import Lanes
from indexer.sources.login import Configured, Login, Place, proven
from indexer.sources.password import PasswordLogin
from indexer.sources.proof import headers_for
from indexer.sources.redaction import blotted
from indexer.sources.retry import retried
from indexer.sources.skew import with_skew
from indexer.sources.source import Source
from indexer.sources.temporary import AgencyLogin, InstanceLogin

T = TypeVar("T")
_LONGEST_TEXT = 500


def open_account(source: Source, session: aiohttp.ClientSession, lanes: Lanes, limits: Limits) -> "Account":
    """Open the way to the cloud of a source. Raises ValueError for an endpoint that is no address."""
    identities: dict[str, str] = {}
    for region in source.regions:
        identity = address_of(source.identity_endpoint, region)
        for pattern in (source.endpoint, source.ecs_endpoint, source.identity_endpoint):
            if pattern:
                identities.setdefault(address_of(pattern, region), identity)
    http = Http(
        session,
        (*identities, *_own_address(source.credential)),
        lanes,
        limits,
        logins=identities.values(),
    )
    login = login_with(http, Configured(source.credential, source.reread))
    return Account(http, login, limits, identities)


def _own_address(credential: Credential) -> tuple[str, ...]:
    """Give the address that an instance of the cloud asks about itself, for who has its keys only."""
    match credential:
        case InstanceKeys(address) | Agency(base=InstanceKeys(address)):
            return (address,)
        case _:
            return ()


def login_with(http: Http, configured: Configured) -> Login:
    """Choose the way to prove who asks that fits a credential."""
    match configured.current:
        case Password() | ApplicationCredential():
            return PasswordLogin(http, configured)
        case InstanceKeys() as instance:
            return InstanceLogin(http, instance)
        case Agency() as agency:
            return AgencyLogin(http, agency, login_with(http, configured.base()))
        case _:
            return GivenLogin(configured)


@dataclass(frozen=True, slots=True)
class Account:
    """One source's way to its cloud; `identities` tells which identity service goes with an endpoint."""

    http: Http
    login: Login
    limits: Limits
    identities: Mapping[str, str] = field(default_factory=dict)

    async def ask(
        self,
        endpoint: str,
        path: str,
        parameters: Parameters,
        read: Callable[[bytes], T],
        *,
        project: str | None,
        deadline: Deadline,
    ) -> T:
        """GET a path of an endpoint and read the body of the answer with `read`.

        Raises Failure, also for an answer that `read` refuses: it may have been cut on its way, so it is
        asked for again like any failure that may pass.
        """
        try:
            query = canonical_query(parameters)
        except UnicodeEncodeError as error:
            text = f"{error.object[:40]!a} holds half a character, which cannot be sent"
            raise Failure(blotted(text, self.login.secrets), Meaning.OTHER) from None
        url = URL(f"{endpoint}{path}{'?' if query else ''}{query}", encoded=True)
        place = Place(self.identities.get(endpoint, endpoint), project)

        async def send(proof: Proof) -> Answer:
            headers = headers_for(proof, url, project=project, now=deadline.clock.now())
            return await self.http.get(endpoint, url, headers)

        async def attempt() -> T:
            try:
                async with asyncio.timeout(deadline.left):
                    answer, proof = await proven(self.login, place, send)
                return self._read(answer, proof, read, deadline.clock.now())
            except TimeoutError:
                raise Failure("the deadline passed", Meaning.OTHER) from None
            except Down:
                raise
            except Failure as failure:
                text = blotted(str(failure), self.login.secrets)[:_LONGEST_TEXT]
                raise Failure(text, failure.meaning, failure.retry_after, sent=failure.sent) from None

        return await retried(
            attempt, limits=self.limits, deadline=deadline, lane=self.http.lanes.of(endpoint)
        )

    def _read(self, answer: Answer, proof: Proof, read: Callable[[bytes], T], now: datetime) -> T:
        if answer.status != 200:
            error = self._error(answer, proof, now)
            raise Failure(str(error), error.meaning, answer.retry_after)
        try:
            return read(answer.body)
        except BadAnswer as error:
            raise Failure(f"unusable answer: {error}", Meaning.TEMPORARY) from None

    def _error(self, answer: Answer, proof: Proof, now: datetime) -> CloudError:
        secrets = self.login.secrets
        error = read_error(
            answer.status, answer.body, answer.headers, redact=lambda text: blotted(text, secrets)
        )
        return with_skew(error, answer.headers, now) if isinstance(proof, AccessKey) else error
