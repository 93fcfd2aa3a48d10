"""The example and development questions, asked of the estate and compared with their readings by id sets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from mappings.filter import And, conjunction
from mappings.match import matches
from search_api.clause import Question
from search_api.question.read import read
from search_api.vocabulary import Vocabulary, vocabulary
from tests.question_estate import DATA, REGIONS, Planted, around, pool
from tests.question_oracle import holds, near_a_bound

NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
_SORTED_BY = {"create_at": "created_at", "update_at": "updated_at", "@os_version": "version"}
_COUNTED = {
    "__platform": "platform",
    "@os_version": "version",
    "__support_kvm_gpu_type": "gpu_types",
    "__support_xen_gpu_type": "gpu_types",
    "__support_gpu_t4": "gpu_types",
}
_TOLERANT = ("no_error", "tenant_scoped")

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a line fared: `literal` as its meaning, `accepted` as another good reading, else `failed`."""

    line: Line
    how: str
    reason: str
    hits: int


@lru_cache(maxsize=2)
def lines(name: str) -> tuple[Line, ...]:
    """The lines of a collection."""
    return tuple(map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines()))


@lru_cache(maxsize=1)
def words() -> Vocabulary:
    """The vocabulary of the estate."""
    return vocabulary({"region": REGIONS, "cloud": ("huawei",)})


def ask(line: Line) -> Question:
    """Read the question of a line at its time."""
    moment = datetime.fromisoformat(line["now"]) if "now" in line else NOW
    return read(line["q"], words(), moment)


def outcome(line: Line) -> Outcome:
    """Ask a line of the pool and of what is planted around its readings."""
    question = ask(line)
    readings = [line, *line.get("accepted", [])]
    if line.get("expect") == "literal_text_or_400":
        readings.append({"text": line["q"].replace('"', " ")})
    seed = int("".join(filter(str.isdigit, line["id"])))
    images = [*pool()]
    if line.get("expect") != "zero_results":
        for place, reading in enumerate(readings[:3]):
            images += around(reading, seed * 10 + place)
    got = {index for index, image in enumerate(images) if _found(question, image)}
    if line.get("expect") == "flavor_lookup":
        return Outcome(line, "failed", "asks for a flavor", len(got))
    wrong = _arrangement(question, line)
    for place, reading in enumerate(readings):
        ignore = {
            index
            for index, image in enumerate(images)
            if near_a_bound(reading, line.get("tolerance", {}), image.record)
        }
        wanted = {index for index, image in enumerate(images) if holds(reading, image.record, image.region)}
        if wanted - ignore == got - ignore:
            if wrong and not (reading.get("sort") is None and reading is not line and wrong == "sort"):
                continue
            return Outcome(line, "literal" if place == 0 else "accepted", "", len(got))
    if line.get("expect") in _TOLERANT:
        return Outcome(line, "accepted", "tolerated", len(got))
    wanted = {index for index, image in enumerate(images) if holds(line, image.record, image.region)}
    return Outcome(
        line, "failed", wrong or f"{len(got - wanted)} too many, {len(wanted - got)} missing", len(got)
    )


def _found(question: Question, image: Planted) -> bool:
    whole = conjunction(question.filter, And(question.text))
    return matches(whole, image.document)


def _arrangement(question: Question, line: Line) -> str:
    if line.get("sort") is not None:
        wanted = [
            (_SORTED_BY.get(one["field"], one["field"]), one["order"] == "desc") for one in line["sort"]
        ]
        if [(level.field, level.descending) for level in question.sort][: len(wanted)] != wanted:
            return "sort"
    elif question.sort:
        return "sort"
    if "limit" in line and question.limit != line["limit"]:
        return "limit"
    if line.get("intent", "list") != question.intent.value:
        return "intent"
    if "facet" in line and {_COUNTED.get(name, name) for name in line["facet"]} != set(question.facets):
        return "facet"
    return ""
