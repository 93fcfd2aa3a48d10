"""What a query finds, and what its facets count within.

A facet does not obey the parts of the query that it lifts. Those that lift the same parts are a group, and
each group is counted by a search of its own: a node finds the documents of a plain conjunction several times
faster than it can tell, of each document that some facet counts, which of them do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engines.narrowed import Narrowed
from engines.opensearch.condition import NOTHING, Clause, all_of, at_least, clause, has_token
from engines.query import Query, is_lifted, lifted_fields
from mappings.field import Kind
from mappings.fields import FIELDS
from mappings.filter import Filter, conjuncts, fields
from mappings.opensearch import COMPANION, words_field
from mappings.text import tokens

Places = frozenset[int]
"""Which of the lifted parts a group of facets does not obey."""


NOTHING_LIFTED: Places = frozenset()


@dataclass(frozen=True, slots=True)
class Split:
    """A query in parts.

    `base` holds for whatever is looked at, `lifted` are the parts that some facet lifts, `groups` the places
    among them that each kind of facet lifts, by the fields that it lifts. `ranked` are the names that come
    first.
    """

    base: tuple[Clause, ...]
    lifted: tuple[Clause, ...]
    groups: Mapping[frozenset[str], Places]
    ranked: Clause | None

    @property
    def found(self) -> Clause:
        """What the query finds."""
        return self.counted(NOTHING_LIFTED)

    def counted(self, lifted: Places) -> Clause:
        """What a group of facets counts within."""
        return all_of([*self.base, *(part for place, part in enumerate(self.lifted) if place not in lifted)])


def split(narrowed: Narrowed, derived: frozenset[str]) -> Split:
    """Split a query by what its facets lift. Raises as `clause` does."""
    query = narrowed.query
    kinds = {lifted_fields(facet) for facet in query.facets}
    steady: list[Filter] = [narrowed.access]
    base = [clause(part, derived) for part in query.text]
    lifted: list[tuple[frozenset[str], Clause]] = []
    for part in conjuncts(query.filter):
        names = fields(part)
        if any(is_lifted(names, kind) for kind in kinds):
            lifted.append((names, clause(part, derived)))
        elif names <= _FLAGS:
            steady.append(part)
        else:
            base.append(clause(part, derived))
    groups = {
        kind: frozenset([place for place, (names, _) in enumerate(lifted) if is_lifted(names, kind)])
        for kind in kinds
    }
    base.append(_steady(tuple(steady), derived))
    return Split(tuple(base), tuple(part for _, part in lifted), groups, _ranked(query))


_IMAGES: Clause = {"bool": {"must_not": [{"exists": {"field": COMPANION}}]}}
"""Leaves out what is no image."""

_FLAGS = frozenset(each.name for each in FIELDS if each.kind is Kind.BOOLEAN)


@lru_cache(maxsize=256)
def _steady(filters: tuple[Filter, ...], derived: frozenset[str]) -> Clause:
    """Write what many questions have in common so that a node remembers which documents it finds.

    It does so of alternatives that come again and again, but takes a conjunction apart: so nothing at all is
    given as an alternative. What is written is remembered here too, and nobody changes it.
    """
    steady = all_of([_IMAGES, *(clause(each, derived) for each in filters)])
    return steady if steady == NOTHING else at_least(1, [steady, {"term": {COMPANION: ""}}])


def _ranked(query: Query) -> Clause | None:
    """Give what names must hold to come first; None where the text does not rank."""
    if query.sort or not query.text:
        return None
    words = [word for condition in query.text for word in tokens(str(condition.values[0]))]
    field = words_field("name")
    return all_of([has_token(field, word) for word in dict.fromkeys(words)]) if words else None
