from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.engine import ENGINES, Engine, engine_in


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with engine_in(request.param, tmp_path) as one:
        yield one
