"""The doctor tells of its own installation only, also where the prefix of another one begins with its own."""

import pytest

from engines.opensearch.client import quoted
from ims_catalog.check import Verdict
from ims_catalog.opensearch_doctor import checks_of_cluster
from ims_catalog.sections.engine import Engine
from tests.cluster.conftest import Place

AILING = b'{"settings": {"index": {"number_of_replicas": 1, "blocks": {"read_only_allow_delete": true}}}}'
"""Has a copy for which one node has no place, and the block of a full disk."""
HEALTHY = b'{"settings": {"index": {"number_of_replicas": 0}}}'


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        pytest.param("scopes", (Verdict.WRONG, Verdict.DOUBTFUL), id="an index of ours"),
        pytest.param("changes", (Verdict.WRONG, Verdict.DOUBTFUL), id="the changes"),
        pytest.param(
            "3f9a1c2e-000007-20261124t061700z-5f2c9a",
            (Verdict.WRONG, Verdict.DOUBTFUL),
            id="a generation of ours",
        ),
        pytest.param("other-lease", (Verdict.FINE, Verdict.FINE), id="a lease of another"),
        pytest.param(
            "other-3f9a1c2e-000007-20261124t061700z-5f2c9a",
            (Verdict.FINE, Verdict.FINE),
            id="a generation of another",
        ),
    ],
)
async def test_disks_and_copies_are_those_of_its_own_indices(
    place: Place, suffix: str, expected: tuple[Verdict, Verdict]
) -> None:
    prefix = place.names.prefix
    await place.client.request("PUT", quoted(place.names.runs), body=HEALTHY)
    await place.client.request("PUT", quoted(f"{prefix}-{suffix}"), body=AILING)
    engine = Engine(kind="opensearch", url=place.url, prefix=prefix)
    found = {check.name: check.verdict async for check in checks_of_cluster(engine)}
    assert (found["disk"], found["copies"]) == expected
