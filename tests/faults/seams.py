"""A run whose process ends at a chosen step, seen from where the run meets what it works with.

Nothing of the run is replaced: its writer, builds, ledger and progress stand behind others that do what they
do, and tell before and after each call.
"""

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar, cast

from indexer.setup import Setup

P = ParamSpec("P")
T = TypeVar("T")

Told = Callable[[str], None]
"""Told what is about to be done ("before ledger.note") and what was ("after ledger.note")."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The `nth` time that `step` is told."""

    step: str
    nth: int = 1

    def __str__(self) -> str:
        """Read as the name of a case."""
        return self.step if self.nth == 1 else f"{self.step}, time {self.nth}"


@dataclass
class Ending:
    """Calls `die` at a moment, and again at whatever is told after it."""

    moment: Moment
    die: Callable[[], None]
    told: list[str] = field(default_factory=list)

    def __call__(self, step: str) -> None:
        if not self.over:
            self.told.append(step)
        if self.over:
            self.die()

    @property
    def over(self) -> bool:
        """Whether the moment has come."""
        return self.told.count(self.moment.step) == self.moment.nth


def watched(setup: Setup, told: Told) -> Setup:
    """Give the same setup behind seams."""
    return replace(
        setup,
        writer=seam(setup.writer, "writer", told),
        ledger=seam(setup.ledger, "ledger", told),
        progress=seam(setup.progress, "progress", told),
    )


def seam(behind: T, name: str, told: Told) -> T:
    """Give the same behind a seam."""
    return cast("T", Seam(behind, name, told))


_BEGINNING = {"writer.begin", "writer.amend"}


class Seam:
    """Passes every call on; what a writer begins is a build, and stands behind a seam of its own."""

    def __init__(self, behind: object, name: str, told: Told) -> None:
        self._behind = behind
        self._name = name
        self._told = told

    def __getattr__(self, name: str) -> object:
        value = getattr(self._behind, name)
        step = f"{self._name}.{name}"
        if inspect.isasyncgenfunction(value):
            return self._stream(value, step)
        if inspect.iscoroutinefunction(value):
            return self._coroutine(value, step)
        return self._call(value, step) if callable(value) else value

    def _stream(
        self, call: Callable[P, AsyncGenerator[T, None]], step: str
    ) -> Callable[P, AsyncGenerator[T, None]]:
        async def told(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, None]:
            self._told(f"before {step}")
            async with aclosing(call(*args, **kwargs)) as stream:
                async for one in stream:
                    yield one
            self._told(f"after {step}")

        return told

    def _coroutine(self, call: Callable[..., object], step: str) -> Callable[..., object]:
        async def told(*args: object, **kwargs: object) -> object:
            self._told(f"before {step}")
            done = call(*args, **kwargs)
            given = await done if inspect.isawaitable(done) else done
            self._told(f"after {step}")
            return Seam(given, "build", self._told) if step in _BEGINNING and given is not None else given

        return told

    def _call(self, call: Callable[P, T], step: str) -> Callable[P, T]:
        def told(*args: P.args, **kwargs: P.kwargs) -> T:
            self._told(f"before {step}")
            given = call(*args, **kwargs)
            self._told(f"after {step}")
            return given

        return told
