"""Settings as a reference page: one table a section, generated from the declaration."""

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from ims_catalog.duration import seconds
from ims_catalog.sections.access import Access
from ims_catalog.sections.api import Api
from ims_catalog.sections.auth import (
    AccessKeyAuth,
    AgencyAuth,
    ApplicationCredentialAuth,
    InstanceAuth,
    NoAuth,
    PasswordAuth,
    TokenAuth,
)
from ims_catalog.sections.crawl import Crawl
from ims_catalog.sections.engine import Engine
from ims_catalog.sections.gate import Gate
from ims_catalog.sections.ledger import Ledger
from ims_catalog.sections.schedule import Schedule
from ims_catalog.sections.source import Source
from ims_catalog.settings import PREFIX

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[engine]", Engine),
    ("[[sources]]", Source),
    ('[sources.auth] kind = "aksk"', AccessKeyAuth),
    ('[sources.auth] kind = "password"', PasswordAuth),
    ('[sources.auth] kind = "application_credential"', ApplicationCredentialAuth),
    ('[sources.auth] kind = "agency"', AgencyAuth),
    ('[sources.auth] kind = "ecs-metadata"', InstanceAuth),
    ('[sources.auth] kind = "token"', TokenAuth),
    ('[sources.auth] kind = "none"', NoAuth),
    ("[crawl]", Crawl),
    ("[schedule]", Schedule),
    ("[gate]", Gate),
    ("[ledger]", Ledger),
    ("[api]", Api),
    ("[access]", Access),
)


def settings_reference() -> str:
    """Write the page as Markdown."""
    return "\n".join(
        (
            "# Settings",
            "",
            "Read from `ims-catalog.toml` (or `--config FILE`). An environment variable overrides a setting:",
            f"`{PREFIX}API__PORT=9000` sets `port` of `[api]`; it cannot name sources.",
            "Secrets are no settings: a setting names the environment variable or the file that holds one.",
            "",
            "A file or folder that the settings file names is meant relative to its own folder, so that a",
            "command means the same wherever it is called; one that an environment variable names, to the",
            "working folder.",
            "",
            "This page is generated from `ims_catalog/sections/`.",
            *(line for title, section in SECTIONS for line in _section(title, section)),
            "",
        )
    )


def _section(title: str, section: type[BaseModel]) -> Iterator[str]:
    yield from (
        "",
        f"## `{title}`",
        "",
        "| setting | values | default | meaning |",
        "| --- | --- | --- | --- |",
    )
    for name, field in section.model_fields.items():
        yield f"| `{name}` | {_kind(field)} | {_default(field)} | {field.description} |"


def _kind(field: FieldInfo) -> str:
    return "duration" if _is_duration(field) else _values(field.annotation)


def _is_duration(field: FieldInfo) -> bool:
    return any(isinstance(one, BeforeValidator) and one.func is seconds for one in field.metadata)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    value = field.default
    if value is None or value == "":
        return "not set"
    if _is_duration(field):
        return f"`{value:g}s`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _values(annotation: object) -> str:
    match get_origin(annotation), get_args(annotation):
        case (origin, values) if origin is Literal:
            return " or ".join(f"`{value}`" for value in values)
        case (origin, (inner, *_)) if origin is Annotated:
            return _values(inner)
        case (origin, choices) if origin in {Union, UnionType}:
            parts = (_values(part) for part in choices if part is not type(None))
            return " or ".join(dict.fromkeys(parts))
        case (origin, (inner, *_)) if origin is tuple:
            return f"list of {_values(inner)}"
        case _:
            return _plain(annotation)


def _plain(annotation: object) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "see below"
    return _WORDS.get(annotation, "text")


_WORDS: dict[object, str] = {bool: "`true` or `false`", int: "number", float: "number"}
