"""`removed`: what is known of an image that is gone, for those who could see it."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import orjson

from engines.ledger import ImageChange
from engines.query import Query, Sort
from mappings.document import Document, key_parts, restore
from mappings.filter import Condition, Filter, Operator, conjunction
from search_api.access import narrow, sees
from search_api.caller import Caller
from search_api.catalog import may_know, moment
from search_api.family import family
from search_api.problem import ProblemError
from search_api.service import Service

_USABLE = conjunction(
    Condition("status", Operator.IN, ("active",)), Condition("listed", Operator.IN, (True,))
)


async def removed(service: Service, caller: Caller, identity: str, wanted: Filter) -> ProblemError | None:
    """Give the 410 of an image that the caller could see and that is gone; None for all others.

    `wanted` narrows by place. Raises EngineError.
    """
    query = Query(filter=wanted)
    gone = [
        one for one in await service.journal.removals(identity) if sees(query, caller, restore(one.stored))
    ]
    if not gone:
        return None
    images = [await _told(service, caller, one) for one in _one_each(gone)]
    return ProblemError(
        HTTPStatus.GONE,
        "image-removed",
        "The image with this id was removed; what is known of it is in images.",
        members={"images": images},
    )


def _one_each(gone: Sequence[ImageChange]) -> list[ImageChange]:
    """Keep the last removal for each cloud and region."""
    kept: dict[tuple[str, str], ImageChange] = {}
    for change in gone:
        cloud, region, *_ = key_parts(change.stored.key)
        kept.setdefault((cloud, region), change)
    return list(kept.values())


async def _told(service: Service, caller: Caller, change: ImageChange) -> dict[str, object]:
    cloud, region, image, _ = key_parts(change.stored.key)
    document = restore(change.stored)
    return {
        "id": image,
        "name": document.fields.get("name"),
        "cloud": cloud,
        "region": region,
        "removed_at": moment(change.at),
        "last_seen": moment(_last_seen(caller, change)),
        "newer": await _newer(service, caller, document),
    }


def _last_seen(caller: Caller, change: ImageChange) -> datetime | None:
    """Give the start of the last listing before the removal, of those that the caller may know of."""
    mine = [seen for scope, seen in change.seen.items() if may_know(scope, caller)]
    return max(mine, default=None)


async def _newer(service: Service, caller: Caller, document: Document) -> dict[str, object] | None:
    """Give the newest usable image of the same family that the caller sees, if it is newer."""
    created = document.fields.get("created_at")
    later = () if not isinstance(created, int) else (Condition("created_at", Operator.GT, (created,)),)
    query = Query(
        filter=conjunction(family(document), _USABLE, *later),
        sort=(Sort("created_at", descending=True),),
        limit=1,
    )
    served = await service.catalogue.current()
    found = await served.reader.search(narrow(query, caller))
    for hit in found.hits:
        cloud, region, image, _ = key_parts(hit.key)
        name = orjson.loads(hit.body).get("name")
        return {"id": image, "name": name, "cloud": cloud, "region": region}
    return None
