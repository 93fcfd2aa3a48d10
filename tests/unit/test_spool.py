"""The spool: sorted, merged, bounded, and gone afterwards."""

import random
import tracemalloc
from pathlib import Path

import pytest

from indexer.spool import Entry, open_spool
from mappings.document import Stored


def stored(key: str, body: str = "{}") -> Stored:
    return Stored(key, body.encode(), b'{"view":"public"}', b'{"id":"x"}')


@pytest.mark.parametrize("run_size", [1, 2_000, 10_000_000], ids=["a run each", "several runs", "one run"])
def test_entries_come_back_by_key_then_source_whatever_the_runs(tmp_path: Path, run_size: int) -> None:
    keys = [f"c/r/{number:04}-{'é' * (number % 7)}/public" for number in range(200)]
    wanted = [Entry(order, f"s{order}", stored(key, f'{{"n":{order}}}')) for key in keys for order in (0, 1)]
    shuffled = list(wanted)
    random.Random(7).shuffle(shuffled)
    with open_spool(tmp_path, run_size) as spool:
        for entry in shuffled:
            spool.add(entry.order, entry.scope, entry.stored)
        assert spool.position == 400
        assert list(spool.entries()) == sorted(wanted, key=lambda one: (one.stored.key, one.order))
        assert len(list(spool.entries())) == 400, "a second pass gives the same"


@pytest.mark.parametrize("run_size", [1, 10_000_000], ids=["several runs", "one run"])
def test_each_reading_begins_anew_whatever_became_of_the_others(tmp_path: Path, run_size: int) -> None:
    keys = [f"k{number}" for number in range(5)]
    with open_spool(tmp_path, run_size) as spool:
        for key in keys:
            spool.add(0, "a", stored(key))
        abandoned = spool.entries()
        assert next(abandoned).stored.key == "k0"
        assert [one.stored.key for one in spool.entries()] == keys
        spool.add(0, "a", stored("k9"))
        assert [one.stored.key for one in abandoned] == keys[1:], "what was added since is not part of it"
        assert [one.stored.key for one in spool.entries()] == [*keys, "k9"]


@pytest.mark.parametrize("run_size", [1, 10_000_000], ids=["in several runs", "in one run"])
def test_what_a_scope_lists_twice_counts_once_and_last(tmp_path: Path, run_size: int) -> None:
    with open_spool(tmp_path, run_size) as spool:
        spool.add(0, "a", stored("k", '{"v":1}'))
        spool.add(1, "b", stored("k", '{"v":9}'))
        spool.add(0, "a", stored("k", '{"v":2}'))
        assert [(one.scope, one.stored.body) for one in spool.entries()] == [
            ("a", b'{"v":2}'),
            ("b", b'{"v":9}'),
        ]


def test_a_listing_started_again_forgets_what_came_before(tmp_path: Path) -> None:
    with open_spool(tmp_path, 1) as spool:
        for key in ("gone", "stays"):
            spool.add(0, "a", stored(key))
        spool.add(0, "b", stored("other"))
        again = spool.position
        spool.add(0, "a", stored("stays", '{"v":2}'))
        spool.forget("a", before=again)
        assert [(one.stored.key, one.stored.body) for one in spool.entries()] == [
            ("other", b"{}"),
            ("stays", b'{"v":2}'),
        ]


def test_entries_longer_than_a_window_survive(tmp_path: Path) -> None:
    long = "x" * 300_000
    with open_spool(tmp_path, 1) as spool:
        spool.add(0, "a", stored("k2", long))
        spool.add(0, "a", stored("k1", long[:70_000]))
        assert [len(one.stored.body) for one in spool.entries()] == [70_000, 300_000]


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    with open_spool(tmp_path, 1) as spool:
        spool.add(0, "a", stored("k"))
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def peak(folder: Path, entries: int) -> int:
    body = "x" * 1000
    tracemalloc.start()
    try:
        with open_spool(folder, 500_000) as spool:
            for number in range(entries):
                spool.add(0, "a", stored(f"{(number * 7919) % entries:08}", body))
            assert sum(1 for _ in spool.entries()) == entries
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_bounded_by_the_run_not_by_the_catalogue(tmp_path: Path) -> None:
    small, large = peak(tmp_path, 2_000), peak(tmp_path, 10_000)
    assert large < 2 * small
