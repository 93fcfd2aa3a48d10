"""`demands`: items become units that demand something, and marks between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mappings.field import Exposure, Kind
from mappings.field import Vocabulary as Values
from mappings.fields import UnknownField, canonical_name, field_named
from mappings.filter import TEXT, And, Condition, Filter, Not, Operator, fields
from search_api.clause import Ignored, Reason, Span
from search_api.question.bounded import bounded
from search_api.question.lex import Shape, written
from search_api.question.match import Item, Shaped, Word
from search_api.question.meaning import Compares, Names, Role, Says
from search_api.question.measure import DATED, Context, measure
from search_api.question.quantity import Version, quantity, skip
from search_api.question.term import ValueProblem, parse_term_value
from search_api.question.unit import Mark, Marked, Node, Unit
from search_api.question.value import Unknown, resolve, tag_spellings
from search_api.vocabulary import Vocabulary


@dataclass(slots=True)
class Demands:
    """Nodes in order of reading, words that were left aside, and what the reader should be told."""

    nodes: list[Node] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: list[tuple[Item, str]] = field(default_factory=list)
    """Names of fields, kept as text until something is found that they belong to."""


def demands(items: Sequence[Item], vocabulary: Vocabulary, now: datetime) -> Demands:
    """Read every item. What means nothing else is text or filler."""
    found = Demands()
    context = Context()
    at = 0
    while at < len(items):
        for reader in _READERS:
            end = reader(items, at, found, context, vocabulary, now)
            if end is not None:
                at = end
                break
        else:
            at = _left_over(items, at, found, context)
    _settle_names(found)
    return found


def _settle_names(found: Demands) -> None:
    """Take back the names of fields that became part of a demand, or that say no more than one beside them."""
    units = [node for node in found.nodes if isinstance(node, Unit)]
    used = {span for unit in units if not unit.is_text for span in unit.spans}
    topics = {topic for unit in units for topic in unit.topic}
    for item, name in found.names:
        if item.span in used:
            settled = True
        else:
            settled = item.is_role(Role.FILLER) or name in (*DATED, *topics)
            if settled:
                found.ignored.append(Ignored(item.span, Reason.UNDERSTOOD_ELSEWHERE))
        if settled:
            found.nodes = [n for n in found.nodes if not (isinstance(n, Unit) and n.is_text and n.spans == (item.span,))]


_NEGATIONS = (Role.NOT, Role.NOT_ONE, Role.WITHOUT)
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
_SHAPED = {
    Shape.OPEN: Mark.OPEN,
    Shape.CLOSE: Mark.CLOSE,
    Shape.COMMA: Mark.COMMA,
    Shape.MINUS: Mark.NOT_ONE,
    Shape.AND: Mark.WRITTEN_AND,
    Shape.OR: Mark.WRITTEN_OR,
    Shape.NOT: Mark.WRITTEN_NOT,
}
_NAMED_WORDS = ("tags", "owner", "enterprise_project_id", "id", "region")
_TAG = re.compile(r"[A-Za-z][\w.\-]*=[\w.\-:@/]+")


def _signs(items: Sequence[Item], at: int, found: Demands, context: Context, *_: object) -> int | None:
    """Marks that are signs: commas, parentheses, written operators."""
    shaped = items[at].get(Shaped)
    if shaped is None or shaped.shape not in _SHAPED:
        return None
    mark = _SHAPED[shaped.shape]
    found.nodes.append(Marked(mark, (items[at].span,)))
    if mark is Mark.COMMA:
        context.phrase_ends()
    return at + 1


def _terms(
    items: Sequence[Item], at: int, found: Demands, context: Context, vocabulary: Vocabulary, now: datetime
) -> int | None:
    """Terms, ids, tags with `#` and quoted words: taken at their word."""
    item = items[at]
    shaped = item.get(Shaped)
    if shaped is None:
        return None
    context.clings = False
    match shaped.shape:
        case Shape.QUOTED:
            if shaped.text.strip():
                found.nodes.append(_text_unit(item, phrase=True))
            else:
                found.ignored.append(Ignored(item.span, Reason.FILLER))
            return at + 1
        case Shape.TERM:
            return _term(items, at, found, vocabulary, now)
        case Shape.UUID:
            name = context.take_named("id", ("owner", "enterprise_project_id", "id", "original_image_id"))
            condition = Condition(name, Operator.IN, (shaped.text.lower(),))
            why = "an id stands for the image" if name == "id" else f"an id behind the name of {name}"
            found.nodes.append(_unit(condition, (item.span,), why))
            return at + 1
        case Shape.HASHTAG:
            condition = Condition("tags", Operator.IN, tag_spellings(shaped.text[1:]))
            found.nodes.append(_unit(condition, (item.span,), "# marks a tag"))
            return at + 1
    return None


def _literals(items: Sequence[Item], at: int, found: Demands, context: Context, *_: object) -> int | None:
    """Words behind "named": text, whatever they are."""
    if not items[at].is_role(Role.LITERAL):
        return None
    target = skip(items, at + 1)
    if target >= len(items) or items[target].is_shape(*_SHAPED):
        return None
    _leave(found, items[at : target], Reason.UNDERSTOOD_ELSEWHERE)
    if not items[target].is_shape(Shape.QUOTED, Shape.TERM):
        found.nodes.append(_text_unit(items[target]))
        context.clings = False
        return target + 1
    return target


def _absences(items: Sequence[Item], at: int, found: Demands, _context: Context, *_: object) -> int | None:
    """Read "no firmware type", "without tags": a negated field with no value behind it is not stated."""
    if not items[at].is_role(*_NEGATIONS):
        return None
    target = skip(items, at + 1)
    names = items[target].get(Names) if target < len(items) else None
    if names is None or items[target].get(Says) or names.field in ("updated_at", "created_at", "platform", "version"):
        return None
    behind = skip(items, target + 1)
    if behind < len(items) and (items[behind].get(Compares) or items[behind].get(Says)):
        return None
    condition = Condition(names.field, Operator.EXISTS)
    spans = tuple(item.span for item in items[at : target + 1])
    found.nodes.append(_unit(Not(condition), spans, f"nothing is stated for {names.field}"))
    return target + 1


def _named_words(
    items: Sequence[Item], at: int, found: Demands, context: Context, vocabulary: Vocabulary, _now: datetime
) -> int | None:
    """Read "tagged production and web", "owner 0a1b...", "platform Other": a field's name, then its value."""
    names = items[at].get(Names)
    if names is None:
        return None
    named = field_named(names.field)
    target = skip(items, at + 1)
    if target >= len(items):
        return None
    if named.name == "tags":
        return _tag_list(items, at, target, found, context)
    word = _plain(items[target])
    if word is None or named.kind is not Kind.KEYWORD:
        return None
    if named.vocabulary is Values.FREE and named.name not in _NAMED_WORDS:
        return None
    values = resolve(named, word, vocabulary)
    says = items[target].get(Says)
    if isinstance(values, Unknown) or (says and named.name not in fields(says.filter)):
        return None
    if named.vocabulary is Values.FREE and items[target].get(Word) is None:
        return None
    spans = tuple(item.span for item in items[at : target + 1])
    found.nodes.append(_unit(Condition(named.name, Operator.IN, values), spans, f"a value behind the name of {named.name}"))
    context.clings = named.name == "platform"
    if named.name == "platform":
        context.platform = str(values[0])
    return target + 1


