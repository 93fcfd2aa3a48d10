"""`Terms`: values of fields, read by the vocabulary of one generation and remembered."""

from dataclasses import dataclass
from datetime import datetime

from mappings.field import Field, Kind
from mappings.filter import Filter
from search_api.clause import Clause
from search_api.question.term import ValueProblem, parse_term_value
from search_api.vocabulary import Vocabulary

_KEPT = 8_192
_LENGTH = 128
"""Characters of a name and a text that are remembered."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a parameter that names a field demands: its values, and the clauses that these make alone."""

    spoken: str
    filters: tuple[Filter, ...]
    clauses: tuple[Clause, ...]


class Terms:
    """Reads values. People name the same few again and again; only dates depend on when they are read."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._read: dict[tuple[str, str], Filter | ValueProblem] = {}
        self._named: dict[tuple[str, str], Named] = {}

    def named(self, name: str, value: str) -> Named | None:
        """Give what a parameter was read as, if it is remembered."""
        return self._named.get((name, value))

    def remember(self, name: str, value: str, field: Field, named: Named) -> None:
        """Remember what a parameter without mistakes was read as, unless that depends on when it is read."""
        if field.kind is Kind.DATE or len(name) + len(value) > _LENGTH:
            return
        if len(self._named) >= _KEPT:
            self._named.clear()
        self._named[name, value] = named

    def read(self, name: str, field: Field, text: str, now: datetime) -> Filter | ValueProblem:
        """Read the value of a field under the name that was used for it."""
        key = (name, text)
        found = self._read.get(key)
        if found is None:
            found = parse_term_value(field, text, self.vocabulary, now, name)
            if field.kind is not Kind.DATE and len(name) + len(text) <= _LENGTH:
                if len(self._read) >= _KEPT:
                    self._read.clear()
                self._read[key] = found
        return found
