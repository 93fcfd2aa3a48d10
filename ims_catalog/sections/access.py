"""`[access]`: who sees what."""

from typing import Literal

from pydantic import Field

from ims_catalog.sections.section import Duration, Section


class Access(Section):
    """Who sees what."""

    mode: Literal["open"] = Field(default="open", description="Everyone who reaches the API sees everything.")
    max_carry: Duration = Field(
        default=86400.0,
        description="How long an image that is shared goes on being seen while nobody can confirm the share.",
    )
    open_to_everyone: bool = Field(
        default=False, description="Needed to listen beyond this machine in open mode."
    )
