"""`renewed`: documents that another version wrote, as this version would have written them."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace

import orjson

from clouds.payload import BadAnswer, read_json
from mappings.document import OF_THE_CATALOGUE, Stored, key_parts, stamp, store
from mappings.field import Exposure
from mappings.fields import FIELDS, field_named
from mappings.normalise import normalise
from mappings.scope import CloudKind, ImageType, Scope


async def renewed(
    served: AsyncIterator[Sequence[Stored]], kinds: Mapping[str, CloudKind]
) -> AsyncGenerator[Sequence[Stored], None]:
    """Normalise documents again, batch by batch; images stay in their order.

    `kinds` holds the kind of cloud by the name of the source; where a source is no longer configured, the
    record tells.
    """
    try:
        async for batch in served:
            yield [renew(stored, kinds) for stored in batch]
    finally:
        if isinstance(served, AsyncGenerator):
            await served.aclose()


def renew(stored: Stored, kinds: Mapping[str, CloudKind]) -> Stored:
    """Normalise a document again from its raw record, as the scope that lists it would read it.

    It keeps its cloud, region and id, the scopes that list it and `first_seen`. Its view may become another,
    as the present rules say what may be shown to whom. What cannot be read any more stays as it is.
    """
    internal = orjson.loads(stored.internal)
    record = _record(stored.raw)
    if record is None:
        return stored
    scope = _scope(stored.key, internal.get("scopes", ()), kinds, _kind(record))
    if scope is None:
        return stored
    document = normalise(record, scope).document
    if document is None:
        return stored
    _, _, image, _ = key_parts(stored.key)
    before = orjson.loads(stored.body)
    kept = [*OF_THE_CATALOGUE, *(name for name, keys in _FROM_CUT_KEYS.items() if keys.isdisjoint(record))]
    return stamp(
        store(replace(document, fields={**document.fields, "id": image})),
        {name: before[name] for name in kept if name in before},
        {name: internal.get(name, ()) for name in _OF_THE_PLAN},
    )


_OF_THE_PLAN = ("scopes", "unlisted_by", "visible_to", "shadowed_by")
"""Internal fields that say who lists it and who may see it."""

_FROM_CUT_KEYS = {
    field.name: frozenset(field_named(field.stated_in).wire_names)
    for field in FIELDS
    if field.stated_in and field_named(field.stated_in).exposure is Exposure.OWNER
}
"""Fields that are read from keys which only the owner's raw record keeps: what was read of them stays."""


def _scope(
    key: str, scopes: Sequence[str], kinds: Mapping[str, CloudKind], otherwise: CloudKind
) -> Scope | None:
    """Give the scope that the document is of: the first that gives its view, else the first at all."""
    cloud, _, _, view = key_parts(key)
    read = [one for scope in sorted(scopes) if (one := _read(scope, cloud, kinds, otherwise)) is not None]
    return next((one for one in read if one.view is view), next(iter(read), None))


def _read(scope: str, cloud: str, kinds: Mapping[str, CloudKind], otherwise: CloudKind) -> Scope | None:
    """Read a scope from its id; None where that is the id of none."""
    match scope.split("/"):
        case [source, region, kind] if kind in _IMAGE_TYPES:
            return Scope(source, cloud, kinds.get(source, otherwise), region, ImageType(kind))
        case [source, region, project, kind, *status] if kind in _IMAGE_TYPES and len(status) <= 1:
            api = kinds.get(source, otherwise)
            return Scope(source, cloud, api, region, ImageType(kind), project, *status)
        case _:
            return None


_IMAGE_TYPES = frozenset(ImageType)


def _kind(record: Mapping[str, object]) -> CloudKind:
    """Tell which API sent a record: Glance says whether an image is hidden, IMS knows nothing of that."""
    return CloudKind.GLANCE if _ONLY_ON_GLANCE in record else CloudKind.IMS


_ONLY_ON_GLANCE = "os_hidden"


def _record(raw: bytes) -> Mapping[str, object] | None:
    try:
        record = read_json(raw)
    except BadAnswer:
        return None
    return record if isinstance(record, dict) else None
