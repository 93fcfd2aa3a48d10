"""`parse_term_value`: the value of `field=value`, the same in parameters and in sentences."""

from dataclasses import dataclass
from datetime import datetime

from mappings.field import Field
from mappings.filter import Condition, Filter, Operator
from search_api.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A value that a field cannot have: where in the text, what is allowed, what may have been meant.

    `literal` is the condition on the value as it was written, for a field whose values are open: a value that
    no public image holds may be one of the caller's own.
    """

    position: int
    message: str
    allowed: tuple[str, ...] = ()
    did_you_mean: tuple[str, ...] = ()
    literal: Filter | None = None


def parse_term_value(
    field: Field, text: str, vocabulary: Vocabulary, now: datetime, name: str | None = None
) -> Filter | ValueProblem:
    """Read the value of a term. `name` is what the condition is on, where it is not the field's: `extra.KEY`."""
    return Condition(name or field.name, Operator.IN, (text,))
