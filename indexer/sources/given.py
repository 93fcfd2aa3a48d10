"""`GivenLogin`: keys or a token that a person put there; read again when they are refused."""

from pydantic import SecretStr

from indexer.sources.credential import AccessKey, NoCredential, Proof, ReadyToken
from indexer.sources.login import Configured, Place


class GivenLogin:
    """Sends what is configured, which must be a `Proof`."""

    def __init__(self, configured: Configured) -> None:
        self._configured = configured

    @property
    def secrets(self) -> frozenset[SecretStr]:
        """See `Login`."""
        return self._configured.secrets

    async def proof(self, place: Place) -> Proof:
        """Give what is configured, for every place."""
        return _proof(self._configured.current) or NoCredential()

    async def other(self, refused: Proof, place: Place) -> Proof | None:
        """Read it again, once for all who were refused."""
        return _proof(self._configured.instead_of(refused))

    def accepted(self, proof: Proof, place: Place) -> None:
        """Nothing follows from that."""


def _proof(credential: object) -> Proof | None:
    return credential if isinstance(credential, AccessKey | ReadyToken | NoCredential) else None
