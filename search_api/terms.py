"""`Terms`: values of fields, read by the vocabulary of one generation and remembered."""

from dataclasses import dataclass
from datetime import datetime

from mappings.field import Field, Kind
from mappings.filter import Filter
from search_api.asked import Asked
from search_api.clause import Clause
from search_api.kept import Kept
from search_api.limits import KEPT_TERMS
from search_api.question.term import ValueProblem, parse_term_value
from search_api.vocabulary import Vocabulary

_LENGTH = 128
"""Characters of a name and a text that are remembered."""

_LONGEST = 1024
"""Characters of all parameters that name no fields and are remembered."""

_ENTRY = 3_072
_CHARACTER = 96
"""Bytes that a remembered reading takes at most, and further ones for each character of name and text: a
value of one character is an object of its own, named in a condition, in a label and in answers.
"""


Pairs = tuple[tuple[str, str], ...]
"""Names and values of parameters."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a parameter that names a field demands: its values, and the clauses that these make alone."""

    spoken: str
    filters: tuple[Filter, ...]
    clauses: tuple[Clause, ...]


class Terms:
    """Reads values. People name the same few again and again; only dates depend on when they are read.

    `room` is how many bytes of readings are remembered, by value and again by parameter.
    """

    def __init__(self, vocabulary: Vocabulary, room: int = KEPT_TERMS) -> None:
        self.vocabulary = vocabulary
        self._read: Kept[tuple[str, str], Filter | ValueProblem] = Kept(room)
        self._named: Kept[tuple[str, str], Named] = Kept(room)
        self._asked: Kept[Pairs, Asked] = Kept(room)

    def named(self, name: str, value: str) -> Named | None:
        """Give what a parameter was read as, if it is remembered."""
        return self._named.get((name, value))

    def remember(self, name: str, value: str, field: Field, named: Named) -> None:
        """Remember what a parameter without mistakes was read as, unless that depends on when it is read."""
        length = len(name) + len(value)
        if field.kind is not Kind.DATE and length <= _LENGTH:
            self._named.put((name, value), named, _size(length))

    def asked(self, pairs: Pairs) -> Asked | None:
        """Give what parameters that name no fields were read as, if it is remembered."""
        return self._asked.get(pairs)

    def remember_asked(self, pairs: Pairs, asked: Asked) -> None:
        """Remember what parameters that name no fields were read as, without mistakes."""
        length = sum([len(name) + len(value) for name, value in pairs])
        if length <= _LONGEST:
            self._asked.put(pairs, asked.about((), ()), _size(length))

    def read(self, name: str, field: Field, text: str, now: datetime) -> Filter | ValueProblem:
        """Read the value of a field under the name that was used for it."""
        key = (name, text)
        found = self._read.get(key)
        if found is None:
            found = parse_term_value(field, text, self.vocabulary, now, name)
            length = len(name) + len(text)
            if field.kind is not Kind.DATE and length <= _LENGTH:
                self._read.put(key, found, _size(length))
        return found


def _size(length: int) -> int:
    return _ENTRY + _CHARACTER * length
