"""`[api]`: where the HTTP API listens."""

from pathlib import Path

from pydantic import Field

from ims_catalog.sections.section import Section


class Api(Section):
    """Where the HTTP API listens."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer, on the one port.")
    cursor_key_env: str | None = Field(
        default=None,
        description="Environment variable with the key that seals cursors (at least 32 characters), the same"
        " on every host that answers on one address. Not set: a key is made and kept in engine.path.",
    )
    cursor_key_file: Path | None = Field(
        default=None,
        description="File with the key that seals cursors; used instead of the environment variable.",
    )
