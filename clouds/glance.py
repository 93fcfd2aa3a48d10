"""The OpenStack image service: how its list is asked for, and what its answers hold.

Source: OpenStack Image API v2, "List images", "Show image", "List image members"; what is not written there
was seen on Glance 33: `next` keeps one of several values of a parameter, and a page longer than the server
allows is shortened in silence.
"""

from dataclasses import dataclass
from urllib.parse import quote

from clouds.identity import is_project_id
from clouds.payload import BadAnswer, Record, object_of, objects_of, read_json

IMAGES_PATH = "/v2/images"

PAGE_LIMIT = 500
"""Half of what Glance allows unless it is configured otherwise."""

LARGEST_PAGE = 4 * PAGE_LIMIT
"""Records of a page beyond which it is refused: nobody asked for so many, and all stand in memory."""

OLDEST_FIRST = "created_at:asc,id:asc"
"""Images made during a walk land at its end, and no page shifts. Never by size: Glance goes round in circles
where a page ends on an image without data."""


@dataclass(frozen=True, slots=True)
class Member:
    """A project that an image was offered to, and what it did with the offer."""

    project: str
    status: str


def list_parameters(
    *,
    visibility: str | None = None,
    owner: str | None = None,
    member_status: str | None = None,
    hidden: bool = False,
    marker: str | None = None,
    limit: int = PAGE_LIMIT,
) -> tuple[tuple[str, str], ...]:
    """Give the parameters of one page. Only a page without images ends a list.

    Without `visibility` it holds what the caller owns, public images, and shared ones that were accepted;
    with "all" community images too, which an administrator would miss where they are others'. Of these it is
    what `owner` owns. Hidden images are in no list but that of `hidden`.
    """
    chosen = (
        ("visibility", visibility),
        ("owner", owner),
        ("member_status", member_status),
        ("os_hidden", "true" if hidden else None),
        ("limit", str(limit)),
        ("sort", OLDEST_FIRST),
        ("marker", marker),
    )
    return tuple((name, value) for name, value in chosen if value is not None)


def image_path(identifier: str) -> str:
    """Give the path of one image."""
    return f"{IMAGES_PATH}/{quote(identifier, safe='')}"


def members_path(identifier: str) -> str:
    """Give the path of the members of an image, which its owner may read; a member sees itself only."""
    return f"{image_path(identifier)}/members"


def parse_images(body: bytes) -> tuple[Record, ...]:
    """Read one page of the list.

    Raises `BadAnswer` for anything but an object with a list `images` of objects, `LARGEST_PAGE` at most.
    """
    images = objects_of(object_of(read_json(body), "a page of images"), "images", "a page of images")
    if len(images) > LARGEST_PAGE:
        raise BadAnswer(f"a page of images holds {LARGEST_PAGE} records at most, this holds {len(images)}")
    return images


def parse_image(body: bytes) -> Record:
    """Read one image. Raises `BadAnswer` for anything but an object with an id."""
    record = object_of(read_json(body), "an image")
    if not isinstance(record.get("id"), str):
        raise BadAnswer("an image has an id, this has none")
    return record


def parse_members(body: bytes) -> tuple[Member, ...]:
    """Read the members of an image.

    A member whose id cannot be a project's is left out: Glance takes any text of up to 255 characters, and no
    project sees the image by it. Raises `BadAnswer` for anything but a list `members` of objects with a
    `member_id` and a `status`.
    """
    members = objects_of(object_of(read_json(body), "a list of members"), "members", "a list of members")
    found = []
    for member in members:
        project, status = member.get("member_id"), member.get("status")
        if not (isinstance(project, str) and project and isinstance(status, str)):
            raise BadAnswer("each of 'members' has a member_id and a status")
        if is_project_id(project):
            found.append(Member(project, status))
    return tuple(found)
