"""Asking: the searches that a query takes, one after the other, and the answer that they come to.

Each is a generator: it yields the bodies of searches that can be sent together, is sent their parsed
responses, and returns what was asked for. Nothing here speaks to a node.

    asking = search(query, known)
    bodies = next(asking)
    responses = ...          # POST /<generation>/_search, or _msearch for several
    bodies = asking.send(responses)
    ...                      # until StopIteration, whose value is the answer
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import lru_cache

import orjson

from engines.costs import check_size
from engines.narrowed import Narrowed
from engines.opensearch.allowance import check_clauses, check_patterns
from engines.opensearch.condition import Clause
from engines.opensearch.counts import counted_of, gathered
from engines.opensearch.known import Known
from engines.opensearch.lifting import NOTHING_LIFTED, Split, split
from engines.opensearch.order import Order, order_of
from engines.opensearch.response import Bodies, Body, RawHit, response_of, total_of
from engines.query import Answer, Hit, Query
from mappings.opensearch import BODY, INTERNAL, RAW

Asking = Generator[Bodies, Sequence[object], Answer]


def search(narrowed: Narrowed, known: Known) -> Asking:
    """Answer a query.

    Raises UnknownField, ValueError or TypeError for what cannot be asked, TooCostly for what would take too
    long, and EngineUnavailable for a response that is none.
    """
    query = narrowed.query
    order, parts = _planned(narrowed, known)
    counts = counted_of(query, parts, known)
    page = {**_page(query, order, parts, (BODY, INTERNAL)), **counts.first}
    others = counts.others
    first, *rest = yield (page, *(body for _, body in others))
    by_group = gathered(
        response_of(first),
        [(lifted, response_of(each)) for (lifted, _), each in zip(others, rest, strict=True)],
    )
    response = by_group[NOTHING_LIFTED]
    total, among = total_of(response), response.get("aggregations", {})
    hits, more = _cut(query, response["hits"].get("hits", ()), total)
    histograms = yield from counts.histograms(among, total)
    pivot = yield from counts.pivot(among, total)
    return Answer(
        known.generation,
        total,
        tuple([_hit(each) for each in hits]),
        counts.facets(by_group),
        order.position(hits[-1]["sort"]) if more else None,
        histograms,
        pivot,
        counts.sums(among),
    )


def raw(narrowed: Narrowed, known: Known) -> Generator[Bodies, Sequence[object], Sequence[tuple[str, bytes]]]:
    """Give key and raw record of the query's hits, at most `limit`, in its order. Raises as `search` does."""
    query = replace(narrowed.query, facets=(), histograms=(), pivot=None, sums=())
    order, parts = _planned(replace(narrowed, query=query), known)
    (parsed,) = yield (_page(query, order, parts, (RAW,)),)
    hits, _ = _cut(query, response_of(parsed)["hits"].get("hits", ()), 0)
    return [(_key(each), each["fields"][RAW][0].encode()) for each in hits]


def _planned(narrowed: Narrowed, known: Known) -> tuple[Order, Split]:
    query = narrowed.query
    check_size(query)
    check_patterns(query)
    order, parts = order_of(query), split(narrowed, known.derived)
    check_clauses(_searched(parts))
    return order, parts


def _page(query: Query, order: Order, parts: Split, stored: Sequence[str]) -> Body:
    """Give the body that asks for a page; without a limit only for the total."""
    body: Body = {"query": _searched(parts), "track_total_hits": True, "size": 0}
    if query.limit < 1:
        return body
    body |= {"sort": order.sort, "stored_fields": list(stored), "size": query.limit}
    if query.after is not None:
        # The total does not tell how many are left behind a position: one more hit does.
        body |= {"search_after": order.behind(query.after), "size": query.limit + 1}
    return body


def _searched(parts: Split) -> Clause:
    """Give what the search demands; what is ranked first scores 1, all else 0."""
    if parts.ranked is None:
        return parts.found
    ranked = {"constant_score": {"filter": parts.ranked}}
    return {"bool": {"filter": [parts.found], "should": [ranked]}}


def _cut(query: Query, hits: Sequence[RawHit], total: int) -> tuple[Sequence[RawHit], bool]:
    """Give the hits of the page, and whether there are more behind it."""
    if query.limit < 1:
        return (), False
    left = len(hits) if query.after is not None else total
    return hits[: query.limit], left > query.limit


def _hit(hit: RawHit) -> Hit:
    fields = hit["fields"]
    return Hit(_key(hit), fields[BODY][0].encode(), _scopes(fields[INTERNAL][0]))


def _key(hit: RawHit) -> str:
    return str(hit["sort"][-1])


@lru_cache(maxsize=65536)
def _scopes(internal: str) -> tuple[str, ...]:
    """Read the scopes out of the internal fields, which are the same for all that one listing gives."""
    return tuple(orjson.loads(internal).get("scopes", ()))
