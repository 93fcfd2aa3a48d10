"""From when on: every form of a date that a question takes, and nothing else."""

from datetime import UTC, datetime

import pytest

from mappings.date import from_datetime
from search_api.question.beginning import beginning
from search_api.vocabulary import vocabulary

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WORDS = vocabulary({"platform": ["Ubuntu"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", (2026, 1, 1)),
        ("2026-05", (2026, 5, 1)),
        ("2026-05-03", (2026, 5, 3)),
        ("2026/05/03", (2026, 5, 3)),
        ("05/23/2026", (2026, 5, 23)),
        ("23.5.2026", (2026, 5, 23)),
        ("2026-05-03T12:30Z", (2026, 5, 3, 12, 30)),
        ("2026-05-03T12:30:00+02:00", (2026, 5, 3, 10, 30)),
        ("2026-05-03 12:30", (2026, 5, 3, 12, 30)),
        (" 2026-05-03 ", (2026, 5, 3)),
        ("May 2026", (2026, 5, 1)),
        ("3 May 2026", (2026, 5, 3)),
        ("May 3, 2026", (2026, 5, 3)),
        ("3 May", (2026, 5, 3)),
        ("Q3 2025", (2025, 7, 1)),
        ("2025 Q3", (2025, 7, 1)),
        ("the second half of 2025", (2025, 7, 1)),
        ("today", (2026, 11, 24)),
        ("yesterday", (2026, 11, 23)),
        ("this week", (2026, 11, 23)),
        ("last week", (2026, 11, 16)),
        ("last month", (2026, 10, 1)),
        ("last year", (2025, 1, 1)),
        ("7 days ago", (2026, 11, 17, 8)),
        ("last 7 days", (2026, 11, 17, 8)),
        ("the last 7 days", (2026, 11, 17, 8)),
        ("7 days", (2026, 11, 17, 8)),
        ("7d", (2026, 11, 17, 8)),
        ("36h", (2026, 11, 22, 20)),
        ("24 hours", (2026, 11, 23, 8)),
        ("a week ago", (2026, 11, 17, 8)),
        ("2 months ago", (2026, 9, 24, 8)),
        ("since 2026-05", (2026, 5, 1)),
        ("after 2026-05", (2026, 6, 1)),
        ("2024年5月3日", (2024, 5, 3)),
        ("最近7天", (2026, 11, 17, 8)),
        ("gestern", (2026, 11, 23)),
        ("seit 3 Tagen", (2026, 11, 21, 8)),
    ],
)
def test_a_time_is_read_as_a_question_reads_it(text: str, expected: tuple[int, ...]) -> None:
    found = beginning(text, WORDS, NOW)
    assert found == from_datetime(datetime(*expected, tzinfo=UTC)), found  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ubuntu",
        "yesterday ubuntu",
        "yesterweek",
        "before 2026",
        "until May 2026",
        "2026-13-01",
        "2026-02-30",
        "between January 2026 and March 2026",
        "not yesterday",
        "updated_at:>2026-01-01",
        "7 GB",
        "newest",
        "7",
        "9" * 3000,
    ],
)
def test_what_says_no_time_to_begin_at_is_none(text: str) -> None:
    assert beginning(text, WORDS, NOW) is None
