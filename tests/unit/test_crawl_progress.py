"""Progress: bars on a terminal, plain lines elsewhere, and no markup or control from a cloud in either."""

import io
from typing import TextIO

import pytest

from indexer.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: TextIO, reason: str = "forbidden (HTTP 403): [red]no[/red]") -> str:
    shown = progress(stream)
    shown.begun("prod/r/gold", 1000)
    shown.listed("prod/r/gold", 500)
    shown.begun("prod/r/market", None)
    shown.listed("prod/r/gold", 500)
    shown.ended("prod/r/gold", None)
    shown.ended("prod/r/market", reason)
    shown.compared(50_000)
    shown.compared(150_000)
    shown.asked(1, 2)
    shown.asked(2, 2)
    shown.built(50_000)
    shown.built(250_000)
    shown.close()
    return stream.getvalue() if isinstance(stream, io.StringIO) else ""


def test_lines_where_nobody_watches() -> None:
    assert told(io.StringIO()).splitlines() == [
        "prod/r/gold: 1,000 images",
        "prod/r/market: 0 images, incomplete: forbidden (HTTP 403): [red]no[/red]",
        "comparing: 150,000 documents",
        "asked for by id: 2 images",
        "building: 250,000 documents",
    ]


class Broken(io.StringIO):
    """A stream whose reader went away after the first line."""

    def __init__(self, error: Exception, *, terminal: bool) -> None:
        super().__init__()
        self.error = error
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        if self.getvalue():
            raise self.error
        return super().write(text)

    def flush(self) -> None:
        if self.getvalue():
            raise self.error


@pytest.mark.parametrize("terminal", [False, True], ids=["lines", "bars"])
@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left"), ValueError("closed file")],
    ids=["broken pipe", "full disk", "closed"],
)
def test_a_stream_that_breaks_fails_nothing(
    error: Exception, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "250,000" not in told(Broken(error, terminal=terminal))


def test_a_stream_that_knows_few_characters_shows_the_others_as_questions() -> None:
    held = io.BytesIO()
    stream = io.TextIOWrapper(held, encoding="ascii")
    told(stream, "市场 is closed")
    assert b"prod/r/market: 0 images, incomplete: ?? is closed" in held.getvalue()
    assert b"building" in held.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["lines", "bars"])
def test_nothing_that_a_cloud_says_commands_the_terminal(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    shown = progress(kept := stream())
    shown.begun("prod/r\x1b]0;title\x07/gold", 10)
    shown.ended("prod/r\x1b]0;title\x07/gold", "no\x1b[2J\r\u202eevil")
    shown.close()
    for part in ("\x1b]0", "\x07", "\x1b[2J", "\u202e"):
        assert part not in kept.getvalue()
    assert "prod/r ]0;title /gold: 0 images, incomplete: no [2J  evil" in kept.getvalue()


@pytest.mark.parametrize("part", ["prod/r/gold: 1,000 images", "[red]no[/red]", "building", "\x1b["])
def test_bars_on_a_terminal(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    assert part in told(Terminal())


def test_an_id_leaves_room_for_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    shown = progress(kept := Terminal())
    shown.begun("prod/cn-east-3/c5aba209af6ca7550ae71e5df9414d39/private", 12)
    shown.listed("prod/cn-east-3/c5aba209af6ca7550ae71e5df9414d39/private", 7)
    shown.close()
    assert "prod/cn-east-3/c5aba2…/private" in kept.getvalue()
    assert " 7/12" in kept.getvalue()
