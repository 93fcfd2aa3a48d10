"""Runs whose engine or ledger fails: what was served goes on, and the user is told in plain words."""

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engines.embedded.ledger import open_ledger
from ims_catalog.sandbox.estate import Listing
from indexer.run import reindex
from tests.faults.installation import LIMITS, Installation, Silent


@dataclass
class Saboteur(Silent):
    """Spoils the file that is being built as soon as something stands in it."""

    folder: Path

    def built(self, documents: int) -> None:
        for path in self.folder.glob("*.building"):
            path.write_bytes(b"not what was built")


async def test_a_build_that_is_spoilt_is_not_published(wide: Installation) -> None:
    first = await wide.run()
    before = await wide.held()
    region = wide.sandbox.regions[0]
    image = next(wide.sandbox.cloud.records(Listing(region, "gold")))
    wide.sandbox.cloud.patch(region, str(image["id"]), name="renamed")
    run = await reindex(replace(wide.setup, progress=Saboteur(wide.folder)), (wide.source,), LIMITS)
    assert (run.exit, run.outcome.value, run.generation) == (1, "failed", first.generation)
    assert run.reason
    assert "Traceback" not in run.reason
    assert await wide.writer.served() == first.generation
    assert await wide.held() == before
    assert [entry.run for entry in await wide.ledger.runs(1)] == [run.run]
    assert not list(wide.folder.glob("*.building"))

    again = await wide.run()
    assert (again.exit, again.changed) == (0, 1)
    assert await wide.held() == wide.model()


class Defective(Silent):
    """Holds a mistake of a programmer."""

    def built(self, documents: int) -> None:
        raise ZeroDivisionError("a mistake")


async def test_a_mistake_in_the_program_is_logged_and_told_in_a_sentence(
    wide: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    run = await reindex(replace(wide.setup, progress=Defective()), (wide.source,), LIMITS)
    assert (run.exit, run.reason) == (1, "internal error (ZeroDivisionError); nothing was published")
    (logged,) = [record for record in caplog.records if record.name == "indexer.run"]
    assert (logged.levelname, logged.message) == ("ERROR", "the run failed")
    assert logged.exc_text is not None
    assert "in built" in logged.exc_text


async def test_a_ledger_that_cannot_be_written_is_told(wide: Installation, tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "other")
    block = sqlite3.connect(tmp_path / "other" / "ledger.sqlite")
    block.execute("DROP TABLE runs")
    block.close()
    run = await reindex(replace(wide.setup, ledger=ledger, progress=Silent()), (wide.source,), LIMITS)
    await ledger.close()
    assert run.exit == 1
    assert str(run.reason).startswith("what was published is served, but the ledger could not be written")
    assert await wide.writer.served() == run.generation


async def test_a_folder_that_is_missing_is_a_failed_run(
    wide: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = await reindex(
        replace(wide.setup, progress=Silent(), folder=tmp_path / "nowhere"), (wide.source,), LIMITS
    )
    assert (run.exit, run.outcome.value) == (1, "failed")
    assert "No such file" in str(run.reason)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
