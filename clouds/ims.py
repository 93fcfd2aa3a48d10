"""The Image Management Service: how its list is asked for, and what its answers hold.

Source: IMS API Reference, "Querying Images" (ims_03_0602) and "Querying the OSs Supported" (ims_03_0610).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clouds.payload import BadAnswer, read_json

IMAGES_PATH = "/v2/cloudimages"
OS_VERSIONS_PATH = "/v1/cloudimages/os_version"

PAGE_LIMIT = 500
"""The documented default; IMS states no maximum, its twin for edge sites states this one."""

IMAGE_TYPES = ("gold", "private", "shared", "market")
MEMBER_STATUSES = ("pending", "accepted", "rejected")

_LONGEST_MARKER = 255

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_marker` is what the cloud said.

    Where it says nothing, page on from the last id. Only an empty page ends a list: a short one may be the
    server's own limit.
    """

    images: tuple[Record, ...]
    next_marker: str | None


def list_parameters(
    image_type: str,
    *,
    project: str | None = None,
    member_status: str = "accepted",
    enterprise_project_id: str | None = None,
    marker: str | None = None,
    limit: int = PAGE_LIMIT,
) -> tuple[tuple[str, str], ...]:
    """Give the parameters of one page of the list of `image_type`.

    `project` is the id of the owner, and needed for private images; `member_status` counts for shared ones.
    The order is by creation, oldest first: images made during a walk land at its end and no page shifts.
    """
    parameters = [
        *_recipe(image_type, project, member_status),
        ("limit", str(limit)),
        ("sort_dir", "asc"),
        ("sort_key", "created_at"),
    ]
    if enterprise_project_id is not None:
        parameters.append(("enterprise_project_id", enterprise_project_id))
    if marker is not None:
        parameters.append(("marker", marker))
    return tuple(parameters)


def parse_page(body: bytes) -> Page:
    """Read one page of the list; `BadAnswer` for anything but an object with a list `images` of objects."""
    answer = object_of(read_json(body), "a page of images")
    images = objects_of(answer, "images", "a page of images")
    return Page(images=images, next_marker=_next_marker(answer))


def os_version_parameters(tags: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Ask for all operating systems, or for those with every one of `tags`: `uefi`, `arm`, `x86`, `bms`."""
    return tuple(("tag", tag) for tag in tags)


def parse_os_versions(body: bytes) -> tuple[Record, ...]:
    """Read the table of operating systems: the entries of all platforms' `version_list`, as they were sent.

    An entry has `platform`, `os_version`, `os_version_key`, `os_type` and `os_bit`: a number here, a string
    in images. `BadAnswer` for anything but an array of platforms.
    """
    platforms = read_json(body)
    if not isinstance(platforms, list):
        raise BadAnswer(f"a table of operating systems is an array, this is {_name_of(platforms)}")
    return tuple(
        entry
        for platform in platforms
        for entry in objects_of(object_of(platform, "a platform"), "version_list", "a platform")
    )


def object_of(value: object, what: str) -> Record:
    """Narrow `value` to an object, or raise `BadAnswer` naming `what` it should have been."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} is an object, this is {_name_of(value)}")
    return value


def objects_of(answer: Record, key: str, what: str) -> tuple[Record, ...]:
    """Give the list of objects that `answer` holds under `key`, or raise `BadAnswer`."""
    if key not in answer:
        raise BadAnswer(f"{what} holds a list {key!r}, this has none; its keys are {sorted(answer)[:10]}")
    values = answer[key]
    if not isinstance(values, list):
        raise BadAnswer(f"{key!r} of {what} is a list, this is {_name_of(values)}")
    return tuple(object_of(value, f"each of {key!r}") for value in values)


def _recipe(image_type: str, project: str | None, member_status: str) -> list[tuple[str, str]]:
    match image_type:
        case "gold":
            return [("__imagetype", "gold"), ("visibility", "public"), ("protected", "true")]
        case "private":
            if project is None:
                raise ValueError("a list of private images needs the id of their project")
            return [("__imagetype", "private"), ("owner", project)]
        case "shared":
            if member_status not in MEMBER_STATUSES:
                raise ValueError(
                    f"unknown member status {member_status!r}; allowed: {', '.join(MEMBER_STATUSES)}"
                )
            return [("__imagetype", "shared"), ("visibility", "shared"), ("member_status", member_status)]
        case "market":
            return [("__imagetype", "market")]
        case _:
            raise ValueError(f"unknown image type {image_type!r}; allowed: {', '.join(IMAGE_TYPES)}")


def _next_marker(answer: Record) -> str | None:
    info = answer.get("page_info")
    marker = info.get("next_marker") if isinstance(info, dict) else None
    if isinstance(marker, str) and 0 < len(marker) <= _LONGEST_MARKER:
        return marker
    return None


def _name_of(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
