"""`demands`: items become units that demand something, and marks between them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mappings.field import Field, Kind
from mappings.field import Vocabulary as Values
from mappings.fields import field_named
from mappings.filter import TEXT, And, Condition, Not, Operator, Value, fields
from search_api.clause import Ignored, Reason
from search_api.question.bounded import Bounded, bounded
from search_api.question.lex import Shape, written
from search_api.question.match import Item, Number, Shaped, Word
from search_api.question.meaning import Bounds, Compares, Names, Role, Says, SizeUnit
from search_api.question.measure import measure
from search_api.question.quantity import Version, quantity, skip
from search_api.question.reading import DATED, Reading, asks, searches
from search_api.question.terms import TAG, field_of, tag, terms
from search_api.question.unit import Mark, Unit
from search_api.question.value import Unknown, resolve
from search_api.vocabulary import Vocabulary


def demands(items: Sequence[Item], vocabulary: Vocabulary, now: datetime) -> Reading:
    """Read every item. What means nothing else is text or filler."""
    reading = Reading(items, vocabulary, now)
    at = 0
    while at < len(items):
        for reader in () if items[at].plain else _READERS:
            end = reader(reading, at)
            if end is not None:
                at = end
                break
        else:
            at = _left_over(reading, at)
    _settle_names(reading)
    return reading


_MARKS = {
    Role.NOT: Mark.NOT,
    Role.NOT_ONE: Mark.NOT_ONE,
    Role.WITHOUT: Mark.WITHOUT,
    Role.NOR: Mark.NOR,
    Role.AND: Mark.AND,
    Role.OR: Mark.OR,
    Role.BUT: Mark.BUT,
    Role.END: Mark.END,
}
_SIGNS = {
    Shape.OPEN: Mark.OPEN,
    Shape.CLOSE: Mark.CLOSE,
    Shape.COMMA: Mark.COMMA,
    Shape.MINUS: Mark.NOT_ONE,
    Shape.AND: Mark.WRITTEN_AND,
    Shape.OR: Mark.WRITTEN_OR,
    Shape.NOT: Mark.WRITTEN_NOT,
}
_TAKES_ANY_WORD = ("owner", "enterprise_project_id", "id", "region")


def _signs(reading: Reading, at: int) -> int | None:
    """Marks that are signs: commas, parentheses, written operators."""
    shaped = reading.items[at].get(Shaped)
    if shaped is None or shaped.shape not in _SIGNS:
        return None
    reading.mark(_SIGNS[shaped.shape], reading.items[at].span)
    return at + 1


def _literals(reading: Reading, at: int) -> int | None:
    """Words behind "named": text, whatever they are."""
    if not reading.items[at].is_role(Role.LITERAL):
        return None
    target = skip(reading.items, at + 1)
    item = reading.item(target)
    if item is None or item.is_shape(*_SIGNS):
        return None
    reading.leave(at, target, Reason.UNDERSTOOD_ELSEWHERE)
    if item.is_shape(Shape.QUOTED, Shape.TERM):
        return target
    reading.nodes.append(searches(item))
    reading.clings = False
    return target + 1


def _absences(reading: Reading, at: int) -> int | None:
    """Read "no firmware type", "without tags": a negated field with no value behind it is not stated."""
    if not reading.items[at].is_role(Role.NOT, Role.NOT_ONE, Role.WITHOUT):
        return None
    target = skip(reading.items, at + 1)
    item = reading.item(target)
    names = item.get(Names) if item is not None else None
    if item is None or names is None or item.has(Says):
        return None
    if names.field in DATED and item.is_role(Role.FILLER) and not reading.items[at].is_role(Role.WITHOUT):
        # "Not created": a verb that names the field of a date which is told elsewhere, or nothing.
        return None
    place = skip(reading.items, target + 1)
    behind = reading.item(place)
    if behind is not None and (
        behind.has(Number) or behind.has(Says) or _follows(reading, names.field, place)
    ):
        return None
    end = _absent(reading, names.field, at, target + 1)
    while (following := _listed_absence(reading, end)) is not None:
        name, place = following
        reading.leave(end, end + 1, Reason.UNDERSTOOD_ELSEWHERE)
        end = _absent(reading, name, end + 1, place)
    return end


def _listed_absence(reading: Reading, at: int) -> tuple[str, int] | None:
    """Read the "or description" of "no tags or description": the field, and where reading goes on."""
    sign, item = reading.item(at), reading.item(at + 1)
    names = item.get(Names) if item is not None else None
    joins = (Mark.AND, Mark.OR, Mark.NOR, Mark.COMMA)
    if sign is None or item is None or names is None or _mark_of(sign) not in joins or item.has(Says):
        return None
    place = skip(reading.items, at + 2)
    behind = reading.item(place)
    ends = behind is None or behind.is_shape(*_SIGNS) or _mark_of(behind) is not None
    return (names.field, at + 2) if ends else None


def _follows(reading: Reading, name: str, at: int) -> bool:
    """Whether the item at a place is a value of the field named before it, or compares with one."""
    item, field = reading.items[at], field_named(name)
    if item.has(Compares) or _value_of(reading, field, item) is not None:
        return True
    if name == "tags":
        return item.has(Word) or (item.is_shape(Shape.TERM) and field_of(written(item.text).name) is None)
    return name in DATED and (item.has(Bounds) or bounded(reading.items, at, reading.now) is not None)


def _absent(reading: Reading, name: str, begin: int, end: int) -> int:
    given = Not(Condition(name, Operator.EXISTS))
    why = f"nothing is stated for {name}"
    reading.nodes.append(asks(given, reading.spans(begin, end), why))
    reading.clings = False
    return end


def _absences_behind(reading: Reading, at: int) -> int | None:
    """Read "firmware not stated", "platform is not set"."""
    names = reading.items[at].get(Names)
    target = skip(reading.items, at + 1)
    item = reading.item(target)
    if names is None or item is None or not item.is_role(Role.ABSENT):
        return None
    return _absent(reading, names.field, at, target + 1)


def _named_values(reading: Reading, at: int) -> int | None:
    """Read "tagged production and web", "owner 0a1b...", "platform Other": a field's name, then its value."""
    names = reading.items[at].get(Names)
    target = skip(reading.items, at + 1)
    item = reading.item(target)
    if names is None or item is None:
        return None
    field = field_named(names.field)
    if field.name == "tags":
        return _tags(reading, at, target)
    values = _value_of(reading, field, item)
    if values is None:
        return None
    given = Condition(field.name, Operator.IN, values)
    why = f"a value behind the name of {field.name}"
    reading.nodes.append(asks(given, reading.spans(at, target + 1), why))
    reading.clings = False
    reading.names_platform(given)
    return target + 1


