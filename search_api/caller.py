"""`Caller`: on whose behalf a request is answered, and `Access`: how a request tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """The projects whose images may be seen beside the public ones; None for the operator, who sees all."""

    projects: frozenset[str] | None


OPERATOR = Caller(None)
PUBLIC = Caller(frozenset())
"""Sees what everybody sees."""


class Access(Protocol):
    """Tells who calls."""

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Read the caller from the headers of a request. Raises ProblemError (401) if there is none."""
        ...


class OpenAccess:
    """Everyone is the operator."""

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Ask for nothing."""
        del headers
        return OPERATOR
