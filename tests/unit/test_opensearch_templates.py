"""Which templates and lifecycle policies of a cluster are meant for our indices, and which of them hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from engines.base import EngineUnavailable
from ims_catalog.opensearch_templates import policies_for, templates_for

NAME = "ims-catalog-lease"
Body = Mapping[str, object]


@dataclass(frozen=True)
class Case:
    title: str
    holds: tuple[str, ...]
    sets: frozenset[str] = frozenset()
    composable: Mapping[str, Body] = field(default_factory=dict)
    legacy: Mapping[str, Body] = field(default_factory=dict)
    components: Mapping[str, Body] = field(default_factory=dict)


def meant(*patterns: str, **more: object) -> Body:
    return {"index_patterns": list(patterns), **more}


CODEC = {"settings": {"index": {"codec": "best_compression"}}}
CASES = [
    Case("none", ()),
    Case("names of others", (), composable={"a": meant("logs-*", "ims-catalogs-*")}),
    Case("the prefix", ("a",), composable={"a": meant("ims-catalog-*")}),
    Case("a wider one", ("a",), composable={"a": meant("logs-*", "ims*lease")}),
    Case("the name itself", ("a",), composable={"a": meant(NAME)}),
    Case("a question mark is none", (), composable={"a": meant("ims-catalog-leas?")}),
    Case("all, as ours are hidden", (), composable={"a": meant("*")}, legacy={"b": meant("*", "ims-*")}),
    Case(
        "the highest priority",
        ("b",),
        composable={"a": meant("ims-*"), "b": meant("ims-*", priority=5), "c": meant("ims-*", priority=4)},
        legacy={"d": meant("ims-*")},
    ),
    Case(
        "several legacy ones",
        ("a", "b"),
        frozenset({"aliases", "index.codec", "mappings"}),
        legacy={
            "a": meant("ims-*", settings={"index.codec": "best_compression"}, mappings={}, aliases={"x": {}}),
            "b": meant("ims-*", settings={}, mappings={"dynamic": "strict"}),
            "c": meant("logs-*"),
        },
    ),
    Case(
        "what components set",
        ("a",),
        frozenset({"index.codec", "index.refresh_interval", "mappings"}),
        composable={
            "a": meant(
                "ims-*",
                composed_of=["one", "two", "gone"],
                template={"settings": {"index.refresh_interval": "1s"}},
            )
        },
        components={"one": CODEC, "two": {"mappings": {"properties": {"a": {"type": "long"}}}}, "three": {}},
    ),
    Case("empty settings", ("a",), composable={"a": meant("ims-*", template={"settings": {}})}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_templates(case: Case) -> None:
    found = templates_for(
        NAME,
        {"index_templates": [{"name": name, "index_template": one} for name, one in case.composable.items()]},
        {
            "component_templates": [
                {"name": name, "component_template": {"template": one}}
                for name, one in case.components.items()
            ]
        },
        case.legacy,
    )
    assert tuple(one.name for one in found) == case.holds
    assert frozenset().union(*(one.sets for one in found)) == case.sets


def test_a_template_of_data_streams_is_known() -> None:
    (found,) = templates_for(
        NAME,
        {"index_templates": [{"name": "a", "index_template": meant("ims-*", data_stream={})}]},
        {"component_templates": []},
        {},
    )
    assert found.for_data_streams


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([{"index_patterns": ["ims-*"], "priority": 1}], {"p": "ims-*"}),
        ([{"index_patterns": ["logs-*"]}, {"index_patterns": ["x", "ims-*-lease"]}], {"p": "ims-*-lease"}),
        ({"index_patterns": ["*"]}, {"p": "*"}),
        ([{"index_patterns": ["logs-*"]}], {}),
        ([], {}),
        (None, {}),
    ],
)
def test_policies(given: Sequence[Body] | Body | None, found: Mapping[str, str]) -> None:
    assert policies_for((NAME,), {"policies": [{"_id": "p", "policy": {"ism_template": given}}]}) == found


@pytest.mark.parametrize(
    "reply", [{}, {"policies": {}}, {"policies": [{"policy": {"ism_template": meant("*")}}]}]
)
def test_something_else_than_policies_is_told(reply: object) -> None:
    with pytest.raises(EngineUnavailable):
        policies_for((NAME,), reply)
