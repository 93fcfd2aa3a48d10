"""The `facets` of an answer: values with labels and counts, what is chosen, and what is not stated."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson

from engines.query import EXACT_VALUES, FacetCounts
from mappings.field import Field, Kind
from mappings.fields import field_named
from mappings.filter import Condition, Filter, Not, Operator, Or, Value, conjuncts

MAIN = (
    "image_type",
    "platform",
    "os_bit",
    "architecture",
    "firmware",
    "kind",
    "hypervisors",
    "gpu",
    "gpu_types",
    "region",
    "status",
    "min_disk",
)
"""The facets that are counted where a request for counts names none."""

NOT_STATED = "not stated"


Chosen = Mapping[str, frozenset[Value | None]]
"""What a question chooses, by field; None stands for "not stated"."""


def facets_json(facets: Mapping[str, FacetCounts], chosen: Chosen, sums: tuple[str, ...] = ()) -> str:
    """Write the section. Buckets come as the engine orders them, "not stated" always last, also at 0.

    `sums` are the fields that were added up.
    """
    written: list[str] = []
    for name, counts in facets.items():
        _write(name, counts, chosen.get(name, _NOTHING), sums, written)
    # One join for all, as an answer has many counts; each piece ends in a comma, for the next one.
    return f"{{{''.join(written)[:-1]}}}"


def chosen_values(asked: Filter) -> Chosen:
    """Give the values that top-level positive conditions choose, by field."""
    chosen: dict[str, frozenset[Value | None]] = {}
    for part in conjuncts(asked):
        choice = _choice(part)
        if choice is not None:
            name, values = choice
            chosen[name] = chosen[name].union(values) if name in chosen else frozenset(values)
    return chosen


def _choice(part: Filter) -> tuple[str, Iterable[Value | None]] | None:
    """Give the field of which a part chooses values, and these."""
    # Most parts are comparisons: these are told without a pattern, which looks at each attribute by its name.
    if isinstance(part, Condition):
        return (part.field, part.values) if part.operator is Operator.IN else None
    match part:
        case Not(Condition(field=name, operator=Operator.EXISTS)):
            return name, (None,)
        case Or():
            choices = [choice for inner in part.filters if (choice := _choice(inner)) is not None]
            names = {name for name, _ in choices}
            # An alternative between fields chooses no value of any of them.
            return (
                (names.pop(), [value for _, values in choices for value in values])
                if len(names) == 1
                else None
            )
        case _:
            return None


def beginning(name: str, value: Value | None) -> str:
    """Write a counted value of a field up to its count; None is "not stated"."""
    return _NOT_STATED if value is None else _beginnings(name)[value]


def by_default_member(count: int) -> str:
    """Write how many of a count did not state their value, from the comma on; nothing where all did."""
    return f',"by_default":{count}' if count else ""


def sum_member(names: tuple[str, ...], sums: tuple[int, ...]) -> str:
    """Write the sums beside a count, from the comma on; nothing where none were asked for."""
    if not names:
        return ""
    members = [f'"{name}":{each}' for name, each in zip(names, sums, strict=True)]
    return f',"sum":{{{",".join(members)}}}'


def _write(
    name: str,
    counts: FacetCounts,
    chosen: frozenset[Value | None],
    sums: tuple[str, ...],
    onto: list[str],
) -> None:
    buckets, missing, distinct, exact, missing_sums = counts
    beginnings = _beginnings(name)
    onto.append(beginnings.head)
    if chosen or sums:
        onto += [
            f"{beginnings[value]}{count}{CHOSEN if value in chosen else NOT_CHOSEN}"
            f"{by_default_member(by_default)}{sum_member(sums, added)}}},"
            for value, count, by_default, added in buckets
        ]
    else:
        onto += [
            f'{beginnings[value]}{count},"selected":false,"by_default":{by_default}}},'
            if by_default
            else f'{beginnings[value]}{count},"selected":false}},'
            for value, count, by_default, _ in buckets
        ]
    onto.append(
        f"{_NOT_STATED}{missing}{CHOSEN if None in chosen else NOT_CHOSEN}"
        f'{sum_member(sums, missing_sums) if sums else ""}}}],"distinct":{distinct},'
        f'"exact":{"true" if exact else "false"}}},'
    )


CHOSEN, NOT_CHOSEN = ',"selected":true', ',"selected":false'


class _Beginnings(dict[Value, str]):
    """Buckets of a field up to their counts, by value, each written once; `head` comes before the first."""

    __slots__ = ("_field", "head")

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field
        self.head = f'"{field.name}":{{"values":['

    def __missing__(self, value: Value) -> str:
        if len(self) >= EXACT_VALUES:
            self.clear()
        shown = orjson.dumps({"value": value, "label": value_label(self._field, value)})
        beginning = self[value] = f'{shown[:-1].decode()},"count":'
        return beginning


@lru_cache(maxsize=512)
def _beginnings(name: str) -> _Beginnings:
    return _Beginnings(field_named(name))


def value_label(field: Field, value: Value) -> str:
    """Word a value of a field for a reader."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    label = _labels(field.name).get(str(value))
    if label is not None:
        return label
    return f"{value} {field.unit}" if field.unit and field.kind is Kind.INTEGER else str(value)


@lru_cache(maxsize=512)
def _labels(name: str) -> Mapping[str, str]:
    return {documented.value: documented.label for documented in field_named(name).values}


_NOTHING: frozenset[Value | None] = frozenset()
_NOT_STATED = f'{{"value":null,"label":"{NOT_STATED}","count":'
