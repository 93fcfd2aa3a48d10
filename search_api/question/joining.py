"""How units are put together: all of them, one of them, not them."""

from collections.abc import Sequence
from dataclasses import replace

from mappings.fields import UnknownField, field_named
from mappings.filter import Condition, Filter, Not, Operator, Or, Value, conjunction
from search_api.clause import Span
from search_api.question.unit import Unit

GPU_TOPICS = frozenset(("gpu", "gpu_types"))
HYPERVISORS = "hypervisors"
_ANY_GPU = Condition("gpu", Operator.EXISTS)


def together(units: Sequence[Unit]) -> Unit:
    """One unit of several that must all hold; they can be told apart again."""
    if len(units) == 1:
        return units[0]
    parts = on_gpu(units)
    if len(parts) == 1:
        return parts[0]
    topic = frozenset(name for unit in parts for name in unit.topic)
    given = conjunction(*(unit.filter for unit in parts))
    return Unit(given, topic, all_spans(parts), parts[0].why, parts=tuple(flat(parts)))


def either(alternatives: Sequence[Sequence[Unit]], why: str) -> Unit:
    """One unit of alternatives; values of one field become one condition."""
    joined = [together(units) for units in alternatives]
    topic = frozenset(name for unit in joined for name in unit.topic)
    return Unit(union([unit.filter for unit in joined]), topic, all_spans(joined), why)


def negation(units: Sequence[Unit], why: str) -> Unit:
    """One unit that holds where the units do not all hold."""
    whole = together(units)
    inner = whole.filter
    given = inner.filter if isinstance(inner, Not) else Not(inner)
    return Unit(given, whole.topic, whole.spans, why)


def flat(units: Sequence[Unit]) -> list[Unit]:
    """The units that others were put together from."""
    return [part for unit in units for part in (unit.parts or (unit,))]


def union(filters: Sequence[Filter]) -> Filter:
    """Join by Or: conditions that compare one field with values become one, each filter stands once."""
    values: dict[str, dict[Value, None]] = {}
    order: dict[Filter | str, None] = {}
    for given in filters:
        for part in given.filters if isinstance(given, Or) else (given,):
            if isinstance(part, Condition) and part.operator is Operator.IN:
                values.setdefault(part.field, {}).update(dict.fromkeys(part.values))
                order[part.field] = None
            else:
                order[part] = None
    parts = [
        Condition(entry, Operator.IN, tuple(values[entry])) if isinstance(entry, str) else entry
        for entry in order
    ]
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def on_gpu(units: Sequence[Unit]) -> list[Unit]:
    """Read a hypervisor beside a GPU as the platform of the GPU: a GPU image states no `__support_kvm`."""
    gpus = [unit for unit in units if unit.topic & GPU_TOPICS and not isinstance(unit.filter, Not)]
    hosts = [unit for unit in units if _names_host(unit)]
    if not gpus or not hosts:
        return list(units)
    host = hosts[0]
    bare = [unit for unit in gpus if unit.filter == _ANY_GPU]
    given = Condition("gpu", Operator.IN, host.filter.values if isinstance(host.filter, Condition) else ())
    spans = all_spans([host, *bare])
    why = "KVM or Xen beside a GPU is where the GPU is used; a GPU image does not state __support_kvm"
    where = Unit(given, frozenset(("gpu",)), spans, why)
    return [where if unit is host else unit for unit in units if not any(unit is one for one in bare)]


def all_spans(units: Sequence[Unit]) -> tuple[Span, ...]:
    """The words of several units, in order."""
    return tuple(sorted({span for unit in units for span in unit.spans}))


def many_valued(unit: Unit) -> bool:
    """Whether an image can have several of the topic's values at once, so that "and" means all of them."""
    if len(unit.topic) != 1 or unit.topic & GPU_TOPICS or unit.bound:
        return False
    try:
        return field_named(next(iter(unit.topic))).multiple
    except UnknownField:
        return False


def merged(first: Unit, second: Unit, why: str | None = None) -> Unit:
    """One unit that holds where one of the two does."""
    given = union([first.filter, second.filter])
    return replace(
        first,
        filter=given,
        topic=first.topic | second.topic,
        spans=all_spans([first, second]),
        why=why or first.why,
        parts=(),
    )


def _names_host(unit: Unit) -> bool:
    match unit.filter:
        case Condition(field=name, operator=Operator.IN):
            return name == HYPERVISORS
        case _:
            return False
