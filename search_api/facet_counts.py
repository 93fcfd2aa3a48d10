"""The `facets` of an answer: values with labels and counts, what is chosen, and what is not stated."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import orjson

from engines.query import Bucket, FacetCounts
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


def facets_json(facets: Mapping[str, FacetCounts], asked: Filter) -> bytes:
    """Write the section. Buckets come as the engine orders them, "not stated" always last."""
    chosen = chosen_values(asked)
    sections = [_facet(name, counts, chosen.get(name, _NOTHING)) for name, counts in facets.items()]
    return f"{{{','.join(sections)}}}".encode()


def chosen_values(asked: Filter) -> dict[str, frozenset[Value | None]]:
    """Give the values that top-level positive conditions choose, by field; None stands for "not stated"."""
    chosen: dict[str, frozenset[Value | None]] = {}
    for part in conjuncts(asked):
        for name, value in _choices(part):
            chosen[name] = chosen.get(name, frozenset()) | {value}
    return chosen


def _choices(part: Filter) -> Iterator[tuple[str, Value | None]]:
    match part:
        case Condition(field=name, operator=Operator.IN):
            for value in part.values:
                yield name, value
        case Not(Condition(field=name, operator=Operator.EXISTS)):
            yield name, None
        case Or():
            choices = [choice for inner in part.filters for choice in _choices(inner)]
            # An alternative between fields chooses no value of any of them.
            if len({name for name, _ in choices}) == 1:
                yield from choices
        case _:
            pass


def _facet(name: str, counts: FacetCounts, chosen: frozenset[Value | None]) -> str:
    values = [
        f'{_beginning(name, bucket.value)}{bucket.count},"selected":'
        f"{'true' if chosen and bucket.value in chosen else 'false'}{_by_default(bucket)}}}"
        for bucket in counts.buckets
    ]
    if counts.missing or None in chosen:
        selected = "true" if None in chosen else "false"
        values.append(f'{_NOT_STATED}{counts.missing},"selected":{selected}}}')
    exact = "true" if counts.exact else "false"
    return f'"{name}":{{"values":[{",".join(values)}],"distinct":{counts.distinct},"exact":{exact}}}'


def _by_default(bucket: Bucket) -> str:
    return f',"by_default":{bucket.by_default}' if bucket.by_default else ""


@lru_cache(maxsize=65_536)
def _beginning(name: str, value: Value) -> str:
    """Write a bucket up to its count."""
    shown = orjson.dumps({"value": value, "label": value_label(field_named(name), value)})
    return f'{shown[:-1].decode()},"count":'


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
