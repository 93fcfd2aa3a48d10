"""The settings: one typed declaration, read from `ims-catalog.toml` and the environment.

`IMS_CATALOG_<NAME>` overrides the file, `__` stands between levels (`IMS_CATALOG_API__PORT=9000`). The
environment cannot name sources. Secrets are never settings: a setting names the environment
variable or the file that holds one.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ims_catalog.duration import seconds
from indexer.cron import cron_expression
from mappings.scope import ImageType

PREFIX = "IMS_CATALOG_"

Duration = Annotated[float, BeforeValidator(seconds)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _address(value: str) -> str:
    """Refuse what is no plain address of a host; `{region}` stands for a region."""
    try:
        parts = urlsplit(value.replace("{region}", "region"))
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or _NOT_IN_ADDRESSES.search(value):
        raise ValueError('an address such as "https://ims.{region}.example.com" is expected')
    return value


def _hosts(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Refuse what is no plain address of an OpenSearch host, or a list of none."""
    given = (value,) if isinstance(value, str) else _distinct(value)
    for one in given:
        try:
            _address(one)
        except ValueError:
            usable = False
        else:
            usable = "{" not in one
        if not usable:
            raise ValueError(
                'addresses such as "https://search.example.com:9200" are expected; user and password have'
                " settings of their own"
            )
    if not given:
        raise ValueError("at least one address is needed")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each value may stand there once")
    return values


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError('the name of a time zone such as "Europe/Berlin" is expected') from None
    return value


_NOT_IN_ADDRESSES = re.compile(r"[\s\\?#@]")
_Some = TypeVar("_Some", bound=str)
Endpoint = Annotated[str, AfterValidator(_address)]
Cron = Annotated[str, AfterValidator(cron_expression)]
Zone = Annotated[str, AfterValidator(_zone)]
Hosts = Annotated[str | tuple[str, ...], AfterValidator(_hosts)]
Several = Annotated[tuple[_Some, ...], Field(min_length=1), AfterValidator(_distinct)]
"""At least one value, each once."""


