"""`answer_json`: an answer as JSON. Stored bodies are handed through as bytes."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from engines.placed import PlacedCounts
from engines.query import Answer, FacetCounts, Hit, Query
from mappings.fields import MAP_FIELD
from search_api.clause import Question
from search_api.facet_counts import chosen_values, facets_json, sum_member
from search_api.freshness import JOINED, Freshness
from search_api.histogram import histograms_json
from search_api.interpretation import interpretation_json
from search_api.pivot import pivot_json
from search_api.placed_facets import placed_json


def answer_json(
    answer: Answer,
    question: Question,
    query: Query,
    *,
    images: Sequence[bytes],
    notes: tuple[str, ...],
    catalog: bytes,
    cursor: str | None,
) -> bytes:
    """Write the answer to a search; `images`, in pieces, and `catalog` are JSON already."""
    # One join for all: an answer is long, and each step that puts parts together copies it.
    return b"".join(
        (
            b'{"images":',
            *images,
            b',"total":%d%b,' % (answer.total, sum_member(query.sums, answer.sums).encode()),
            *_counted(answer, question, query, notes),
            b',"relaxations":[],"catalog":',
            catalog,
            b',"next":',
            orjson.dumps(cursor),
            b"}",
        )
    )


def counts_json(answer: Answer, question: Question, query: Query, *, catalog: bytes) -> bytes:
    """Write the answer to a question about facets only."""
    total = b'{"total":%d%b,' % (answer.total, sum_member(query.sums, answer.sums).encode())
    return b"".join((total, *_counted(answer, question, query, ()), b',"catalog":', catalog, b"}"))


def images_json(hits: Iterable[Hit], freshness: Freshness, selection: tuple[str, ...] = ()) -> bytes:
    """Write images with what the ledger says of them, all fields or those selected, in that order."""
    return b"".join(image_pieces(hits, freshness, selection))


def image_pieces(
    hits: Iterable[Hit], freshness: Freshness, selection: tuple[str, ...] = ()
) -> Sequence[bytes]:
    """Write images as `images_json` does, in pieces that are still to be joined."""
    if selection:
        return (b"[", b",".join([_selected(hit, freshness, selection) for hit in hits]), b"]")
    pieces = [b"["]
    for hit in hits:
        pieces += (hit.body[:-1], freshness.ending(hit.scopes), b",")
    # The last comma, or the bracket itself where there are no images.
    pieces[max(len(pieces) - 1, 1) :] = [b"]"]
    return pieces


def _counted(answer: Answer, question: Question, query: Query, notes: tuple[str, ...]) -> list[bytes]:
    """Write the members that counts fill, and how the question was understood."""
    members = [b'"facets":', _facets(answer.facets, question, query)]
    if query.histograms:
        members += (b',"histograms":', histograms_json(answer.histograms))
    if query.pivot is not None and answer.pivot is not None:
        members += (b',"pivot":', pivot_json(query.pivot, answer.pivot, query.sums))
    members += (b',"interpretation":', interpretation_json(question, notes))
    return members


def _facets(counted: Mapping[str, FacetCounts], question: Question, query: Query) -> bytes:
    chosen = chosen_values(question.filter)
    if isinstance(counted, PlacedCounts):
        return placed_json(counted, chosen).encode()
    return facets_json(counted, chosen, query.sums).encode()


def _selected(hit: Hit, freshness: Freshness, selection: tuple[str, ...]) -> bytes:
    values: dict[str, object] = orjson.loads(hit.body)
    if not JOINED.keys().isdisjoint(selection):
        values.update(orjson.loads(b"{" + freshness.ending(hit.scopes)[1:]))
    extra = values.get(MAP_FIELD)
    if isinstance(extra, dict):
        values.update({f"{MAP_FIELD}.{key}": value for key, value in extra.items()})
    return orjson.dumps({name: values[name] for name in selection if name in values})
