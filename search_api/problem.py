"""`ProblemError`: what went wrong, for the caller: RFC 9457 problem+json, one shape everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from engines.base import EngineError, EngineTimeout, GenerationGone, NothingServed
from search_api.limits import ERRORS

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:ims-catalog:problem:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake of a request.

    It stands in a `parameter` or at a `pointer` (RFC 6901) into the body; `position` counts code points in
    the value.
    """

    detail: str
    parameter: str | None = None
    pointer: str | None = None
    position: int | None = None
    allowed: tuple[str, ...] = ()
    did_you_mean: tuple[str, ...] = ()

    def shown(self) -> dict[str, object]:
        """Give it as JSON shows it: without what is not there."""
        place: dict[str, object] = (
            {"pointer": self.pointer} if self.pointer is not None else {"parameter": self.parameter}
        )
        if self.position is not None:
            place["position"] = self.position
        place["detail"] = self.detail
        if self.allowed:
            place["allowed"] = self.allowed
        if self.did_you_mean:
            place["did_you_mean"] = self.did_you_mean
        return place


class MistakeError(Exception):
    """Something in a request is wrong; who reads the request adds the place to the `mistakes`.

    There are several where a list of names is wrong in several; `mistake` is the first.
    """

    def __init__(self, mistake: Mistake, *further: Mistake) -> None:
        super().__init__(mistake.detail)
        self.mistake = mistake
        self.mistakes = (mistake, *further)


class ProblemError(Exception):
    """A request that is not answered. `code` ends its type, `detail` is for the caller.

    `members` are further members of the problem, as RFC 9457 lets a type of problem have.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        mistakes: tuple[Mistake, ...] = (),
        *,
        headers: tuple[tuple[str, str], ...] = (),
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.mistakes = mistakes
        self.headers = headers
        self.members = members or {}

    def body(self) -> bytes:
        """Write it as JSON."""
        problem: dict[str, object] = {
            "type": _TYPE + self.code,
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.members,
        }
        if self.mistakes:
            problem["errors"] = [mistake.shown() for mistake in self.mistakes[:ERRORS]]
        return orjson.dumps(problem)


def refused(*mistakes: Mistake) -> ProblemError:
    """Refuse a question for its mistakes; the first one is also the detail."""
    first = mistakes[0]
    place = first.parameter if first.pointer is None else first.pointer
    detail = f"{place}: {first.detail}" if place else first.detail
    return ProblemError(HTTPStatus.BAD_REQUEST, "bad-question", detail, mistakes)


def engine_problem(error: EngineError) -> ProblemError:
    """Say what the caller can make of an engine that does not answer. Its own words may name our inside."""
    match error:
        case NothingServed():
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "nothing-served",
                "No catalogue has been published yet. Run `ims-catalog reindex`, then ask again.",
                headers=(("Retry-After", "5"),),
            )
        case GenerationGone():
            return ProblemError(
                HTTPStatus.GONE,
                "generation-gone",
                "The catalogue that this cursor pages through is no longer kept. Ask for the first page.",
            )
        case EngineTimeout():
            return ProblemError(
                HTTPStatus.GATEWAY_TIMEOUT, "engine-timeout", "The engine did not answer in time."
            )
        case _:
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "engine-unavailable",
                "The engine does not answer.",
                headers=(("Retry-After", "5"),),
            )
