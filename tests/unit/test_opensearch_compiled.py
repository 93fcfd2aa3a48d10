"""Questions as OpenSearch is asked them: the forms that matter, as data."""

from time import process_time
from typing import cast

import pytest

from engines.base import TooCostly
from engines.narrowed import Narrowed
from engines.opensearch.aggregation import Aggregations, buckets
from engines.opensearch.asking import raw, search
from engines.opensearch.condition import EVERYTHING, NOTHING, clause
from engines.opensearch.known import Known
from engines.opensearch.pattern import steps, wildcard
from engines.opensearch.response import Bodies, Body
from engines.query import FieldFacet, Pivot, Position, Query, Sort
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or, Value

KNOWN = Known("g", {"platform": 7, "firmware": 2, "owner": 20_000}, frozenset(("firmware",)))
NO_COMPANION = {"exists": {"field": "companion"}}


def holds(field: str, operator: str, *values: Value) -> Condition:
    return Condition(field, Operator(operator), values)


UBUNTU = holds("platform", "in", "Ubuntu")
UEFI = holds("firmware", "in", "uefi")
SMALL = holds("min_disk", "lte", 40)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(UBUNTU, {"term": {"platform": "Ubuntu"}}, id="one value"),
        pytest.param(
            holds("platform", "in", "a", "b", "a"),
            {"terms": {"platform": ["a", "b"]}},
            id="values, each once",
        ),
        pytest.param(holds("platform", "in"), NOTHING, id="no value"),
        pytest.param(holds("protected", "in", 1), {"term": {"protected": True}}, id="a number for a boolean"),
        pytest.param(holds("min_disk", "in", 2**64), NOTHING, id="a number beyond all"),
        pytest.param(
            holds("min_disk", "lt", 2**80), {"range": {"min_disk": {"lt": 2**53}}}, id="a bound beyond all"
        ),
        pytest.param(
            holds("created_at", "gt", -(2**80)),
            {"range": {"created_at": {"gt": -(2**53)}}},
            id="a bound before all",
        ),
        pytest.param(
            holds("version", "in", "22.04"),
            {"term": {"version_parts": "22.4"}},
            id="a version by its numbers",
        ),
        pytest.param(
            holds("platform", "exists"),
            {"exists": {"field": "platform"}},
            id="stated, where no rule fills in",
        ),
        pytest.param(
            holds("firmware", "exists"),
            {
                "bool": {
                    "filter": [{"exists": {"field": "firmware"}}],
                    "must_not": [{"term": {"derived": "firmware"}}],
                }
            },
            id="stated, where a rule fills in",
        ),
        pytest.param(
            holds("platform", "wildcard", r"a\*?"),
            {"wildcard": {"platform": {"value": r"a\\*?"}}},
            id="a backslash",
        ),
        pytest.param(
            holds("extra.a*b", "wildcard", "x?*"),
            {"wildcard": {"extra": {"value": r"3:a\*b=x?*"}}},
            id="a pattern behind a key that holds a mark",
        ),
        pytest.param(
            holds("extra.team", "exists"), {"prefix": {"extra": {"value": "4:team="}}}, id="a key of the map"
        ),
        pytest.param(holds("platform", "in", "\ud800"), NOTHING, id="half a character as a value"),
        pytest.param(holds("platform", "prefix", "\ud800"), NOTHING, id="half a character as a beginning"),
        pytest.param(
            holds("platform", "prefix", "a" * 5000), NOTHING, id="a beginning longer than any value"
        ),
        pytest.param(
            holds("platform", "wildcard", "?" * 5000), NOTHING, id="a pattern longer than any value"
        ),
        pytest.param(
            holds(TEXT, "match", "Web web-server"),
            {"bool": {"filter": [{"term": {"words.all": "web"}}, {"term": {"words.all": "server"}}]}},
            id="words, each once",
        ),
        pytest.param(
            holds("name", "phrase", "22.04_server"),
            {"match_phrase": {"words.name": "22.04 server"}},
            id="words side by side",
        ),
        pytest.param(holds(TEXT, "match", "-"), NOTHING, id="no word"),
        pytest.param(EVERY, EVERYTHING, id="everything"),
        pytest.param(Or(()), NOTHING, id="nothing"),
        pytest.param(And((UBUNTU, Or(()))), NOTHING, id="nothing among what must hold"),
        pytest.param(Or((UBUNTU, EVERY)), EVERYTHING, id="everything among alternatives"),
        pytest.param(Not(Not(UBUNTU)), {"term": {"platform": "Ubuntu"}}, id="a twofold negation"),
        pytest.param(
            And((UBUNTU, And((UEFI, Not(SMALL))))),
            {
                "bool": {
                    "filter": [{"term": {"platform": "Ubuntu"}}, {"term": {"firmware": "uefi"}}],
                    "must_not": [{"range": {"min_disk": {"lte": 40}}}],
                }
            },
            id="ands and negations stand flat",
        ),
        pytest.param(
            Not(Or((UBUNTU, UEFI))),
            {"bool": {"must_not": [{"term": {"platform": "Ubuntu"}}, {"term": {"firmware": "uefi"}}]}},
            id="a negated or stands flat",
        ),
        pytest.param(
            Not(And((UBUNTU, UEFI))),
            {
                "bool": {
                    "must_not": [
                        {
                            "bool": {
                                "filter": [{"term": {"platform": "Ubuntu"}}, {"term": {"firmware": "uefi"}}]
                            }
                        }
                    ]
                }
            },
            id="a negated and stays together",
        ),
    ],
)
def test_a_filter_compiled(given: Filter, expected: object) -> None:
    assert clause(given, KNOWN.derived) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("*a" + "?" * 20, id="too many open ends"),
        pytest.param("*ab" * 300, id="too many literals behind one another"),
    ],
)
def test_a_pattern_that_a_node_gives_up_is_refused(pattern: str) -> None:
    with pytest.raises(TooCostly, match="longer runs"):
        wildcard(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("abc", 4, id="each place, and the end"),
        pytest.param("a*b", 6, id="what is behind a star with the star"),
        pytest.param("*a?", 12, id="an open place behind a star"),
    ],
)
def test_the_states_of_a_pattern_are_counted_by_their_places(pattern: str, expected: int) -> None:
    assert steps(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("*".join(["abcdefghijklmno"] * 9)[:128], id="eight stars"),
        pytest.param("*a" * 1000, id="a thousand stars"),
        pytest.param("*".join(map(chr, range(0x4E00, 0x4E00 + 2000))), id="a thousand letters between stars"),
        pytest.param("*" + "".join(map(chr, range(0x4E00, 0x4E00 + 4000))), id="all letters different"),
    ],
)
def test_counting_the_states_of_a_pattern_holds_nothing_up(pattern: str) -> None:
    begun = process_time()
    steps(pattern)
    assert process_time() - begun < 0.5


