"""`[[sources]]`: one cloud account to crawl."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ims_catalog.sections.address import Endpoint, crosses_plainly
from ims_catalog.sections.auth import Auth
from ims_catalog.sections.schedule import Cron
from ims_catalog.sections.section import Name, Section, Several
from mappings.scope import ImageType

Region = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Source(Section):
    """One cloud account to crawl."""

    name: Name = Field(description="Name of the source in scopes, runs and messages; unique.")
    kind: Literal["ims", "glance"] = Field(
        default="ims", description="The API it speaks: that of Huawei Cloud, or that of OpenStack."
    )
    cloud: Name = Field(
        default="huawei",
        description='Label of the cloud on its images; "huawei" and "otc" bring endpoints and image types.'
        ' For kind = "glance" a label of your own, which must be set.',
    )
    regions: Several[Region] = Field(description="Regions to crawl.")
    projects: Literal["*"] | Several[str] = Field(
        default="*", description='Names or ids of projects; "*" for all that the account can see.'
    )
    endpoint: Endpoint | None = Field(
        default=None,
        description="IMS or Glance, with {region} where the region goes; brought by the cloud if known.",
    )
    ecs_endpoint: Endpoint | None = Field(default=None, description="ECS, for flavors; likewise.")
    flavors: Literal["cloud", "documented", "none"] = Field(
        default="cloud",
        description="Where flavors come from: the cloud; the published table, for an account that may not ask"
        " for them (it lacks what is not published, and stock); or nowhere.",
    )
    compute_endpoint: Endpoint | None = Field(
        default=None, description='Nova, for flavors; for kind = "glance". Without it there are none.'
    )
    identity_endpoint: Endpoint | None = Field(
        default=None, description="IAM or Keystone (without /v3), for projects and logins; likewise."
    )
    plain_http: bool = Field(
        default=False,
        description="Allow http:// towards other hosts than this one: everyone on the way can read along.",
    )
    image_types: Several[ImageType] | None = Field(
        default=None, description="Listings to crawl; all that the cloud has if not set."
    )
    member_status: Several[Literal["accepted", "pending", "rejected"]] = Field(
        default=("accepted",), description="Shared images to list, by what the member did with the offer."
    )
    enterprise_project_id: str | None = Field(
        default=None, description="`all_granted_eps` for users with rights by enterprise project only."
    )
    hidden: bool = Field(
        default=False, description='List hidden images (os_hidden) too; for kind = "glance".'
    )
    community: bool = Field(
        default=False,
        description="List community images of all projects, as images that everyone sees and trusts least;"
        ' for kind = "glance". Without it they are their owner\'s.',
    )
    all_projects: bool = Field(
        default=False,
        description="List the images of all projects of the cloud, as an administrator may; projects then"
        ' names those through which it is one; for kind = "glance". An image is shown to its owner and its'
        " members.",
    )
    schedule: Cron | None = Field(
        default=None, description="When it is crawled, as schedule.cron, which holds if this is not set."
    )
    auth: Auth = Field(description="How requests prove who they are.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Source":
        glance = self.kind == "glance"
        for name in _OF_IMS if glance else _OF_GLANCE:
            if name in self.model_fields_set:
                instead = ": compute_endpoint is for Nova" if name == "ecs_endpoint" else ""
                raise ValueError(f'{name} is nothing that kind = "{self.kind}" has{instead}')
        allowed = ("password", "application_credential", "token")
        if glance and self.auth.kind not in allowed:
            raise ValueError(f'auth.kind = "{self.auth.kind}" is not for Keystone: {", ".join(allowed)} are')
        if not glance and self.auth.kind == "application_credential":
            raise ValueError('auth.kind = "application_credential" is for kind = "glance" only')
        if glance and (self.cloud in _WITH_ENDPOINTS or not (self.endpoint and self.identity_endpoint)):
            raise ValueError(
                'kind = "glance" needs endpoint, identity_endpoint and cloud, a label such as "openstack"'
            )
        if glance and self.flavors == "documented":
            raise ValueError(
                'flavors = "documented" tells of ECS flavors, which kind = "glance" does not have'
            )
        if glance and ImageType.MARKET in (self.image_types or ()):
            raise ValueError('image_types: kind = "glance" has gold, private and shared ones')
        return self

    @model_validator(mode="after")
    def _endpoints_are_safe(self) -> "Source":
        if self.cloud not in _WITH_ENDPOINTS and not (self.endpoint and self.identity_endpoint):
            raise ValueError(f'cloud "{self.cloud}" brings no endpoints: set endpoint and identity_endpoint')
        for name in ("endpoint", "ecs_endpoint", "compute_endpoint", "identity_endpoint"):
            address = getattr(self, name)
            if address is not None and crosses_plainly(address) and not self.plain_http:
                raise ValueError(f"{name} is plain http: use https, or allow it with plain_http = true")
        return self


_WITH_ENDPOINTS = frozenset({"huawei", "otc"})
_OF_IMS = ("ecs_endpoint", "enterprise_project_id")
_OF_GLANCE = ("compute_endpoint", "hidden", "community", "all_projects")
