"""`sign` and `verify`: SDK-HMAC-SHA256, the AK/SK signature of Huawei Cloud requests.

Source: the signer of huaweicloudsdkcore (`signer.signer`); the API Gateway's rule on clocks (15 minutes).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,\s]+), ?SignedHeaders=(?P<names>[^,\s]+),"
    r" ?Signature=(?P<signature>[0-9a-f]+)"
)

Value = str | int | bool
Parameters = Iterable[tuple[str, Value | Sequence[Value]]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the wire.

    `path` is the path as sent, with or without percent-encoding; `query` the query string as sent, without
    `?`; `headers` must hold `Host` when it is signed or verified.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Refusal(StrEnum):
    """Why a signature is not accepted."""

    MISSING = "no Authorization header, or one of another form"
    UNKNOWN_KEY = "the access key is not known"
    BAD_DATE = "X-Sdk-Date is missing or unreadable"
    CLOCK_SKEW = "X-Sdk-Date differs from the time here by more than 15 minutes"
    UNSIGNED_HEADER = "a header that must be signed is not"
    MISMATCH = "the signature does not match the request"


class SignatureRefused(Exception):
    """A request whose signature `verify` does not accept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def sign(request: Request, *, access: str, secret: str, date: datetime) -> dict[str, str]:
    """Give the headers to send with `request`: its own, `X-Sdk-Date` and `Authorization`.

    Every header of the request is signed, `X-Project-Id` and `X-Security-Token` among them; names with an
    underscore are sent unsigned, as the SDK does. `date` is an aware datetime.
    """
    stamp = date.astimezone(UTC).strftime(_DATE_FORMAT)
    headers = {**request.headers, "X-Sdk-Date": stamp}
    names = sorted(name.lower() for name in headers if "_" not in name)
    dated = Request(request.method, request.path, request.query, headers, request.body)
    signature = _signature(canonical_request(dated, names), stamp, secret)
    value = f"{ALGORITHM} Access={access}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {**headers, "Authorization": value}


def verify(request: Request, *, secret_of: Callable[[str], str | None], now: datetime) -> str:
    """Give the access key that signed `request`, or raise `SignatureRefused`.

    `secret_of` answers the secret of an access key, None for an unknown one. `Host`, `X-Sdk-Date`, and
    `X-Project-Id` and `X-Security-Token` where they are sent, must be among the signed headers.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise SignatureRefused(Refusal.MISSING)
    secret = secret_of(match["access"])
    if secret is None:
        raise SignatureRefused(Refusal.UNKNOWN_KEY)
    stamp = headers.get("x-sdk-date", "")
    if abs(now - _date(stamp)) > MAX_SKEW:
        raise SignatureRefused(Refusal.CLOCK_SKEW)
    names = match["names"].split(";")
    required = {"host", "x-sdk-date"} | ({"x-project-id", "x-security-token"} & headers.keys())
    if not required <= set(names) <= headers.keys():
        raise SignatureRefused(Refusal.UNSIGNED_HEADER)
    expected = _signature(canonical_request(request, names), stamp, secret)
    if not hmac.compare_digest(expected, match["signature"]):
        raise SignatureRefused(Refusal.MISMATCH)
    return match["access"]


def canonical_query(parameters: Parameters) -> str:
    """Write parameters as they must be sent and signed: encoded, sorted by key, then by value.

    A sequence becomes a repeated key; booleans become `true` and `false`.
    """
    pairs = [
        (_encode(key), _encode(_text(single)))
        for key, value in parameters
        for single in (value if isinstance(value, Sequence) and not isinstance(value, str) else (value,))
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def canonical_request(request: Request, signed: Sequence[str]) -> str:
    """Write the text whose hash is signed; `signed` holds the lower-case header names in order."""
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    path = "/".join(_encode(unquote(segment)) for segment in request.path.split("/"))
    return "\n".join(
        (
            request.method.upper(),
            path if path.endswith("/") else path + "/",
            canonical_query(_pairs(request.query)),
            "".join(f"{name}:{headers[name]}\n" for name in signed),
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _signature(canonical: str, stamp: str, secret: str) -> str:
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), f"{ALGORITHM}\n{stamp}\n{hashed}".encode(), hashlib.sha256).hexdigest()


def _date(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused(Refusal.BAD_DATE) from None


def _pairs(query: str) -> list[tuple[str, str]]:
    # Not parse_qsl: it reads "+" as a space, which the signer never writes.
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(key), unquote(value)) for key, _, value in pairs]


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