def test_the_patterns_of_a_query_are_bounded_together() -> None:
    costly = [f"*{letter}??????????" for letter in "abcdefgh"]
    assert all(body(Query(filter=holds("name", "wildcard", pattern))) for pattern in costly)
    with pytest.raises(TooCostly, match="fewer patterns"):
        body(Query(filter=Or(tuple(holds("name", "wildcard", pattern) for pattern in costly))))


@pytest.mark.parametrize(
    ("sort", "position"),
    [
        pytest.param("min_disk", Position((1.5,), "k"), id="no whole number"),  # type: ignore[arg-type]
        pytest.param("platform", Position(("\ud800",), "k"), id="half a character"),
        pytest.param("platform", Position(("a",), "k\ud800"), id="half a character in the key"),
    ],
)
def test_a_position_that_no_hit_has_is_refused(sort: str, position: Position) -> None:
    with pytest.raises(ValueError, match=r"no value of it|half a character"):
        body(Query(sort=(Sort(sort),), after=position))


@pytest.mark.parametrize("pattern", ["*a" + "?" * 8, "*ab" * 40, "*Ubuntu*22.04*server*", "?" * 2000])
def test_a_pattern_that_a_node_takes_is_not(pattern: str) -> None:
    assert wildcard(pattern) == pattern


def test_runs_of_stars_are_one() -> None:
    assert wildcard("a***b**") == "a*b*"


def body(query: Query, access: Filter = EVERY) -> Body:
    """The first search of a query."""
    return bodies(query, access)[0]


def bodies(query: Query, access: Filter = EVERY) -> Bodies:
    """The searches that are sent first."""
    return next(search(Narrowed(query, access), KNOWN))


FACETS = (FieldFacet("platform"), FieldFacet("firmware"))
PLATFORM, FIRMWARE = {"term": {"platform": "Ubuntu"}}, {"term": {"firmware": "uefi"}}
DISK = {"range": {"min_disk": {"lte": 40}}}


def steady(*demanded: object, forbidden: tuple[object, ...] = ()) -> dict[str, object]:
    """What many questions have in common, in the form in which a node remembers it."""
    wanted = {"filter": [*demanded]} if demanded else {}
    common = {"bool": {**wanted, "must_not": [NO_COMPANION, *forbidden]}}
    return {"bool": {"should": [common, {"term": {"companion": ""}}], "minimum_should_match": 1}}


