"""The 25 example questions are right by id sets on an estate with planted near misses."""

import pytest

from tests.question_estate import around, pool
from tests.question_lines import Line, lines, outcome

EXAMPLES = lines("example-queries.jsonl")


@pytest.mark.parametrize("line", EXAMPLES, ids=[line["q"] for line in EXAMPLES])
def test_an_example_finds_what_it_means(line: Line) -> None:
    found = outcome(line)
    assert found.how in ("literal", "accepted"), found.reason
    assert found.hits > 0, "nothing was found: the estate tests nothing"
    limit = len(pool()) + sum(len(around(line, seed)) for seed in (1,))
    narrows = line["must"] or line["must_not"] or line["range"] or line["text"]
    assert not narrows or found.hits < limit * 0.8, "nearly everything was found: the estate tests nothing"
