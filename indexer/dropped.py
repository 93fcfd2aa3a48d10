"""`dropped`: scopes whose project the account lost, though nothing failed. Pure."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from indexer.sources.projects import Expansion
from indexer.sources.source import Source
from mappings.scope import granted_by


def dropped(
    source: Source, known: Iterable[str], tried: AbstractSet[str], expansion: Expansion
) -> dict[str, str]:
    """Give those of the scopes `known` from earlier runs, and why each of them is not listed any more.

    They are scopes of a source that is still configured, neither tried nor out of reach, and nobody took them
    out of the configuration: their images stay, and somebody has to learn that nobody looks at them.
    """
    begin = f"{source.name}/"
    lost = {
        scope: _reason(source, scope, expansion)
        for scope in known
        if scope.startswith(begin)
        and scope not in tried
        and not any(part.covers(scope) for part in expansion.unreached)
    }
    return {scope: reason for scope, reason in lost.items() if reason is not None}


def _reason(source: Source, scope: str, expansion: Expansion) -> str | None:
    _, region, *rest = scope.split("/")
    projects = granted_by(scope)
    if region not in source.regions or source.all_projects or set(source.image_types).isdisjoint(rest):
        return None
    if not expansion.disabled.isdisjoint(projects):
        return "the project is disabled"
    if not expansion.visible.issuperset(projects):
        return "the account no longer sees this project"
    return None
