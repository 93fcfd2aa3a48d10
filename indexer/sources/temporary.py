"""Logins that bring temporary keys: of an agency in another account, of the instance that this runs on.

Sources: IAM API Reference, "Obtaining Temporary Access Keys and Security Tokens of an IAM Agency"; ECS User
Guide, "Obtaining Metadata".
"""

import math
from functools import partial

from pydantic import SecretStr
from yarl import URL

from clouds.error import Meaning
from clouds.issued import INSTANCE_KEYS_PATH, TEMPORARY_KEYS_PATH, agency_login, read_keys
from indexer.sources.credential import AccessKey, Agency, InstanceKeys, NoCredential, Proof, secrets_of
from indexer.sources.failure import Failure
from indexer.sources.http import Answer, Http
from indexer.sources.kept import Issued, Kept
from indexer.sources.login import Login, Place, proven
from indexer.sources.login_answer import read_login
from indexer.sources.proof import headers_for


class AgencyLogin:
    """The keys of an agency, which `base` may assume: the same for every project of its account."""

    def __init__(self, http: Http, agency: Agency, base: Login) -> None:
        self._http = http
        self._agency = agency
        self._base = base
        self._kept = Kept(http.lanes.clock, once=True)
        self._keys: frozenset[SecretStr] = frozenset()

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """See `Login`."""
        return self._base.secrets | self._keys

    async def proof(self, place: Place) -> Proof:
        """Give the keys, renewed early."""
        return await self._kept.get(partial(self._issued, place.identity))

    async def other(self, refused: Proof, place: Place) -> Proof | None:
        """Assume the agency again, once for all who were refused."""
        return await self._kept.replace(refused, partial(self._issued, place.identity))

    def accepted(self, proof: Proof, place: Place) -> None:
        """See `Login`."""
        self._kept.accepted(proof)

    async def _issued(self, identity: str) -> Issued:
        url = URL(f"{identity}{TEMPORARY_KEYS_PATH}", encoded=True)
        body = agency_login(domain=self._agency.domain, agency=self._agency.agency)

        async def send(base: Proof) -> Answer:
            now = self._http.lanes.clock.now()
            return await self._http.post(
                identity, url, headers_for(base, url, project=None, now=now, login=body), body
            )

        answer, base = await proven(self._base, Place(identity, None), send)
        what, signed = f"login by agency {self._agency.agency!r}", isinstance(base, AccessKey)
        issued, keys = _read(answer, what, self.secrets, self._http, signed=signed)
        self._keys |= keys
        return issued


class InstanceLogin:
    """The keys of the instance; asking for them is no login, so it may be done again."""

    def __init__(self, http: Http, instance: InstanceKeys) -> None:
        self._http = http
        self._instance = instance
        self._kept = Kept(http.lanes.clock, once=False)
        self._keys: frozenset[SecretStr] = frozenset()

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """See `Login`."""
        return self._keys

    async def proof(self, place: Place) -> Proof:
        """Give the keys, renewed early."""
        return await self._kept.get(self._issued)

    async def other(self, refused: Proof, place: Place) -> Proof | None:
        """Ask for the keys again, once for all who were refused."""
        return await self._kept.replace(refused, self._issued)

    def accepted(self, proof: Proof, place: Place) -> None:
        """See `Login`."""
        self._kept.accepted(proof)

    async def _issued(self) -> Issued:
        address = self._instance.address
        url = URL(f"{address}{INSTANCE_KEYS_PATH}", encoded=True)
        headers = headers_for(NoCredential(), url, project=None, now=self._http.lanes.clock.now())
        answer = await self._http.get(address, url, headers)
        issued, keys = _read(answer, "the keys of this instance", self.secrets, self._http)
        self._keys |= keys
        return issued


def _read(
    answer: Answer, what: str, secrets: frozenset[SecretStr], http: Http, *, signed: bool = False
) -> tuple[Issued, frozenset[SecretStr]]:
    now = http.lanes.clock.now()
    keys = read_login(
        answer,
        what,
        secrets,
        lambda one: read_keys(one.headers, one.body, now),
        signed=now if signed else None,
    )
    if keys.seconds is not None and keys.seconds <= 0:
        raise Failure(f"{what}: the keys that came had already expired", Meaning.OTHER)
    key = AccessKey(SecretStr(keys.access), SecretStr(keys.secret), SecretStr(keys.security_token))
    return Issued(key, keys.seconds or math.inf), frozenset(secrets_of(key))
