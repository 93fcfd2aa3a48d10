"""What a query may cost, in the words that every engine uses."""

from engines.base import TooCostly


def patterns_too_costly() -> TooCostly:
    """Say what to do about patterns that cost more than a query may."""
    return TooCostly(
        "the patterns with * and ? would take too long: put longer runs of characters between * and ?,"
        " or ask for fewer patterns at once"
    )


def words_too_costly() -> TooCostly:
    """Say what to do about a query of more words and conditions than an engine takes at once."""
    return TooCostly("so many words and conditions at once would take too long: ask for fewer of them")
