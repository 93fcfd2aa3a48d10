"""Every operator, on values where a careless engine goes wrong."""

import pytest

from engines.query import Query
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or, Value
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import Engine, publish_once, reading

IMAGES = (
    image(
        "a",
        platform="Ubuntu",
        os_version="Ubuntu 22.04 server 64bit",
        version="22.04",
        min_disk=40,
        created_at=1000,
        tags=("env=prod", "授权"),
        protected=True,
        description="for the web",
        extra={"team": "pay", "a=b": "c"},
    ),
    image(
        "b",
        platform="ubuntu",
        os_version="Ubuntu 22.4",
        version="22.4",
        min_disk=10,
        created_at=2000,
        tags=("env=test",),
        protected=False,
        description="远程 授权",
        extra={"team": "payments", "a": "b=c"},
    ),
    image(
        "c",
        platform="Red Hat",
        version="7.9",
        min_disk=9,
        created_at=2001,
        derived=("min_disk",),
        description="web server for tests",
    ),
    image(
        "d",
        platform="Windows",
        version="2012R2",
        min_disk=100,
        derived=("platform",),
        description="server web",
    ),
    image("e", version="7.10", name="Ubuntu-22.04_server.x86", tags=("web server", "for")),
    image("f", version="7", name="50% off*?", extra={"team": ""}),
)


def holds(field: str, operator: str, *values: Value) -> Condition:
    return Condition(field, Operator(operator), values)


