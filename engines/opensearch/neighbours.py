"""`neighbours`: other installations whose names fall among ours, or ours among theirs.

Everything of an installation begins with its prefix and a "-". Where one prefix begins with another and a
"-", what is done to all of the one, as rights that are given and indices that are deleted, is done to the
other.
"""

import re
from typing import Final

from engines.opensearch.client import Client, Forbidden, Refused, quoted
from engines.opensearch.names import IDENTITY, Names
from engines.opensearch.reply import entries, part


async def neighbours(client: Client, names: Names) -> tuple[str, ...]:
    """Give the prefixes of such installations, as far as the user may see them. Raises EngineUnavailable."""
    above = [Names(prefix).lease for prefix in _above(names.prefix)]
    below = Names(names.all).lease
    found = [*(await _leases(client, ",".join(above)) if above else ()), *await _leases(client, below)]
    return tuple(sorted(index.removesuffix(_LEASE) for index in found if index != names.lease))


def tangled(names: Names, others: tuple[str, ...]) -> str | None:
    """Say what is wrong about neighbours and what to do, None where there are none."""
    if not others:
        return None
    return (
        f"the prefix {names.prefix} and that of another installation, {', '.join(others)}, begin with each"
        ' other and a "-": what is done to all indices of the one would be done to the other;'
        " set another engine.prefix"
    )


def _above(prefix: str) -> list[str]:
    return [prefix[: sign.start()] for sign in re.finditer("-", prefix)]


async def _leases(client: Client, expression: str) -> list[str]:
    """Give the lease indices of an expression that an installation made; none where they cannot be seen."""
    try:
        reply = await client.request(
            "GET",
            quoted(expression, "_mapping"),
            params={"expand_wildcards": "all", "ignore_unavailable": "true"},
        )
    except Forbidden:
        return []
    except Refused as error:
        if error.status == 404:
            return []
        raise
    return [
        index
        for index, entry in entries(reply).items()
        if isinstance(identity := part(entry, "mappings", "_meta", "installation"), str)
        and IDENTITY.fullmatch(identity)
    ]


_LEASE: Final = "-lease"
