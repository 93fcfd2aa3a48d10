"""TLS and passwords: whoever is not the cluster gets no credential, and the reason is said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, Cluster
from engines.opensearch.version import check_version
from tests.cluster.tls import CREDENTIAL, PASSWORD, USER, front

OURS, ANOTHER = trustme.CA(), trustme.CA()
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    OURS.cert_pem.write_to_path(str(path))
    return path


async def ask(url: str, ca_file: Path | None, password: str = PASSWORD) -> str:
    client = Client(Cluster((url,), ca_file=ca_file, username=USER, password=SecretStr(password)))
    try:
        return await check_version(client)
    finally:
        await client.close()


async def test_the_right_one_answers(opensearch_url: str, ca_file: Path) -> None:
    async with front(opensearch_url, OURS.issue_cert("localhost")) as one:
        assert await ask(f"https://localhost:{one.port}", ca_file)
        assert CREDENTIAL in one.received


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        pytest.param(
            lambda: ANOTHER.issue_cert("localhost"), "authority that is not trusted", id="authority"
        ),
        pytest.param(lambda: OURS.issue_cert("search.test"), "another host name", id="host name"),
        pytest.param(lambda: OURS.issue_cert("localhost", not_after=PAST), "has expired", id="expired"),
    ],
)
async def test_case_35_a_certificate_that_is_not_accepted_gets_no_credential(
    opensearch_url: str, ca_file: Path, certificate: object, said: str
) -> None:
    assert callable(certificate)
    async with front(opensearch_url, certificate()) as one:
        await refused(f"https://localhost:{one.port}", ca_file, said)
        assert not one.received


async def test_an_authority_of_the_system_only(opensearch_url: str) -> None:
    async with front(opensearch_url, OURS.issue_cert("localhost")) as one:
        await refused(f"https://localhost:{one.port}", None, "ca_file must name that authority")
        assert not one.received


async def test_case_35_a_port_of_plain_http(opensearch_url: str, ca_file: Path) -> None:
    async with front(opensearch_url, None) as one:
        await refused(f"https://localhost:{one.port}", ca_file, "plain HTTP")
        assert one.received
        assert CREDENTIAL not in one.received


async def test_a_node_of_plain_http(opensearch_url: str, ca_file: Path) -> None:
    port = opensearch_url.rpartition(":")[2].strip("/")
    await refused(f"https://localhost:{port}", ca_file, "plain HTTP|no TLS connection|broke")


async def test_plain_http_to_a_port_of_tls(opensearch_url: str) -> None:
    async with front(opensearch_url, OURS.issue_cert("localhost")) as one:
        await refused(f"http://localhost:{one.port}", None, "should the address begin with https")
        assert not one.received


async def test_a_wrong_password(opensearch_url: str, ca_file: Path) -> None:
    async with front(opensearch_url, OURS.issue_cert("localhost")) as one:
        with pytest.raises(EngineUnavailable, match="reader or its password are not accepted") as raised:
            await ask(f"https://localhost:{one.port}", ca_file, "hush-hush")
    assert "hush" not in str(raised.value)


async def test_no_password(opensearch_url: str, ca_file: Path) -> None:
    async with front(opensearch_url, OURS.issue_cert("localhost")) as one:
        client = Client(Cluster((f"https://localhost:{one.port}",), ca_file=ca_file))
        with pytest.raises(EngineUnavailable, match="a user name and a password are wanted"):
            await check_version(client)
        await client.close()


async def refused(url: str, ca_file: Path | None, said: str) -> None:
    with pytest.raises(EngineUnavailable, match=said) as raised:
        await ask(url, ca_file)
    shown = str(raised.value)
    assert "localhost" in shown
    assert PASSWORD not in shown
    assert CREDENTIAL.decode() not in shown