def counted(asked: Body) -> list[str]:
    """The names of what a search counts."""
    aggregations = asked["aggs"]
    assert isinstance(aggregations, dict)
    return list(aggregations)


def found(*demanded: object) -> dict[str, object]:
    return {"bool": {"filter": [steady(), *demanded]}} if demanded else steady()


def test_each_group_of_facets_is_counted_by_a_search_without_what_it_lifts() -> None:
    hits, platforms, firmware = bodies(Query(filter=And((UBUNTU, UEFI, SMALL)), facets=FACETS))
    assert hits["query"] == {"bool": {"filter": [DISK, steady(), PLATFORM, FIRMWARE]}}
    assert "aggs" not in hits
    assert platforms["query"] == {"bool": {"filter": [DISK, steady(), FIRMWARE]}}
    assert firmware["query"] == {"bool": {"filter": [DISK, steady(), PLATFORM]}}
    assert counted(platforms) == ["facet 0 values"]
    assert counted(firmware) == ["facet 1 values", "facet 1 filled in"]
    assert platforms["size"] == firmware["size"] == 0


def test_facets_that_lift_nothing_are_counted_with_the_hits() -> None:
    hits, platforms = bodies(Query(filter=And((UBUNTU, SMALL)), facets=FACETS))
    assert counted(hits) == ["facet 1 values", "facet 1 filled in"]
    assert counted(platforms) == ["facet 0 values"]
    assert platforms["query"] == {"bool": {"filter": [DISK, steady()]}}


def test_no_search_counts_more_values_than_a_node_gives() -> None:
    many = (
        "platform",
        "owner",
        "tags",
        "os_version",
        "version",
        "min_disk",
        "firmware",
        "enterprise_project_id",
    )
    known = Known("g", dict.fromkeys(many, 9_900), frozenset(("firmware", "min_disk")))
    facets = tuple(map(FieldFacet, many))
    for given in (EVERY, UBUNTU):
        asked = next(
            search(Narrowed(Query(filter=given, facets=facets, pivot=Pivot(*many[:2])), EVERY), known)
        )
        aggregations = [cast("Aggregations", each.get("aggs", {})) for each in asked]
        assert max(map(buckets, aggregations)) <= 40_000
        assert sum(map(buckets, aggregations)) >= 12 * 9_900
        names = [name for each in aggregations for name in each]
        assert len(names) == len(set(names))
        assert {f"facet {number} values" for number in range(len(many))} <= set(names)
        # Each search of what the facets do not lift is of what the query finds.
        assert len({str(each["query"]) for each in asked}) == (1 if given == EVERY else 2)


@pytest.mark.parametrize(
    ("aggregations", "expected"),
    [
        pytest.param({"a": {"terms": {"size": 9}}, "b": {"terms": {"size": 1}}}, 10, id="side by side"),
        pytest.param(
            {"a": {"filter": {}, "aggs": {"b": {"terms": {"size": 9}}}}}, 10, id="within one bucket"
        ),
        pytest.param(
            {"a": {"terms": {"size": 9}, "aggs": {"b": {"terms": {"size": 3}}}}}, 36, id="within each bucket"
        ),
        pytest.param({"a": {"filters": {"filters": [{}, {}]}}}, 2, id="filters"),
        pytest.param({"a": {"terms": {"size": 9}, "aggs": {"b": {"sum": {}}}}}, 9, id="sums are none"),
    ],
)
def test_buckets_are_counted_before_they_come(aggregations: Aggregations, expected: int) -> None:
    assert buckets(aggregations) == expected


def test_all_parts_on_one_field_are_lifted_together() -> None:
    other = Not(holds("platform", "in", "b"))
    _, platforms, firmware = bodies(Query(filter=And((UBUNTU, other, UEFI)), facets=FACETS))
    assert platforms["query"] == found(FIRMWARE)
    assert firmware["query"] == {
        "bool": {"filter": [steady(), PLATFORM], "must_not": [{"term": {"platform": "b"}}]}
    }


def test_without_facets_nothing_is_lifted() -> None:
    (asked,) = bodies(Query(filter=And((UBUNTU, UEFI))))
    assert asked["query"] == {"bool": {"filter": [PLATFORM, FIRMWARE, steady()]}}
    assert "aggs" not in asked


