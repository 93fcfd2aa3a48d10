"""`Source`: one cloud account to crawl, as configured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.sources.credential import Credential
from mappings.scope import CloudKind, ImageType


class FlavorsFrom(StrEnum):
    """Where the flavors of a source's regions come from."""

    CLOUD = "cloud"
    DOCUMENTED = "documented"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One cloud account.

    The endpoints are addresses with `{region}` where the region goes. `projects` holds names or ids; None is
    all that the account can see. `enterprise_project_id` is sent as it is, `all_granted_eps` for accounts
    with rights by enterprise project only. On Glance, `hidden` lists hidden images too, `community` takes
    community images for those that all may use, `all_projects` lists what an administrator sees of every
    project. `reread` gives the credential anew, from where it was read first; it raises Unreadable.
    """

    name: str
    cloud: str
    regions: tuple[str, ...]
    endpoint: str
    identity_endpoint: str
    credential: Credential
    kind: CloudKind = CloudKind.IMS
    projects: tuple[str, ...] | None = None
    ecs_endpoint: str | None = None
    flavors: FlavorsFrom = FlavorsFrom.CLOUD
    image_types: tuple[ImageType, ...] = tuple(ImageType)
    member_status: tuple[str, ...] = ("accepted",)
    enterprise_project_id: str | None = None
    hidden: bool = False
    community: bool = False
    all_projects: bool = False
    reread: Callable[[], Credential] | None = field(default=None, repr=False, compare=False)
