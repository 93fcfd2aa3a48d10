"""`Fate`: what an image that a scope knew is to it after this run. Pure.

Source of the rules: deletions are not reported, and an image may leave a list without being deleted
(IMS API Reference; Open Telekom Cloud hides and renames superseded public images each month). So who is
missing from a whole listing is asked for by id; where nobody can say, a second whole listing decides.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from indexer.spool import Entry
from mappings.scope import shared

BEHIND_ALL = 1 << 32
"""The place of a source that is not in the configuration."""


class Fate(StrEnum):
    """What an image is to one scope."""

    LISTED = "listed"
    """The scope lists it now."""
    CARRIED = "carried"
    """The scope was not listed whole, or is doubted, or was not looked at: all stays as it was."""
    MISSING = "missing"
    """Missing from a whole listing for the first time, and nobody could say that it is gone: it stays."""
    UNLISTED = "unlisted"
    """It exists, but the listing no longer shows it."""
    ENDED = "ended"
    """It is gone, or no longer meant for those who are shown this scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a plan goes by.

    `started`: the start of the run in ISO 8601, the `first_seen` of new documents. `whole` are the scopes
    that were listed whole and are not doubted, `ended` those that are given up with all they hold.
    `confirmed` are the shared ones that were not listed whole and whose grants hold all the same. `orders`
    are the places of the sources in the configuration, by name.

    Of the images that are missing from a whole listing: `gone` holds scope and key of those that the cloud no
    longer knows, `found` by key what it answered of those that it does, `missing_before` by scope the
    hashes of the keys that were missing from its last whole listing too.
    """

    started: str
    orders: Mapping[str, int] = field(default_factory=dict)
    whole: AbstractSet[str] = frozenset()
    ended: AbstractSet[str] = frozenset()
    confirmed: AbstractSet[str] = frozenset()
    gone: AbstractSet[tuple[str, str]] = frozenset()
    found: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    missing_before: Mapping[str, AbstractSet[int]] = field(default_factory=dict)

    def fate(self, scope: str, key: str, *, unlisted: bool) -> Fate:
        """Give what an image is to a scope that knew it and does not list it now.

        `unlisted`: the scope kept it before though it was not listed.
        """
        if scope in self.ended:
            return Fate.ENDED
        if scope not in self.whole:
            return Fate.UNLISTED if unlisted else Fate.CARRIED
        if shared(scope) or (scope, key) in self.gone:
            return Fate.ENDED
        if unlisted or any(entry.scope == scope for entry in self.found.get(key, ())):
            return Fate.UNLISTED
        if key_hash(key) in self.missing_before.get(scope, ()):
            return Fate.ENDED
        return Fate.MISSING

    def order(self, scope: str) -> int:
        """Give the place of a scope's source in the configuration; behind all for one that is not in it."""
        return self.orders.get(scope.split("/", maxsplit=1)[0], BEHIND_ALL)

    def grants(self, scope: str) -> bool:
        """Tell whether those who are shown a scope may still see what it keeps without having listed it."""
        return scope in self.whole or scope in self.confirmed or not shared(scope)


def key_hash(key: str) -> int:
    """Give the 64 bits by which a missing image is remembered."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