class Engine(_Section):
    """Where the catalogue is kept."""

    kind: Literal["embedded", "opensearch"] = Field(
        default="embedded",
        description="The engine that holds the catalogue: files on this machine, or an OpenSearch cluster.",
    )
    path: Path = Field(
        default=Path("var/catalog"),
        description="Folder of the catalogue, made if missing; relative to the folder of the settings file."
        " With OpenSearch it holds only what is local: the spool of a run and the key of cursors.",
    )
    prefix: Name = Field(
        default="ims-catalog",
        description="Begin of the name of every generation, and with OpenSearch of every index and alias.",
    )
    url: Hosts | None = Field(
        default=None, description="OpenSearch: the address of a host, or of several of one cluster."
    )
    ca_file: Path | None = Field(
        default=None,
        description="OpenSearch: PEM file of the authority that signed its certificate; the system's if not"
        " set. Relative to the folder of the settings file.",
    )
    username: str | None = Field(
        default=None, min_length=1, pattern=r"^[^:\x00-\x1f\x7f]*$", description="OpenSearch: who asks."
    )
    password_env: str | None = Field(
        default=None, description="OpenSearch: environment variable with the password."
    )
    password_file: Path | None = Field(
        default=None,
        description="OpenSearch: file with the password; used instead of the environment variable; relative"
        " to the folder of the settings file.",
    )
    plain_http: bool = Field(
        default=False,
        description="OpenSearch: allow a password over http:// to another host than this one: everyone on the"
        " way can read it.",
    )
    shards: int = Field(
        default=1, ge=1, le=64, description="OpenSearch: primary shards of a generation; 1 suits millions."
    )
    replicas: int | None = Field(
        default=None,
        ge=0,
        le=10,
        description="OpenSearch: copies beside the first, which must all be there before a generation is"
        " served. Not set: one copy where there is another node for it.",
    )
    timeout: Duration = Field(default=10.0, description="OpenSearch: one request.")

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the hosts, none if none is set."""
        if self.url is None:
            return ()
        return (self.url,) if isinstance(self.url, str) else self.url

    @property
    def shown(self) -> str:
        """Where the catalogue is, for messages."""
        if self.kind == "embedded":
            return str(self.path)
        return f"OpenSearch at {', '.join(self.urls)} ({self.prefix})"

    @model_validator(mode="after")
    def _fits_together(self) -> "Engine":
        if self.urls and "kind" not in self.model_fields_set:
            raise ValueError('url is set, but kind is not: write kind = "opensearch", or take url out')
        if self.kind == "embedded":
            return self
        if not self.urls:
            raise ValueError('kind = "opensearch" needs url, such as "https://search.example.com:9200"')
        if self.ca_file is not None and not any(url.startswith("https:") for url in self.urls):
            raise ValueError("ca_file is set, but url is plain http, which has no certificate")
        has_password = self.password_env is not None or self.password_file is not None
        if has_password != (self.username is not None):
            raise ValueError(
                "a password needs username beside it"
                if has_password
                else "username needs password_env or password_file beside it"
            )
        if has_password and not self.plain_http:
            for url in self.urls:
                parts = urlsplit(url)
                if parts.scheme == "http" and parts.hostname not in LOOPBACK:
                    raise ValueError(
                        f"the password would go to {url} unprotected: use https, or allow it with"
                        " plain_http = true"
                    )
        return self


class AccessKeyAuth(_Section):
    """Requests signed with an access key."""

    kind: Literal["aksk"] = Field(description="Sign every request with an access key and its secret.")
    access_key_env: str = Field(
        default="HUAWEICLOUD_SDK_AK", description="Environment variable with the access key."
    )
    access_key_file: Path | None = Field(
        default=None, description="File with the access key; used instead of the environment variable."
    )
    secret_key_env: str = Field(
        default="HUAWEICLOUD_SDK_SK", description="Environment variable with the secret key."
    )
    secret_key_file: Path | None = Field(
        default=None, description="File with the secret key; used instead of the environment variable."
    )
    security_token_env: str | None = Field(
        default=None, description="Environment variable with the security token of temporary keys."
    )
    security_token_file: Path | None = Field(
        default=None, description="File with the security token of temporary keys."
    )


class TokenAuth(_Section):
    """A token that somebody else fetched."""

    kind: Literal["token"] = Field(description="Send a ready-made token with every request.")
    token_env: str = Field(default="OS_TOKEN", description="Environment variable with the token.")
    token_file: Path | None = Field(
        default=None, description="File with the token; used instead of the environment variable."
    )


class PasswordAuth(_Section):
    """A user who logs in."""

    kind: Literal["password"] = Field(
        description="Get a token for each project by user and password; it is renewed in time."
    )
    user: str = Field(min_length=1, description="Name of the user.")
    domain: str = Field(min_length=1, description="Name of the account that the user belongs to.")
    password_env: str | None = Field(default=None, description="Environment variable with the password.")
    password_file: Path | None = Field(
        default=None, description="File with the password; used instead of the environment variable."
    )

    @model_validator(mode="after")
    def _has_a_password(self) -> "PasswordAuth":
        if self.password_env is None and self.password_file is None:
            raise ValueError("password_env or password_file is needed")
        return self


class ApplicationCredentialAuth(_Section):
    """What a user of an OpenStack cloud made for a program."""

    kind: Literal["application_credential"] = Field(
        description='Get a token by an application credential, which opens one project; for kind = "glance".'
    )
    id: str = Field(min_length=1, description="Id of the application credential.")
    secret_env: str = Field(
        default="OS_APPLICATION_CREDENTIAL_SECRET", description="Environment variable with its secret."
    )
    secret_file: Path | None = Field(
        default=None, description="File with its secret; used instead of the environment variable."
    )


class InstanceAuth(_Section):
    """The keys of the instance that this runs on."""

    kind: Literal["ecs-metadata"] = Field(
        description="Sign with the temporary keys of the agency given to the ECS instance that this runs on;"
        " there is nothing else to set."
    )


BaseAuth = Annotated[AccessKeyAuth | PasswordAuth | InstanceAuth | TokenAuth, Field(discriminator="kind")]


class AgencyAuth(_Section):
    """An agency in another account."""

    kind: Literal["agency"] = Field(
        description="Sign with temporary keys of an agency that another account gave to this one."
    )
    domain: str = Field(min_length=1, description="Name of the account that gave the agency.")
    agency: str = Field(min_length=1, description="Name of the agency.")
    base: BaseAuth = Field(
        description="`[sources.auth.base]`: how the account that may assume the agency proves itself; any"
        " other kind but `none`."
    )


class NoAuth(_Section):
    """No credential at all."""

    kind: Literal["none"] = Field(description="Send no credential: for a cloud that asks for none.")


Auth = Annotated[
    AccessKeyAuth | PasswordAuth | ApplicationCredentialAuth | AgencyAuth | InstanceAuth | TokenAuth | NoAuth,
    Field(discriminator="kind"),
]
Region = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Source(_Section):
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
            if address is None:
                continue
            parts = urlsplit(address.replace("{region}", "region"))
            if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.plain_http:
                raise ValueError(f"{name} is plain http: use https, or allow it with plain_http = true")
        return self


_WITH_ENDPOINTS = frozenset({"huawei", "otc"})
_OF_IMS = ("ecs_endpoint", "enterprise_project_id")
_OF_GLANCE = ("compute_endpoint", "hidden", "community", "all_projects")


class Crawl(_Section):
    """Limits of a crawl."""

    request_timeout: Duration = Field(default=30.0, description="One request, from connecting to last byte.")
    scope_deadline: Duration = Field(default=600.0, description="One listing, retries included.")
    run_deadline: Duration = Field(default=3600.0, description="The crawl of one run.")
    concurrency: int = Field(default=2, ge=1, le=16, description="Requests at once to one endpoint.")
    requests_per_second: float = Field(default=10.0, gt=0, le=1000, description="To one endpoint.")
    companions_every: Duration = Field(
        default=86400.0, description="Flavors and OS versions of a region are fetched again after that."
    )


class Schedule(_Section):
    """When `ims-catalog schedule`, and `serve` where it is set, crawl."""

    cron: Cron = Field(
        default="17 * * * *",
        description="Minute, hour, day of the month, month and day of the week; or @hourly, @daily, @weekly,"
        " @monthly, @yearly. Sources with a `schedule` of their own have that instead.",
    )
    jitter: Duration = Field(
        default=300.0, description="Each run begins late by a part of this, drawn anew each time."
    )
    timezone: Zone = Field(
        default="UTC", description='Where the clock is that cron means, such as "Europe/Berlin".'
    )
    in_serve: bool = Field(
        default=False, description="`ims-catalog serve` also runs the schedule, in a process of its own."
    )


class Gate(_Section):
    """What a listing may lose before it is doubted: a doubted one is held, its images stay as they were."""

    shrink: float = Field(
        default=0.2, gt=0, le=1, description="Share of its images that a listing may lose from run to run."
    )
    shrink_least: int = Field(
        default=20, ge=0, description="So many images may always be lost, unless none is left."
    )
    repeats: int = Field(
        default=3, ge=1, description="Whole listings that must lack the same images for that to be believed."
    )
    repeat_after: Duration = Field(default=86400.0, description="Time that these listings must span.")
    doubt: float = Field(
        default=0.5, gt=0, le=1, description="Share of held listings above which nothing at all is published."
    )
    refused: float = Field(
        default=0.05, ge=0, le=1, description="Share of unreadable records above which nothing is published."
    )
    refused_least: int = Field(default=20, ge=0, description="So many records may always be unreadable.")
    ask: int = Field(
        default=200, ge=0, le=10_000, description="Missing images of a listing asked for by id in one run."
    )


class Ledger(_Section):
    """How long the ledger keeps what it tells."""

    runs: int = Field(default=1_000, ge=1, description="Runs at most.")
    changes: int = Field(default=100_000, ge=0, description="Changes of images at most, also of one run.")
    age: Duration = Field(default=90 * 86400.0, description="Age of the oldest run and the oldest change.")
    removed: Duration = Field(
        default=365 * 86400.0, description="How long a removed image is known as one that was there."
    )


class Api(_Section):
    """Where the HTTP API listens."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer, on the one port.")
    cursor_key_env: str | None = Field(
        default=None,
        description="Environment variable with the key that signs cursors (at least 32 characters), the same"
        " on every host that answers on one address. Not set: a key is made and kept in engine.path.",
    )
    cursor_key_file: Path | None = Field(
        default=None,
        description="File with the key that signs cursors; used instead of the environment variable. Relative"
        " to the folder of the settings file.",
    )