def test_access_and_flags_stand_together() -> None:
    protected = holds("protected", "in", True)
    hidden = Not(holds("hidden", "in", True))
    _, platforms = bodies(Query(filter=And((UBUNTU, protected, hidden)), facets=FACETS), access=UEFI)
    assert platforms["query"] == steady(
        FIRMWARE, {"term": {"protected": True}}, forbidden=({"term": {"hidden": True}},)
    )


def test_facets_ask_for_all_values_or_for_the_first_of_very_many() -> None:
    aggregations = body(Query(facets=(FieldFacet("platform", 2), FieldFacet("owner", 5))))["aggs"]
    assert aggregations == {
        "facet 0 values": {"terms": {"field": "platform", "size": 7}},
        "facet 1 values": {"terms": {"field": "owner", "size": 5}},
        "facet 1 distinct": {"cardinality": {"field": "owner", "precision_threshold": 40_000}},
    }


def test_the_order_ends_with_the_key_and_missing_values_stand_last() -> None:
    assert body(Query())["sort"] == [
        {"trust": {"order": "asc", "missing": "_last"}},
        {"created_at": {"order": "desc", "missing": "_last"}},
        {"key": "asc"},
    ]
    assert body(Query(sort=(Sort("version"),)))["sort"] == [
        {"version_key": {"order": "asc", "missing": "_last"}},
        {"key": "asc"},
    ]


def test_names_that_hold_all_words_score() -> None:
    asked = body(Query(text=(holds(TEXT, "match", "web"), holds(TEXT, "phrase", "server web"))))
    named = {"bool": {"filter": [{"term": {"words.name": "web"}}, {"term": {"words.name": "server"}}]}}
    query, sort = asked["query"], asked["sort"]
    assert isinstance(query, dict)
    assert query["bool"]["should"] == [{"constant_score": {"filter": named}}]
    assert isinstance(sort, list)
    assert sort[0] == {"_score": "desc"}


@pytest.mark.parametrize(
    ("sort", "values", "expected"),
    [
        pytest.param((Sort("min_disk"),), (None,), [2**63 - 1], id="a missing number, rising"),
        pytest.param(
            (Sort("min_disk", descending=True),), (None,), [-(2**63)], id="a missing number, falling"
        ),
        pytest.param((Sort("name"),), (None,), [None], id="a missing text"),
        pytest.param((Sort("created_at"),), (2**70,), [2**53], id="a number beyond all"),
        pytest.param((), (0, 5), [0, 5], id="the default order"),
    ],
)
def test_a_page_begins_behind_a_position(
    sort: tuple[Sort, ...], values: tuple[int | str | None, ...], expected: list[object]
) -> None:
    asked = body(Query(sort=sort, limit=20, after=Position(values, "k")))
    assert asked["search_after"] == [*expected, "k"]
    # One more tells whether there is a further page.
    assert asked["size"] == 21


def test_a_rank_by_name_is_turned_round() -> None:
    query = Query(text=(holds(TEXT, "match", "web"),), after=Position((0, 1, None), "k"))
    assert body(query)["search_after"] == [1, 1, -(2**63), "k"]


def test_counting_only_asks_for_no_hit() -> None:
    assert body(Query(filter=UBUNTU, limit=0)) == {
        "query": {"bool": {"filter": [PLATFORM, steady()]}},
        "track_total_hits": True,
        "size": 0,
    }


def test_raw_records_are_asked_for_without_counts() -> None:
    (asked,) = next(
        raw(Narrowed(Query(filter=UBUNTU, facets=FACETS, histograms=("min_disk",)), EVERY), KNOWN)
    )
    assert "aggs" not in asked
    assert asked["stored_fields"] == ["raw"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(Query(facets=(FieldFacet("checksum"),)), "checksum: not a facet", id="a facet"),
        pytest.param(Query(sums=("max_ram",)), "max_ram: cannot be added up", id="a sum"),
        pytest.param(
            Query(histograms=("platform",)), "platform: cannot be spread; these can", id="a histogram"
        ),
        pytest.param(Query(sort=(Sort("tags"),)), "tags: images cannot be sorted", id="an order"),
        pytest.param(Query(filter=holds("self", "in", "x")), "self: not a field", id="a field not asked"),
        pytest.param(Query(after=Position((1,), "k")), "a position of 1 values", id="a position too short"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_node_is(query: Query, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        body(query)


def test_more_words_than_a_node_takes_are_refused() -> None:
    words = "".join(map(chr, range(0x4E00, 0x4E00 + 1200)))
    with pytest.raises(TooCostly, match="100 at most"):
        body(Query(text=(holds(TEXT, "match", words),), sort=(Sort("name"),)))
