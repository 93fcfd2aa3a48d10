"""`PasswordLogin`: a token for each project, by user and password or by an application credential.

Sources: IAM API Reference, "Obtaining a User Token Through Password Authentication"; OpenStack Identity API
v3, "Authentication and token management".
"""

import asyncio
import math
from functools import partial

from pydantic import SecretStr
from yarl import URL

from clouds import keystone
from clouds.error import Meaning
from clouds.issued import TOKENS_PATH, password_login, read_token
from indexer.sources.credential import ApplicationCredential, NoCredential, Password, Proof, ReadyToken
from indexer.sources.failure import Failure
from indexer.sources.http import Http
from indexer.sources.kept import Issued, Kept
from indexer.sources.login import Configured, Place
from indexer.sources.login_answer import read_login
from indexer.sources.proof import headers_for

_REFUSED = 2
"""Logins that may be refused to a password that was accepted for another project: a user may be shut out of
one, and accounts are locked after a few more."""


Who = Password | ApplicationCredential


class PasswordLogin:
    """One token a project, each renewed early; one login at a time, none with a password that failed."""

    def __init__(self, http: Http, configured: Configured) -> None:
        self._http = http
        self._configured = configured
        self._kept: dict[Place, Kept] = {}
        self._one_by_one = asyncio.Lock()
        self._accepted: Who | None = None
        self._refused: Who | None = None
        self._refusals = 0
        self._failure: Failure | None = None
        self._tokens: set[SecretStr] = set()

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """See `Login`."""
        return self._configured.secrets | self._tokens

    async def proof(self, place: Place) -> Proof:
        """Give the token of a project, or of the account."""
        return await self._of(place).get(partial(self._issued, place))

    async def other(self, refused: Proof, place: Place) -> Proof | None:
        """Log in again, once for all who were refused."""
        return await self._of(place).replace(refused, partial(self._issued, place))

    def accepted(self, proof: Proof, place: Place) -> None:
        """See `Login`."""
        self._of(place).accepted(proof)

    def _of(self, place: Place) -> Kept:
        if isinstance(self._configured.current, ApplicationCredential):
            place = Place(place.identity, None)  # its one token is for its own project, whatever is asked
        return self._kept.setdefault(place, Kept(self._http.lanes.clock, once=True))

    async def _issued(self, place: Place) -> Issued:
        async with self._one_by_one:
            who = self._who()
            try:
                return await self._tried(who, place)
            except Failure as failure:
                if failure.meaning is not Meaning.CONFIGURATION or self._configured.instead_of(who) is None:
                    raise
            return await self._tried(self._who(), place)

    def _who(self) -> Who:
        current = self._configured.current
        if not isinstance(current, Password | ApplicationCredential):
            raise Failure("the login is no longer configured as one for tokens", Meaning.CONFIGURATION)
        return current

    async def _tried(self, who: Who, place: Place) -> Issued:
        if self._failure is not None and self._refused == who:
            raise self._failure.again()
        try:
            issued = await self._login(who, place)
        except Failure as failure:
            if failure.sent:
                self._refusals = self._refusals + 1 if self._refused == who else 1
                self._refused = who
                if self._accepted != who or self._refusals > _REFUSED:
                    self._failure = failure
            raise
        self._accepted = who
        return issued

    async def _login(self, who: Who, place: Place) -> Issued:
        url = URL(f"{place.identity}{TOKENS_PATH}?nocatalog=true", encoded=True)
        body = _body(who, place.project)
        headers = headers_for(NoCredential(), url, project=None, now=self._http.lanes.clock.now(), login=body)
        answer = await self._http.post(place.identity, url, headers, body)
        what = _named(who) + (f" for project {place.project}" if place.project else "")
        token = read_login(answer, what, self.secrets, lambda one: read_token(one.headers, one.body))
        self._tokens.add(SecretStr(token.token))
        if token.seconds is not None and token.seconds <= 0:
            raise Failure(f"{what}: the token that came had already expired", Meaning.OTHER)
        return Issued(ReadyToken(SecretStr(token.token)), token.seconds or math.inf)


def _body(who: Who, project: str | None) -> bytes:
    match who:
        case ApplicationCredential(identifier, secret):
            return keystone.application_credential_login(
                identifier=identifier, secret=secret.get_secret_value()
            )
        case Password(user, domain, password, unscoped):
            write = keystone.password_login if unscoped else password_login
            return write(user=user, domain=domain, password=password.get_secret_value(), project=project)


def _named(who: Who) -> str:
    match who:
        case ApplicationCredential(identifier):
            return f"login with application credential {identifier!r}"
        case Password(user):
            return f"login of user {user!r}"
