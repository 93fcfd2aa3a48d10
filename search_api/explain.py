"""Words for what was understood: labels of conditions, and a question in one line."""

from mappings.fields import field_named
from mappings.filter import TEXT, Condition
from search_api.clause import Question


def label(condition: Condition) -> str:
    """Name a condition for a reader: `Platform: Ubuntu`."""
    name = "Text" if condition.field == TEXT else field_named(condition.field).label
    return f"{name}: {', '.join(str(value) for value in condition.values)}"


def summary(question: Question) -> str:
    """Say in one line what is searched."""
    parts = [clause.label for clause in question.clauses if not clause.default]
    if question.text_words:
        parts.append(f"“{question.text_words}”")
    return "images" if not parts else f"images for {', '.join(parts)}"
