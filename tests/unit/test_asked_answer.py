"""What a record says of whether its image still exists."""

import pytest

from indexer.asked import Asked, Found, Gone, answer


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(None, Gone(), id="no record"),
        pytest.param({"id": "a", "status": "active"}, Found({"id": "a", "status": "active"}), id="active"),
        pytest.param({"id": "a", "status": "deleted"}, Gone(), id="deleted by status"),
        pytest.param({"id": "a", "deleted": True}, Gone(), id="deleted by flag"),
        pytest.param({"id": "a", "deleted": "True"}, Gone(), id="the flag in another spelling"),
        pytest.param(
            {"id": "a", "deleted": "false"}, Found({"id": "a", "deleted": "false"}), id="not deleted"
        ),
        pytest.param({"id": "a", "status": "killed"}, Found({"id": "a", "status": "killed"}), id="killed"),
        pytest.param({"id": "a", "status": None}, Found({"id": "a", "status": None}), id="no status"),
    ],
)
def test_answer(record: dict[str, object] | None, expected: Asked) -> None:
    assert answer(record) == expected
