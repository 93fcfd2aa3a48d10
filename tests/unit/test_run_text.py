"""How a run is told in words."""

from dataclasses import replace

import pytest

from engines.ledger import Outcome, Run
from ims_catalog.cli.run_text import in_words
from tests.contract.test_ledger_rules import RUN

FAILED = replace(RUN, outcome=Outcome.FAILED, exit=1, reason="no scope could be listed whole", scopes=())
HELD = replace(FAILED, outcome=Outcome.HELD, exit=4)


@pytest.mark.parametrize(
    ("run", "first"),
    [
        pytest.param(FAILED, "failed; nothing was published, the catalogue stays as it was", id="failed"),
        pytest.param(HELD, "held; nothing was published, the catalogue stays as it was", id="held"),
        pytest.param(
            replace(FAILED, published=True, removed=2),
            "failed; only rights that ended were published (2 images removed), all else stays as it was",
            id="failed, and published that rights ended",
        ),
        pytest.param(
            replace(HELD, published=True),
            "held; only rights that ended were published (0 images removed), all else stays as it was",
            id="held, and published that rights ended",
        ),
    ],
)
def test_a_run_that_came_to_nothing_says_what_was_published_all_the_same(run: Run, first: str) -> None:
    assert in_words(run).splitlines()[0] == f"run {run.run}: {first}"
    assert "no scope could be listed whole" in in_words(run)
