"""Templates and lifecycle policies of a cluster that are meant for names such as ours. Pure.

A template changes indices as they are made: a generation that is not exactly what was generated is refused.
Of composable templates the one with the highest priority holds, alone; legacy ones, all of them together,
only where no composable one is meant. None of which a pattern is `*` touches hidden indices, as ours are.
Source: OpenSearch, `MetadataIndexTemplateService` and `MetadataCreateIndexService`; its index management
plugin, `ISMTemplateService`: policies pass hidden indices over.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.opensearch.reply import entries, items, part, text


@dataclass(frozen=True, slots=True)
class Template:
    """`sets` holds what it gives to an index: paths of settings, and "mappings" or "aliases"."""

    name: str
    pattern: str
    kind: str
    priority: int
    sets: frozenset[str]
    components: tuple[str, ...] = ()
    for_data_streams: bool = False

    def __str__(self) -> str:
        """Name it, and the pattern that is meant for ours."""
        by = f", made of {', '.join(self.components)}," if self.components else ""
        return f"the {self.kind} template {self.name}{by} for {self.pattern}"


def templates_for(name: str, composable: object, components: object, legacy: object) -> tuple[Template, ...]:
    """Give the templates that hold for a new hidden index with this name.

    The others are what a cluster replies to `_index_template`, `_component_template` and `_template`. Raises
    EngineUnavailable where they are something else.
    """
    parts = {
        text(one, "name"): part(one, "component_template", "template")
        for one in items(components, "component_templates")
    }
    above = list(_composable(name, items(composable, "index_templates"), parts))
    if above:
        return (max(above, key=lambda one: one.priority),)
    return tuple(_legacy(name, entries(legacy)))


def policies_for(names: Sequence[str], reply: object) -> dict[str, str]:
    """Give the lifecycle policies that are meant for one of the names: their patterns by id.

    `reply` is what a cluster says to `_plugins/_ism/policies`.
    """
    found: dict[str, str] = {}
    for one in items(reply, "policies"):
        given = part(one, "policy", "ism_template")
        for template in given if isinstance(given, list) else [given]:
            patterns = _texts(part(template, "index_patterns"))
            meant = next(
                (pattern for pattern in patterns if any(_matches(pattern, name) for name in names)), None
            )
            if meant is not None:
                found[text(one, "_id")] = meant
    return found


def _composable(name: str, given: Iterable[object], components: Mapping[str, object]) -> Iterator[Template]:
    for one in given:
        written = part(one, "index_template")
        pattern = _meant(name, _texts(part(written, "index_patterns")))
        if pattern is None:
            continue
        used = _texts(part(written, "composed_of"))
        bodies = [part(written, "template"), *map(components.get, used)]
        priority = part(written, "priority")
        yield Template(
            name=text(one, "name"),
            pattern=pattern,
            kind="composable",
            priority=priority if isinstance(priority, int) else 0,
            sets=frozenset().union(*map(_sets, bodies)),
            components=tuple(used),
            for_data_streams=part(written, "data_stream") is not None,
        )


def _legacy(name: str, given: Mapping[str, object]) -> Iterator[Template]:
    for template, written in given.items():
        pattern = _meant(name, _texts(part(written, "index_patterns")))
        if pattern is not None:
            yield Template(template, pattern, "legacy", -1, _sets(written))


def _meant(name: str, patterns: Sequence[str]) -> str | None:
    """Give the first pattern that the name of a hidden index matches."""
    if "*" in patterns:
        return None
    return next((pattern for pattern in patterns if _matches(pattern, name)), None)


def _matches(pattern: str, name: str) -> bool:
    """`*` stands for any characters; nothing else is a wildcard here."""
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), name) is not None


def _texts(given: object) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _sets(body: object) -> frozenset[str]:
    parts = {name for name in ("mappings", "aliases") if part(body, name)}
    settings = part(body, "settings")
    return frozenset(parts | set(_paths(settings) if settings else ()))


def _paths(settings: object, above: str = "") -> Iterator[str]:
    """Give the paths of settings as a cluster writes them: `index.refresh_interval`."""
    if not isinstance(settings, dict):
        yield above
        return
    for key, value in settings.items():
        yield from _paths(value, f"{above}.{key}" if above else str(key))
