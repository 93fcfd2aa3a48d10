"""What a query may cost, in the words that every engine uses."""

from engines.base import TooCostly
from engines.query import Pivot


def patterns_too_costly() -> TooCostly:
    """Say what to do about patterns that cost more than a query may."""
    return TooCostly(
        "the patterns with * and ? would take too long: put longer runs of characters between * and ?,"
        " or ask for fewer patterns at once"
    )


def words_too_costly() -> TooCostly:
    """Say what to do about a query of more words and conditions than an engine takes at once."""
    return TooCostly("so many words and conditions at once would take too long: ask for fewer of them")


def pivot_too_costly(pivot: Pivot) -> TooCostly:
    """Say what to do about a pivot that counts more than a query may."""
    return TooCostly(
        f"counting {pivot.rows} by {pivot.columns} would take too long: narrow by filters what is counted,"
        " or count by a field of fewer values"
    )
