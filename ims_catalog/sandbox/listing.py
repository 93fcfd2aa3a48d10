"""`list_images`: one page of `GET /v2/cloudimages`, by the documented parameters.

Source: IMS API Reference, "Querying Images" (ims_03_0602). What a parameter does not document is matched as
Glance matches it: a property that must equal the text, exactly; an image without it does not match.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from clouds.ims import IMAGE_TYPES
from ims_catalog.sandbox.answer import Refused, image_error
from ims_catalog.sandbox.cloud import Cloud, Key, Listed, UnknownImage
from ims_catalog.sandbox.draw import Record
from ims_catalog.sandbox.estate import Listing, Project

LARGEST_PAGE = 500
_SORT_KEYS = ("name", "container_format", "disk_format", "status", "id", "size", "created_at")

Parameters = Mapping[str, tuple[str, ...]]
Condition = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class _Order:
    key: str
    descending: bool


def list_images(
    cloud: Cloud, project: Project, parameters: Parameters, largest: int = LARGEST_PAGE
) -> list[Record]:
    """Give the page asked for, of `largest` images at most; raises `Refused` for a bad parameter.

    Oldest first, as a crawler asks, a page costs what it holds; any other order costs the whole listing.
    """
    conditions = list(_conditions(cloud, project, parameters))
    order = _order(parameters)
    limit = min(_limit(_last(parameters, "limit", str(largest))), largest)
    marker = _last(parameters, "marker", "")
    if "id" in parameters and "__imagetype" not in parameters:
        found = _by_id(cloud, project, parameters["id"][-1])
    else:
        after = _key(cloud, project, marker) if marker else None
        found = _candidates(cloud, project, parameters, order, after)
    hits = (record for _, record in found if all(condition(record) for condition in conditions))
    return list(islice(hits, limit))


def _by_id(cloud: Cloud, project: Project, identifier: str) -> Iterator[Listed]:
    """Give one image as the project sees it, whether a listing shows it or not."""
    key, record = _key(cloud, project, identifier), cloud.image(project.region, identifier)
    owners = {None, project.id} if record.get("visibility") == "private" else {record.get("owner")}
    if record.get("owner") not in owners:
        record = {**record, "__imagetype": "shared", "visibility": "shared"}
    yield key, record


def _candidates(
    cloud: Cloud, project: Project, parameters: Parameters, order: _Order, after: Key | None
) -> Iterator[Listed]:
    listings = _listings(project, parameters)
    if order == _Order("created_at", descending=False):
        return merge(*(cloud.listed(listing, after) for listing in listings), key=lambda one: one[0])
    everything = [one for listing in listings for one in cloud.listed(listing)]
    everything.sort(key=lambda one: _sort_value(one, order.key), reverse=order.descending)
    if after is None:
        return iter(everything)
    places = (place for place, one in enumerate(everything) if one[0] == after)
    place = next(places, None)
    if place is None:
        raise Refused(image_error("IMG.0027", f"The image {after[1]} does not exist"))
    return iter(everything[place + 1 :])


def _listings(project: Project, parameters: Parameters) -> list[Listing]:
    status = _last(parameters, "member_status", "accepted")
    wanted = _last(parameters, "__imagetype", "")
    every = {
        "gold": Listing(project.region, "gold"),
        "market": Listing(project.region, "market"),
        "private": Listing(project.region, "private", project.id),
        "shared": Listing(project.region, "shared", project.id, status),
    }
    if wanted in IMAGE_TYPES:
        return [every[wanted]]
    return [] if wanted else list(every.values())


def _key(cloud: Cloud, project: Project, marker: str) -> Key:
    # A marker has to be an image that the caller can see, as in Glance.
    try:
        record = cloud.image(project.region, marker)
    except UnknownImage:
        raise Refused(image_error("IMG.0027", f"The image {marker[:100]} does not exist")) from None
    seen = {record.get("owner"), *cloud.members(project.region, marker)}
    if record.get("visibility") != "public" and project.id not in seen:
        raise Refused(image_error("IMG.0027", f"The image {marker[:100]} does not exist"))
    return cloud.key(project.region, marker)


def _order(parameters: Parameters) -> _Order:
    key = _last(parameters, "sort_key", "created_at")
    direction = _last(parameters, "sort_dir", "desc")
    if key not in _SORT_KEYS:
        raise Refused(image_error("IMG.0017", f"sort_key {key!r} is not one of {', '.join(_SORT_KEYS)}"))
    if direction not in {"asc", "desc"}:
        raise Refused(image_error("IMG.0017", f"sort_dir {direction!r} is neither asc nor desc"))
    return _Order(key, descending=direction == "desc")


def _sort_value(listed: Listed, key: str) -> tuple[object, Key]:
    place, record = listed
    if key == "created_at":
        return place[0], place
    value = record.get(key)
    return (value if key == "size" else str(value)), place


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Refused(image_error("IMG.0017", f"limit {text[:40]!r} is not a positive number"))
    return int(text)


def _conditions(cloud: Cloud, project: Project, parameters: Parameters) -> Iterator[Condition]:
    for name, values in parameters.items():
        if name in _NOT_CONDITIONS:
            continue
        if name == "tag":
            yield from (_tagged(value) for value in values)
        elif name in {"created_at", "updated_at"}:
            yield _dated(name, values[-1])
        elif name == "architecture":
            yield _built_for(values[-1])
        elif name == "enterprise_project_id":
            yield _in_enterprise_project(values[-1])
        elif name == "flavor_id":
            raise Refused(image_error("IMG.0192", f"The flavor {values[-1][:100]!r} is invalid"))
        elif name == "id":
            _key(cloud, project, values[-1])
            yield _equal(name, values[-1])
        else:
            yield _equal(name, values[-1])
    if "member_status" in parameters and _last(parameters, "visibility", "") != "shared":
        raise Refused(image_error("IMG.0017", "member_status needs visibility=shared"))


def _equal(name: str, wanted: str) -> Condition:
    def holds(record: Record) -> bool:
        value = record.get(name)
        if isinstance(value, bool):
            return wanted == ("true" if value else "false")
        return value is not None and str(value) == wanted

    return holds


def _tagged(wanted: str) -> Condition:
    # Tags of the old form, key.value, are asked for as key=value too.
    accepted = {wanted, wanted.replace("=", ".", 1)}

    def holds(record: Record) -> bool:
        tags = record.get("tags")
        return isinstance(tags, list) and not accepted.isdisjoint(tags)

    return holds


def _dated(name: str, text: str) -> Condition:
    operator, _, date = text.partition(":")
    compare = _COMPARISONS.get(operator)
    try:
        bound = datetime.fromisoformat(date.replace(" ", "T").removesuffix("Z"))
    except ValueError:
        compare = None
    if compare is None:
        raise Refused(image_error("IMG.0024", f"{name} is written as op:date, not {text[:60]!r}"))

    def holds(record: Record) -> bool:
        value = datetime.fromisoformat(str(record[name]).removesuffix("Z"))
        return compare((value > bound) - (value < bound))

    return holds


def _built_for(architecture: str) -> Condition:
    if architecture not in {"x86", "arm"}:
        raise Refused(image_error("IMG.0212", f"architecture {architecture[:40]!r} is neither x86 nor arm"))
    return lambda record: (record.get("__support_arm") == "true") == (architecture == "arm")


def _in_enterprise_project(identifier: str) -> Condition:
    if identifier == "all_granted_eps":
        return lambda _: True
    return lambda record: (record.get("enterprise_project_id") or "0") == identifier


def _last(parameters: Parameters, name: str, default: str) -> str:
    return parameters[name][-1] if parameters.get(name) else default


_NOT_CONDITIONS = frozenset({"__imagetype", "limit", "marker", "sort_key", "sort_dir", "member_status"})
_COMPARISONS: Mapping[str, Callable[[int], bool]] = {
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
    "eq": lambda order: order == 0,
    "neq": lambda order: order != 0,
}
