"""The Image Management Service: how its list is asked for, and what its answers hold.

Source: IMS API Reference, "Querying Images" (ims_03_0602).
"""

from dataclasses import dataclass

from clouds.payload import BadAnswer, Record, object_of, objects_of, read_json

IMAGES_PATH = "/v2/cloudimages"

PAGE_LIMIT = 500
"""The documented default; IMS states no maximum, its twin for edge sites states this one."""

IMAGE_TYPES = ("gold", "private", "shared", "market")
MEMBER_STATUSES = ("pending", "accepted", "rejected")

LARGEST_PAGE = 4 * PAGE_LIMIT
"""Records of a page beyond which it is refused: nobody asked for so many, and all stand in memory."""

_LONGEST_MARKER = 255


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


def image_parameters(
    identifier: str, *, enterprise_project_id: str | None = None
) -> tuple[tuple[str, str], ...]:
    """Give the parameters that ask for one image by its id, whatever listing it stands in.

    An unknown id is answered with an empty page, or with an error that means it is gone.
    """
    first = (("id", identifier),)
    if enterprise_project_id is None:
        return first
    return (*first, ("enterprise_project_id", enterprise_project_id))


def parse_page(body: bytes) -> Page:
    """Read one page of the list.

    Raises `BadAnswer` for anything but an object with a list `images` of objects, `LARGEST_PAGE` at most.
    """
    answer = object_of(read_json(body), "a page of images")
    images = objects_of(answer, "images", "a page of images")
    if len(images) > LARGEST_PAGE:
        raise BadAnswer(f"a page of images holds {LARGEST_PAGE} records at most, this holds {len(images)}")
    return Page(images=images, next_marker=_next_marker(answer))


def is_marker(text: str) -> bool:
    """Tell whether a page can be asked for that begins after this id: it can be sent, and is short enough."""
    return 0 < len(text) <= _LONGEST_MARKER and not any("\ud800" <= one <= "\udfff" for one in text)


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
    return marker if isinstance(marker, str) and is_marker(marker) else None
