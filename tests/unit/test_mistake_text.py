"""Mistakes on a terminal: each by its option, with what is allowed and what was meant."""

from http import HTTPStatus

import pytest

from ims_catalog.cli.mistake_text import problem_text
from search_api.problem import Mistake, ProblemError, refused

OPTIONS = {"q": "the question", "histograms": "--histogram"}
PROBLEMS: dict[str, tuple[ProblemError, str]] = {
    "what is allowed and what was meant": (
        refused(
            Mistake(
                parameter="histograms",
                detail="platfrom: no",
                allowed=("min_disk", "min_ram"),
                did_you_mean=("min_disk", "min_ram"),
            )
        ),
        "--histogram: platfrom: no\n  did you mean: min_disk or min_ram?\n  allowed: min_disk, min_ram",
    ),
    "several": (
        refused(Mistake(parameter="histograms", detail="one"), Mistake(parameter="q", detail="two")),
        "--histogram: one\nthe question: two",
    ),
    "what is allowed for several": (
        refused(
            Mistake(parameter="histograms", detail="one", allowed=("a", "b"), did_you_mean=("a",)),
            Mistake(parameter="histograms", detail="two", allowed=("a", "b")),
            Mistake(parameter="q", detail="three", allowed=("c",)),
        ),
        (
            "--histogram: one\n  did you mean: a?\n--histogram: two\n  allowed: a, b\n"
            "the question: three\n  allowed: c"
        ),
    ),
    "a parameter without an option": (refused(Mistake(parameter="cursor", detail="old")), "cursor: old"),
    "no parameter": (refused(Mistake(detail="wrong")), "wrong"),
    "no mistake in a parameter": (
        ProblemError(HTTPStatus.BAD_REQUEST, "too-costly", "Ask for less."),
        "Ask for less.",
    ),
}


@pytest.mark.parametrize(("error", "text"), PROBLEMS.values(), ids=PROBLEMS)
def test_it_is_worded(error: ProblemError, text: str) -> None:
    assert problem_text(error, OPTIONS) == text


def test_values_of_a_cloud_are_no_commands_to_the_terminal() -> None:
    text = problem_text(refused(Mistake(detail="x", allowed=("\x1b[2J",))), OPTIONS)
    assert "\x1b" not in text
