"""Secrets: read from the environment or a file each time they are needed, in a type that does not print."""

import os
from pathlib import Path

from pydantic import SecretStr

from ims_catalog.configuration import ConfigurationError


def read_secret(variable: str | None, file: Path | None, what: str, *, any_script: bool = False) -> SecretStr:
    """Read a secret from the file if one is named, else from the environment variable.

    What a cloud gives out is ASCII; with `any_script`, for what people choose, it is any text that can be
    printed. Raises ConfigurationError that names where it was looked for, and nothing of what was found.
    """
    if file is not None:
        try:
            value = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{what}: the file {file} cannot be read") from None
        place = f"the file {file}"
    else:
        value = os.environ.get(variable or "", "").strip()
        place = f"the environment variable {variable}"
    if not value:
        raise ConfigurationError(f"{what}: {place} is empty or not set")
    if not (any_script or value.isascii()) or not value.isprintable():
        raise ConfigurationError(f"{what}: {place} holds characters that no credential has")
    return SecretStr(value)
