import orjson
import pytest

from mappings.raw import DEPTH, nested_text, raw_json
from mappings.value import Flawed, Reason


def hidden(key: str) -> bool:
    return key in {"__image_location", "locations"}


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("title", "record", "written", "flaw"),
    [
        ("as it came", {"b": 1, "a": "标"}, '{"a":"标","b":1}', None),
        ("tags are a set", {"tags": ["b", "a"]}, '{"tags":["a","b"]}', None),
        ("other lists keep their order", {"l": ["b", "a"]}, '{"l":["b","a"]}', None),
        ("hidden keys leave", {"id": "1", "__image_location": "x"}, '{"id":"1"}', None),
        ("hidden keys leave at any depth", {"m": [{"locations": [], "x": 1}]}, '{"m":[{"x":1}]}', None),
        ("lone surrogate", {"a": "\ud800!"}, '{"a":"\ufffd!"}', Reason.BROKEN_CHARACTERS),
        ("lone surrogate in a key", {"\udc00": 1}, '{"\ufffd":1}', Reason.BROKEN_CHARACTERS),
        ("NaN", {"a": float("nan")}, '{"a":null}', Reason.NOT_JSON),
        ("infinity in a list", {"a": [1.5, float("-inf")]}, '{"a":[1.5,null]}', Reason.NOT_JSON),
        ("an integer of 30 digits is JSON", {"a": 10**30}, f'{{"a":{10**30}}}', None),
        ("an integer beyond every double is not", {"a": 10**309}, '{"a":null}', Reason.NOT_JSON),
        ("an endless integer is not", {"a": 10**5000}, '{"a":null}', Reason.NOT_JSON),
        ("null, true, false", {"a": None, "b": True, "c": False}, '{"a":null,"b":true,"c":false}', None),
        ("empty", {}, "{}", None),
    ],
)
def test_a_record_is_written(
    title: str, record: dict[str, object], written: str, flaw: Reason | None
) -> None:
    raw, told = raw_json(record, hidden)
    assert raw.decode() == written
    assert told is flaw
    assert isinstance(orjson.loads(raw), dict)


def test_equal_records_are_equal_bytes() -> None:
    one: dict[str, object] = {"id": "1", "tags": ["a", "b"], "x": {"p": 1, "q": 2}}
    other: dict[str, object] = {"x": {"q": 2, "p": 1}, "tags": ["b", "a"], "id": "1"}
    assert raw_json(one, hidden) == raw_json(other, hidden)


@pytest.mark.parametrize("depth", [DEPTH + 1, 900, 5000])
def test_what_nests_too_deep_is_replaced(depth: int) -> None:
    raw, flaw = raw_json({"a": nested(depth)}, hidden)
    assert flaw is Reason.NOT_JSON
    assert b"deep" not in raw
    orjson.loads(raw)


def test_what_nests_is_kept() -> None:
    raw, flaw = raw_json({"a": nested(DEPTH - 1)}, hidden)
    assert flaw is None
    assert b"deep" in raw


def test_nested_text_is_compact_and_hides() -> None:
    assert nested_text({"b": [1, True], "__image_location": "x"}, hidden) == '{"b":[1,true]}'
    assert nested_text([float("nan")], hidden) == Flawed(Reason.NOT_JSON, "[null]")