def _tag_list(items: Sequence[Item], at: int, target: int, found: Demands, context: Context) -> int | None:
    word = _plain(items[target])
    if word is None:
        return None
    joint: list[Item] = list(items[at:target])
    end = target
    while word is not None:
        spans = tuple(item.span for item in (*joint, items[end]))
        condition = Condition("tags", Operator.IN, tag_spellings(word))
        found.nodes.append(_unit(condition, spans, "a word behind “tag” is a tag"))
        context.clings = False
        end += 1
        joint = []
        word = None
        mark = _mark_of(items[end]) if end < len(items) else None
        following = end + 1
        if mark in (Mark.AND, Mark.OR, Mark.COMMA) and following < len(items) and items[following].get(Word):
            word = _plain(items[following])
            found.nodes.append(Marked(mark, (items[end].span,)))
            end = following
    return end


def _stale(
    items: Sequence[Item], at: int, found: Demands, context: Context, _vocabulary: Vocabulary, _now: datetime
) -> int | None:
    """Read "not updated": what follows bounds the last update from above."""
    if not items[at].is_role(Role.STALE):
        return None
    context.stale = True
    found.ignored.append(Ignored(items[at].span, Reason.UNDERSTOOD_ELSEWHERE))
    context.names("updated_at", items[at].span)
    return at + 1