def _value_of(reading: Reading, field: Field, item: Item) -> tuple[Value, ...] | None:
    """The values of a field that an item names, if the field takes words at all."""
    word = _plain(item)
    says = item.get(Says)
    if word is None or field.kind is not Kind.KEYWORD or (says and field.name not in fields(says.filter)):
        return None
    if field.vocabulary is Values.FREE and (field.name not in _TAKES_ANY_WORD or not item.has(Word)):
        return None
    values = resolve(field, word, reading.vocabulary)
    return None if isinstance(values, Unknown) else values


def _tags(reading: Reading, at: int, target: int) -> int | None:
    """Read a list of tags; all but the first are words that mean nothing else."""
    word = _plain(reading.items[target])
    if word is None:
        return None
    begin, end = at, target
    while True:
        reading.nodes.append(asks(tag(word), reading.spans(begin, end + 1), "a word behind “tag” is a tag"))
        begin = end + 2
        sign, following = reading.item(end + 1), reading.item(end + 2)
        mark = _mark_of(sign) if sign is not None else None
        listed = mark in (Mark.AND, Mark.OR, Mark.COMMA) and following is not None and following.has(Word)
        if sign is None or mark is None or following is None or not listed:
            break
        reading.mark(mark, sign.span)
        word, end = following.text, end + 2
    reading.clings = False
    return end + 1


def _stale(reading: Reading, at: int) -> int | None:
    """Read "not updated": what follows bounds the last update from above."""
    if not reading.items[at].is_role(Role.STALE):
        return None
    reading.stale = True
    reading.leave(at, at + 1, Reason.UNDERSTOOD_ELSEWHERE)
    reading.names_field("updated_at", reading.items[at].span)
    return at + 1


def _quantities(reading: Reading, at: int) -> int | None:
    """Quantities, with what compares them and what they measure."""
    read = bounded(reading.items, at, reading.now)
    measured = measure(reading, at, read) if read is not None else None
    if read is None or measured is None:
        return None
    unit, end = measured
    if unit is None:
        reading.leave(at, end, Reason.UNDERSTOOD_ELSEWHERE)
        return end
    last = reading.nodes[-1] if reading.nodes else None
    completes = isinstance(read.first, Version) and read.first.pack
    if completes and isinstance(last, Unit) and last.topic == unit.topic:
        reading.nodes.pop()
        unit = replace(unit, spans=(*last.spans, *unit.spans))
    reading.nodes.append(unit)
    return end


def _compared_os(reading: Reading, at: int) -> int | None:
    """Read "newer than Ubuntu 18.04": the comparison is for the version."""
    compares = reading.items[at].get(Compares)
    target = skip(reading.items, at + 1)
    item = reading.item(target)
    says = item.get(Says) if item is not None else None
    if compares is None or compares.behind or says is None or fields(says.filter) != {"platform"}:
        return None
    found = quantity(reading.items, target + 1, reading.now) if reading.item(target + 1) else None
    if found is None or not isinstance(found[0], Version) or found[0].pack:
        return None
    _sayings(reading, target)
    measured = measure(reading, target + 1, Bounded(found[0], None, compares.operator, None, found[1]))
    if measured is None or measured[0] is None:
        return target + 1
    reading.nodes.append(replace(measured[0], spans=(*reading.spans(at, target), *measured[0].spans)))
    return measured[1]


