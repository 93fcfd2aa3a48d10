"""The baseline: SQLite with one index per filtered column, answering the same questions with SQL.

Fields of many values, and the prefixes of a version, stand in tables of their own, with an index each way.
Whole documents stand beside the columns, so that counting reads none of them.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.asking import BOUNDS, CHOICES
from engines.query import FieldFacet, Query, facet_filter
from mappings.document import Document, Stored, restore
from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value
from mappings.version import prefixes, spellings
from search_api.facet_counts import MAIN

_MULTIPLE = tuple(name for name in (*CHOICES, *MAIN) if field_named(name).multiple)
_LISTS = tuple(dict.fromkeys((*_MULTIPLE, "version")))
_COLUMNS = tuple(
    name
    for name in dict.fromkeys(
        (*CHOICES, *BOUNDS, *MAIN, "status", "deleted", "registered", "listed", "view", "trust")
    )
    if name not in _LISTS
)
_SHADOWED_BY, _SHADOWED = "shadowed_by", "shadowed"
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What SQL gives for a question: total, keys and bodies of the page, counts by facet and value."""

    total: int
    keys: tuple[str, ...]
    bodies: tuple[bytes, ...]
    counts: Mapping[str, Mapping[Value, int]]


def fill_baseline(path: Path, documents: Iterable[Stored]) -> sqlite3.Connection:
    """Fill a new file with documents, index and analyse it, and open it to be asked."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    columns = ", ".join(f'"{name}"' for name in (_SHADOWED, *_COLUMNS))
    connection.execute(f"CREATE TABLE image (doc INTEGER PRIMARY KEY, key TEXT, {columns})")
    connection.execute("CREATE TABLE body (doc INTEGER PRIMARY KEY, body BLOB)")
    for name in _LISTS:
        connection.execute(
            f'CREATE TABLE "of_{name}" (value, doc INTEGER, PRIMARY KEY (value, doc)) WITHOUT ROWID'
        )
    _insert(connection, documents)
    for name in (_SHADOWED, *_COLUMNS):
        connection.execute(f'CREATE INDEX "by_{name}" ON image ("{name}")')
    connection.execute("CREATE INDEX by_default_order ON image (trust, created_at DESC, key)")
    for name in _LISTS:
        connection.execute(f'CREATE INDEX "doc_{name}" ON "of_{name}" (doc, value)')
    connection.execute("ANALYZE")
    connection.commit()
    connection.execute(f"PRAGMA mmap_size = {1 << 40}")
    connection.execute("PRAGMA cache_size = -262144")
    return connection


def ask_baseline(connection: sqlite3.Connection, query: Query, access: Filter) -> Told:
    """Answer a question in the default order: the total, one page of whole documents, every facet."""
    where, values = _where(And((access, query.filter)))
    found = ("FROM image WHERE", where)
    (total,) = connection.execute(" ".join(("SELECT count(*)", *found)), values).fetchone()
    order = "ORDER BY trust, created_at DESC, key"
    inner = ("SELECT doc, key, trust, created_at", *found, order, "LIMIT ?")
    page = connection.execute(
        " ".join(("SELECT key, body FROM (", *inner, ") JOIN body USING (doc)", order)),
        (*values, query.limit),
    ).fetchall()
    counts = {
        facet.field: _count(connection, facet.field, And((access, facet_filter(query, facet))))
        for facet in query.facets
        if isinstance(facet, FieldFacet)
    }
    return Told(total, tuple(key for key, _ in page), tuple(body for _, body in page), counts)


def _insert(connection: sqlite3.Connection, documents: Iterable[Stored]) -> None:
    row = " ".join(("INSERT INTO image VALUES (", ", ".join("?" * (len(_COLUMNS) + 3)), ")"))
    numbered = enumerate(documents)
    while batch := [(doc, stored, restore(stored)) for doc, stored in islice(numbered, _BATCH)]:
        connection.executemany(row, [_row(doc, document) for doc, _, document in batch])
        connection.executemany("INSERT INTO body VALUES (?, ?)", [(doc, one.body) for doc, one, _ in batch])
        for name in _LISTS:
            connection.executemany(
                " ".join(("INSERT INTO", f'"of_{name}"', "VALUES (?, ?)")),
                [(value, doc) for doc, _, document in batch for value in _listed(name, document)],
            )


def _row(doc: int, document: Document) -> tuple[Value | tuple[str, ...] | None, ...]:
    values = (document.fields.get(name) for name in _COLUMNS)
    return (doc, document.key, bool(document.many(_SHADOWED_BY)), *values)


def _listed(name: str, document: Document) -> set[Value]:
    values = set(document.values_of(name))
    if name != "version":
        return values
    return {spelled for value in values for part in prefixes(str(value)) for spelled in spellings(part)}


def _count(connection: sqlite3.Connection, name: str, base: Filter) -> dict[Value, int]:
    where, values = _where(base)
    source = f'image JOIN "of_{name}" USING (doc)' if name in _LISTS else "image"
    column = "value" if name in _LISTS else f'"{name}"'
    stated = (column, "IS NOT NULL GROUP BY", column)
    counted = ("SELECT", column, ", count(*) FROM", source, "WHERE (", where, ") AND", *stated)
    return dict(connection.execute(" ".join(counted), values).fetchall())


def _where(given: Filter) -> tuple[str, list[Value]]:
    values: list[Value] = []
    return _sql(given, values), values


def _sql(given: Filter, values: list[Value]) -> str:
    """Write a filter as SQL that is true or false, never NULL, so that NOT holds where a value is absent."""
    match given:
        case Condition():
            return _condition(given, values)
        case Not():
            return f"NOT ({_sql(given.filter, values)})"
        case And():
            return " AND ".join(f"({_sql(part, values)})" for part in given.filters) or "1"
        case Or():
            return " OR ".join(f"({_sql(part, values)})" for part in given.filters) or "0"


def _condition(given: Condition, values: list[Value]) -> str:
    if given.field == _SHADOWED_BY:
        return f"{_SHADOWED} = 1"
    values.extend(given.values)
    marks = ", ".join("?" * len(given.values))
    if given.field in _LISTS:
        return " ".join(("doc IN (SELECT doc FROM", f'"of_{given.field}"', "WHERE value IN (", marks, "))"))
    comparison = f"IN ({marks})" if given.operator is Operator.IN else f"{_COMPARISONS[given.operator]} ?"
    return f'"{given.field}" {comparison} AND "{given.field}" IS NOT NULL'


_COMPARISONS = {Operator.LT: "<", Operator.LTE: "<=", Operator.GT: ">", Operator.GTE: ">="}
