"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of one run of the benchmarks.

    `smaller` and `larger`: images of the two catalogues. `questions`: how many of each kind the engine is
    asked, `compared`: how many of them SQLite is asked too. `rounds` of `requests` requests each go to either
    HTTP server, of `searches` questions each to OpenSearch.
    """

    smaller: int
    larger: int
    questions: int
    compared: int
    rounds: int
    requests: int
    searches: int


FULL = Scale(
    smaller=100_000, larger=1_000_000, questions=1000, compared=20, rounds=5, requests=1600, searches=200
)
"""What `RESULTS.md` tells."""

SMALL = Scale(smaller=20_000, larger=50_000, questions=300, compared=10, rounds=3, requests=480, searches=60)
"""A look that takes a minute."""
