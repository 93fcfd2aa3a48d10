import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clouds.signature import (
    Refusal,
    Request,
    SignatureRefused,
    canonical_query,
    canonical_request,
    sign,
    verify,
)

ACCESS = "AKEXAMPLE0000000TEST"
SECRET = "sk-example-not-a-real-secret-0001"
PROJECT = "0123456789abcdef0123456789abcdef"
DATE = datetime(2024, 6, 25, 8, 0, tzinfo=UTC)
HOST = {"Host": "ims.cn-north-4.myhuaweicloud.com"}
JSON = {"Content-Type": "application/json"}
IN_PROJECT = {"X-Project-Id": PROJECT}


@dataclass(frozen=True)
class Vector:
    method: str
    path: str
    parameters: list[tuple[str, str | int | bool | list[str]]]
    headers: dict[str, str]
    body: bytes
    query: str
    signed: str
    canonical: str
    signature: str


# Computed with the signer of huaweicloudsdkcore 3.1.219 and again with an independent implementation.
VECTORS = [
    pytest.param(
        Vector(
            "GET",
            "/v2/cloudimages",
            [("__imagetype", "gold"), ("limit", 500), ("sort_key", "created_at"), ("sort_dir", "asc")],
            IN_PROJECT,
            b"",
            "__imagetype=gold&limit=500&sort_dir=asc&sort_key=created_at",
            "host;x-project-id;x-sdk-date",
            "f03ebd182c33b7825d0d9aa86d8f554c4d1230be7758f98044a4cfe931664484",
            "1bb2f2643292ff801a88e8b5ca3d94dbb9cfec275f3d5b8a771732491ec77cbd",
        ),
        id="V1 a list of public images",
    ),
    pytest.param(
        Vector(
            "GET",
            "/v2/cloudimages",
            [
                ("name", "Ubuntu 22.04 server 64bit"),
                ("__platform", "Red Hat~*"),
                ("created_at", "gt:2018-10-28T10:00:00Z"),
                ("protected", True),
                ("tag", "env=prod"),
            ],
            {**JSON, **IN_PROJECT, "X-Security-Token": "TOKENEXAMPLE"},
            b"",
            "__platform=Red%20Hat~%2A&created_at=gt%3A2018-10-28T10%3A00%3A00Z"
            "&name=Ubuntu%2022.04%20server%2064bit&protected=true&tag=env%3Dprod",
            "content-type;host;x-project-id;x-sdk-date;x-security-token",
            "fa09dfe4d2eef151a8db8cda43b0391c748ca0ffc66688539e73e21750b93216",
            "35440686076037607c3f5c9a52a0070559eae0d0d70daed6144d5724c450c579",
        ),
        id="V2 spaces, signs, a boolean and a security token",
    ),
    pytest.param(
        Vector(
            "GET",
            "/v1/cloudimages/os_version",
            [("tag", ["uefi", "arm"])],
            {},
            b"",
            "tag=arm&tag=uefi",
            "host;x-sdk-date",
            "0528fcc2c7e0d72ebab4f28936bc355ed25dad4f4713ce9ca1312c23d119336f",
            "b12aefe2d7296efa071c066ede8362660f7d062508ceb1b47b8a6d4b3380244b",
        ),
        id="V3 a repeated parameter",
    ),
    pytest.param(
        Vector(
            "POST",
            f"/v2/{PROJECT}/images/resource_instances/action",
            [],
            JSON,
            b'{"action":"count"}',
            "",
            "content-type;host;x-sdk-date",
            "08c5947c7164f74a1dc3a4658d59b55a40b83c1533cfed21b53837b960391f4b",
            "b0352601eaf3ff01016b406c3ab568d033a55edb7211642824c61f1c1cee55c1",
        ),
        id="V4 a body",
    ),
    pytest.param(
        Vector(
            "GET",
            "/v2/cloudimages",
            [("name", "镜像 a")],
            {},
            b"",
            "name=%E9%95%9C%E5%83%8F%20a",
            "host;x-sdk-date",
            "22b80d29fa8bdcb658b9c91767577e4bfe938db6c6dec121287bbee2f0c6f5a7",
            "7e6aef8933b71a9edbb07eeeb3fbf4c3111cd7f66eadd4cd0955a5cac9645607",
        ),
        id="V5 Chinese",
    ),
]


def test_v0_the_published_example_of_a_canonical_request() -> None:
    request = Request(
        "GET",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        canonical_query([("limit", 2), ("marker", "13551d6b-755d-4757-b956-536f674975c0")]),
        {"Host": "service.region.example.com", "X-Sdk-Date": "20191115T033655Z", **JSON},
    )
    canonical = canonical_request(request, ["content-type", "host", "x-sdk-date"])
    assert _sha256(canonical) == "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors(vector: Vector) -> None:
    query = canonical_query(vector.parameters)
    request = Request(vector.method, vector.path, query, {**HOST, **vector.headers}, vector.body)
    sent = sign(request, access=ACCESS, secret=SECRET, date=DATE)
    received = replace(request, headers=sent)
    assert query == vector.query
    assert _sha256(canonical_request(received, vector.signed.split(";"))) == vector.canonical
    assert sent["Authorization"] == (
        f"SDK-HMAC-SHA256 Access={ACCESS}, SignedHeaders={vector.signed}, Signature={vector.signature}"
    )
    assert verify(received, secret_of=_secret_of, now=DATE) == ACCESS


