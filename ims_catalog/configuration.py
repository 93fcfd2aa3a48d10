"""Reads the settings from their file and the environment, and says in plain words what is wrong with them."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from ims_catalog.sections.engine import Engine
from ims_catalog.settings import PREFIX, Settings, contradiction

DEFAULT_FILE = Path("ims-catalog.toml")

NOT_SETTINGS = frozenset({"IMS_CATALOG_CONFIG", "IMS_CATALOG_NOW"})
"""Names with our prefix that are read elsewhere: the file to read, and the clock of questions."""


class ConfigurationError(Exception):
    """The settings cannot be used; the text says which one, why, and what is allowed."""


def load_settings(file: Path | None, overrides: Mapping[str, Mapping[str, object]] | None = None) -> Settings:
    """Read the settings. Without a named file `ims-catalog.toml` is read if it is there.

    `overrides` (section -> setting -> value, None for "as it is") come from the command line and win.
    Raises ConfigurationError.
    """
    _refuse_unknown_names(os.environ)
    try:
        settings = Settings(**_read(file))
        for section, values in (overrides or {}).items():
            settings = settings.model_copy(update={section: _overridden(settings, section, values)})
    except SettingsError as error:
        raise ConfigurationError(f"{error}: levels are joined by __, lists are written as JSON") from None
    except ValidationError as error:
        raise ConfigurationError("\n".join(_sentences(error))) from None
    wrong = contradiction(settings)
    if wrong is not None:
        raise ConfigurationError(wrong)
    return settings


def _overridden(settings: Settings, name: str, values: Mapping[str, object]) -> BaseModel:
    section: BaseModel = getattr(settings, name)
    given = {setting: value for setting, value in values.items() if value is not None}
    try:
        return type(section).model_validate(section.model_dump() | given)
    except ValidationError as error:
        said = "\n".join(f"{name}.{sentence}" for sentence in _sentences(error))
        raise ConfigurationError(said) from None


def _read(file: Path | None) -> dict[str, Any]:
    path = file or DEFAULT_FILE
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise ConfigurationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: cannot be read: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None
    engine = found.setdefault("engine", {})
    if isinstance(engine, dict):
        engine.setdefault("path", str(Engine.model_fields["path"].default))
    return {section: _beside(values, path.parent) for section, values in found.items()}


def _beside(given: object, folder: Path) -> object:
    """Look for files beside the settings file that names them, so that a command means the same anywhere."""
    if isinstance(given, list):
        return [_beside(one, folder) for one in given]
    if not isinstance(given, dict):
        return given
    return {
        name: folder / value if isinstance(value, str) and names_a_file(name) else _beside(value, folder)
        for name, value in given.items()
    }


def names_a_file(setting: str) -> bool:
    """Tell by its name whether a setting is a file or folder."""
    return setting == "path" or setting.endswith("_file")


def _refuse_unknown_names(environment: Iterable[str]) -> None:
    sections = [name for name in Settings.model_fields if name != "sources"]
    for name in environment:
        section = name.removeprefix(PREFIX).split("__")[0].lower()
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or section in sections:
            continue
        if section == "sources":
            raise ConfigurationError(f"{name}: sources are named in the file only, not by the environment")
        allowed = ", ".join(f"{PREFIX}{one.upper()}__..." for one in sections)
        raise ConfigurationError(f"{name}: is not a setting; there are {allowed}")


def _sentences(error: ValidationError) -> list[str]:
    return list(
        dict.fromkeys(
            f"{_place(one['loc'])}: {_message(one['type'], one['msg'])}"
            for one in error.errors(include_input=False, include_url=False)
        )
    )


def _place(location: tuple[int | str, ...]) -> str:
    """Name a setting as it stands in the file; pydantic also tells of the checks on the way there."""
    parts = [f"[{part + 1}]" if isinstance(part, int) else part for part in location]
    return ".".join(part for part in parts if _NAME.fullmatch(part)).replace(".[", "[")


def _message(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "there is no such setting; docs/settings.md lists them"
        case "missing":
            return "must be set"
        case _:
            return message.removeprefix("Value error, ")


_NAME = re.compile(r"[a-z_]+|\[\d+\]")
