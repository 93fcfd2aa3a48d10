"""The settings: one typed declaration, read from `ims-catalog.toml` and the environment.

`IMS_CATALOG_<NAME>` overrides the file, `__` stands between levels (`IMS_CATALOG_API__PORT=9000`). The
environment cannot name sources. Secrets are never settings: a setting names the environment
variable or the file that holds one.
"""

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ims_catalog.sections.access import Access
from ims_catalog.sections.address import LOOPBACK
from ims_catalog.sections.api import Api
from ims_catalog.sections.crawl import Crawl
from ims_catalog.sections.engine import Engine
from ims_catalog.sections.gate import Gate
from ims_catalog.sections.ledger import Ledger
from ims_catalog.sections.schedule import Schedule
from ims_catalog.sections.source import Source

PREFIX = "IMS_CATALOG_"


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
