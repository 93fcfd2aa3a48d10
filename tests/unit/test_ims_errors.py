import pytest

from clouds.error import LONGEST_MESSAGE, Meaning, read_error


@pytest.mark.parametrize(
    ("status", "body", "code", "message", "meaning"),
    [
        pytest.param(
            400,
            b'{"error":{"message":"The image does not exist","code":"IMG.0027"}}',
            "IMG.0027",
            "The image does not exist",
            Meaning.GONE,
            id="image service: an unknown marker is a 400",
        ),
        pytest.param(
            400,
            b'{"error_code":"IMG.0060","error_msg":"flow control"}',
            "IMG.0060",
            "flow control",
            Meaning.THROTTLED,
            id="image service: flow control is a 400",
        ),
        pytest.param(
            429,
            b'{"error_msg":"The throttling threshold has been reached",'
            b'"error_code":"APIG.0308","request_id":"r"}',
            "APIG.0308",
            "The throttling threshold has been reached",
            Meaning.THROTTLED,
            id="gateway: throttled",
        ),
        pytest.param(
            404,
            b'{"error_msg":"The API does not exist","error_code":"APIGW.0101"}',
            "APIGW.0101",
            "The API does not exist",
            Meaning.NOT_FOUND,
            id="older gateway: no such call",
        ),
        pytest.param(
            401,
            b'{"error_msg":"Incorrect IAM authentication information: decrypt token fail",'
            b'"error_code":"APIG.0301"}',
            "APIG.0301",
            "Incorrect IAM authentication information: decrypt token fail",
            Meaning.EXPIRED_LOGIN,
            id="gateway: a token it cannot read",
        ),
        pytest.param(
            401,
            b'{"error_msg":"The token must be updated.","error_code":"APIG.0307"}',
            "APIG.0307",
            "The token must be updated.",
            Meaning.EXPIRED_LOGIN,
            id="gateway: an expired token",
        ),
        pytest.param(
            401,
            b'{"error_msg":"Incorrect IAM authentication information: verify aksk signature fail",'
            b'"error_code":"APIG.0301"}',
            "APIG.0301",
            "Incorrect IAM authentication information: verify aksk signature fail",
            Meaning.CONFIGURATION,
            id="gateway: a wrong secret",
        ),
        pytest.param(
            401,
            b'{"error_msg":"Incorrect IAM authentication information: x-sdk-date is out of date",'
            b'"error_code":"APIG.0301"}',
            "APIG.0301",
            "Incorrect IAM authentication information: x-sdk-date is out of date",
            Meaning.CLOCK_SKEW,
            id="gateway: a wrong clock",
        ),
        pytest.param(
            403,
            b'{"error_msg":"The IAM user is forbidden in the currently selected region",'
            b'"error_code":"APIG.0802"}',
            "APIG.0802",
            "The IAM user is forbidden in the currently selected region",
            Meaning.FORBIDDEN,
            id="gateway: forbidden in the region",
        ),
        pytest.param(
            401,
            b'{"error":{"code":401,"message":"The request you have made requires authentication.",'
            b'"title":"Unauthorized"}}',
            "401",
            "The request you have made requires authentication.",
            Meaning.EXPIRED_LOGIN,
            id="identity: not logged in",
        ),
        pytest.param(
            400,
            b'{"error":{"message":"several projects","code":"IMG.0104"}}',
            "IMG.0104",
            "several projects",
            Meaning.CONFIGURATION,
            id="image service: several projects",
        ),
        pytest.param(
            400,
            b'{"error":{"message":"invalid architecture","code":"IMG.0212"}}',
            "IMG.0212",
            "invalid architecture",
            Meaning.MALFORMED,
            id="image service: a wrong parameter",
        ),
        pytest.param(
            500,
            b'{"errorCode":"IMG.0061","errorMsg":"unknown"}',
            "IMG.0061",
            "unknown",
            Meaning.TEMPORARY,
            id="another service's spelling",
        ),
        pytest.param(
            400,
            b"<html><head><title>400 Bad Request</title></head><body><h1>400 Bad Request</h1>"
            b"No image found with ID&nbsp;x<br /></body></html>",
            None,
            "400 Bad Request No image found with ID x",
            Meaning.GONE,
            id="Glance: HTML, an unknown marker",
        ),
        pytest.param(
            403,
            b'{"encoded_authorization_message": "abc"}',
            None,
            "abc",
            Meaning.FORBIDDEN,
            id="only an encoded message",
        ),
        pytest.param(503, b"", None, "no message", Meaning.TEMPORARY, id="nothing at all"),
        pytest.param(500, b"null", None, "no message", Meaning.TEMPORARY, id="null"),
        pytest.param(500, b"[1]", None, "no message", Meaning.TEMPORARY, id="an array"),
        pytest.param(502, b"Bad Gateway", None, "Bad Gateway", Meaning.TEMPORARY, id="plain text"),
        pytest.param(
            503,
            b'{"error": "Too many requests, slow down"}',
            None,
            "Too many requests, slow down",
            Meaning.THROTTLED,
            id="throttled, in words",
        ),
        pytest.param(404, b"", None, "no message", Meaning.NOT_FOUND, id="404"),
        pytest.param(302, b"", None, "no message", Meaning.OTHER, id="a redirect"),
        pytest.param(413, b"", None, "no message", Meaning.MALFORMED, id="too large"),
    ],
)
def test_shapes_and_meanings(
    status: int, body: bytes, code: str | None, message: str, meaning: Meaning
) -> None:
    error = read_error(status, body)
    assert (error.status, error.code, error.message, error.meaning) == (status, code, message, meaning)


@pytest.mark.parametrize(
    "body", [b"<" * 1_000_000, b"<body" * 200_000, b"[" * 1_000_000, b"\xff" * 1_000_000]
)
def test_a_hostile_body_is_read_at_once(body: bytes) -> None:
    assert len(read_error(500, body).message) <= LONGEST_MESSAGE


def test_the_request_id_comes_from_the_body_or_the_headers() -> None:
    assert read_error(400, b'{"error_code":"X","request_id":"r1"}', {"X-Request-Id": "r2"}).request_id == "r1"
    assert read_error(400, b"{}", {"x-request-id": "r2"}).request_id == "r2"
    assert read_error(400, b"{}", {"X-Openstack-Request-Id": "r3"}).request_id == "r3"
    assert read_error(400, b"{}").request_id is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"error":{"message":"' + b"." * 290 + b' hush-hush"}}', id="where the message is cut"),
        pytest.param(b'{"error":{"message":"' + rb"\u0068ush-hush" + b'"}}', id="escaped"),
        pytest.param(b"<p>" * 5_460 + b" hush-hush", id="where the body is cut"),
        pytest.param(b'{"code":"hush-hush","message":"m","request_id":"hush-hush"}', id="code and request"),
        pytest.param(b"<body>&#104;ush-hush</body>", id="in HTML"),
    ],
)
def test_what_is_to_be_blotted_out_is_so_before_anything_is_cut(body: bytes) -> None:
    error = read_error(500, body, redact=lambda text: text.replace("hush-hush", "***"))
    assert "hu" not in f"{error} {error.request_id}"


def test_a_message_is_bounded_and_on_one_line() -> None:
    error = read_error(500, b"a\x1b[31m\r\nb " + b"x" * 1_000_000)
    assert len(error.message) == LONGEST_MESSAGE
    assert error.message.startswith("a [31m b xxx")
    assert "\n" not in str(error)
    assert str(read_error(400, b'{"error":{"message":"gone","code":"IMG.0027"}}')) == (
        "gone (HTTP 400 IMG.0027): gone"
    )