CASES: list[tuple[str, Filter, str]] = [
    ("in is exact and case-sensitive", holds("platform", "in", "Ubuntu"), "a"),
    ("in takes any of its values", holds("platform", "in", "Ubuntu", "Red Hat", "none"), "ac"),
    ("in looks at effective values", holds("platform", "in", "Windows"), "d"),
    ("in finds one of many values", holds("tags", "in", "授权"), "a"),
    ("in on a number", holds("min_disk", "in", 10, 100), "bd"),
    ("in on a boolean finds false", holds("protected", "in", False), "b"),
    ("in on a date", holds("created_at", "in", 2000), "b"),
    ("in on a version takes longer ones in", holds("version", "in", "7"), "cef"),
    ("in on a version ends at a component", holds("version", "in", "7.1"), ""),
    ("in on a version reads leading zeros as numbers", holds("version", "in", "22.4"), "ab"),
    ("in on a version keeps a release apart", holds("version", "in", "2012"), ""),
    ("lt on a number", holds("min_disk", "lt", 10), "c"),
    ("lte on a number", holds("min_disk", "lte", 10), "bc"),
    ("gt on a number", holds("min_disk", "gt", 40), "d"),
    ("gte on a number", holds("min_disk", "gte", 40), "ad"),
    ("a bound between two values", holds("min_disk", "gt", 39), "ad"),
    ("a bound beyond all values", holds("min_disk", "gt", 2**53 - 1), ""),
    ("lt on a date is exact to the millisecond", holds("created_at", "lt", 2001), "ab"),
    ("gte on a date", holds("created_at", "gte", 2001), "c"),
    ("lt on a version compares by component", holds("version", "lt", "7.10"), "cf"),
    ("lte on a version takes longer ones in", holds("version", "lte", "7"), "cef"),
    ("gt on a version leaves longer ones out", holds("version", "gt", "7"), "abd"),
    ("gte on a version", holds("version", "gte", "7.10"), "abde"),
    ("a release stands behind its version", holds("version", "gt", "2012"), "d"),
    ("exists speaks of what was stated", holds("platform", "exists"), "abc"),
    ("exists on a number that a rule filled in", holds("min_disk", "exists"), "abd"),
    ("prefix is case-sensitive", holds("platform", "prefix", "ub"), "b"),
    ("prefix on one of many values", holds("tags", "prefix", "env="), "ab"),
    ("prefix in another script", holds("tags", "prefix", "授"), "a"),
    ("an empty prefix needs a value", holds("platform", "prefix", ""), "abcd"),
    ("wildcard with a run", holds("platform", "wildcard", "R*t"), "c"),
    ("wildcard with one character", holds("platform", "wildcard", "?buntu"), "ab"),
    ("wildcard in the middle of a name", holds("name", "wildcard", "*22.04*"), "e"),
    ("wildcard takes other marks literally", holds("name", "wildcard", "50% o*"), "f"),
    ("wildcard on one of many values", holds("tags", "wildcard", "env=*t"), "b"),
    ("match wants all words in any order", holds("description", "match", "server web"), "cd"),
    ("match folds case and marks", holds("os_version", "match", "SERVER-ubuntu"), "a"),
    ("match on many values takes them as one text", holds("tags", "match", "for web"), "e"),
    ("match without a word finds nothing", holds("description", "match", "-"), ""),
    ("match in all text", holds(TEXT, "match", "ubuntu 22.04"), "ae"),
    ("match in all text joins fields", holds(TEXT, "match", "prod web"), "a"),
    ("match on single characters of Chinese", holds(TEXT, "match", "权授"), "ab"),
    ("phrase wants words side by side", holds("description", "phrase", "web server"), "c"),
    ("phrase in all text", holds(TEXT, "phrase", "web server"), "ce"),
    ("phrase ends with its value", holds("tags", "phrase", "server for"), ""),
    ("phrase across a punctuation mark", holds("name", "phrase", "22.04 server"), "e"),
    ("an extra attribute", holds("extra.team", "in", "pay"), "a"),
    ("an extra attribute that is empty", holds("extra.team", "in", ""), "f"),
    ("a key that holds the mark of equality", holds("extra.a=b", "in", "c"), "a"),
    ("a value that holds the mark of equality", holds("extra.a", "in", "b=c"), "b"),
    ("prefix of an extra attribute", holds("extra.team", "prefix", "pay"), "ab"),
    ("wildcard on an extra attribute", holds("extra.team", "wildcard", "*ments"), "b"),
    ("an extra attribute exists", holds("extra.team", "exists"), "abf"),
    ("an unknown extra attribute", holds("extra.none", "exists"), ""),
    ("a negation takes images without the attribute in", Not(holds("platform", "in", "Ubuntu")), "bcdef"),
    ("and", And((holds("version", "in", "7"), Not(holds("min_disk", "exists")))), "cef"),
    ("or", Or((holds("platform", "in", "Ubuntu"), holds("version", "in", "7.9"))), "ac"),
    ("an empty and holds for all", EVERY, "abcdef"),
    ("an empty or holds for none", Or(()), ""),
    ("a twofold negation", Not(Not(holds("protected", "in", True))), "a"),
]


@pytest.mark.parametrize(("given", "expected"), [pytest.param(*case, id=title) for title, *case in CASES])
async def test_operator(engine: Engine, given: Filter, expected: str) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), Query(filter=given))
    assert sorted(ids(answer)) == sorted(expected)
    assert answer.total == len(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(holds("nothing", "in", "x"), "nothing", id="a field that is none"),
        pytest.param(holds("self", "in", "x"), "self", id="a field that cannot be asked"),
        pytest.param(holds("__platform", "in", "x"), "platform", id="a wire name instead of the field's own"),
        pytest.param(holds("platform", "lt", "x"), "platform", id="an order of texts"),
        pytest.param(holds("min_disk", "lt", "x"), "min_disk", id="a text compared with numbers"),
        pytest.param(holds("min_disk", "prefix", "1"), "min_disk", id="the beginning of a number"),
        pytest.param(holds("platform", "match", "red"), "platform", id="words of a keyword"),
        pytest.param(holds(TEXT, "prefix", "red"), "text", id="the beginning of all text"),
        pytest.param(holds("version", "in", "new"), "new", id="a version that is none"),
    ],
)
async def test_what_cannot_be_asked_is_refused(engine: Engine, given: Filter, message: str) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        with pytest.raises((KeyError, ValueError, TypeError), match=message):
            await ask(reader, Query(filter=given))
