"""`newest_public_note`: an order is obeyed literally, and said where it puts a stranger's image first."""

from collections.abc import Awaitable, Callable

import orjson

from engines.query import Answer, Query, Sort
from mappings.filter import Condition, Operator, conjunction

_NEWEST = Sort("created_at", descending=True)
_PUBLIC = 0
_STRANGERS = {2: "shared by another project", 3: "a market image"}
"""What `trust` says of images by others than the cloud and the caller."""


async def newest_public_note(
    answer: Answer, query: Query, ask: Callable[[Query], Awaitable[Answer]]
) -> tuple[str, ...]:
    """Name the first public image in the asked order, if the answer's first one is shared or market.

    Nothing in the default order, which begins with public images, and on later pages.
    """
    if not query.sort or query.after is not None or not answer.hits:
        return ()
    first = orjson.loads(answer.hits[0].body)
    stranger = _STRANGERS.get(first.get("trust"))
    if stranger is None:
        return ()
    public = conjunction(query.filter, Condition("trust", Operator.IN, (_PUBLIC,)))
    found = await ask(Query(filter=public, text=query.text, sort=query.sort, limit=1))
    which = "newest public one" if query.sort[0] == _NEWEST else "first public one in this order"
    if not found.hits:
        return (f"The first image is {stranger}; no public image answers the question.",)
    named = orjson.loads(found.hits[0].body)
    return (f"The first image is {stranger}. The {which}: {named.get('name', '')} ({named['id']}).",)