def _quantities(
    items: Sequence[Item], at: int, found: Demands, context: Context, _vocabulary: Vocabulary, now: datetime
) -> int | None:
    """Quantities, with what compares them and what they measure."""
    read = bounded(items, at, now)
    if read is None:
        return None
    taken = measure(items, at, read, context, found.nodes, now)
    if taken is None:
        return None
    units, end, note = taken
    last = found.nodes[-1] if found.nodes else None
    completes = isinstance(read.first, Version) and read.first.pack
    if completes and isinstance(last, Unit) and last.topic == units[0].topic:
        found.nodes.pop()
        units = [replace(units[0], spans=(*last.spans, *units[0].spans))]
    found.nodes.extend(units)
    if note:
        found.notes.append(note)
    if not units:
        _leave(found, items[at:end], Reason.UNDERSTOOD_ELSEWHERE)
    return end


def _sayings(
    items: Sequence[Item], at: int, found: Demands, context: Context, _vocabulary: Vocabulary, now: datetime
) -> int | None:
    """Phrases that are demands by themselves."""
    item = items[at]
    says = item.get(Says)
    if says is None:
        return None
    if item.get(Names) and _measured(items, at, now):
        return None
    why = f"“{item.text}” means this"
    if item.corrected_to:
        why = f"“{item.text}” was read as “{item.corrected_to}”"
        found.notes.append(why)
    spans = (item.span,)
    parts = says.filter.filters if isinstance(says.filter, And) and "platform" in fields(says.filter) else (says.filter,)
    for part in parts:
        found.nodes.append(_unit(part, spans, why))
    if says.text:
        found.nodes.append(replace(_text_unit(item), filter=Condition(TEXT, Operator.MATCH, (says.text,))))
        found.nodes[-1], found.nodes[-2] = found.nodes[-2], found.nodes[-1]
    about = fields(says.filter)
    context.clings = "platform" in about
    if "platform" in about:
        context.names_platform(says.filter)
    context.name = None
    return at + 1


def _marks(items: Sequence[Item], at: int, found: Demands, context: Context, *_: object) -> int | None:
    """Marks that are words: and, or, not, without, but."""
    mark = _mark_of(items[at])
    if mark is None or items[at].get(Says):
        return None
    found.nodes.append(Marked(mark, (items[at].span,)))
    if mark in (Mark.BUT, Mark.COMMA):
        context.phrase_ends()
    return at + 1


def _names(items: Sequence[Item], at: int, found: Demands, context: Context, *_: object) -> int | None:
    """Names of fields, kept for the quantity or date that follows; and how a floor is compared."""
    item = items[at]
    for role in (Role.NEEDS, Role.FITS, Role.UNFIT):
        if item.is_role(role):
            context.capacity = role
            _leave(found, [item], Reason.UNDERSTOOD_ELSEWHERE)
            return at + 1
    names = item.get(Names)
    if names is None:
        return None
    context.name = None
    context.names(names.field, item.span)
    found.names.append((item, names.field))
    found.nodes.append(_text_unit(item))
    return at + 1


_READERS = (
    _signs,
    _terms,
    _literals,
    _absences,
    _named_words,
    _stale,
    _quantities,
    _sayings,
    _marks,
    _names,
)


def _left_over(items: Sequence[Item], at: int, found: Demands, context: Context) -> int:
    """Filler goes; all other words are text."""
    item = items[at]
    shaped = item.get(Shaped)
    if item.is_role(Role.FILLER) or (shaped is not None and shaped.shape is Shape.SYMBOL):
        found.ignored.append(Ignored(item.span, Reason.FILLER))
        return at + 1
    context.clings = False
    if _TAG.fullmatch(item.text):
        condition = Condition("tags", Operator.IN, tag_spellings(item.text))
        found.nodes.append(_unit(condition, (item.span,), "key=value that names no field is a tag"))
    else:
        found.nodes.append(_text_unit(item))
    return at + 1


