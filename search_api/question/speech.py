"""`spoken`: the logic of speech, where little is said of what is meant by "and", "or" and "not"."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mappings.filter import And, Condition, Filter, Not, Operator, Or, conjunction
from search_api.clause import Span
from search_api.question.joining import (
    all_spans,
    either,
    flat,
    many_valued,
    merged,
    negation,
    on_gpu,
    together,
    union,
)
from search_api.question.unit import Mark, Marked, Node, Unit

VERSION = frozenset(("version",))
PLATFORM = "platform"


def spoken(nodes: Sequence[Node]) -> list[Unit]:
    """Read a stretch of speech: give the demands that must all hold."""
    phrases = _negated(_versions_at_their_os(nodes))
    return on_gpu(_united(_alternatives(phrases)))


_JOINS = (Mark.AND, Mark.OR, Mark.NOR, Mark.COMMA)
_NEGATIONS = (Mark.NOT, Mark.NOT_ONE, Mark.WITHOUT)


def _versions_at_their_os(nodes: Sequence[Node]) -> list[Node]:
    """Put each version to the OS before it, with those that follow in its list: "Debian 11 or 12"."""
    found: list[Node] = []
    home: int | None = None
    for index, node in enumerate(nodes):
        if isinstance(node, Unit) and PLATFORM in node.topic and not node.is_text:
            home = len(found)
        if not (isinstance(node, Unit) and node.topic == VERSION) or home is None:
            found.append(node)
            continue
        os = found[home]
        assert isinstance(os, Unit)
        marks = _marks_behind(found)
        kinds = {mark.mark for mark in marks}
        if home + len(marks) + 1 != len(found) and not kinds & set(_NEGATIONS) and not node.bound:
            if not kinds:
                found[home] = _with_version(os, node, Mark.AND)
                continue
        del found[len(found) - len(marks) :]
        negation_mark = next((mark for mark in marks if mark.mark in _NEGATIONS), None)
        if negation_mark is not None:
            node = replace(node, filter=Not(node.filter), spans=(*negation_mark.spans, *node.spans))
            found[home] = _with_version(os, node, Mark.BUT)
        else:
            found[home] = _with_version(os, node, Mark.OR if kinds & {Mark.OR, Mark.NOR} else Mark.AND)
    return found


def _marks_behind(found: list[Node]) -> list[Marked]:
    marks: list[Marked] = []
    for node in reversed(found):
        if not isinstance(node, Marked) or node.mark in (Mark.END,):
            break
        marks.insert(0, node)
    return marks


def _with_version(os: Unit, version: Unit, join: Mark) -> Unit:
    """Add a version to an OS: values are alternatives, bounds narrow unless "or" joins them."""
    parts = os.parts or (os,)
    base = parts[0]
    versions = [part for part in parts[1:] if part.topic == VERSION]
    others = [part for part in parts[1:] if part.topic != VERSION]
    last = versions[-1] if versions else None
    if last is None or join is Mark.BUT and not isinstance(last.filter, Not):
        versions.append(version)
    elif isinstance(last.filter, Not):
        inner = version.filter.filter if isinstance(version.filter, Not) else version.filter
        versions[-1] = replace(last, filter=Not(union([last.filter.filter, inner])), spans=all_spans([last, version]))
    elif join is Mark.OR or not (last.bound or version.bound):
        versions[-1] = merged(last, version)
    else:
        versions.append(version)
    whole = (base, *others, *versions)
    given = conjunction(*(part.filter for part in whole))
    return Unit(given, base.topic, all_spans(whole), base.why, parts=whole)


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
        if open_one is not None and (
            not open_one.covered or _covers(open_one, pending, node, lists[index])
        ):
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
    whole phrases; what is said only behind the last one holds for all. Otherwise the two neighbours alternate.
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
            if not (left.topic & node.topic) or left.bound or node.bound or left.is_text != node.is_text:
                index = _alternate(nodes, index, found, begin)
                join = None
                continue
            found[-1] = merged(left, node) if not (left.parts or node.parts) else either([[left], [node]], left.why)
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


def _alternate(nodes: Sequence[Node], index: int, found: list[Unit], begin: int) -> int:
    """Join the unit at `index`, with what belongs to it, to what it is the alternative of."""
    node = nodes[index]
    assert isinstance(node, Unit)
    head = next((i for i in range(len(found) - 1, begin - 1, -1) if found[i].topic & node.topic and not found[i].is_text), None)
    if head is None or head == len(found) - 1:
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


def _united(units: Sequence[Unit]) -> list[Unit]:
    """Unite values of one topic; bounds and negations stay, they narrow."""
    found: list[Unit] = []
    places: dict[frozenset[str], int] = {}
    for unit in units:
        place = places.get(unit.topic)
        plain = not unit.bound and not isinstance(unit.filter, Not) and not unit.is_text
        if plain and place is not None:
            found[place] = _one_of(found[place], unit)
            continue
        if plain:
            places[unit.topic] = len(found)
        found.append(unit)
    return found


def _one_of(first: Unit, second: Unit) -> Unit:
    """Unite two of a topic. An OS told again with its version is the same OS."""
    if not (first.parts or second.parts):
        return merged(first, second)
    if first.parts and second.parts or first.filter == second.filter:
        return either([[first], [second]], first.why) if first.filter != second.filter else first
    whole, bare = (first, second) if first.parts else (second, first)
    if bare.filter == whole.parts[0].filter:
        spans = all_spans([first, second])
        base = replace(whole.parts[0], spans=tuple(sorted({*whole.parts[0].spans, *bare.spans})))
        return replace(whole, spans=spans, parts=(base, *whole.parts[1:]))
    return either([[first], [second]], "a version belongs to its own OS")


