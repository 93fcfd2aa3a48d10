"""The `histograms` of an answer: round spans side by side with counts, and what is not stated."""

from collections.abc import Mapping

import orjson

from engines.query import HistogramCounts, Span
from mappings.date import date_text, milliseconds
from mappings.field import Kind
from mappings.fields import field_named
from search_api.question.value import LARGEST


def histograms_json(histograms: Mapping[str, HistogramCounts]) -> bytes:
    """Write the section: `from` <= x < `to`, dates as ISO 8601 text; both null is what is not stated.

    A bound that no question could name, as it lies beyond the largest number or the calendar, is null: that
    span is open there. "Not stated" always comes last, also at 0; `by_default` of a span's count are among it
    as well, as a rule gave them their value, and stand there where there are some.
    """
    return orjson.dumps({name: _histogram(name, counts) for name, counts in histograms.items()})


def _histogram(name: str, counts: HistogramCounts) -> dict[str, object]:
    bound = _date if field_named(name).kind is Kind.DATE else _number
    values = [_span(bound(span.low), bound(span.high), span) for span in counts.spans]
    return {"values": [*values, {"from": None, "to": None, "count": counts.missing}]}


def _span(low: object, high: object, span: Span) -> dict[str, object]:
    shown = {"from": low, "to": high, "count": span.count}
    return {**shown, "by_default": span.by_default} if span.by_default else shown


_FIRST = milliseconds("0001-01-01T00:00:00Z")
_LAST = milliseconds("9999-12-31T23:59:59Z")


def _date(bound: int) -> str | None:
    return date_text(bound) if _FIRST <= bound <= _LAST else None


def _number(bound: int) -> int | None:
    return bound if abs(bound) <= LARGEST else None
