"""`read_error`: what a cloud means by an answer that is not a success.

Sources: IMS "Error Codes"; API Gateway "Error Codes"; IAM API Reference; the exception handler of
huaweicloudsdkcore, which knows the same shapes. Services answer errors in half a dozen forms, and the status
alone does not tell: IMS sends flow control and unknown images as a 400.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clouds.payload import BadAnswer, read_json
from clouds.printable import printable

LONGEST_MESSAGE = 300
_LONGEST_CODE = 64
_LARGEST_BODY = 16 * 1024
_LONGEST_SECRET = 64 * 1024


class Meaning(StrEnum):
    """What to do about an error follows from this."""

    THROTTLED = "throttled"
    """Too many requests: wait, then again."""
    GONE = "gone"
    """The image or the marker that was named is not known, or no longer."""
    NOT_FOUND = "not found"
    """There is no such call or resource here."""
    FORBIDDEN = "forbidden"
    """The caller is known and may not do this."""
    EXPIRED_LOGIN = "expired login"
    """The login is not, or no longer, accepted: log in again, once."""
    CLOCK_SKEW = "clock skew"
    """The clock of this machine is too far off for a signature to be accepted."""
    CONFIGURATION = "configuration"
    """Keys, project or enterprise project are wrong: a person has to correct them."""
    TEMPORARY = "temporary"
    """The cloud has a problem of its own: again a few times."""
    MALFORMED = "malformed request"
    """The request itself is wrong: again would not help."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CloudError:
    """An error answer: HTTP status, the service's own code and message (bounded), the id of the request."""

    status: int
    code: str | None
    message: str
    request_id: str | None
    meaning: Meaning

    def __str__(self) -> str:
        """Say it in a line: meaning, status, code, message."""
        code = f" {self.code}" if self.code else ""
        return f"{self.meaning} (HTTP {self.status}{code}): {self.message}"


def read_error(
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    redact: Callable[[str], str] = str,
) -> CloudError:
    """Read an error answer of any documented shape, or of none: HTML, plain text, an empty body.

    `redact` blots secrets out of a text. It is given texts as they were sent and once they are decoded, each
    before it is cut, as half a secret is not known for one.
    """
    # As characters of one byte: whatever the body is, it comes back as it was.
    sent = redact(body[: _LARGEST_BODY + _LONGEST_SECRET].decode("latin-1")).encode("latin-1", "replace")
    code, message, request_id = _stated(sent[:_LARGEST_BODY])
    named = {name.lower(): value for name, value in (headers or {}).items()}
    request_id = request_id or named.get("x-request-id") or named.get("x-openstack-request-id")
    message = _clean(redact(message), LONGEST_MESSAGE)
    return CloudError(
        status=status,
        code=_clean(redact(code), _LONGEST_CODE) if code else None,
        message=message or "no message",
        request_id=_clean(redact(request_id), _LONGEST_CODE) if request_id else None,
        meaning=_meaning(status, code or "", message.lower(), asks_to_wait="retry-after" in named),
    )


def _stated(body: bytes) -> tuple[str | None, str, str | None]:
    try:
        answer = read_json(body)
    except BadAnswer:
        return None, _plain_text(body), None
    if isinstance(answer, str):
        return None, answer, None
    if not isinstance(answer, dict):
        return None, "", None
    inner = answer.get("error")
    parts = [inner, answer] if isinstance(inner, dict) else [answer]
    code = _first(parts, ("code", "error_code", "errorCode"))
    message = _first(parts, ("message", "error_msg", "errorMsg", "error", "encoded_authorization_message"))
    return code, message or "", _first(parts, ("request_id", "requestId"))


def _first(parts: Iterable[Mapping[str, object]], keys: Iterable[str]) -> str | None:
    wanted = tuple(keys)
    for part in parts:
        for key in wanted:
            value = part.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return None


def _plain_text(body: bytes) -> str:
    text = body.decode(errors="replace")
    head, start, rest = text.partition("<body")
    return html.unescape(re.sub(r"<[^<>]*>", " ", start + rest if start else head))


def _clean(text: str, longest: int) -> str:
    joined = " ".join(printable(text).split())
    return joined if len(joined) <= longest else joined[: longest - 1] + "…"


def _meaning(status: int, code: str, text: str, *, asks_to_wait: bool) -> Meaning:
    if status == 503 and asks_to_wait:
        return Meaning.THROTTLED
    return _meaning_of_code(code, text) or _meaning_of_text(status, text) or _meaning_of_status(status)


def _meaning_of_code(code: str, text: str) -> Meaning | None:
    gateway = re.fullmatch(r"APIGW?\.(\d+)", code)
    if gateway is None:
        return _IMAGE_SERVICE.get(code)
    return _refused_login(text) if gateway[1] == "0301" else _GATEWAY.get(gateway[1])


def _meaning_of_text(status: int, text: str) -> Meaning | None:
    if any(words in text for words in _THROTTLING):
        return Meaning.THROTTLED
    if status == 400 and "no image found" in text:
        return Meaning.GONE
    if status == 401 and any(words in text for words in _CLOCK):
        return Meaning.CLOCK_SKEW
    return None


def _meaning_of_status(status: int) -> Meaning:
    return _BY_STATUS.get(status, Meaning.TEMPORARY if status >= 500 else Meaning.OTHER)


def _refused_login(text: str) -> Meaning:
    if any(words in text for words in _CLOCK):
        return Meaning.CLOCK_SKEW
    if any(words in text for words in ("signature", "aksk", "ak/sk", "secretkey", "access key")):
        return Meaning.CONFIGURATION
    return Meaning.EXPIRED_LOGIN


_THROTTLING = ("flow control", "throttl", "too many requests", "request rate", "rate limit")
_CLOCK = ("x-sdk-date", "signature expired", "request time", "clock")

_IMAGE_SERVICE = {
    **dict.fromkeys(("IMG.0060", "IMG.0149", "IMG.0187"), Meaning.THROTTLED),
    **dict.fromkeys(("IMG.0027", "IMG.0066", "IMG.0086", "IMG.0144"), Meaning.GONE),
    **dict.fromkeys(
        ("IMG.0001", "IMG.0017", "IMG.0024", "IMG.0115", "IMG.0192", "IMG.0212"), Meaning.MALFORMED
    ),
    **dict.fromkeys(
        ("IMG.0030", "IMG.0067", "IMG.0087", "IMG.0104", "IMG.0154", "IMG.0155"), Meaning.CONFIGURATION
    ),
    **dict.fromkeys(("IMG.0014", "IMG.0046", "IMG.0061", "IMG.0191"), Meaning.TEMPORARY),
}

_GATEWAY = {
    "0101": Meaning.NOT_FOUND,
    **dict.fromkeys(("0302", "0310", "0802"), Meaning.FORBIDDEN),
    **dict.fromkeys(("0305", "0307"), Meaning.EXPIRED_LOGIN),
    "0308": Meaning.THROTTLED,
    **dict.fromkeys(("0601", "0613"), Meaning.TEMPORARY),
    "0602": Meaning.MALFORMED,
}

_BY_STATUS = {
    401: Meaning.EXPIRED_LOGIN,
    403: Meaning.FORBIDDEN,
    404: Meaning.NOT_FOUND,
    408: Meaning.TEMPORARY,
    429: Meaning.THROTTLED,
    **dict.fromkeys((400, 405, 411, 413, 414, 415, 422, 494), Meaning.MALFORMED),
}