def test_a_header_with_an_underscore_is_sent_and_not_signed() -> None:
    sent = sign(Request("GET", "/", "", {**HOST, "X_Odd": "1"}), access=ACCESS, secret=SECRET, date=DATE)
    assert sent["X_Odd"] == "1"
    assert "SignedHeaders=host;x-sdk-date," in sent["Authorization"]


def test_another_spelling_of_the_same_query_and_path_still_verifies() -> None:
    sent = _signed()
    spelled = Request("GET", "/v2/cloudimages/", "name=a%20b&created%5Fat=gt:2018", sent)
    assert verify(spelled, secret_of=_secret_of, now=DATE) == ACCESS


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({"query": "name=a%20b&created_at=gt%3A2019"}, Refusal.MISMATCH, id="a changed value"),
        pytest.param(
            {"query": "name=a%20b&created_at=gt%3A2018&limit=1"}, Refusal.MISMATCH, id="a parameter more"
        ),
        pytest.param({"query": "created_at=gt%3A2018"}, Refusal.MISMATCH, id="a parameter less"),
        pytest.param({"query": "name=a+b&created_at=gt%3A2018"}, Refusal.MISMATCH, id="a plus is no space"),
        pytest.param({"path": "/v1/cloudimages"}, Refusal.MISMATCH, id="another path"),
        pytest.param({"method": "POST"}, Refusal.MISMATCH, id="another method"),
        pytest.param({"body": b"{}"}, Refusal.MISMATCH, id="another body"),
        pytest.param({"X-Project-Id": "0" * 32}, Refusal.MISMATCH, id="another project"),
        pytest.param({"Host": "evil.example"}, Refusal.MISMATCH, id="another host"),
        pytest.param({"X-Security-Token": "t"}, Refusal.UNSIGNED_HEADER, id="a security token added"),
        pytest.param({"X-Project-Id": None}, Refusal.UNSIGNED_HEADER, id="a signed header taken off"),
        pytest.param({"Authorization": None}, Refusal.MISSING, id="no signature"),
        pytest.param({"Authorization": "Bearer x"}, Refusal.MISSING, id="another scheme"),
        pytest.param({"X-Sdk-Date": "yesterday"}, Refusal.BAD_DATE, id="an unreadable date"),
        pytest.param({"X-Sdk-Date": "20240625T080100Z"}, Refusal.MISMATCH, id="another date"),
    ],
)
def test_a_changed_request_is_refused(change: dict[str, Any], refusal: Refusal) -> None:
    parts = {name: value for name, value in change.items() if name.islower()}
    headers = {**_signed(), **{name: value for name, value in change.items() if not name.islower()}}
    sent = {name: value for name, value in headers.items() if value is not None}
    original = Request("GET", "/v2/cloudimages", "name=a%20b&created_at=gt%3A2018", sent)
    with pytest.raises(SignatureRefused) as caught:
        verify(replace(original, **parts), secret_of=_secret_of, now=DATE)
    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    ("away", "accepted"),
    [
        pytest.param(timedelta(minutes=15), True, id="15 minutes late"),
        pytest.param(-timedelta(minutes=15), True, id="15 minutes early"),
        pytest.param(timedelta(minutes=15, seconds=1), False, id="later than that"),
        pytest.param(-timedelta(minutes=15, seconds=1), False, id="earlier than that"),
    ],
)
def test_the_clock_may_be_15_minutes_off(away: timedelta, accepted: bool) -> None:
    request = Request("GET", "/v2/cloudimages", "name=a%20b&created_at=gt%3A2018", _signed())
    if accepted:
        assert verify(request, secret_of=_secret_of, now=DATE + away) == ACCESS
        return
    with pytest.raises(SignatureRefused) as caught:
        verify(request, secret_of=_secret_of, now=DATE + away)
    assert caught.value.refusal is Refusal.CLOCK_SKEW


@pytest.mark.parametrize(
    ("secrets", "refusal"),
    [
        pytest.param({}, Refusal.UNKNOWN_KEY, id="an unknown key"),
        pytest.param({ACCESS: "other"}, Refusal.MISMATCH, id="a wrong secret"),
    ],
)
def test_keys(secrets: dict[str, str], refusal: Refusal) -> None:
    request = Request("GET", "/v2/cloudimages", "name=a%20b&created_at=gt%3A2018", _signed())
    with pytest.raises(SignatureRefused) as caught:
        verify(request, secret_of=secrets.get, now=DATE)
    assert caught.value.refusal is refusal


def test_headers_and_secrets_are_not_in_the_repr() -> None:
    assert "Authorization" not in repr(Request("GET", "/", "", _signed()))


def _signed() -> dict[str, str]:
    query = canonical_query([("name", "a b"), ("created_at", "gt:2018")])
    request = Request("GET", "/v2/cloudimages", query, {**HOST, **IN_PROJECT})
    return sign(request, access=ACCESS, secret=SECRET, date=DATE)


def _secret_of(access: str) -> str | None:
    return SECRET if access == ACCESS else None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
