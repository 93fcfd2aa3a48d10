"""What a request may ask for at most. More is refused, with the limit named."""

REQUEST_LINE = 65_536
"""Bytes of the first line of a request; beyond it the server itself refuses, in words of its own."""

QUERY_STRING = 8_192
"""Bytes of a query string, as sent."""

CONNECTIONS = 800
"""Connections of one worker; a further one is closed at once. Often a process may open 1024 files."""

BODY = 65_536
"""Bytes of the body of a search."""

SENTENCE = 2_000
"""Characters of `q`."""

IMAGE_ID = 255
"""Characters of an image id in a path; one of IMS has 36."""

DEFAULT_PAGE = 20
PAGE = 1_000
"""Images of one page."""

CONDITIONS = 256
"""Conditions of one question, all its sources together."""

PATTERNS = 8
"""Conditions with a pattern (`*`, `?`) of one question: each is looked for in all values of its field."""

VALUES = 1_000
"""Values of one condition, or of one parameter."""

ALL_VALUES = 2_000
"""Values of all conditions of one question together."""

DEPTH = 16
"""Levels of a filter tree."""

FIELD_NAME = 255
"""Characters of the name of a field; a key of `extra` may be long."""

FACETS = 64
HISTOGRAMS = 8
SUMS = 8
SORTS = 8
SELECTED = 200
"""Names in `fields`. These five count what is given, the same name each time."""

ERRORS = 20
"""Mistakes that one answer names; reading ends with the last."""

DOUBTS = 20
"""Values unknown to the public catalogue that are looked for among the caller's own images."""

RUNS = 100
DEFAULT_RUNS = 20

CHANGES = 1_000
DEFAULT_CHANGES = 100

SCANNED_CHANGES = 5_000
"""Changes that one request looks at; where fewer are asked for, `next` goes on behind them."""

VOCABULARY = 10_000
"""Values of one field that the vocabulary of a generation takes in."""

KEPT_ANSWERS = 64 * 1024 * 1024
"""Bytes of answers that a worker keeps, to give them again while they are true."""

KEPT_ETAGS = 8 * 1024 * 1024
"""Bytes of what it knows to have answered once."""

KEPT_WORDINGS = 8 * 1024 * 1024
"""Bytes of questions whose answers it knows by their words."""

KEPT_TERMS = 8 * 1024 * 1024
"""Bytes of values, and again of parameters, that it knows how to read; for each generation."""
