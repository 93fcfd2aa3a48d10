"""`listed`: the values of one parameter, separated by commas."""

import re
from collections.abc import Iterator

from mappings.field import Field, Kind

_OPERATOR = re.compile(r"\s*(?:eq|neq|gt|gte|lt|lte|in|exists):", re.IGNORECASE)
_PIECE = re.compile(r'(?:"[^"]*"|[^",]|")+')
_WHOLE = frozenset((Kind.TEXT, Kind.MAP))
_NOT_SPLIT = frozenset(("tags",))


def listed(field: Field, text: str) -> Iterator[tuple[int, str]]:
    """Give each value with its place in the text.

    Commas separate, outside of quotes; they belong to the value where people write them: in names,
    descriptions, tags and what is not known. A value with an operator is one.
    """
    if "," not in text or field.kind in _WHOLE or field.name in _NOT_SPLIT or _OPERATOR.match(text):
        yield 0, text
        return
    pieces = [found for found in _PIECE.finditer(text) if found[0].strip()]
    if not pieces:
        yield 0, ""
    for found in pieces:
        yield found.start() + len(found[0]) - len(found[0].lstrip()), found[0].strip()
