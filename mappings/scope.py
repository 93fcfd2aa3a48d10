"""`Scope`: what is listed as one, and the view of an image that its listing gives."""

from dataclasses import dataclass
from enum import StrEnum


class CloudKind(StrEnum):
    """The API that a cloud speaks."""

    IMS = "ims"
    GLANCE = "glance"


class View(StrEnum):
    """Who an image is seen by in a listing: it decides access, and which fields may be kept."""

    PUBLIC = "public"
    OWN = "own"
    SHARED = "shared"


class ImageType(StrEnum):
    """The listings of one project; the values of `__imagetype`."""

    GOLD = "gold"
    PRIVATE = "private"
    SHARED = "shared"
    MARKET = "market"

    @property
    def view(self) -> View:
        """The view of the images in a listing of this type."""
        return _VIEWS[self]


_VIEWS = {
    ImageType.GOLD: View.PUBLIC,
    ImageType.MARKET: View.PUBLIC,
    ImageType.PRIVATE: View.OWN,
    ImageType.SHARED: View.SHARED,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """One listing: it is crawled, judged complete or incomplete, and carried as a whole.

    `project` is None for public and market images, which are listed once per account and region.
    """

    source: str
    cloud: str
    kind: CloudKind
    region: str
    image_type: ImageType
    project: str | None = None
    member_status: str | None = None

    @property
    def id(self) -> str:
        """`source/region[/project]/image_type[/member_status]`, unique within an installation."""
        parts = (self.source, self.region, self.project, self.image_type.value, self.member_status)
        return "/".join(part for part in parts if part is not None)

    @property
    def view(self) -> View:
        """The view of the images that this scope lists."""
        return self.image_type.view

    @property
    def grants(self) -> tuple[str, ...]:
        """The projects that may see what this scope lists; none for public images, which all may see."""
        if self.view is View.PUBLIC or self.project is None:
            return ()
        return (self.project,)


def granted_by(scope: str) -> tuple[str, ...]:
    """Read the grants of a scope from its id alone: it may have left the configuration since."""
    match scope.split("/"):
        case [_, _, project, kind, *_] if kind in (ImageType.PRIVATE, ImageType.SHARED):
            return (project,)
        case _:
            return ()


def shared(scope: str) -> bool:
    """Tell from its id alone whether a scope lists what others share with its project."""
    match scope.split("/"):
        case [_, _, _, kind, *_]:
            return kind == ImageType.SHARED
        case _:
            return False
