"""Which scopes dropped out, and why."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from indexer.dropped import dropped
from indexer.sources.credential import AccessKey
from indexer.sources.projects import Expansion, Unreached
from indexer.sources.source import Source
from mappings.scope import ImageType

SOURCE = Source(
    name="prod",
    cloud="huawei",
    regions=("r1", "r2"),
    endpoint="https://ims.example.com",
    identity_endpoint="https://iam.example.com",
    credential=AccessKey(SecretStr("a"), SecretStr("b")),
)
TRIED = {"prod/r1/gold", "prod/r1/p1/private", "prod/r1/p1/shared/accepted"}
EXPANSION = Expansion(
    {"r1": ("p1",)},
    (Unreached("prod", "r2", "down"),),
    visible=frozenset({"p1", "off", "other"}),
    disabled=frozenset({"off"}),
)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        pytest.param("prod/r1/p1/private", None, id="it was listed"),
        pytest.param("prod/r2/p1/private", None, id="its region is out of reach"),
        pytest.param("prod2/r1/p9/private", None, id="another source"),
        pytest.param("prod/r1/p9/private", "the account no longer sees this project", id="not seen"),
        pytest.param("prod/r1/p9/shared/accepted", "the account no longer sees this project", id="shared"),
        pytest.param("prod/r1/off/private", "the project is disabled", id="disabled"),
        pytest.param("prod/r1/other/private", None, id="a project left out"),
        pytest.param("prod/r1/market", None, id="an image type left out"),
        pytest.param("prod/r1/p1/shared/pending", None, id="a status left out"),
        pytest.param("prod/r3/p1/private", None, id="a region left out"),
    ],
)
def test_what_dropped_out_is_told(scope: str, reason: str | None) -> None:
    assert dropped(SOURCE, [scope], TRIED, EXPANSION) == ({} if reason is None else {scope: reason})


@pytest.mark.parametrize(
    ("title", "changes"),
    [
        ("an administrator lists projects that it has no part in", {"all_projects": True}),
        ("members that owners told of, once shared images are left out", {"image_types": (ImageType.GOLD,)}),
    ],
)
def test_a_project_that_was_never_the_accounts_own_is_not_missed(
    title: str, changes: dict[str, object]
) -> None:
    source = replace(SOURCE, **changes)  # type: ignore[arg-type]
    assert dropped(source, ["prod/r1/p9/shared/told-accepted"], TRIED, EXPANSION) == {}
