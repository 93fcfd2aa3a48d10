"""How many changes one run may note: what is kept, what has room, and what may be set."""

from pathlib import Path

import pytest

from engines.base import EngineError
from engines.ledger import CHANGES_OF_A_RUN, Keep
from engines.opensearch.image_changes import PLACE_BITS, ImageChanges
from ims_catalog.compose import keep
from ims_catalog.configuration import ConfigurationError, load_settings
from tests.contract.test_ledger_changes import change


@pytest.mark.parametrize("changes", [-1, CHANGES_OF_A_RUN + 1])
def test_no_more_are_kept_than_one_run_may_note(changes: int) -> None:
    with pytest.raises(ValueError, match=f"{changes} changes cannot be kept"):
        Keep(changes=changes)


@pytest.mark.parametrize("changes", [0, CHANGES_OF_A_RUN])
def test_what_may_be_set_can_be_kept(tmp_path: Path, changes: int) -> None:
    assert keep(load_settings(settings_with(tmp_path, changes))).changes == changes


def test_more_cannot_be_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ledger\.changes: .*10000000"):
        load_settings(settings_with(tmp_path, CHANGES_OF_A_RUN + 1))


def settings_with(folder: Path, changes: int) -> Path:
    path = folder / "ims-catalog.toml"
    path.write_text(f"[ledger]\nchanges = {changes}\n", "utf-8")
    return path


def test_all_that_one_run_may_note_has_room() -> None:
    assert CHANGES_OF_A_RUN < 1 << PLACE_BITS


async def test_no_change_takes_the_place_of_another_run() -> None:
    """It is refused before the cluster is asked: there is none here."""
    changes = ImageChanges(None, "changes")  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="no room for 16,777,217 changes of one run"):
        await changes.note(1, (1 << PLACE_BITS) - 1, [change("a"), change("b")])
