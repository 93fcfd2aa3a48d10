"""`Transport`: opensearch-py's connections to the hosts of a cluster, chosen one by one for each request."""

import ssl
from collections.abc import Collection
from pathlib import Path

from opensearchpy import AsyncTransport

from engines.base import EngineUnavailable
from engines.opensearch.connection import Connection


class Transport(AsyncTransport):
    """Knows which hosts seem alive. While there are others, one that did not answer is left alone."""

    async def untried(self, tried: Collection[Connection]) -> Connection | None:
        """Choose a host that is not among those tried, the next in turn; None where there is no other."""
        await self._async_call()
        for _ in self.seed_connections:
            connection = self.get_connection()
            if isinstance(connection, Connection) and connection not in tried:
                return connection
        return None

    def others(self, tried: Collection[Connection]) -> bool:
        """Tell whether another host than those tried seems alive."""
        return any(each not in tried for each in self.connection_pool.connections)

    def failed(self, connection: Connection) -> None:
        """Leave a host alone that did not answer."""
        self.connection_pool.mark_dead(connection)

    def answered(self, connection: Connection) -> None:
        """Take a host for alive, however often it failed before."""
        self.connection_pool.mark_live(connection)


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Trust who was signed by the authority in a PEM file; None: by those that the system trusts.

    Raises EngineUnavailable for a file that cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise EngineUnavailable(f"ca_file: {ca_file} holds no certificate in the form of PEM") from None
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise EngineUnavailable(f"ca_file: {ca_file} cannot be read: {cause}") from None
