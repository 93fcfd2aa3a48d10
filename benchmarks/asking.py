"""Questions to measure with: all different, drawn from a seed, each from an image that really exists.

So none of them is empty, and what is asked for most is what there is most of.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

import orjson

from engines.base import Reader
from engines.query import FieldFacet, Query, Sort
from mappings.date import milliseconds
from mappings.filter import TEXT, Condition, Filter, Operator, conjunction
from mappings.text import tokens
from search_api.access import narrow
from search_api.caller import OPERATOR
from search_api.default_filters import default_clauses
from search_api.facet_counts import MAIN

Image = Mapping[str, object]
"""The body of a document: JSON values by field name."""

FACETS = tuple(map(FieldFacet, MAIN))
CHOICES = (
    "platform",
    "version",
    "os_bit",
    "os_type",
    "firmware",
    "architecture",
    "image_type",
    "region",
    "kind",
    "hypervisors",
    "gpu",
    "gpu_types",
)
"""Fields of which a value is asked for."""

BOUNDS = ("min_ram", "min_disk", "created_at")
"""Fields that are bounded by a number: at most so much memory and disk, made since."""

SORTS = ("created_at", "updated_at", "name", "min_disk", "image_size", "version")

_DAY = 86_400_000
_WINDOWS = 100
_TRIES = 1000


async def sample(reader: Reader, seed: int) -> list[Image]:
    """Give some thousand images from all over the catalogue."""
    random = Random(seed)
    oldest, newest = [await _edge(reader, descending=descending) for descending in (False, True)]
    found: dict[str, Image] = {}
    for _ in range(_WINDOWS):
        since = Condition("created_at", Operator.GTE, (random.randint(oldest, newest),))
        answer = await reader.search(narrow(Query(filter=since, sort=(Sort("created_at"),)), OPERATOR))
        found |= {hit.key: orjson.loads(hit.body) for hit in answer.hits}
    return list(found.values())


def filtered(images: Sequence[Image], seed: int) -> Iterator[Query]:
    """Ask by three to five filters, for 20 whole documents and 12 disjunctive facets."""
    return _different(images, seed, lambda image, random: _query(_filters(image, images, random, 3, 5)))


def first_pages(images: Sequence[Image], seed: int) -> Iterator[Query]:
    """Ask by one or two filters for the first page in the default order, without facets."""
    return _different(
        images, seed, lambda image, random: Query(filter=_usable(*_filters(image, images, random, 1, 2)))
    )


def worded(images: Sequence[Image], seed: int) -> Iterator[Query]:
    """Ask for one to three words of a name, within one filter or none."""

    def draw(image: Image, random: Random) -> Query:
        words = list(dict.fromkeys(tokens(str(image["name"])))) or ["image"]
        chosen = random.sample(words, min(random.randint(1, 3), len(words)))
        text = Condition(TEXT, Operator.MATCH, (" ".join(chosen),))
        return Query(filter=_usable(*_filters(image, images, random, 0, 1)), text=(text,))

    return _different(images, seed, draw)


def dated(images: Sequence[Image], seed: int) -> Iterator[Query]:
    """Ask for what was made within some days or years, in an order by one field."""

    def draw(image: Image, random: Random) -> Query:
        middle = _created(image)
        since, until = (middle + sign * random.randint(_DAY, 700 * _DAY) for sign in (-1, 1))
        window = (
            Condition("created_at", Operator.GTE, (since,)),
            Condition("created_at", Operator.LT, (until,)),
        )
        sort = Sort(random.choice(SORTS), descending=random.random() < 0.5)
        return Query(filter=_usable(*window), sort=(sort,))

    return _different(images, seed, draw)


def _different(images: Sequence[Image], seed: int, draw: Callable[[Image, Random], Query]) -> Iterator[Query]:
    """Draw without end, no question twice."""
    random = Random(seed)
    asked: set[Query] = set()
    while True:
        for _ in range(_TRIES):
            query = draw(random.choice(images), random)
            if query not in asked:
                break
        else:
            raise ValueError(f"{len(images)} images give no more than {len(asked)} different questions")
        asked.add(query)
        yield query


def _query(filters: Sequence[Filter]) -> Query:
    return Query(filter=_usable(*filters), facets=FACETS)


def _usable(*filters: Filter) -> Filter:
    """Add the filters that hold for every question that does not speak of them."""
    return conjunction(*filters, *(clause.filter for clause in default_clauses(frozenset())))


def _filters(
    image: Image, images: Sequence[Image], random: Random, least: int, most: int
) -> tuple[Condition, ...]:
    names = [name for name in (*CHOICES, *BOUNDS) if name in image]
    chosen = random.sample(names, random.randint(least, min(most, len(names))))
    return tuple(
        _bound(name, image, random) if name in BOUNDS else _choice(name, image, images, random)
        for name in chosen
    )


def _choice(name: str, image: Image, images: Sequence[Image], random: Random) -> Condition:
    """Ask for the value of the image; one time in three for another one too."""
    values = [_value(name, image, random)]
    other = random.choice(images)
    if name in other and random.random() < 1 / 3:
        values.append(_value(name, other, random))
    return Condition(name, Operator.IN, tuple(dict.fromkeys(values)))


def _value(name: str, image: Image, random: Random) -> str:
    value = image[name]
    return str(random.choice(value) if isinstance(value, list) else value)


def _bound(name: str, image: Image, random: Random) -> Condition:
    if name == "created_at":
        return Condition(name, Operator.GTE, (_created(image) - random.randrange(700 * _DAY),))
    value = image[name]
    assert isinstance(value, int)
    return Condition(name, Operator.LTE, (value + random.randrange(64),))


def _created(image: Image) -> int:
    return milliseconds(str(image["created_at"]))


async def _edge(reader: Reader, *, descending: bool) -> int:
    ordered = Query(sort=(Sort("created_at", descending=descending),), limit=1)
    answer = await reader.search(narrow(ordered, OPERATOR))
    return _created(orjson.loads(answer.hits[0].body))
