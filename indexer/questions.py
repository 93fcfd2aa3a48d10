"""Whom to ask for by id, and what the answers come to. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from indexer.asked import Asked, Found, Gone
from indexer.spool import Entry
from indexer.survey import Survey
from mappings.document import key_parts, store
from mappings.normalise import normalise
from mappings.scope import Scope, shared

Questions = Mapping[str, Sequence[str]]
"""Keys by the id of the scope that is asked for them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the cloud said: scope and key of what it no longer knows, by key what it told of the others.

    `asked` holds by scope the key of the unlisted image that was asked for last.
    """

    gone: frozenset[tuple[str, str]] = frozenset()
    found: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)

    @property
    def given(self) -> bool:
        """Tell whether anything is known now that a plan has to go by."""
        return bool(self.gone or self.found)


NOTHING_ASKED = Answers()


def questions(survey: Survey, passing: Iterable[str], most: int) -> Questions:
    """Choose what each scope that passed the gate is asked for: what is missing now, then who is unlisted.

    At most `most` images of a scope; the unlisted ones in turn, from where the last run came to.
    """
    chosen: dict[str, Sequence[str]] = {}
    for scope in sorted(passing):
        if shared(scope):
            continue
        missing = survey.tally.missing[scope].keys[:most] if scope in survey.tally.missing else []
        unlisted = survey.unlisted[scope].in_turn if scope in survey.unlisted else []
        wanted = [*missing, *unlisted][:most]
        if wanted:
            chosen[scope] = wanted
    return chosen


def image_ids(asked: Questions) -> dict[str, tuple[str, ...]]:
    """Give the ids by which the cloud knows the images asked for."""
    return {scope: tuple(_image(key) for key in keys) for scope, keys in asked.items()}


def answers(
    asked: Questions,
    said: Mapping[str, Mapping[str, Asked]],
    scopes: Mapping[str, Scope],
    orders: Mapping[str, int],
    unlisted: Mapping[str, AbstractSet[str]],
) -> Answers:
    """Read what was said. `scopes` by id, `orders` of the sources by name, `unlisted` keys by scope.

    A record that cannot be read, or is of another image, is no answer.
    """
    gone: set[tuple[str, str]] = set()
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    turned: dict[str, str] = {}
    for scope, keys in asked.items():
        for key in keys:
            if key in unlisted.get(scope, ()):
                turned[scope] = key
            match said.get(scope, {}).get(_image(key)):
                case Gone():
                    gone.add((scope, key))
                case Found(record):
                    document = normalise(record, scopes[scope]).document
                    if document is not None and document.key == key:
                        found[key].append(Entry(orders[scopes[scope].source], scope, store(document)))
    return Answers(frozenset(gone), {key: tuple(told) for key, told in found.items()}, turned)


def _image(key: str) -> str:
    _, _, image, _ = key_parts(key)
    return image
