"""`[ledger]`: how long the ledger keeps what it tells."""

from pydantic import Field

from engines.ledger import CHANGES_OF_A_RUN
from ims_catalog.sections.section import Duration, Section


class Ledger(Section):
    """How long the ledger keeps what it tells."""

    runs: int = Field(default=1_000, ge=1, description="Runs at most.")
    changes: int = Field(
        default=100_000,
        ge=0,
        le=CHANGES_OF_A_RUN,
        description="Changes of images at most, also of one run; 10,000,000 is the most that can be set.",
    )
    age: Duration = Field(default=90 * 86400.0, description="Age of the oldest run and the oldest change.")
    removed: Duration = Field(
        default=365 * 86400.0, description="How long a removed image is known as one that was there."
    )
