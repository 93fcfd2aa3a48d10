"""The two roles that an installation needs, in the form of OpenSearch's security plugin. Pure.

Each action is named alone. What a request needs is told by the plugin's own rules: a write of documents is
`indices:data/write/bulk` for the cluster, and `bulk[s]` and `index` for the index; several searches at once
are `indices:data/read/msearch` for the cluster, and each a search of its index; an index that is created
with an alias needs `indices:admin/aliases` too; a refresh and a block need their shard forms; an expression
with a wildcard needs the action on every index that it meets, one without any index on all of the cluster;
a clone needs `indices:admin/resize` for both indices, to create the new one, and, as the cluster looks how
large the other is, its statistics (opensearch-project/security, issues 2141 and 3713).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engines.opensearch.names import Names


@dataclass(frozen=True, slots=True)
class IndexPermission:
    """Actions allowed on the indices and aliases that match a pattern (`*` any run, `?` one character)."""

    index_patterns: tuple[str, ...]
    allowed_actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A role as `PUT _plugins/_security/api/roles/NAME` takes it."""

    description: str
    cluster_permissions: tuple[str, ...]
    index_permissions: tuple[IndexPermission, ...]


def roles(prefix: str) -> dict[str, Role]:
    """Give the roles of an installation by name: `<prefix>-indexer` and `<prefix>-search`."""
    names = Names(prefix)
    return {f"{prefix}-indexer": _indexer(names), f"{prefix}-search": _search(names)}


def _indexer(names: Names) -> Role:
    return Role(
        description="ims-catalog reindex: builds and publishes generations, keeps the ledger",
        cluster_permissions=(MAIN, "cluster:monitor/health", "indices:data/write/bulk"),
        index_permissions=(
            IndexPermission((names.all,), (MAPPINGS,)),
            IndexPermission(
                generations(names),
                (
                    CREATE,
                    ALIASES,
                    SEARCH,
                    "indices:admin/block/add",
                    "indices:admin/block/add[s]",
                    "indices:admin/delete",
                    "indices:admin/get",
                    "indices:admin/mapping/put",
                    "indices:admin/refresh",
                    "indices:admin/refresh[s]",
                    "indices:admin/resize",
                    "indices:admin/settings/update",
                    "indices:monitor/stats",
                    *WRITES,
                    "indices:data/write/delete",
                ),
            ),
            IndexPermission((names.served,), (ALIASES,)),
            IndexPermission(
                (names.lease,),
                (CREATE, ALIASES, "indices:admin/mapping/put", "indices:data/read/get", *WRITES),
            ),
            IndexPermission(
                (names.runs, names.scopes, names.changes),
                (CREATE, SEARCH, "indices:admin/mapping/put", *WRITES, "indices:data/write/delete"),
            ),
        ),
    )


def _search(names: Names) -> Role:
    return Role(
        description="ims-catalog serve, search, runs: reads what is served and the ledger, writes nothing",
        cluster_permissions=(MAIN, "indices:data/read/msearch"),
        index_permissions=(
            IndexPermission(generations(names), (SEARCH, MAPPINGS)),
            IndexPermission((names.served, names.lease), (MAPPINGS,)),
            IndexPermission((names.lease,), ("indices:data/read/get",)),
            IndexPermission((names.runs, names.scopes, names.changes), (SEARCH,)),
        ),
    )


def generations(names: Names) -> tuple[str, ...]:
    """Give patterns of the names of generations, as `engines.generation` writes them.

    A term has six digits at least. A pattern for each length, up to nine, instead of `*`: that would meet the
    generations of `<prefix>-<eight characters>`, whose schema and term have fifteen characters together.
    """
    return tuple(
        f"{names.prefix}-{_ANY * 8}-{_ANY * digits}-{_ANY * 8}t{_ANY * 6}z-{_ANY * 6}"
        for digits in range(6, 10)
    )


_ANY: Final = "?"
MAIN: Final = "cluster:monitor/main"
SEARCH: Final = "indices:data/read/search"
MAPPINGS: Final = "indices:admin/mappings/get"
CREATE: Final = "indices:admin/create"
ALIASES: Final = "indices:admin/aliases"
WRITES: Final[Sequence[str]] = ("indices:data/write/bulk[s]", "indices:data/write/index")
