"""Random catalogues and questions, small and full of corners: Unicode, ties, missing and many values."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from engines.narrowed import Narrowed
from engines.query import Facet, FieldFacet, FilterFacet, Query, Sort
from mappings.document import Document
from mappings.field import Kind
from mappings.fields import MAP_FIELD, field_named
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or

WORDS = (
    "Ubuntu",
    "ubuntu",
    "server",
    "22.04",
    "授权",
    "远程",
    "LTS_v1.2",
    "ß",
    "é",
    "a-b",
    "64bit",
    "Ünïcödé",
)
VALUES = (
    "",
    "Ubuntu",
    "ubuntu",
    "Ubuntu Pro",
    "授权",
    "a",
    "ab",
    "abc",
    "é",
    "\U0001f427",
    "true",
    "10",
    "9",
)
VERSIONS = ("7", "7.0", "7.9", "7.10", "22.04", "22.4", "2012", "2012R2", "12.3", "6.1", "6.10")
NUMBERS = (-1, 0, 1, 2, 9, 10, 40, 512, 2**53 - 1)
DATES = (0, 1, 1_000, 1_700_000_000_000, 1_700_000_000_001, 1_767_225_600_000)
PROJECTS = ("p1", "p2", "p3")
KEYS = ("team", "a", "a=b", "ключ")

texts = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
VALUES_OF: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.KEYWORD: st.sampled_from(VALUES + PROJECTS),
    Kind.TEXT: texts,
    Kind.INTEGER: st.sampled_from(NUMBERS),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.sampled_from(DATES),
    Kind.VERSION: st.sampled_from(VERSIONS),
}
DRAWN = (
    "name", "description", "display_name", "platform", "os_version", "version", "tags", "status", "protected",
    "listed", "trust", "created_at", "updated_at", "min_disk", "min_ram", "image_size", "firmware", "os_bit",
    "agents", "gpu_types", "hypervisors", "owner", "checksum", "scopes", "visible_to", "shadowed_by",
)  # fmt: skip
SORTABLE = tuple(name for name in DRAWN if field_named(name).sortable)
FACETS = tuple(name for name in DRAWN if field_named(name).facet is not None)
IDENTITY = st.tuples(
    st.sampled_from(("huawei", "otc")),
    st.sampled_from(("cn-north-4", "eu-de")),
    st.text("ab/ %é授", min_size=1, max_size=3),
    st.sampled_from(("public", "own", "shared")),
)


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    identities = draw(st.sets(IDENTITY, max_size=25))
    return [
        draw(_document(dict(zip(("cloud", "region", "id", "view"), each, strict=True))))
        for each in identities
    ]


@st.composite
def _document(draw: st.DrawFn, identity: Mapping[str, str]) -> Document:
    fields: dict[str, Any] = dict(identity)
    for name in draw(st.sets(st.sampled_from(DRAWN))):
        field = field_named(name)
        value = VALUES_OF[field.kind]
        fields[name] = tuple(draw(st.lists(value, min_size=1, max_size=3))) if field.multiple else draw(value)
    derived = tuple(
        name
        for name in ("firmware", "min_ram", "version", "gpu_types")
        if name in fields and draw(st.booleans())
    )
    extra = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2))
    return Document(fields, extra, derived, b'{"raw": true}')


def _text_of(operator: Operator) -> st.SearchStrategy[str]:
    if operator is Operator.WILDCARD:
        return st.text("*?ubntUab授", min_size=1, max_size=6).filter(
            lambda text: len(text.replace("*", "").replace("?", "")) > 1
        )
    if operator is Operator.PREFIX:
        return st.sampled_from(("", "U", "Ub", "ubuntu s", "授", "a", "\U0001f427", "22"))
    return st.lists(st.sampled_from((*WORDS, "_", "2", "é", "1.2", "bit")), min_size=1, max_size=3).map(
        " ".join
    )


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(
        st.sampled_from((*DRAWN, "id", "region", "view", *(f"{MAP_FIELD}.{key}" for key in KEYS), TEXT))
    )
    if name == TEXT:
        operator = draw(st.sampled_from((Operator.MATCH, Operator.PHRASE)))
        return Condition(name, operator, (draw(_text_of(operator)),))
    field = field_named(name)
    operator = draw(st.sampled_from(operators_of(name)))
    if operator is Operator.EXISTS:
        return Condition(name, operator)
    value = VALUES_OF[Kind.KEYWORD if field.kind is Kind.MAP else field.kind]
    if operator is Operator.IN:
        return Condition(name, operator, tuple(draw(st.lists(value, min_size=1, max_size=3))))
    if operator in (Operator.PREFIX, Operator.WILDCARD, Operator.MATCH, Operator.PHRASE):
        value = _text_of(operator)
    elif field.kind is not Kind.VERSION:
        value = st.one_of(value, st.integers(-5, 50))
    return Condition(name, operator, (draw(value),))


def operators_of(name: str) -> tuple[Operator, ...]:
    """Give the operators that a field knows."""
    field = field_named(name)
    always = (Operator.IN, Operator.EXISTS)
    ranges = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
    words = (Operator.MATCH, Operator.PHRASE) if field.text or field.kind is Kind.TEXT else ()
    match field.kind:
        case Kind.KEYWORD | Kind.TEXT | Kind.MAP:
            return (*always, Operator.PREFIX, Operator.WILDCARD, *words)
        case Kind.BOOLEAN:
            return always
        case _:
            return (*always, *ranges)


filters: st.SearchStrategy[Filter] = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


def _access(project: str) -> Filter:
    mine = Condition("visible_to", Operator.IN, (project,))
    return Or(
        (
            Condition("view", Operator.IN, ("public",)),
            And((Condition("view", Operator.IN, ("own",)), mine)),
            And(
                (
                    Condition("view", Operator.IN, ("shared",)),
                    mine,
                    Not(Condition("shadowed_by", Operator.IN, (project,))),
                )
            ),
        )
    )


@st.composite
def questions(draw: st.DrawFn) -> Narrowed:
    facets: list[Facet] = [
        FieldFacet(name, draw(st.sampled_from((1, 2, 100))))
        for name in draw(st.lists(st.sampled_from(FACETS), unique=True, max_size=4))
    ]
    if draw(st.booleans()):
        named = tuple((f"part {number}", draw(filters)) for number in range(draw(st.integers(0, 3))))
        facets.append(
            FilterFacet("named", named, frozenset(draw(st.sets(st.sampled_from(DRAWN), max_size=3))))
        )
    text = [each for each in draw(st.lists(conditions(), max_size=2)) if each.field == TEXT]
    sort = draw(st.lists(st.builds(Sort, st.sampled_from(SORTABLE), st.booleans()), max_size=3))
    query = Query(
        filter=draw(st.one_of(st.just(EVERY), filters)),
        text=tuple(text),
        facets=tuple(facets),
        sort=tuple(sort),
        limit=draw(st.integers(0, 6)),
    )
    return Narrowed(query, draw(st.one_of(st.just(EVERY), st.sampled_from(PROJECTS).map(_access))))
