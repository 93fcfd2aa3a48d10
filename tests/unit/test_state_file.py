"""The file of a ledger's backup: what is none, or not all of one, is said."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import orjson
import pytest

from engines.ledger import Entry, Extent
from ims_catalog.state_file import NoStateFile, StateFileWriter, read_state_file
from tests.contract.test_ledger_changes import MEMORY, change
from tests.contract.test_ledger_rules import COMPLETE, HELD, RUN

NOW = datetime(2026, 11, 24, 6, 17, 0, 5, tzinfo=UTC)


ENTRIES: list[Entry] = [
    RUN,
    COMPLETE,
    HELD,
    MEMORY,
    replace(change("a"), position=3),
    replace(change("b"), position=8),
]


def written(kept: list[Entry]) -> list[bytes]:
    lines: list[bytes] = []
    writer = StateFileWriter(lines.append, NOW, Extent(3, 9))
    for entry in kept:
        writer.add(entry)
    writer.end()
    return lines


def read(lines: list[bytes]) -> list[Entry]:
    state = read_state_file(BytesIO(b"".join(lines)))
    assert (state.exported, state.extent) == (NOW, Extent(3, 9))
    return list(state.entries)


def test_what_is_written_comes_back() -> None:
    assert read(written(ENTRIES)) == ENTRIES
    assert all(len(orjson.loads(line)) == 1 for line in written(ENTRIES)[1:])


def swapped(lines: list[bytes], first: int, second: int) -> list[bytes]:
    lines = [*lines]
    lines[first], lines[second] = lines[second], lines[first]
    return lines


LINES = written(ENTRIES)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param([], "is no backup of a ledger", id="empty"),
        pytest.param([b"hello\n"], "is no backup of a ledger", id="text"),
        pytest.param([b"[1]\n"], "is no backup of a ledger", id="a list"),
        pytest.param([b'{"run": {}}\n', *LINES[1:]], "is no backup of a ledger", id="without a header"),
        pytest.param(
            [b'{"ims_catalog_state": 2}\n'], "written by a newer version: it has format 2", id="newer"
        ),
        pytest.param([b'{"ims_catalog_state": "x"}\n'], "newer version", id="of a format that is none"),
        pytest.param([b'{"ims_catalog_state": 1}\n'], "line 1 is no header", id="with a bare header"),
        pytest.param(LINES[:-1], "cut off", id="without its end"),
        pytest.param(LINES[:1], "cut off", id="of a header only"),
        pytest.param([*LINES[:-1], LINES[-1][:20]], "line 8 is no entry", id="cut in its last line"),
        pytest.param([*LINES[:2], *LINES[3:]], "not what was exported", id="without a line"),
        pytest.param([*LINES, LINES[1]], "line 9 comes after the end", id="with more behind its end"),
        pytest.param([*LINES, *LINES], "line 9 comes after the end", id="twice"),
        pytest.param([LINES[0], b"{}\n", *LINES[1:]], "line 2 is no entry", id="with an empty entry"),
        pytest.param([LINES[0], b'{"lease": 1}\n', *LINES[1:]], "line 2 is no entry", id="of unknown things"),
        pytest.param(swapped(LINES, 1, 2), "line 3 has a run where none", id="in another order"),
        pytest.param(
            swapped(LINES, 5, 6), "line 7 has a change that is not behind", id="with changes turned"
        ),
        pytest.param(
            [*LINES[:2], *LINES[1:]], f"line 3 has the run '{RUN.run}' again", id="with a run twice"
        ),
        pytest.param(
            [LINES[0], b'{"run": {"run": "x"}}\n'],
            "line 2 has a run that cannot be read",
            id="with half a run",
        ),
        pytest.param(
            [*LINES[:5], LINES[5].replace(b"added", b"moved")],
            "line 6 has a change that cannot be read",
            id="with a change of no kind",
        ),
        pytest.param(
            [LINES[0], LINES[1].replace(b'"exit":3', b'"exit":0'), *LINES[2:]],
            "not what was exported",
            id="with another number",
        ),
    ],
)
def test_what_is_damaged_is_said(lines: list[bytes], said: str) -> None:
    with pytest.raises(NoStateFile, match=said):
        read(lines)
