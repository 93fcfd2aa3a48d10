"""`[engine]`: where the catalogue is kept."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ims_catalog.sections.address import Hosts, crosses_plainly
from ims_catalog.sections.section import Duration, Name, Section


class Engine(Section):
    """Where the catalogue is kept."""

    kind: Literal["embedded", "opensearch"] = Field(
        default="embedded",
        description="The engine that holds the catalogue: files on this machine, or an OpenSearch cluster.",
    )
    path: Path = Field(
        default=Path("var/catalog"),
        description="Folder of the catalogue, made if missing. With OpenSearch it holds only what is local:"
        " the spool of a run and the key of cursors.",
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
        " set.",
    )
    username: str | None = Field(
        default=None, min_length=1, pattern=r"^[^:\x00-\x1f\x7f]*$", description="OpenSearch: who asks."
    )
    password_env: str | None = Field(
        default=None, description="OpenSearch: environment variable with the password."
    )
    password_file: Path | None = Field(
        default=None,
        description="OpenSearch: file with the password; used instead of the environment variable.",
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
                if crosses_plainly(url):
                    raise ValueError(
                        f"the password would go to {url} unprotected: use https, or allow it with"
                        " plain_http = true"
                    )
        return self
