"""Settings of an OpenSearch cluster that name what is not there are refused before anything is asked."""

from pathlib import Path

import pytest
import trustme

from ims_catalog.configuration import ConfigurationError
from ims_catalog.opensearch import cluster
from ims_catalog.sections.engine import Engine


def engine(ca_file: Path) -> Engine:
    return Engine.model_validate({"kind": "opensearch", "url": "https://h:9200", "ca_file": ca_file})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param("", "holds no certificate", id="empty"),
        pytest.param("a certificate, one would think", "holds no certificate", id="no PEM"),
        pytest.param(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds no certificate",
            id="PEM of something else",
        ),
    ],
)
def test_an_authority_that_is_none_is_a_mistake_in_the_settings(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"^engine\.ca_file: .*ca\.pem {said}") as raised:
        cluster(engine(path))
    assert "_ssl" not in str(raised.value)


def test_an_authority_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    assert cluster(engine(path)).ca_file == path
