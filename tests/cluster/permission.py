"""What OpenSearch's security plugin asks of a role for each request that the engine makes.

A model of the plugin's rules (opensearch-project/security, its privilege evaluator and the actions of the
server): which actions a request stands for, and on which indices. What is not known here is refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from engines.opensearch.roles import Role


@dataclass(frozen=True, slots=True)
class Need:
    """An action, on an index or alias; `name` is None for what is asked of the cluster."""

    action: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Where a role allows an action: `place` counts its index permissions, -1 are those on the cluster."""

    place: int
    action: str


Aliases = Mapping[str, frozenset[str]]
"""The aliases of each index of the cluster."""


def needs(method: str, path: str, body: bytes, aliases: Aliases) -> tuple[Need, ...] | None:
    """Give all that a request needs, None for one that the engine has no business with."""
    for known, pattern, told in _ROUTES:
        found = pattern.fullmatch(path)
        if known == method and found is not None:
            return tuple(told(found.groupdict().get("index") or "", body, aliases))
    return None


def grants(role: Role, need: Need, aliases: Aliases) -> frozenset[Grant]:
    """Give every place where a role allows what is needed, none if it does not."""
    if need.name is None:
        return frozenset({Grant(-1, need.action)} if need.action in role.cluster_permissions else ())
    names = {need.name} | aliases.get(need.name, frozenset())
    return frozenset(
        Grant(place, need.action)
        for place, permission in enumerate(role.index_permissions)
        if need.action in permission.allowed_actions
        and any(_matches(pattern, name) for pattern in permission.index_patterns for name in names)
    )


def _matches(pattern: str, name: str) -> bool:
    signs = {"*": ".*", "?": "."}
    return re.fullmatch("".join(signs.get(sign, re.escape(sign)) for sign in pattern), name) is not None


_Told = Callable[[str, bytes, Aliases], Iterator[Need]]


def _on_cluster(action: str) -> _Told:
    def told(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
        del index, body, aliases
        yield Need(action)

    return told


def _on_indices(*actions: str) -> _Told:
    def told(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
        del body
        for action in actions:
            yield from (Need(action, name) for name in _resolved(index, aliases))

    return told


def _resolved(expression: str, aliases: Aliases) -> list[str]:
    """An expression without a wildcard stands for itself, as an alias that a role names may be asked for."""
    if "*" not in expression:
        return [expression]
    return [index for index in aliases if _matches(expression, index)]


def _writing(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    del body
    yield Need("indices:data/write/bulk")
    yield from _on_indices("indices:data/write/bulk[s]", "indices:data/write/index")(index, b"", aliases)


def _writing_together(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    """What is asked of the index beside the bulk is told by each of its items."""
    yield Need("indices:data/write/bulk")
    items = [f"indices:data/write/{action}" for action in sorted(_actions(body))]
    yield from _on_indices("indices:data/write/bulk[s]", *items)(index, b"", aliases)


def _actions(body: bytes) -> set[str]:
    found = set()
    lines = iter(body.splitlines())
    for line in lines:
        (action,) = orjson.loads(line)
        found.add(action)
        # Deleting has no document on a line of its own.
        if action != "delete":
            next(lines)
    return found


def _searching_together(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    yield Need("indices:data/read/msearch")
    # A header may name indices of its own, which ours never do.
    assert not any("index" in orjson.loads(header) for header in body.splitlines()[::2])
    yield from _on_indices("indices:data/read/search")(index, body, aliases)


def _creating(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    del aliases
    yield Need("indices:admin/create", index)
    for alias in orjson.loads(body).get("aliases", {}):
        yield from (Need("indices:admin/aliases", name) for name in (index, alias))


def _cloning(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    source, target = index.split("/_clone/")
    yield from _on_indices("indices:admin/resize", "indices:monitor/stats")(source, body, aliases)
    yield from (Need(action, target) for action in ("indices:admin/resize", "indices:admin/create"))


def _moving(index: str, body: bytes, aliases: Aliases) -> Iterator[Need]:
    """An index that is deleted on the way asks the right to delete for all that is named."""
    del index, aliases
    actions = orjson.loads(body)["actions"]
    named = {
        moved[part] for action in actions for moved in action.values() for part in moved if part in _NAMES
    }
    yield from (Need("indices:admin/aliases", name) for name in sorted(named))
    if any("remove_index" in action for action in actions):
        yield from (Need("indices:admin/delete", name) for name in sorted(named))


_NAMES = {"index", "alias"}


_INDEX = r"/(?P<index>[^_/][^/]*)"
_ROUTES: tuple[tuple[str, re.Pattern[str], _Told], ...] = tuple(
    (method, re.compile(path), told)
    for method, path, told in (
        ("GET", "/", _on_cluster("cluster:monitor/main")),
        ("GET", r"/_cluster/health/[^/]+", _on_cluster("cluster:monitor/health")),
        ("GET", "/_nodes/stats/fs", _on_cluster("cluster:monitor/nodes/stats")),
        ("POST", "/_aliases", _moving),
        ("PUT", _INDEX, _creating),
        ("GET", _INDEX, _on_indices("indices:admin/get")),
        ("DELETE", _INDEX, _on_indices("indices:admin/delete")),
        ("GET", f"{_INDEX}/_mapping", _on_indices("indices:admin/mappings/get")),
        ("PUT", f"{_INDEX}/_mapping", _on_indices("indices:admin/mapping/put")),
        ("GET", f"{_INDEX}/_settings(/[^/]+)?", _on_indices("indices:monitor/settings/get")),
        ("PUT", f"{_INDEX}/_settings", _on_indices("indices:admin/settings/update")),
        (
            "PUT",
            f"{_INDEX}/_block/write",
            _on_indices("indices:admin/block/add", "indices:admin/block/add[s]"),
        ),
        ("GET", f"{_INDEX}/_stats/docs", _on_indices("indices:monitor/stats")),
        ("PUT", r"/(?P<index>[^_/][^/]*/_clone/[^_/][^/]*)", _cloning),
        ("POST", f"{_INDEX}/_refresh", _on_indices("indices:admin/refresh", "indices:admin/refresh[s]")),
        ("POST", f"{_INDEX}/_search", _on_indices("indices:data/read/search")),
        ("POST", f"{_INDEX}/_msearch", _searching_together),
        ("POST", f"{_INDEX}/_bulk", _writing_together),
        ("PUT", f"{_INDEX}/_doc/[^/]+", _writing),
        ("GET", f"{_INDEX}/_doc/[^/]+", _on_indices("indices:data/read/get")),
    )
)
