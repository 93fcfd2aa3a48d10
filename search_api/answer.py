"""`answer_json`: an answer as JSON. Stored bodies are handed through as bytes."""

from collections.abc import Iterable

import orjson

from engines.query import Answer, Hit, Query
from mappings.fields import MAP_FIELD
from search_api.clause import Question
from search_api.facet_counts import facets_json, sum_member
from search_api.freshness import JOINED, Freshness
from search_api.histogram import histograms_json
from search_api.interpretation import interpretation_json
from search_api.pivot import pivot_json


def answer_json(
    answer: Answer,
    question: Question,
    query: Query,
    *,
    images: bytes,
    notes: tuple[str, ...],
    catalog: bytes,
    cursor: str | None,
) -> bytes:
    """Write the answer to a search; `images` and `catalog` are JSON already."""
    return b'{"images":%b,"total":%d%b,%b,"relaxations":[],"catalog":%b,"next":%b}' % (
        images,
        answer.total,
        sum_member(query.sums, answer.sums).encode(),
        _counted(answer, question, query, notes),
        catalog,
        orjson.dumps(cursor),
    )


def counts_json(answer: Answer, question: Question, query: Query, *, catalog: bytes) -> bytes:
    """Write the answer to a question about facets only."""
    return b'{"total":%d%b,%b,"catalog":%b}' % (
        answer.total,
        sum_member(query.sums, answer.sums).encode(),
        _counted(answer, question, query, ()),
        catalog,
    )


def images_json(hits: Iterable[Hit], freshness: Freshness, selection: tuple[str, ...] = ()) -> bytes:
    """Write images with what the ledger says of them, all fields or those selected, in that order."""
    shown = [
        _selected(hit, freshness, selection) if selection else hit.body[:-1] + freshness.ending(hit.scopes)
        for hit in hits
    ]
    return b"[%b]" % b",".join(shown)


def _counted(answer: Answer, question: Question, query: Query, notes: tuple[str, ...]) -> bytes:
    """Write the members that counts fill, and how the question was understood."""
    members = [b'"facets":%b' % facets_json(answer.facets, question.filter, query.sums)]
    if query.histograms:
        members.append(b'"histograms":%b' % histograms_json(answer.histograms))
    if query.pivot is not None and answer.pivot is not None:
        members.append(b'"pivot":%b' % pivot_json(query.pivot, answer.pivot, query.sums))
    members.append(b'"interpretation":%b' % interpretation_json(question, notes))
    return b",".join(members)


def _selected(hit: Hit, freshness: Freshness, selection: tuple[str, ...]) -> bytes:
    values: dict[str, object] = orjson.loads(hit.body)
    if not JOINED.keys().isdisjoint(selection):
        values.update(orjson.loads(b"{" + freshness.ending(hit.scopes)[1:]))
    extra = values.get(MAP_FIELD)
    if isinstance(extra, dict):
        values.update({f"{MAP_FIELD}.{key}": value for key, value in extra.items()})
    return orjson.dumps({name: values[name] for name in selection if name in values})
