"""`[gate]`: what a listing may lose before it is doubted."""

from pydantic import Field

from ims_catalog.sections.section import Duration, Section


class Gate(Section):
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
