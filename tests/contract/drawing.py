"""Random catalogues and questions, small and full of corners: Unicode, ties, missing and many values."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from engines.histogram import spreadable
from engines.narrowed import Narrowed
from engines.query import Facet, FieldFacet, FilterFacet, Pivot, Query, Sort
from mappings.document import Document
from mappings.field import Field, Kind
from mappings.fields import MAP_FIELD, field_named
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or, Value

_WORDS = (
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
_VALUES = (
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


@dataclass(frozen=True)
class Stock:
    """What values are drawn from; limits are multiples of `page`, that no walk takes hundreds of pages."""

    words: Sequence[str]
    values: Sequence[str]
    versions: Sequence[str]
    numbers: Sequence[int]
    dates: Sequence[int]
    page: int = 1


FEW = Stock(
    words=_WORDS,
    values=_VALUES,
    versions=("7", "7.0", "7.9", "7.10", "22.04", "22.4", "2012", "2012R2", "12.3", "6.1", "6.10"),
    numbers=(-1, 0, 1, 2, 9, 10, 40, 512, 2**53 - 1),
    dates=(0, 1, 1_000, 1_700_000_000_000, 1_700_000_000_001, 1_767_225_600_000),
)
"""A handful of each kind."""

MANY = Stock(
    words=(*_WORDS, *(f"word{number}" for number in range(400))),
    values=(*_VALUES, *(f"{beginning}{number}" for beginning in ("a", "Ub", "授") for number in range(200))),
    versions=tuple(f"{major}.{minor}" for major in range(1, 25) for minor in (*range(20), "04")),
    numbers=(*range(-450, 450, 3), 2**53 - 1, 1 - 2**53),
    dates=(*range(-900_000_000_000, 1_700_000_000_000, 4_000_000_001), -1, 0, 1),
    page=50,
)
"""More than 256 of each kind, negative numbers and dates before 1970 among them."""

PROJECTS = ("p1", "p2", "p3")
KEYS = ("team", "a", "a=b", "ключ")
PREFIXES = ("", "U", "Ub", "ubuntu s", "授", "a", "\U0001f427", "22")
DRAWN = (
    "name", "description", "display_name", "platform", "os_version", "version", "tags", "status", "protected",
    "listed", "trust", "created_at", "updated_at", "min_disk", "min_ram", "image_size", "firmware", "os_bit",
    "agents", "gpu_types", "hypervisors", "owner", "checksum", "scopes", "visible_to", "shadowed_by",
)  # fmt: skip
DERIVED = ("firmware", "min_ram", "version", "gpu_types", "trust")
SORTABLE = tuple(name for name in DRAWN if field_named(name).sortable)
FACETS = tuple(name for name in DRAWN if field_named(name).facet is not None)
SPREAD = tuple(name for name in DRAWN if spreadable(field_named(name)))
SUMMED = tuple(name for name in DRAWN if field_named(name).summable)
ASKED = (*DRAWN, "id", "region", "view", *(f"{MAP_FIELD}.{key}" for key in KEYS), TEXT, TEXT)


def draw_documents(drawn: Random, number: int, stock: Stock = FEW) -> list[Document]:
    """Draw at most so many documents, no two of one key."""
    made = [_document(drawn, stock) for _ in range(number)]
    return list({document.key: document for document in made}.values())


def draw_question(drawn: Random, stock: Stock = FEW) -> Narrowed:
    """Draw a query, with all that can be counted, order and limit, and what its caller may see."""
    facets: list[Facet] = [
        FieldFacet(name, drawn.choice((1, 2, 100))) for name in drawn.sample(FACETS, drawn.randrange(5))
    ]
    if drawn.random() < 0.4:
        named = tuple((f"part {number}", _filter(drawn, stock, 2)) for number in range(drawn.randrange(4)))
        facets.append(FilterFacet("named", named, frozenset(drawn.sample(DRAWN, drawn.randrange(3)))))
    query = Query(
        filter=EVERY if drawn.random() < 0.2 else _filter(drawn, stock, 3),
        text=tuple(_text_condition(drawn, stock, TEXT) for _ in range(drawn.choice((0, 0, 0, 1, 1, 2)))),
        facets=tuple(facets),
        histograms=tuple(drawn.sample(SPREAD, drawn.choice((0, 0, 1, 2)))),
        pivot=_pivot(drawn) if drawn.random() < 0.3 else None,
        sums=tuple(drawn.sample(SUMMED, drawn.choice((0, 0, 0, 1, 2)))),
        sort=draw_order(drawn),
        limit=drawn.randrange(7) * stock.page,
    )
    return Narrowed(query, _access(drawn.choice(PROJECTS)) if drawn.random() < 0.5 else EVERY)


def _pivot(drawn: Random) -> Pivot:
    return Pivot(drawn.choice(FACETS), drawn.choice(FACETS), drawn.choice((1, 3, 100)))


def draw_order(drawn: Random) -> tuple[Sort, ...]:
    """Draw an order of up to three levels; none is the default one."""
    return tuple(
        Sort(drawn.choice(SORTABLE), drawn.random() < 0.5) for _ in range(drawn.choice((0, 0, 1, 2, 3)))
    )


def _document(drawn: Random, stock: Stock) -> Document:
    fields: dict[str, Value | tuple[str, ...]] = {
        "cloud": drawn.choice(("huawei", "otc")),
        "region": drawn.choice(("cn-north-4", "eu-de")),
        "id": "".join(drawn.choice("ab/ %é授") for _ in range(drawn.randint(1, 3))),
        "view": drawn.choice(("public", "own", "shared")),
    }
    for name in DRAWN:
        if drawn.random() < 0.6:
            fields[name] = _content(drawn, stock, field_named(name))
    derived = tuple(name for name in DERIVED if name in fields and drawn.random() < 0.4)
    extra = {drawn.choice(KEYS): drawn.choice(stock.values) for _ in range(drawn.randrange(3))}
    return Document(fields, extra, derived, b'{"raw": true}')


def _content(drawn: Random, stock: Stock, field: Field) -> Value | tuple[str, ...]:
    if not field.multiple:
        return _value(drawn, stock, field)
    return tuple(str(_value(drawn, stock, field)) for _ in range(drawn.randint(1, 3)))


def _value(drawn: Random, stock: Stock, field: Field) -> Value:
    match field.kind:
        case Kind.TEXT:
            return " ".join(drawn.choice(stock.words) for _ in range(drawn.randrange(6)))
        case Kind.INTEGER:
            return drawn.choice(stock.numbers)
        case Kind.BOOLEAN:
            return drawn.random() < 0.5
        case Kind.DATE:
            return drawn.choice(stock.dates)
        case Kind.VERSION:
            return drawn.choice(stock.versions)
        case _:
            return drawn.choice((*stock.values, *PROJECTS))


def _filter(drawn: Random, stock: Stock, depth: int) -> Filter:
    chance = drawn.random()
    if depth == 0 or chance < 0.4:
        return _condition(drawn, stock)
    if chance < 0.55:
        return Not(_filter(drawn, stock, depth - 1))
    parts = tuple(_filter(drawn, stock, depth - 1) for _ in range(drawn.randrange(4)))
    return Or(parts) if chance < 0.75 else And(parts)


def _condition(drawn: Random, stock: Stock) -> Condition:
    name = drawn.choice(ASKED)
    if name == TEXT:
        return _text_condition(drawn, stock, name)
    field = field_named(name)
    operator = drawn.choice(_operators(field))
    if operator in (Operator.MATCH, Operator.PHRASE):
        return _text_condition(drawn, stock, name)
    return Condition(name, operator, _asked(drawn, stock, field, operator))


def _asked(drawn: Random, stock: Stock, field: Field, operator: Operator) -> tuple[Value, ...]:
    match operator:
        case Operator.EXISTS:
            return ()
        case Operator.IN:
            return tuple(_value(drawn, stock, field) for _ in range(drawn.randint(1, 3)))
        case Operator.PREFIX:
            return (drawn.choice(PREFIXES),)
        case Operator.WILDCARD:
            return (_wildcard(drawn, stock),)
        case _:
            between = field.kind is not Kind.VERSION and drawn.random() < 0.3
            return (drawn.randint(-5, 50) if between else _value(drawn, stock, field),)


def _text_condition(drawn: Random, stock: Stock, name: str) -> Condition:
    words = (*stock.words, *stock.words, "_", "2", "1.2", "bit")
    text = " ".join(drawn.choice(words) for _ in range(drawn.randint(1, 2)))
    return Condition(name, drawn.choice((Operator.MATCH, Operator.PHRASE)), (text,))


def _wildcard(drawn: Random, stock: Stock) -> str:
    """Take marks into a value, or any characters."""
    text = drawn.choice((*stock.values, *stock.words, "Ubuntu server", "tuab授b"))
    marked = "".join(drawn.choice((each, each, each, "*", "?", "*" + each)) for each in text)
    return marked if len(marked.replace("*", "").replace("?", "")) > 1 else f"*{text}b*"


def _operators(field: Field) -> tuple[Operator, ...]:
    """Give the operators that a field knows."""
    always = (Operator.IN, Operator.EXISTS)
    match field.kind:
        case Kind.BOOLEAN:
            return always
        case Kind.INTEGER | Kind.DATE | Kind.VERSION:
            return (*always, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
        case _:
            words = (Operator.MATCH, Operator.PHRASE) if field.text or field.kind is Kind.TEXT else ()
            return (*always, Operator.PREFIX, Operator.WILDCARD, *words)


def _access(project: str) -> Filter:
    def has(field: str, value: str) -> Filter:
        return Condition(field, Operator.IN, (value,))

    mine = has("visible_to", project)
    own = And((has("view", "own"), mine))
    shared = And((has("view", "shared"), mine, Not(has("shadowed_by", project))))
    return Or((has("view", "public"), own, shared))
