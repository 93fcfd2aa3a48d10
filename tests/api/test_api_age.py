"""How old the catalogue is told to be, by `/readyz` and in answers: whatever the runs came to since."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from engines.ledger import Outcome, Run, ScopeState, State
from mappings.date import date_text, from_datetime
from tests.api.asking import fill, serving
from tests.api.estate import EARLIER, GOLD, MARKET, NOW, SCOPES, YESTERDAY, documents, run, state
from tests.contract.engine import embedded

WHOLE = (state(GOLD), state(MARKET))
HELD = state(
    GOLD, state=State.INCOMPLETE, held=True, reason="held: too small", last_complete=YESTERDAY, carried=3
)


def later(number: int, outcome: Outcome, scopes: Iterable[ScopeState]) -> Run:
    return replace(
        run(f"later-{number}", minutes=number, outcome=outcome),
        scopes=tuple(scopes),
    )


def failed(number: int) -> Run:
    tried = (replace(one, state=State.INCOMPLETE, reason="503", carried=3, seen=0) for one in WHOLE)
    return later(number, Outcome.FAILED, tuple(tried))


def passed_by(scope: ScopeState) -> ScopeState:
    return replace(scope, state=State.NOT_DUE, reason=None, held=False)


NEW = replace(state(MARKET), last_attempt=NOW, last_complete=NOW)


@pytest.mark.parametrize(
    ("runs", "confirmed", "incomplete"),
    [
        pytest.param([later(1, Outcome.PUBLISHED, WHOLE)], EARLIER, 0, id="published"),
        pytest.param(
            [later(1, Outcome.PUBLISHED, (HELD, WHOLE[1])), later(2, Outcome.UNCHANGED, WHOLE)],
            EARLIER,
            0,
            id="unchanged: as old as what it listed",
        ),
        pytest.param(
            [later(1, Outcome.PUBLISHED, WHOLE), *(failed(number) for number in range(2, 40))],
            EARLIER,
            2,
            id="failed, however often",
        ),
        pytest.param([later(1, Outcome.PUBLISHED, (HELD, WHOLE[1]))], YESTERDAY, 1, id="published, one held"),
        pytest.param([later(1, Outcome.HELD, (HELD, HELD))], YESTERDAY, 1, id="held as a whole"),
        pytest.param(
            [
                later(1, Outcome.PUBLISHED, (HELD, WHOLE[1])),
                later(2, Outcome.UNCHANGED, (passed_by(HELD), NEW)),
            ],
            YESTERDAY,
            1,
            id="a run of another source does not make what is held younger",
        ),
        pytest.param(
            [later(1, Outcome.PUBLISHED, WHOLE), later(2, Outcome.PUBLISHED, map(passed_by, WHOLE))],
            EARLIER,
            0,
            id="a run without a crawl confirms nothing",
        ),
        pytest.param(
            [later(1, Outcome.PUBLISHED, WHOLE), replace(failed(2), published=True)],
            EARLIER,
            2,
            id="failed, and published that rights ended",
        ),
    ],
)
async def test_the_age_is_that_of_the_oldest_listing_that_stands(
    tmp_path: Path, runs: Sequence[Run], confirmed: datetime, incomplete: int
) -> None:
    generation = await fill(tmp_path, documents())
    ledger = embedded(tmp_path).ledger()
    begun = later(0, Outcome.PUBLISHED, map(state, SCOPES))
    for one in (begun, *runs):
        await ledger.record(replace(one, generation=generation))
    await ledger.close()
    async with serving(tmp_path) as api:
        ready = (await api.get("/readyz")).json
        catalog = (await api.get("/v1/images?limit=0")).json["catalog"]
        told = date_text(from_datetime(confirmed))
        assert (ready["confirmed"], catalog["as_of"]) == (told, told)
        assert ready["age_seconds"] == (api.hand.clock.now() - confirmed).total_seconds()
        assert len(catalog["incomplete"]) == incomplete
