"""`Login`: what a source proves itself with, at any moment of a run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from clouds.error import Meaning
from indexer.sources.credential import Agency, Credential, Proof, Unreadable, secrets_of
from indexer.sources.failure import Failure
from indexer.sources.http import Answer


@dataclass(frozen=True, slots=True)
class Place:
    """What a proof is for: the identity service that knows of it, and a project; None is the account."""

    identity: str
    project: str | None


class Login(Protocol):
    """A way to prove who asks."""

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """Everything that nobody may read, of this run."""
        ...

    async def proof(self, place: Place) -> Proof:
        """Give what to send; log in for it where that is needed. Raises Failure."""
        ...

    async def other(self, refused: Proof, place: Place) -> Proof | None:
        """Give another proof than the one that was refused, None if there is none. Raises Failure."""
        ...

    def accepted(self, proof: Proof, place: Place) -> None:
        """Note that a request with this proof was not refused."""
        ...


async def proven(
    login: Login, place: Place, send: Callable[[Proof], Awaitable[Answer]]
) -> tuple[Answer, Proof]:
    """Send a request with a proof; once more with another one if it is refused and there is another.

    Gives the answer, and the proof that it is for. Raises Failure.
    """
    proof = await login.proof(place)
    answer = await send(proof)
    if is_refusal(answer):
        other = await login.other(proof, place)
        if other is None:
            return answer, proof
        proof, answer = other, await send(other)
    if not is_refusal(answer):
        login.accepted(proof, place)
    return answer, proof


def is_refusal(answer: Answer) -> bool:
    """Tell whether another login could help: this one is not, or no longer, accepted.

    Keys that were replaced are told as wrong ones, and not as expired.
    """
    return answer.status == 401 and answer.meaning in {Meaning.EXPIRED_LOGIN, Meaning.CONFIGURATION}


class Configured:
    """A credential as it was read; `reread` gives it anew, from where it was read first."""

    def __init__(self, credential: Credential, reread: Callable[[], Credential] | None) -> None:
        self.current = credential
        self._reread = reread
        self._secrets = frozenset(secrets_of(credential))

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """Those of now and of before."""
        return self._secrets

    def base(self) -> "Configured":
        """Give the credential that an agency is assumed with."""
        return Configured(_base(self.current), None if self._reread is None else self._base_again)

    def _base_again(self) -> Credential:
        return self.current if self._reread is None else _base(self._reread())

    def instead_of(self, refused: object) -> Credential | None:
        """Give a credential other than the refused one, read again unless that has happened; None if none.

        Raises Failure if it cannot be read.
        """
        if self.current == refused and self._reread is not None:
            try:
                self.current = self._reread()
            except Unreadable as error:
                raise Failure(str(error), Meaning.CONFIGURATION) from None
            self._secrets |= frozenset(secrets_of(self.current))
        return None if self.current == refused else self.current


def _base(credential: Credential) -> Credential:
    return credential.base if isinstance(credential, Agency) else credential
