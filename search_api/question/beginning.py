"""`beginning`: from when on something is told, in the words of a question: "7 days ago", "May 2025"."""

from datetime import datetime

from mappings.filter import Condition, Operator
from search_api.question.moment import interval
from search_api.question.read import read
from search_api.vocabulary import Vocabulary

LONGEST = 100
"""Characters."""


def beginning(text: str, vocabulary: Vocabulary, now: datetime) -> int | None:
    """Give the moment (milliseconds) from which on "since TEXT" is, as a sentence means it.

    None for what says no such time, or says more than that.
    """
    if len(text) > LONGEST:
        return None
    written = interval(text.strip())
    if written is not None:
        return written.start
    question = read(f"since {text}", vocabulary, now)
    if question.text or question.sort or question.facets or question.limit is not None:
        return None
    match question.filter:
        case Condition("created_at", Operator.GTE, (int(moment),)):
            return moment
        case Condition("created_at", Operator.GT, (int(moment),)):
            return moment + 1
        case _:
            return None
