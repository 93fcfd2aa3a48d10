"""Images made by hand for the named promises."""

from engines.base import Reader
from engines.narrowed import Narrowed
from engines.query import Answer, Query
from mappings.document import Document
from mappings.filter import EVERY, Filter, Value


def image(
    image_id: str,
    /,
    *,
    derived: tuple[str, ...] = (),
    extra: dict[str, str] | None = None,
    **fields: Value | tuple[str, ...],
) -> Document:
    """An image whose name is its id unless said otherwise."""
    given: dict[str, Value | tuple[str, ...]] = {
        "cloud": "huawei",
        "region": "cn-north-4",
        "id": image_id,
        "view": "public",
        "name": image_id,
        "scopes": ("prod/cn-north-4/gold",),
    }
    return Document({**given, **fields}, extra or {}, derived, f'{{"id": "{image_id}"}}'.encode())


async def ask(reader: Reader, query: Query, access: Filter = EVERY) -> Answer:
    return await reader.search(Narrowed(query, access))


def ids(answer: Answer) -> list[str]:
    """The ids of the hits, out of their keys."""
    return [hit.key.split("/")[2] for hit in answer.hits]
