"""Which changes of images are told to whom, and in which shape."""

from collections.abc import Mapping
from typing import TypedDict

import orjson

from engines.ledger import RIGHTS, ImageChange
from engines.query import Query
from mappings.document import key_parts, restore
from search_api.access import sees
from search_api.caller import Caller
from search_api.catalog import moment


class ToldChange(TypedDict):
    """A change as `/v1/changes` gives it; `fields` has by name what was said `from` and `to` then."""

    at: str | None
    run: str
    kind: str
    id: str
    name: str | None
    cloud: str
    region: str
    fields: Mapping[str, Mapping[str, object]]


def is_told(change: ImageChange, query: Query, caller: Caller) -> bool:
    """Tell whether a change is of an image that is asked for and that the caller may see.

    For the operator an image does not come and go with a right.
    """
    return _concerns(caller, change) and sees(query, caller, restore(change.stored))


def told_change(change: ImageChange) -> ToldChange:
    """Give a change in its shape."""
    cloud, region, image, _ = key_parts(change.stored.key)
    return {
        "at": moment(change.at),
        "run": change.run,
        "kind": change.kind.value,
        "id": image,
        "name": orjson.loads(change.stored.body).get("name"),
        "cloud": cloud,
        "region": region,
        "fields": {
            name: {"from": one.before, "to": one.after}
            for name, one in change.fields.items()
            if name != RIGHTS
        },
    }


def _concerns(caller: Caller, change: ImageChange) -> bool:
    return caller.projects is not None or not change.of_rights
