"""`listed`: the values of one parameter, separated by commas."""

import re

from mappings.field import Field
from search_api.question.term import split_values

_OPERATOR = re.compile(r"\s*(?:(?:eq|neq|gte?|lte?|in|exists):|[<>=!≤≥])", re.IGNORECASE)


def listed(field: Field, text: str) -> list[tuple[int, str]]:
    """Give each value with its place in the text, so that each is looked for by itself.

    What follows an operator is one value, whatever is in it.
    """
    if "," not in text or _OPERATOR.match(text):
        return [(0, text)]
    return split_values(field, text) or [(0, "")]
