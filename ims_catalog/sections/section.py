"""`Section`: what all sections of the settings file are, and the kinds of values that several have."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ims_catalog.duration import seconds


class Section(BaseModel):
    """Settings that belong together. None but the declared ones, and no error shows what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what stands there twice. Raises ValueError."""
    if len(set(values)) < len(values):
        raise ValueError("each value may stand there once")
    return values


_Some = TypeVar("_Some", bound=str)
Duration = Annotated[float, BeforeValidator(seconds)]
"""In seconds."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Several = Annotated[tuple[_Some, ...], Field(min_length=1), AfterValidator(distinct)]
"""At least one value, each once."""
