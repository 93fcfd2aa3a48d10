"""Names of sources and scopes as a person gives them, checked before anything begins."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ims_catalog.configuration import ConfigurationError
from ims_catalog.settings import Settings
from indexer.choice import Choice

_SHOWN = 20


def chosen(
    settings: Settings,
    known: Sequence[str],
    *,
    sources: Sequence[str] = (),
    scopes: Sequence[str] = (),
    accepted: Sequence[str] = (),
) -> Choice:
    """Give what a run is to be about. `known` are the scopes that runs have told of.

    Raises ConfigurationError for a name that nothing bears, naming those that are.
    """
    configured = [source.name for source in settings.sources]
    for source in sources:
        if source not in configured:
            raise ConfigurationError(f'--source "{source}": not configured; there are: {_named(configured)}')
    for option, named in (("--scope", scopes), ("--accept", accepted)):
        for scope in named:
            if scope not in known:
                raise ConfigurationError(f'{option} "{scope}": no run knows it; there are: {_named(known)}')
            if scope.split("/", maxsplit=1)[0] not in configured:
                raise ConfigurationError(f'{option} "{scope}": its source is no longer configured')
    due = {*(f"{source}/" for source in sources), *scopes}
    return Choice(due or None, frozenset(accepted))


def given_up(settings: Settings, known: Sequence[str], names: Sequence[str]) -> AbstractSet[str]:
    """Give the scopes that a person wants to give up, named by themselves or by their source.

    Raises ConfigurationError for a name that nothing bears, and for what would be crawled again.
    """
    found: set[str] = set()
    for name in names:
        scopes = [scope for scope in known if scope == name or scope.startswith(f"{name}/")]
        if not scopes:
            raise ConfigurationError(
                f'"{name}": no run knows such a source or scope; there are: {_named(known)}'
            )
        if any(_still_listed(settings, scope) for scope in scopes):
            raise ConfigurationError(
                f'"{name}" is still configured and would be crawled again: take it out of the settings first'
            )
        found.update(scopes)
    return found


def _still_listed(settings: Settings, scope: str) -> bool:
    """Tell whether a source would list a scope again, as far as settings alone can tell."""
    name, region, *rest = scope.split("/")
    return any(
        source.name == name
        and region in source.regions
        and (source.image_types is None or not rest or {*map(str, source.image_types)} & {*rest})
        for source in settings.sources
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "none"
