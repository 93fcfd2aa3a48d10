"""`read`: a sentence becomes a `Question`."""

from datetime import datetime

from mappings.filter import TEXT, Condition, Operator
from search_api.clause import Question
from search_api.vocabulary import Vocabulary


def read(text: str, vocabulary: Vocabulary, now: datetime) -> Question:
    """Understand a sentence. Total: whatever is not understood is searched as text."""
    words = text.strip()
    if not words:
        return Question()
    return Question(text=(Condition(TEXT, Operator.MATCH, (words,)),), text_words=words)
