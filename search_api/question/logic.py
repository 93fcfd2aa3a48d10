"""`combine`: units and marks become demands that must all hold.

Speech and written operators differ. In speech two values of one topic are a union however they are joined, an
adjective holds for the whole list, a version clings to its own OS, and a negation covers what follows it.
Written `AND`, `OR`, `NOT` and parentheses are obeyed as written.
"""

from collections.abc import Sequence
from dataclasses import replace

from search_api.question.joining import either, negation, together
from search_api.question.speech import spoken
from search_api.question.unit import Mark, Marked, Node, Unit

DEEPEST = 24
"""Parentheses within each other; deeper ones are blanks."""


def combine(nodes: Sequence[Node]) -> list[Unit]:
    """Give the demands that must all hold, in order of reading."""
    units, _ = _either(_closed(nodes), 0, 0)
    return units


def _closed(nodes: Sequence[Node]) -> list[Node]:
    """Leave out parentheses without a partner, and those too deep."""
    opened: list[int] = []
    wanted: set[int] = set()
    for index, node in enumerate(nodes):
        if not isinstance(node, Marked):
            continue
        if node.mark is Mark.OPEN:
            opened.append(index)
        elif node.mark is Mark.CLOSE and opened:
            begin = opened.pop()
            if len(opened) < DEEPEST:
                wanted.update((begin, index))
    return [
        node
        for index, node in enumerate(nodes)
        if not (isinstance(node, Marked) and node.mark in (Mark.OPEN, Mark.CLOSE)) or index in wanted
    ]


def _either(nodes: Sequence[Node], at: int, depth: int) -> tuple[list[Unit], int]:
    """Read alternatives up to the closing parenthesis: OR binds loosest."""
    alternatives: list[list[Unit]] = []
    while True:
        units, at = _all(nodes, at, depth)
        if units:
            alternatives.append(units)
        if at >= len(nodes) or _mark(nodes, at) is Mark.CLOSE:
            break
        at += 1
    if len(alternatives) <= 1:
        return (alternatives[0] if alternatives else []), at
    return [either(alternatives, "written OR")], at


def _all(nodes: Sequence[Node], at: int, depth: int) -> tuple[list[Unit], int]:
    """Read what must all hold: stretches of speech, groups, joined by AND or by nothing."""
    units: list[Unit] = []
    stretch: list[Node] = []
    while at < len(nodes) and _mark(nodes, at) not in (Mark.WRITTEN_OR, Mark.CLOSE):
        mark = _mark(nodes, at)
        if mark is Mark.WRITTEN_NOT:
            units.extend(spoken(stretch))
            stretch = []
            sign = nodes[at]
            operand, at = _operand(nodes, at + 1, depth)
            if operand:
                unit = negation(operand, "written NOT")
                units.append(replace(unit, spans=tuple(sorted({*unit.spans, *sign.spans}))))
        elif mark is Mark.WRITTEN_AND:
            units.extend(spoken(stretch))
            stretch = []
            at += 1
        elif mark is Mark.OPEN:
            group, at = _either(nodes, at + 1, depth + 1)
            at += 1
            alone = bool(stretch) and isinstance(stretch[-1], Marked) and stretch[-1].mark is not Mark.COMMA
            stretch.extend([together(group)] if group and alone else group)
        else:
            stretch.append(nodes[at])
            at += 1
    units.extend(spoken(stretch))
    return units, at


def _operand(nodes: Sequence[Node], at: int, depth: int) -> tuple[list[Unit], int]:
    """Read what a written NOT negates: a group, or the words up to the next operator."""
    if at < len(nodes) and _mark(nodes, at) is Mark.OPEN:
        group, at = _either(nodes, at + 1, depth + 1)
        return group, at + 1
    end = at
    while end < len(nodes) and _mark(nodes, end) not in _ENDS:
        end += 1
        if isinstance(nodes[end - 1], Unit) and not _continues(nodes, end):
            break
    return spoken(nodes[at:end]), end


_ENDS = (
    Mark.WRITTEN_AND,
    Mark.WRITTEN_OR,
    Mark.WRITTEN_NOT,
    Mark.OPEN,
    Mark.CLOSE,
    Mark.COMMA,
    Mark.BUT,
)


def _continues(nodes: Sequence[Node], at: int) -> bool:
    """A version belongs to the OS before it, also under NOT."""
    node = nodes[at] if at < len(nodes) else None
    return isinstance(node, Unit) and node.topic == frozenset(("version",))


def _mark(nodes: Sequence[Node], at: int) -> Mark | None:
    node = nodes[at]
    return node.mark if isinstance(node, Marked) else None
