"""`Names`: what the indices and the alias of an installation are called. Generations bear their own names."""

import re
from dataclasses import dataclass
from typing import Final

from engines.generation import parse_generation


@dataclass(frozen=True, slots=True)
class Names:
    """Everything begins with the prefix, so that rights can be given on `<prefix>-*`."""

    prefix: str

    @property
    def served(self) -> str:
        """The alias on the generation being served; before the first publish it is on the lease index."""
        return f"{self.prefix}-served"

    @property
    def lease(self) -> str:
        """The index of the right to write, whose mapping holds the id of the installation."""
        return f"{self.prefix}-lease"

    @property
    def runs(self) -> str:
        """The index of the runs."""
        return f"{self.prefix}-runs"

    @property
    def scopes(self) -> str:
        """The index of the scope states."""
        return f"{self.prefix}-scopes"

    @property
    def changes(self) -> str:
        """The index of the changes of images."""
        return f"{self.prefix}-changes"

    @property
    def all(self) -> str:
        """The pattern of all indices, generations of longer prefixes among them."""
        return f"{self.prefix}-*"

    def is_generation(self, index: str) -> bool:
        """Tell whether an index bears the name of a generation of this prefix."""
        try:
            return parse_generation(index).prefix == self.prefix
        except ValueError:
            return False


IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
"""What the id of an installation looks like."""
