"""The judge of questions: does a reading, as `dev-queries.jsonl` writes it, hold for a record of a cloud.

Written from the rules of that collection; it reads wire attributes and knows nothing of fields or filters.
Only the cutting of text into words is the product's own.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from mappings.text import tokens

Record = Mapping[str, object]
Reading = Mapping[str, object]

_SLIPS = {"create_at": "created_at", "update_at": "updated_at"}
_TEXTS = ("name", "__description", "__os_version", "tags")


def holds(reading: Reading, record: Record, region: str) -> bool:
    """All parts of the reading hold."""
    return (
        all(_is(record, region, name, wanted) for name, wanted in _part(reading, "must").items())
        and not any(
            _is(record, region, name, one)
            for name, wanted in _part(reading, "must_not").items()
            for one in (wanted if isinstance(wanted, list) else [wanted])
        )
        and all(_in_range(record, name, bounds) for name, bounds in _part(reading, "range").items())
        and _says(record, str(reading.get("text") or ""))
        and all(any(holds(clause, record, region) for clause in group) for group in _groups(reading))
    )


def near_a_bound(reading: Reading, tolerance: Mapping[str, str], record: Record) -> bool:
    """Within the tolerance of a date that bounds the reading."""
    for name, length in tolerance.items():
        moment = _moment(record.get(_SLIPS.get(name, name)))
        bounds = _part(reading, "range").get(name)
        for bound in bounds.values() if isinstance(bounds, Mapping) else ():
            if moment is not None and abs(moment - datetime.fromisoformat(bound)) <= _length(length):
                return True
    return False


def version_of(text: str) -> tuple[tuple[int, str], ...]:
    """Numbers of an OS version; a service pack is one more, R2 belongs to its year."""
    bare = re.sub(r"\(?(32|64)\s*-?bits?\)?", " ", text, flags=re.IGNORECASE)
    found = re.search(r"(?<![\w.])\d+(?:\.\d+)*", bare) or re.search(r"\d+(?:\.\d+)*", bare)
    if found is None:
        return ()
    parts = [(int(part), "") for part in found[0].split(".")]
    rest = bare[found.end() :]
    if re.search(r"\bR2\b", rest):
        parts[-1] = (parts[-1][0], "R2")
    pack = re.search(r"\bSP\s*(\d+)", rest)
    return (*parts, (int(pack[1]), "")) if pack else tuple(parts)


def _part(reading: Reading, name: str) -> Mapping[str, object]:
    part = reading.get(name) or {}
    assert isinstance(part, Mapping)
    return part


def _groups(reading: Reading) -> Iterable[list[Reading]]:
    groups = reading.get("any") or []
    assert isinstance(groups, list)
    return groups


def _is(record: Record, region: str, name: str, wanted: object) -> bool:
    if isinstance(wanted, list):
        return any(_is(record, region, name, one) for one in wanted)
    match name:
        case "@text":
            return _says(record, str(wanted))
        case "@region":
            return region == wanted
        case "@os_version":
            has, asked = version_of(str(record.get("__os_version") or "")), _asked_version(str(wanted))
            return has[: len(asked)] == asked
    return _value_is(record, name, wanted)


def _value_is(record: Record, name: str, wanted: object) -> bool:
    value = record.get(_SLIPS.get(name, name))
    if name == "min_ram" and value is None:
        value = 0
    if wanted == "*":
        return value not in (None, "", [], "null")
    if wanted == "":
        return value in (None, "", [], "null")
    values = (
        value
        if isinstance(value, list)
        else str(value).split(",")
        if name == "__support_agent_list"
        else [value]
    )
    return any(_equal(name, one, wanted) for one in values)


def _equal(name: str, value: object, wanted: object) -> bool:
    if value is None:
        return False
    if isinstance(wanted, bool):
        return (str(value).lower() == "true") is wanted
    if name == "__platform":
        return _key(str(value)) == _key(str(wanted))
    if "*" in str(wanted):
        pattern = ".*".join(re.escape(part) for part in str(wanted).split("*"))
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    return str(value).lower() == str(wanted).lower()


def _key(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _asked_version(text: str) -> tuple[tuple[int, str], ...]:
    return tuple(
        (int(part.removesuffix("R2")), "R2" if part.endswith("R2") else "") for part in text.split(".")
    )


def _in_range(record: Record, name: str, bounds: object) -> bool:
    assert isinstance(bounds, Mapping)
    for operator, bound in bounds.items():
        if name == "@os_version":
            asked = _asked_version(str(bound))
            has = version_of(str(record.get("__os_version") or ""))
            if not has:
                return False
            cut = (*has, *[(0, "")] * len(asked))[: len(asked)]
            if not _compare(operator, cut, asked):
                return False
            continue
        if isinstance(bound, str):
            moment = _moment(record.get(_SLIPS.get(name, name)))
            if moment is None or not _compare(operator, moment, datetime.fromisoformat(bound)):
                return False
            continue
        value = record.get(name)
        if value in (None, "") and name == "min_ram":
            value = 0
        if value in (None, "") or not _compare(operator, int(str(value)), bound):
            return False
    return True


def _compare(operator: str, left: object, right: object) -> bool:
    match operator:
        case "gt":
            return left > right  # type: ignore[operator,no-any-return]
        case "gte":
            return left >= right  # type: ignore[operator,no-any-return]
        case "lt":
            return left < right  # type: ignore[operator,no-any-return]
        case "lte":
            return left <= right  # type: ignore[operator,no-any-return]
    raise ValueError(operator)


def _says(record: Record, text: str) -> bool:
    """All words occur in the texts; those in quotes side by side within one."""
    if not text:
        return True
    texts: list[str] = []
    for name in _TEXTS:
        value = record.get(name)
        texts.extend(map(str, value) if isinstance(value, list) else [str(value)] if value else [])
    words = {word for one in texts for word in tokens(one)}
    for part in re.findall(r'"[^"]*"|[^"]+', text):
        wanted = tokens(part)
        if part.startswith('"'):
            if not any(_side_by_side(wanted, tokens(one)) for one in texts):
                return False
        elif not set(wanted) <= words:
            return False
    return True


def _side_by_side(wanted: tuple[str, ...], has: tuple[str, ...]) -> bool:
    return any(has[at : at + len(wanted)] == wanted for at in range(len(has) - len(wanted) + 1))


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(str(value)).astimezone(UTC) if value else None


def _length(text: str) -> timedelta:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(\d+)H)?", text)
    assert found is not None
    return timedelta(days=int(found[1] or 0), hours=int(found[2] or 0))