class Access(_Section):
    """Who sees what."""

    mode: Literal["open"] = Field(default="open", description="Everyone who reaches the API sees everything.")
    max_carry: Duration = Field(
        default=86400.0,
        description="How long an image that is shared goes on being seen while nobody can confirm the share.",
    )
    open_to_everyone: bool = Field(
        default=False, description="Needed to listen beyond this machine in open mode."
    )


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    engine: Engine = Field(default=Engine(), description=Engine.__doc__)
    sources: tuple[Source, ...] = Field(default=(), description="Each `[[sources]]` is one cloud account.")
    crawl: Crawl = Field(default=Crawl(), description=Crawl.__doc__)
    schedule: Schedule = Field(default=Schedule(), description=Schedule.__doc__)
    gate: Gate = Field(default=Gate(), description=Gate.__doc__)
    ledger: Ledger = Field(default=Ledger(), description=Ledger.__doc__)
    api: Api = Field(default=Api(), description=Api.__doc__)
    access: Access = Field(default=Access(), description=Access.__doc__)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before the file; nothing else is read."""
        return env_settings, init_settings


def contradiction(settings: Settings) -> str | None:
    """Say what cannot hold together among settings that are each fine; None if nothing."""
    names = [source.name for source in settings.sources]
    if len(set(names)) < len(names):
        return "sources: each needs a name of its own"
    if settings.api.host not in LOOPBACK and not settings.access.open_to_everyone:
        return (
            f'api.host "{settings.api.host}" can be reached by others while access.mode is "open": '
            "listen on 127.0.0.1, or set access.open_to_everyone = true"
        )
    return None