def _sayings(reading: Reading, at: int) -> int | None:
    """Phrases that are demands by themselves."""
    item = reading.items[at]
    says = item.get(Says)
    if says is None or (item.has(Names) and _measured(reading, at)):
        return None
    why = f"“{item.text}” means this"
    if item.corrected_to:
        why = f"“{item.text}” was read as “{item.corrected_to}”"
        reading.notes.append(why)
    span = item.span
    if says.text:
        # The words that are searched and those that demand stand side by side: "CentOS" and "Stream".
        seam = max(item.text.lower().rfind(says.text), item.text.rfind(" ") + 1, item.text.rfind("-") + 1, 1)
        text = Condition(TEXT, Operator.MATCH, (says.text,))
        place = (span[0] + seam, span[1])
        reading.nodes.append(replace(searches(item), filter=text, spans=(place,)))
        span = (span[0], span[0] + len(item.text[:seam].rstrip(" -")))
    about = fields(says.filter)
    apart = isinstance(says.filter, And) and "platform" in about
    for part in says.filter.filters if apart and isinstance(says.filter, And) else (says.filter,):
        reading.nodes.append(asks(part, (span,), why))
    reading.clings = False
    reading.names_platform(says.filter)
    reading.name = None
    return at + 1


def _marks(reading: Reading, at: int) -> int | None:
    """Marks that are words: and, or, not, without, but."""
    mark = _mark_of(reading.items[at])
    if mark is None or reading.items[at].has(Says):
        return None
    reading.mark(mark, reading.items[at].span)
    return at + 1


def _capacities(reading: Reading, at: int) -> int | None:
    """How a floor is compared: "needs", "fits", "too big for"."""
    item = reading.items[at]
    for role in (Role.NEEDS, Role.FITS, Role.UNFIT):
        if item.is_role(role):
            reading.capacity = role
            reading.leave(at, at + 1, Reason.UNDERSTOOD_ELSEWHERE)
            return at + 1
    return None


def _names(reading: Reading, at: int) -> int | None:
    """Names of fields, kept for the quantity or date that follows."""
    item = reading.items[at]
    names = item.get(Names)
    if names is None or item.has(Compares):
        return None
    reading.names_field(names.field, item.span)
    reading.names.append((item, names.field))
    reading.nodes.append(searches(item))
    return at + 1


_READERS = (
    _signs,
    terms,
    _literals,
    _absences,
    _absences_behind,
    _named_values,
    _stale,
    _compared_os,
    _quantities,
    _sayings,
    _marks,
    _capacities,
    _names,
)


def _left_over(reading: Reading, at: int) -> int:
    """Filler goes; all other words are text."""
    item = reading.items[at]
    if item.is_role(Role.ABSENT):
        reading.notes.append(f"“{item.text}” was not used: no field is named before it")
    if item.is_role(Role.FILLER, Role.ABSENT) or item.is_shape(Shape.SYMBOL):
        reading.leave(at, at + 1, Reason.FILLER)
        return at + 1
    reading.clings = False
    if TAG.fullmatch(item.text):
        why = "key=value that names no field is a tag"
        reading.nodes.append(asks(tag(item.text), (item.span,), why))
    else:
        reading.nodes.append(searches(item))
    return at + 1


def _settle_names(reading: Reading) -> None:
    """Take back names of fields that became part of a demand, or that say no more than one beside them."""
    units = [node for node in reading.nodes if isinstance(node, Unit)]
    used = {span for unit in units if not unit.is_text for span in unit.spans}
    topics = {topic for unit in units for topic in unit.topic}
    settled = set()
    for item, name in reading.names:
        if item.span in used:
            settled.add(item.span)
        elif item.is_role(Role.FILLER) or name in (*DATED, *topics):
            settled.add(item.span)
            reading.ignored.append(Ignored(item.span, Reason.UNDERSTOOD_ELSEWHERE))
    reading.nodes = [
        node
        for node in reading.nodes
        if not (isinstance(node, Unit) and node.is_text and node.spans[0] in settled)
    ]


def _measured(reading: Reading, at: int) -> bool:
    """Whether a phrase that may name a field stands beside a quantity: "system disk no bigger than 40 GB"."""
    following = skip(reading.items, at + 1)
    if following < len(reading.items) and bounded(reading.items, following, reading.now) is not None:
        return True
    return at > 1 and reading.items[at - 1].get(SizeUnit) is not None


def _plain(item: Item) -> str | None:
    """The text of an item that may be a value: no sign, no quoted text."""
    shaped = item.get(Shaped)
    if shaped is not None:
        if shaped.shape is Shape.TERM and TAG.fullmatch(item.text.rstrip(",;")):
            return item.text.rstrip(",;")
        return shaped.text if shaped.shape is Shape.UUID else None
    return None if _mark_of(item) is not None else item.text


def _mark_of(item: Item) -> Mark | None:
    for meaning in item.means:
        if isinstance(meaning, Role) and meaning in _MARKS:
            return _MARKS[meaning]
    return Mark.COMMA if item.is_shape(Shape.COMMA) else None
