"""What was wrong in a question, as a person reads it on a terminal."""

from collections.abc import Iterator, Mapping

from clouds.printable import printable
from search_api.problem import Mistake, ProblemError


def problem_text(error: ProblemError, options: Mapping[str, str]) -> str:
    """Word each mistake on a line of its own, what is allowed and what was nearly meant beneath it.

    What is allowed for several that follow each other stands once. `options` gives for a parameter of HTTP
    the option of the command that was used instead.
    """
    if not error.mistakes:
        return printable(error.detail)
    return "\n".join(map(printable, _lines(error.mistakes, options)))


def _lines(mistakes: tuple[Mistake, ...], options: Mapping[str, str]) -> Iterator[str]:
    for mistake, following in zip(mistakes, (*mistakes[1:], None), strict=True):
        place = mistake.parameter or ""
        named = options.get(place, place)
        yield f"{named}: {mistake.detail}" if named else mistake.detail
        if mistake.did_you_mean:
            yield f"  did you mean: {' or '.join(mistake.did_you_mean)}?"
        if mistake.allowed and (following is None or following.allowed != mistake.allowed):
            yield f"  allowed: {', '.join(mistake.allowed)}"
