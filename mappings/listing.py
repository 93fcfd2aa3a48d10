"""`listed`: what a listing makes of a record, and where the record says that it belongs to another one."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from mappings.filter import Value
from mappings.scope import CloudKind, ImageType, Scope, View

Stated = Mapping[str, Value | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A record in its listing.

    `image_type` is the type of listing that it is treated as part of: it decides its view. `owners` tells
    whether it is its owner's, with what only the owner may know. `contradicted_by` names the field that
    speaks of another listing; None if none does.
    """

    image_type: ImageType
    owners: bool
    contradicted_by: str | None = None


def listed(stated: Stated, unreadable: AbstractSet[str], scope: Scope) -> Listed:
    """Place a record, by what it states and by the fields that were set and could not be read.

    Clouds have shown private images in public listings, and other projects' images in private ones. The first
    are taken for private ones of a project that is not known: no grant, operators alone see them. The second
    keep the grant of the project, which does see them, but nothing of what only their owner may know. What
    cannot be read is not taken for harmless.
    """
    match scope.view:
        case View.PUBLIC:
            for name, harmless in _HARMLESS[scope.kind]:
                if name in unreadable or not harmless(stated.get(name)):
                    return Listed(ImageType.PRIVATE, owners=False, contradicted_by=name)
            return _AS_LISTED[scope.image_type]
        case View.OWN if "owner" in unreadable or _foreign(stated.get("owner"), scope.project):
            return Listed(scope.image_type, owners=False, contradicted_by="owner")
        case _:
            return _AS_LISTED[scope.image_type]


@lru_cache(maxsize=1024)
def listing_values(scope: Scope, view: View) -> Stated:
    """Give the fields that are the same for each image of a listing in a view."""
    values: dict[str, Value | tuple[str, ...]] = {
        "cloud": scope.cloud,
        "region": scope.region,
        "view": view.value,
        "scopes": (scope.id,),
    }
    return {**values, "visible_to": scope.grants} if scope.grants else values


def _says_public(visibility: object) -> bool:
    return visibility in _PUBLIC or _word(visibility) in _PUBLIC


def _says_not_private(word: object) -> bool:
    return _word(word) not in _NOT_PUBLIC


def _word(value: object) -> str | None:
    return value.strip().casefold() if isinstance(value, str) else None


def _foreign(owner: object, project: str | None) -> bool:
    return isinstance(owner, str) and project is not None and owner != project and owner.strip() != project


_PUBLIC = (None, "public")
_NOT_PUBLIC = frozenset({ImageType.PRIVATE.value, ImageType.SHARED.value})
_IMAGE_TYPE = ("image_type", _says_not_private)
# What Glance calls community is for all who know its id; IMS documents public alone for what all may use. On
# Glance visibility alone decides who sees an image: the type is a property that anyone may have copied.
_HARMLESS = {
    CloudKind.IMS: (("visibility", _says_public), _IMAGE_TYPE),
    CloudKind.GLANCE: (("visibility", _says_not_private),),
}
_AS_LISTED = {kind: Listed(kind, owners=kind.view is View.OWN) for kind in ImageType}
