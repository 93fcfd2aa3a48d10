"""Progress: bars on a terminal, plain lines elsewhere, and no markup or control from a cloud in either."""

import io

import pytest

from indexer.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO) -> str:
    shown = progress(stream)
    shown.begun("prod/r/gold", 1000)
    shown.listed("prod/r/gold", 500)
    shown.begun("prod/r/market", None)
    shown.listed("prod/r/gold", 500)
    shown.ended("prod/r/gold", None)
    shown.ended("prod/r/market", "forbidden (HTTP 403): [red]no[/red]")
    shown.built(50_000)
    shown.built(250_000)
    shown.close()
    return stream.getvalue()


def test_lines_where_nobody_watches() -> None:
    assert told(io.StringIO()).splitlines() == [
        "prod/r/gold: 1,000 images",
        "prod/r/market: 0 images, incomplete: forbidden (HTTP 403): [red]no[/red]",
        "building: 250,000 documents",
    ]


@pytest.mark.parametrize("part", ["prod/r/gold: 1,000 images", "[red]no[/red]", "building", "\x1b["])
def test_bars_on_a_terminal(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    assert part in told(Terminal())
