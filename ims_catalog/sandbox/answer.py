"""`Answer`: what the sandbox sends, and the documented shapes of its errors.

Sources: IMS "Error Codes", API Gateway "Error Codes", IAM API Reference.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Refused(Exception):
    """A request that is answered by an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer a value as JSON; what a strict writer refuses (lone surrogates, NaN) is written leniently."""
    try:
        body = orjson.dumps(value)
    except TypeError:
        body = json.dumps(value).encode()
    return Answer(status, body)


def image_error(code: str, message: str, status: int = 400) -> Answer:
    """Answer as the image service: `{"error": {"message", "code"}}`, nearly always a 400."""
    return json_answer({"error": {"message": message, "code": code}}, status)


def gateway_error(code: str, message: str, status: int) -> Answer:
    """Answer as the API Gateway: `{"error_msg", "error_code", "request_id"}`."""
    request_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{code}/{message}").hex
    return json_answer({"error_msg": message, "error_code": code, "request_id": request_id}, status)


def identity_error(status: int, message: str, title: str) -> Answer:
    """Answer as the identity service: `{"error": {"code", "message", "title"}}`."""
    return json_answer({"error": {"code": status, "message": message, "title": title}}, status)


def forbidden() -> Answer:
    """Answer a caller who may not use the service in this region or project."""
    return gateway_error("APIG.0802", "The IAM user is forbidden in the currently selected region", 403)


def throttled(retry_after: str | None = None) -> Answer:
    """Answer a caller who asks too often; a `Retry-After` is not documented, and sent when given."""
    answer = gateway_error("APIG.0308", "The throttling threshold has been reached: 20 times per second", 429)
    return Answer(answer.status, answer.body, {} if retry_after is None else {"Retry-After": retry_after})


def no_such_api() -> Answer:
    """Answer a path that is not served."""
    return gateway_error(
        "APIG.0101", "The API does not exist or has not been published in the environment", 404
    )
