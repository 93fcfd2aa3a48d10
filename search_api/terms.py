"""`Terms`: values of fields, read by the vocabulary of one generation and remembered."""

from datetime import datetime

from mappings.field import Field, Kind
from mappings.filter import Filter
from search_api.question.term import ValueProblem, parse_term_value
from search_api.vocabulary import Vocabulary

_KEPT = 8_192
_LENGTH = 64
"""Characters of a text that is remembered."""


class Terms:
    """Reads values. People name the same few again and again; only dates depend on when they are read."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._read: dict[tuple[str, str], Filter | ValueProblem] = {}

    def read(self, spoken: str, field: Field, text: str, now: datetime) -> Filter | ValueProblem:
        """Read the value of a field; `spoken` is the name that conditions use."""
        key = (spoken, text)
        found = self._read.get(key)
        if found is None:
            found = parse_term_value(field, text, self.vocabulary, now, spoken)
            if field.kind is not Kind.DATE and len(text) <= _LENGTH and len(self._read) < _KEPT:
                self._read[key] = found
        return found
