"""What every engine must answer, in plain Python over the judge: slow, short, and easy to check by eye."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engines.narrowed import Narrowed
from engines.query import (
    DEFAULT_ORDER,
    Bucket,
    Facet,
    FacetCounts,
    FilterFacet,
    Query,
    Sort,
    facet_filter,
)
from mappings.document import Document
from mappings.field import Kind
from mappings.fields import field_named
from mappings.filter import And, Filter, Value
from mappings.match import matches
from mappings.text import tokens
from mappings.version import prefixes, sort_key


@dataclass(frozen=True)
class Expectation:
    """Keys of all hits in order, and the facets."""

    keys: tuple[str, ...]
    facets: Mapping[str, FacetCounts]


def expect(narrowed: Narrowed, documents: Sequence[Document]) -> Expectation:
    query = narrowed.query
    found = _satisfying(documents, query.filter, *query.text, narrowed.access)
    facets = {
        facet.name: _count(
            facet, _satisfying(documents, facet_filter(query, facet), *query.text, narrowed.access)
        )
        for facet in query.facets
    }
    return Expectation(tuple(document.key for document in _ordered(found, query)), facets)


def _satisfying(documents: Sequence[Document], *filters: Filter) -> list[Document]:
    return [document for document in documents if matches(And(filters), document)]


def _ordered(documents: list[Document], query: Query) -> list[Document]:
    """Sort by the last level first: Python's sort keeps what is equal in place."""
    ordered = sorted(documents, key=lambda document: document.key)
    for sort in reversed(query.sort or DEFAULT_ORDER):
        ordered = _sorted(ordered, sort)
    if query.text and not query.sort:
        words = {word for condition in query.text for word in tokens(str(condition.values[0]))}
        ordered.sort(key=lambda document: not words <= set(tokens(str(document.fields.get("name", "")))))
    return ordered


def _sorted(documents: list[Document], sort: Sort) -> list[Document]:
    there = [document for document in documents if sort.field in document.fields]
    missing = [document for document in documents if sort.field not in document.fields]
    there.sort(key=lambda document: _sort_value(sort.field, document), reverse=sort.descending)
    return there + missing


def _sort_value(name: str, document: Document) -> tuple[str, int]:
    (value,) = document.values_of(name)
    if isinstance(value, str):
        return (sort_key(value) if field_named(name).kind is Kind.VERSION else value), 0
    return "", value


def _count(facet: Facet, documents: Sequence[Document]) -> FacetCounts:
    if isinstance(facet, FilterFacet):
        named = {
            name: sum(matches(given, document) for document in documents) for name, given in facet.filters
        }
        buckets = [Bucket(name, number) for name, number in named.items() if number]
        return FacetCounts(tuple(sorted(buckets, key=_bucket_order)), 0, len(buckets))
    counts: Counter[Value] = Counter()
    defaults: Counter[Value] = Counter()
    for document in documents:
        values = _facet_values(facet.field, document)
        counts.update(values)
        if facet.field in document.derived:
            defaults.update(values)
    buckets = sorted(
        (Bucket(value, number, defaults[value]) for value, number in counts.items()), key=_bucket_order
    )
    missing = sum(
        facet.field in document.derived or not document.values_of(facet.field) for document in documents
    )
    return FacetCounts(tuple(buckets[: facet.limit]), missing, len(buckets))


def _facet_values(name: str, document: Document) -> set[Value]:
    values = document.values_of(name)
    if field_named(name).kind is Kind.VERSION:
        return {prefix for value in values for prefix in prefixes(str(value))}
    return set(values)


def _bucket_order(bucket: Bucket) -> tuple[int, str]:
    text = bucket.value if isinstance(bucket.value, str) else str(bucket.value).lower()
    return -bucket.count, text
