"""Facets: the aggregations that count them, and the counts that come back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter

from engines.opensearch.aggregation import Aggregations
from engines.opensearch.condition import asked_field, clause, filled_in, none_of, stated
from engines.opensearch.known import Known
from engines.opensearch.response import Aggregation, buckets_of, count_of, counts_of, inner, number_of
from engines.opensearch.sums import sum_aggregations, sums_in, with_sums
from engines.query import EXACT_VALUES, Bucket, Facet, FacetCounts, FilterFacet
from mappings.field import Field, Kind
from mappings.filter import Value


@dataclass(frozen=True, slots=True)
class Counting:
    """How facets of one query are counted."""

    known: Known
    sums: tuple[str, ...]

    def aggregations(self, facet: Facet) -> Aggregations:
        """Give what counts a facet among the documents of a bucket.

        Raises UnknownField, ValueError or TypeError for what cannot be counted or asked.
        """
        if isinstance(facet, FilterFacet):
            return self._of_filters(facet)
        return self._of_field(faceted(facet.field), facet.limit)

    def read(self, facet: Facet, among: Aggregation, size: int) -> FacetCounts:
        """Read the counts of a facet out of a bucket of so many documents."""
        if isinstance(facet, FilterFacet):
            return self._filters_in(facet, among)
        return self._field_in(faceted(facet.field), facet.limit, among, size)

    def values(self, field: Field, limit: int) -> Aggregations:
        """Give the aggregation that counts the values of a field: all of them, or the first of very many."""
        distinct = self.known.distinct.get(field.name, 0)
        size = max(1, distinct if distinct <= EXACT_VALUES else limit)
        return with_sums({"terms": {"field": field.name, "size": size}}, self.sums)

    def _of_filters(self, facet: FilterFacet) -> Aggregations:
        if not facet.filters:
            return {}
        filters = [clause(given, self.known.derived) for _, given in facet.filters]
        return {"named": with_sums({"filters": {"filters": filters}}, self.sums)}

    def _filters_in(self, facet: FilterFacet, among: Aggregation) -> FacetCounts:
        counted = buckets_of(inner(among, "named")) if facet.filters else ()
        buckets = [
            Bucket(name, count_of(bucket), 0, sums_in(bucket, self.sums))
            for (name, _), bucket in zip(facet.filters, counted, strict=True)
            if count_of(bucket)
        ]
        buckets.sort(key=lambda bucket: (-bucket.count, bucket.value))
        return FacetCounts(tuple(buckets), 0, len(buckets), True, (0,) * len(self.sums))

    def _of_field(self, field: Field, limit: int) -> Aggregations:
        name, derived = field.name, self.known.derived
        values = self.values(field, limit)
        wanted: Aggregations = {"values": values}
        if name in derived:
            wanted["filled in"] = {"filter": filled_in(name), "aggs": {"values": _counts_only(values)}}
        if self.sums:
            missing = none_of(stated(name, derived))
            wanted["not stated"] = {"filter": missing, "aggs": sum_aggregations(self.sums)}
        elif _many_values(field):
            wanted["stated"] = {"filter": stated(name, derived)}
        if not self.known.exact(name):
            wanted["distinct"] = {"cardinality": {"field": name, "precision_threshold": _PRECISION}}
        return wanted

    def _field_in(self, field: Field, limit: int, among: Aggregation, size: int) -> FacetCounts:
        name = field.name
        defaults = self._defaults(field, among)
        tallies = self._tallies(field, inner(among, "values"), defaults)
        exact = self.known.exact(name)
        distinct = len(tallies) if exact else number_of(inner(among, "distinct")) or 0
        if self.sums:
            not_stated = inner(among, "not stated")
            missing, missing_sums = count_of(not_stated), sums_in(not_stated, self.sums)
        else:
            missing, missing_sums = size - self._stated(field, among, tallies), ()
        return FacetCounts(tuple(tallies[:limit]), missing, distinct, exact, missing_sums)

    def _defaults(self, field: Field, among: Aggregation) -> Mapping[Value, int]:
        """Read how many of each value a rule filled in."""
        if field.name not in self.known.derived:
            return {}
        filled = buckets_of(inner(inner(among, "filled in"), "values"))
        return dict(zip(_values(field, filled), counts_of(filled), strict=True))

    def _tallies(self, field: Field, counted: Aggregation, defaults: Mapping[Value, int]) -> list[Bucket]:
        """Read counted values, by count, then value."""
        found = buckets_of(counted)
        values = _values(field, found)
        by_default = [defaults.get(value, 0) for value in values] if defaults else repeat(0)
        sums = [sums_in(bucket, self.sums) for bucket in found] if self.sums else repeat(())
        tallies = list(map(Bucket, values, counts_of(found), by_default, sums))
        # The second sort leaves in their order those of one count.
        tallies.sort(key=_VALUE)
        tallies.sort(key=_COUNT, reverse=True)
        return tallies

    def _stated(self, field: Field, among: Aggregation, tallies: Sequence[Bucket]) -> int:
        """Count those that state a field; of one value each, they are those that were counted."""
        if _many_values(field):
            return count_of(inner(among, "stated"))
        filled = count_of(inner(among, "filled in")) if field.name in self.known.derived else 0
        # Those of values that are not given were counted as well.
        others = inner(among, "values")["sum_other_doc_count"]
        return sum([each.count for each in tallies]) + (others if isinstance(others, int) else 0) - filled


def faceted(name: str) -> Field:
    """Give the field of a facet. Raises UnknownField, or ValueError for one that is none."""
    field = asked_field(name)
    if field.facet is None:
        raise ValueError(f"{name}: not a facet")
    return field


def value_of(field: Field, bucket: Aggregation) -> Value:
    """Read the value that a bucket counts."""
    (value,) = _values(field, (bucket,))
    return value


_VALUE, _COUNT = itemgetter(0), itemgetter(1)
"""Of a bucket."""


def _values(field: Field, counted: Iterable[Aggregation]) -> list[Value]:
    """Read the values that buckets count, all at once, as there are many."""
    keys = [bucket["key"] for bucket in counted]
    if field.kind is Kind.BOOLEAN:
        return [bool(key) for key in keys]
    return [key if isinstance(key, int) else str(key) for key in keys]


_PRECISION = 40_000
"""Up to about so many different values are counted nearly exactly; the most that can be asked for."""


def _many_values(field: Field) -> bool:
    """Tell whether a document can be counted for several values: a version is, for its beginnings."""
    return field.multiple or field.kind is Kind.VERSION


def _counts_only(values: Aggregations) -> Aggregations:
    return {"terms": values["terms"]}
