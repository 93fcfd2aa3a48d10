"""`spoken`: the logic of speech, where little is said of what is meant by "and", "or" and "not"."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mappings.filter import TEXT, And, Condition, Filter, Not, Operator, Or, conjunction
from search_api.question.joining import (
    all_spans,
    either,
    many_valued,
    merged,
    negation,
    on_gpu,
    union,
)
from search_api.question.unit import Mark, Marked, Node, Unit

VERSION = frozenset(("version",))
PLATFORM = "platform"
NESTED = 6
"""Levels of groups that phrases joined by "or" may make; people say no more than two."""


def spoken(nodes: Sequence[Node]) -> list[Unit]:
    """Read a stretch of speech: give the demands that must all hold."""
    phrases = _negated(_versions_at_their_os(_words_together(nodes)))
    return on_gpu(_united(_alternatives(phrases)))


_JOINS = (Mark.AND, Mark.OR, Mark.NOR, Mark.COMMA)
_NEGATIONS = (Mark.NOT, Mark.NOT_ONE, Mark.WITHOUT)


def _words_together(nodes: Sequence[Node]) -> list[Node]:
    """Join words of text that stand side by side."""
    found: list[Node] = []
    for node in nodes:
        last = found[-1] if found else None
        if _is_loose(node) and _is_loose(last) and isinstance(node, Unit) and isinstance(last, Unit):
            words = f"{_words(last)}{'' if last.spans[-1][1] == node.spans[0][0] else ' '}{_words(node)}"
            given = Condition(TEXT, Operator.MATCH, (words,))
            found[-1] = replace(last, filter=given, spans=(*last.spans, *node.spans))
        else:
            found.append(node)
    return found


def _is_loose(node: Node | None) -> bool:
    return isinstance(node, Unit) and node.is_text and _words(node) != ""


def _words(unit: Unit) -> str:
    match unit.filter:
        case Condition(operator=Operator.MATCH, values=(words,)):
            return str(words)
        case _:
            return ""


def _versions_at_their_os(nodes: Sequence[Node]) -> list[Node]:
    """Put each version to the OS before it, with those that follow in its list: "Debian 11 or 12"."""
    found: list[Node] = []
    home: int | None = None
    for node in nodes:
        os = found[home] if home is not None else None
        if not isinstance(node, Unit) or node.topic != VERSION or home is None or not isinstance(os, Unit):
            if isinstance(node, Unit) and PLATFORM in node.topic:
                home = len(found)
            found.append(node)
            continue
        marks = _marks_behind(found)
        del found[len(found) - len(marks) :]
        kinds = {mark.mark for mark in marks}
        negating = next((mark for mark in marks if mark.mark in _NEGATIONS), None)
        version = node
        if negating is not None:
            version = replace(node, filter=Not(node.filter), spans=(*negating.spans, *node.spans))
        either_way = bool(kinds & {Mark.OR, Mark.NOR})
        found[home] = _with_version(os, version, either_way=either_way, negated=negating is not None)
    return found


def _marks_behind(found: list[Node]) -> list[Marked]:
    marks: list[Marked] = []
    for node in reversed(found):
        if not isinstance(node, Marked) or node.mark is Mark.END:
            break
        marks.insert(0, node)
    return marks


def _with_version(os: Unit, version: Unit, *, either_way: bool, negated: bool) -> Unit:
    """Add a version to an OS: values are alternatives, bounds narrow unless "or" joins them."""
    base, *others = os.parts or (os,)
    last = others[-1] if others and others[-1].topic == VERSION else None
    if last is None or (isinstance(version.filter, Not) and not isinstance(last.filter, Not)):
        others.append(version)
    elif isinstance(last.filter, Not):
        inner = version.filter.filter if isinstance(version.filter, Not) else version.filter
        given = Not(union([last.filter.filter, inner]))
        others[-1] = replace(last, filter=given, spans=all_spans([last, version]))
    elif either_way or not (last.bound or version.bound or negated):
        others[-1] = merged(last, version)
    else:
        others.append(version)
    whole = (base, *others)
    given_all = conjunction(*(part.filter for part in whole))
    return Unit(given_all, base.topic, all_spans(whole), base.why, parts=whole)


@dataclass(slots=True)
class _Negation:
    """A negation under way: its mark, what it covers, and how the last two things were joined."""

    mark: Marked
    covered: list[Unit] = field(default_factory=list)
    joins: list[Mark | None] = field(default_factory=list)


def _negated(nodes: Sequence[Node]) -> list[Node]:
    """Turn negations and what they cover into units."""
    lists = _lists_that_end_in_a_join(nodes)
    found: list[Node] = []
    open_one: _Negation | None = None
    pending: list[Marked] = []
    for index, node in enumerate(nodes):
        if isinstance(node, Marked):
            if node.mark in _NEGATIONS:
                pending += _close(open_one, found)
                found.extend(pending)
                pending = []
                open_one = _Negation(node)
            elif open_one is not None and open_one.covered and node.mark in (Mark.BUT, Mark.END):
                _close(open_one, found)
                open_one = None
                found.append(node)
            else:
                pending.append(node)
            continue
        if open_one is not None and (not open_one.covered or _covers(open_one, pending, node, lists[index])):
            open_one.joins.append(pending[-1].mark if pending else None)
            open_one.covered.append(node)
        else:
            _close(open_one, found)
            open_one = None
            found.extend(pending)
            found.append(node)
        pending = []
    _close(open_one, found)
    found.extend(pending)
    return found


def _close(given: _Negation | None, found: list[Node]) -> list[Marked]:
    """Write a negation that is complete."""
    if given is None or not given.covered:
        return []
    mark_spans = given.mark.spans
    why = "negated; an image that does not state it passes"
    if given.mark.mark is Mark.WITHOUT or any(join in (Mark.OR, Mark.NOR) for join in given.joins):
        groups = _united(list(given.covered))
        for group in groups:
            unit = negation([group], why)
            found.append(replace(unit, spans=tuple(sorted({*unit.spans, *mark_spans}))))
            mark_spans = ()
        return []
    unit = negation(_united(list(given.covered)), why)
    found.append(replace(unit, spans=tuple(sorted({*unit.spans, *mark_spans}))))
    return []


def _covers(given: _Negation, pending: Sequence[Marked], unit: Unit, in_list: bool) -> bool:
    """Whether a negation goes on to the next unit.

    "Not" takes in what is said of the thing; "without" and the like the whole list, but nothing that merely
    stands behind it. Both end at a comma, unless a list goes on.
    """
    last = given.covered[-1]
    same = bool(last.topic & unit.topic)
    marks = {mark.mark for mark in pending}
    if given.mark.mark is Mark.NOT_ONE or unit.bound:
        return False
    if Mark.BUT in marks or Mark.END in marks:
        return False
    if Mark.COMMA in marks:
        listing = given.mark.mark is Mark.WITHOUT
        return same and (listing or in_list or bool(marks & {Mark.AND, Mark.OR, Mark.NOR}))
    if marks:
        return not (unit.is_text and not last.is_text)
    if given.mark.mark is Mark.WITHOUT:
        return same
    return not unit.is_text or last.is_text


def _lists_that_end_in_a_join(nodes: Sequence[Node]) -> list[bool]:
    """For each unit, whether it stands in a list "a, b or c" of one topic that ends in a join."""
    result = [False] * len(nodes)
    following: int | None = None
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        if not isinstance(node, Unit):
            continue
        if following is not None:
            after = nodes[following]
            between = {n.mark for n in nodes[index + 1 : following] if isinstance(n, Marked)}
            same = isinstance(after, Unit) and bool(after.topic & node.topic)
            if same and between & {Mark.AND, Mark.OR, Mark.NOR}:
                result[index] = True
            elif same and between == {Mark.COMMA}:
                result[index] = result[following]
        following = index
    return result


def _alternatives(nodes: Sequence[Node]) -> list[Unit]:
    """Read "or" between things of different topics; marks that join nothing else are dropped.

    "Ubuntu with UEFI or Debian with BIOS": where the right side begins with a topic of the left one, both are
    whole phrases; what is said only behind the last one holds for all. Else the two neighbours alternate.
    """
    found: list[Unit] = []
    begin = 0
    join: Mark | None = None
    index = 0
    while index < len(nodes):
        node = nodes[index]
        if isinstance(node, Marked):
            if node.mark in (Mark.BUT, Mark.END):
                begin = len(found)
            join = node.mark if node.mark in _JOINS and join is not Mark.OR else join
            index += 1
            continue
        if join in (Mark.OR, Mark.NOR) and len(found) > begin and not isinstance(node.filter, Not):
            left = found[-1]
            if left.topic != node.topic or left.bound or node.bound or left.is_text or node.is_text:
                index = _alternate(nodes, node, index, found, begin)
                join = None
                continue
            found.append(node)
        elif (
            join is Mark.AND
            and found
            and many_valued(node)
            and found[-1].topic == node.topic
            and not isinstance(node.filter, Not)
        ):
            found[-1] = _both(found[-1], node)
        else:
            found.append(node)
        join = None
        index += 1
    return found


def _both(left: Unit, right: Unit) -> Unit:
    parts = (*(left.parts or (left,)), right)
    given = conjunction(*(part.filter for part in parts))
    return Unit(given, left.topic, all_spans(parts), left.why, bound=True, parts=parts)


def _alternate(nodes: Sequence[Node], node: Unit, index: int, found: list[Unit], begin: int) -> int:
    """Join the unit at `index`, with what belongs to it, to what it is the alternative of."""
    head = next(
        (
            i
            for i in range(len(found) - 1, begin - 1, -1)
            if found[i].topic & node.topic and not found[i].is_text
        ),
        None,
    )
    if head is None or head == len(found) - 1 or _nested(found[head].filter, NESTED):
        found[-1] = either([[found[-1]], [node]], "“or” joins the two beside it")
        return index + 1
    left = found[head:]
    del found[head:]
    topics = {topic for unit in left[1:] for topic in unit.topic}
    right = [node]
    index += 1
    while index < len(nodes):
        following = nodes[index]
        if not isinstance(following, Unit) or not following.topic & topics:
            break
        right.append(following)
        index += 1
    found.append(either([left, right], "“or” joins two phrases, each with what is said of it"))
    return index


def _nested(given: Filter, levels: int) -> bool:
    """Whether groups stand in groups more than so many levels deep."""
    match given:
        case Condition():
            return False
        case Not(inner):
            return _nested(inner, levels)
        case And(parts) | Or(parts):
            return levels == 0 or any(_nested(part, levels - 1) for part in parts)


def _united(units: Sequence[Unit]) -> list[Unit]:
    """Unite values of one topic; bounds and negations stay, they narrow."""
    alike: dict[frozenset[str], list[Unit]] = {}
    found: list[Unit | frozenset[str]] = []
    for unit in units:
        if unit.bound or unit.is_text or isinstance(unit.filter, Not):
            found.append(unit)
            continue
        if unit.topic not in alike:
            found.append(unit.topic)
        alike.setdefault(unit.topic, []).append(unit)
    return [entry if isinstance(entry, Unit) else _one_of(alike[entry]) for entry in found]


def _one_of(units: Sequence[Unit]) -> Unit:
    """Unite units of a topic. An OS told again with its version, or with another, is the same OS."""
    homes: dict[Filter, Unit] = {}
    for unit in units:
        if unit.parts:
            os = unit.parts[0].filter
            homes[os] = _same_os(homes[os], unit) if os in homes else unit
    others: list[Unit] = []
    for unit in units:
        home = homes.get(unit.filter)
        if home is not None:
            base = [replace(home.parts[0], spans=all_spans([home.parts[0], unit]))] if home.parts else []
            homes[unit.filter] = replace(home, spans=all_spans([home, unit]), parts=(*base, *home.parts[1:]))
        elif not unit.parts:
            others.append(unit)
    whole = [*homes.values(), *others]
    if len(whole) == 1:
        return whole[0]
    united = either([[unit] for unit in whole], whole[0].why)
    return replace(united, why="a version belongs to its own OS") if homes else united


def _same_os(first: Unit, second: Unit) -> Unit:
    """Unite two tellings of one OS: their versions are alternatives, where nothing else is said."""
    if len(first.parts) == 2 == len(second.parts) and not (first.parts[1].bound or second.parts[1].bound):
        base = replace(first.parts[0], spans=all_spans([first.parts[0], second.parts[0]]))
        version = merged(first.parts[1], second.parts[1])
        given = conjunction(base.filter, version.filter)
        return Unit(given, first.topic, all_spans([first, second]), first.why, parts=(base, version))
    return either([[first], [second]], first.why)
