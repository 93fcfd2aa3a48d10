"""What a query finds, and what its facets count within, in one search.

A facet does not obey the parts of the query that it lifts. So the search demands only what all facets obey;
hits obey the rest by a post filter, and each group of facets the parts that it does not lift by a filter of
its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engines.narrowed import Narrowed
from engines.opensearch.condition import Clause, all_of, at_least, clause, has_token
from engines.query import Query, is_lifted, lifted_fields
from mappings.filter import conjuncts, fields
from mappings.opensearch import COMPANION, words_field
from mappings.text import tokens

Places = frozenset[int]
"""Which of the lifted parts a group of facets does not obey."""


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
    def search(self) -> Clause:
        """What the search demands: what no group of facets counts is left out.

        Each group obeys all lifted parts but its own, so at least as many as the one that lifts most.
        """
        obeyed = len(self.lifted) - max(map(len, self.groups.values()), default=0)
        nearly = [at_least(obeyed, self.lifted)] if self.lifted and obeyed else []
        return _images([*self.base, *nearly])

    @property
    def found(self) -> Clause:
        """What the query finds, all in one."""
        return _images([*self.base, *self.lifted])

    @property
    def hits(self) -> Clause:
        """What of the search the query finds."""
        return self.counted(_NOWHERE)

    def counted(self, lifted: Places) -> Clause:
        """What of the search a group of facets counts within."""
        return all_of(part for place, part in enumerate(self.lifted) if place not in lifted)


_NOWHERE: Places = frozenset()


def split(narrowed: Narrowed, derived: frozenset[str]) -> Split:
    """Split a query by what its facets lift. Raises as `clause` does."""
    query = narrowed.query
    kinds = {lifted_fields(facet) for facet in query.facets}
    base = [clause(part, derived) for part in (narrowed.access, *query.text)]
    lifted: list[tuple[frozenset[str], Clause]] = []
    for part in conjuncts(query.filter):
        names = fields(part)
        if any(is_lifted(names, kind) for kind in kinds):
            lifted.append((names, clause(part, derived)))
        else:
            base.append(clause(part, derived))
    groups = {
        kind: frozenset([place for place, (names, _) in enumerate(lifted) if is_lifted(names, kind)])
        for kind in kinds
    }
    return Split(tuple(base), tuple(part for _, part in lifted), groups, _ranked(query))


def _images(demanded: Sequence[Clause]) -> Clause:
    """Leave out what is no image."""
    return all_of([*demanded, {"bool": {"must_not": [{"exists": {"field": COMPANION}}]}}])


def _ranked(query: Query) -> Clause | None:
    """Give what names must hold to come first; None where the text does not rank."""
    if query.sort or not query.text:
        return None
    words = [word for condition in query.text for word in tokens(str(condition.values[0]))]
    field = words_field("name")
    return all_of([has_token(field, word) for word in dict.fromkeys(words)]) if words else None
