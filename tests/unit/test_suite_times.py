"""What is told at the end of all tests: the time of each suite, and figures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = {
    "tests/quick/test_quick.py": """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_quick(number): ...

@pytest.mark.skip(reason="to be counted")
def test_skipped(): ...

@pytest.fixture
def broken():
    raise ValueError("to be counted")

def test_broken(broken): ...
""",
    "tests/slow/deeper/test_slow.py": """
import time
import pytest

@pytest.fixture
def prepared():
    time.sleep(0.25)

def test_slow(prepared, record_property):
    time.sleep(0.25)
    record_property("peak of a run", "12 MB")

def test_failing():
    raise AssertionError("to be counted")
""",
}
LINE = re.compile(r"^(tests/\w+|all) +(\d+) tests +(\d+\.\d) s$", re.MULTILINE)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    for name, text in TESTS.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def ran(folder: Path, *arguments: str) -> str:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.suite_times",
        "-p",
        "no:asyncio",
        *arguments,
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    "workers", [pytest.param(("-n", "2"), id="by two workers"), pytest.param((), id="by one process")]
)
def test_each_suite_is_told_and_all(made: Path, workers: tuple[str, ...]) -> None:
    said = ran(made, *workers)
    told = LINE.findall(said)
    assert [(name, int(tests)) for name, tests, _ in told] == [
        ("tests/slow", 2),
        ("tests/quick", 5),
        ("all", 7),
    ]
    slow, quick, together = (float(seconds) for _, _, seconds in told)
    assert slow >= 0.5
    assert slow + quick == pytest.approx(together, abs=0.15)
    assert "peak of a run: 12 MB\n" in said


def test_of_a_single_suite_pytest_tells_enough(made: Path) -> None:
    said = ran(made, "tests/quick")
    assert "3 passed, 1 skipped, 1 error" in said
    assert LINE.findall(said) == []
