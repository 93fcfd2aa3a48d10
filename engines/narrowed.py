"""`Narrowed`: a query that has passed access. Readers take nothing else.

Only `search_api.access` may make one; an import rule holds that, and the type holds the rest.
"""

from dataclasses import dataclass

from engines.query import Query
from mappings.filter import Filter


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A query, and the filter of what its caller may see.

    The two stand apart because facets lift conditions of the query: access is never lifted. An image answers
    if both hold.
    """

    query: Query
    access: Filter