def _term(items: Sequence[Item], at: int, found: Demands, vocabulary: Vocabulary, now: datetime) -> int:
    """Read `field:value`; what names no field, or has no such value, is text."""
    item = items[at]
    term = written(item.text)
    end = at + 1
    try:
        named = field_named(term.name) if _known(term.name) else field_named(term.name.lower())
        name = canonical_name(term.name if _known(term.name) else term.name.lower())
    except UnknownField:
        named = None
    if named is not None and named.filterable and named.exposure is not Exposure.INTERNAL and term.value:
        value = term.value.rstrip(",;").removesuffix("'")
        prefix = {"!=": "!=", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}.get(term.operator, "")
        spans = [item.span]
        if named.kind is Kind.KEYWORD and named.vocabulary is not Values.FREE and not prefix:
            value, end = _longer(items, at, value, resolve_with=lambda text: resolve(named, text, vocabulary))
            spans += [other.span for other in items[at + 1 : end]]
        parsed = parse_term_value(named, prefix + value, vocabulary, now, name)
        if isinstance(parsed, ValueProblem) and parsed.literal is not None:
            near = f"; did you mean {', '.join(parsed.did_you_mean)}?" if parsed.did_you_mean else ""
            found.notes.append(f"no public image has {name} {value!r}{near}")
            parsed = parsed.literal
        if not isinstance(parsed, ValueProblem):
            found.nodes.append(_unit(parsed, tuple(spans), "a field given by name is taken at its word"))
            return end
        found.notes.append(f"{term.name}: {parsed.message}; searched as text")
        found.nodes.append(_text_unit(replace(item, text=value)))
        return at + 1
    elif _TAG.fullmatch(item.text.rstrip(",;")):
        text = item.text.rstrip(",;")
        condition = Condition("tags", Operator.IN, tag_spellings(text))
        found.nodes.append(_unit(condition, (item.span,), "key=value that names no field is a tag"))
        return at + 1
    found.nodes.append(_text_unit(item))
    return at + 1


def _longer(items: Sequence[Item], at: int, value: str, resolve_with: object) -> tuple[str, int]:
    """Take further words into an unquoted value where the field knows the longer one: `platform:Red Hat`."""
    assert callable(resolve_with)
    best = (value, at + 1)
    text = value
    for end in range(at + 1, min(at + 4, len(items))):
        if items[end].get(Shaped) is not None or '"' in value or "," in value:
            break
        text = f"{text} {items[end].text}"
        if not isinstance(resolve_with(text), Unknown):
            best = (text, end + 1)
    return best


def _known(name: str) -> bool:
    try:
        field_named(name)
    except UnknownField:
        return False
    return True


def _measured(items: Sequence[Item], at: int, now: datetime) -> bool:
    """Whether a phrase that may name a field stands beside a quantity: "system disk no bigger than 40 GB"."""
    following = skip(items, at + 1)
    if following < len(items) and bounded(items, following, now) is not None:
        return True
    return at > 0 and any(
        quantity(items, start, now) is not None and (quantity(items, start, now) or (None, 0))[1] == at
        for start in range(max(0, at - 2), at)
    )


def _plain(item: Item) -> str | None:
    """The text of an item that may be a value: no sign, no quoted text."""
    shaped = item.get(Shaped)
    if shaped is not None:
        if shaped.shape is Shape.TERM and _TAG.fullmatch(item.text.rstrip(",;")):
            return item.text.rstrip(",;")
        return shaped.text if shaped.shape in (Shape.UUID, Shape.HASHTAG) else None
    if _mark_of(item) is not None:
        return None
    return item.text


def _mark_of(item: Item) -> Mark | None:
    for role, mark in _MARKS.items():
        if item.is_role(role):
            return mark
    shaped = item.get(Shaped)
    return Mark.COMMA if shaped is not None and shaped.shape is Shape.COMMA else None


def _text_unit(item: Item, *, phrase: bool = False) -> Unit:
    shaped = item.get(Shaped)
    words = shaped.text if phrase and shaped is not None else item.text
    operator = Operator.PHRASE if phrase else Operator.MATCH
    why = "quoted words are searched side by side" if phrase else "no known word: searched as text"
    return Unit(Condition(TEXT, operator, (words,)), frozenset((TEXT,)), (item.span,), why, is_text=True)


def _unit(given: Filter, spans: tuple[Span, ...], why: str) -> Unit:
    return Unit(given, fields(given), spans, why)


def _leave(found: Demands, items: Sequence[Item], reason: Reason) -> None:
    found.ignored.extend(Ignored(item.span, reason) for item in items)
