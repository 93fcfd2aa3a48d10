"""One image by its id: what is known of it, and the record as the cloud sent it."""

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

from engines.query import Hit, Query, Sort
from mappings.document import key_parts
from mappings.filter import Condition, Filter, Operator, conjunction
from search_api.access import narrow
from search_api.answer import images_json
from search_api.asked import selection
from search_api.caller import Caller
from search_api.limits import IMAGE_ID, PAGE, VALUES
from search_api.naming import near
from search_api.problem import Mistake, MistakeError, ProblemError, refused
from search_api.service import Service
from search_api.tombstone import removed

_PLACES = ("cloud", "region")
_ORDER = (Sort("cloud"), Sort("region"), Sort("trust"))


async def image(service: Service, caller: Caller, identity: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    """Give the images of an id as JSON, one per cloud and region. Raises ProblemError and EngineError."""
    wanted, fields = _read(identity, pairs, (*_PLACES, "fields"))
    served = await service.catalogue.current()
    found = await served.reader.search(narrow(Query(filter=wanted, sort=_ORDER, limit=PAGE), caller))
    hits = _one_each(found.hits)
    if not hits:
        raise await removed(service, caller, identity, wanted) or _unknown()
    revision = await service.ledger.current(found.generation)
    return b'{"images":%b,"catalog":%b}' % (
        images_json(hits, revision.freshness(caller), fields),
        revision.catalog(found.generation, caller),
    )


async def raw_record(
    service: Service, caller: Caller, identity: str, pairs: Iterable[tuple[str, str]]
) -> bytes:
    """Give the record of an image as the cloud sent it. Raises ProblemError, 409 if there are several."""
    wanted, _ = _read(identity, pairs, _PLACES)
    served = await service.catalogue.current()
    found = await served.reader.raw(narrow(Query(filter=wanted, sort=_ORDER, limit=PAGE), caller))
    records: dict[tuple[str, str], bytes] = {}
    for key, record in found:
        records.setdefault(_place(key), record)
    match list(records.items()):
        case []:
            raise await removed(service, caller, identity, wanted) or _unknown()
        case [(_, record)]:
            return record
        case several:
            raise _several([place for place, _ in several])


def _read(
    identity: str, pairs: Iterable[tuple[str, str]], allowed: tuple[str, ...]
) -> tuple[Filter, tuple[str, ...]]:
    if len(identity) > IMAGE_ID:
        raise _unknown()
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in allowed:
            raise refused(
                Mistake(
                    parameter=name[:64],
                    detail="is not a parameter of an image",
                    allowed=allowed,
                    did_you_mean=near(name, allowed),
                )
            )
        given.setdefault(name, []).extend(part.strip() for part in value.split(","))
    wanted = conjunction(
        Condition("id", Operator.IN, (identity,)),
        *(Condition(name, Operator.IN, tuple(given[name][:VALUES])) for name in _PLACES if name in given),
    )
    try:
        return wanted, selection([name for name in given.get("fields", ()) if name])
    except MistakeError as wrong:
        raise refused(*(replace(each, parameter="fields") for each in wrong.mistakes)) from None


def _one_each(hits: Iterable[Hit]) -> list[Hit]:
    """Keep one image for each cloud and region, the most trusted view of it."""
    kept: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        kept.setdefault(_place(hit.key), hit)
    return list(kept.values())


def _place(key: str) -> tuple[str, str]:
    cloud, region, _, _ = key_parts(key)
    return cloud, region


def _unknown() -> ProblemError:
    """One answer for what does not exist and for what the caller may not see."""
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-image", "No image with this id can be seen.")


def _several(places: list[tuple[str, str]]) -> ProblemError:
    named = tuple(f"cloud={cloud}&region={region}" for cloud, region in places)
    return ProblemError(
        HTTPStatus.CONFLICT,
        "several-images",
        "Images in several places bear this id; name one place by cloud and region.",
        (Mistake(parameter="region", detail="is needed to tell them apart", allowed=named),),
    )
