"""Secrets in texts from clouds: found in every form in which they may come back."""

import base64
import html
import json
import re
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from indexer.sources.credential import AccessKey, ReadyToken
from indexer.sources.redaction import without_secrets

SECRET = 'Mh/kZ+9"x&Q=tail-of-the-secret'
TOKEN = base64.b64encode(bytes(range(256)) * 3).decode()
KEY = AccessKey(SecretStr("AKIDVALUE"), SecretStr(SECRET), SecretStr(TOKEN))


@pytest.mark.parametrize("secret", [SECRET, TOKEN], ids=["a secret key", "a long token"])
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(str, id="as it is"),
        pytest.param(json.dumps, id="JSON"),
        pytest.param(lambda text: json.dumps(json.dumps(text)), id="JSON in JSON"),
        pytest.param(lambda text: json.dumps(text).replace("/", "\\/"), id="JSON with escaped slashes"),
        pytest.param(lambda text: text.replace("/", "\\u002F").replace("+", "\\u002b"), id="JSON by number"),
        pytest.param(quote, id="URL, slashes kept"),
        pytest.param(lambda text: quote(text, safe=""), id="URL"),
        pytest.param(lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text)), id="URL, lower"),
        pytest.param(lambda text: quote(quote(text, safe=""), safe=""), id="URL twice"),
        pytest.param(html.escape, id="HTML"),
        pytest.param(lambda text: text.replace("/", "&#x2F;").replace("+", "&#43;"), id="HTML by number"),
        pytest.param(lambda text: text[:-5] + "...", id="cut by the cloud"),
        pytest.param(lambda text: text[:14], id="cut early"),
    ],
)
def test_a_secret_is_found_in_any_form(secret: str, form: Callable[[str], str]) -> None:
    written = form(secret)
    shown = without_secrets(f"token {written}, token {written} refused", KEY)
    assert shown.count("***") == 2
    for start in range(len(secret) - 6):
        assert secret[start : start + 7] not in shown


def test_what_is_no_secret_stays() -> None:
    text = "the signature of AKID and Mh/kZ is wrong: 50% of \\u002f &amp; more"
    assert without_secrets(text, KEY) == text
    assert without_secrets(text, ReadyToken(SecretStr(""))) == text


def test_a_secret_within_another_leaves_no_rest() -> None:
    both = AccessKey(SecretStr("hush"), SecretStr("before-hush-after"))
    assert without_secrets("before-hush-after", both) == "***"


@pytest.mark.parametrize("piece", ["\\", "%25", "&amp;", "&#0", "/", "//////////", "%", "\\u"])
def test_no_text_takes_long(piece: str) -> None:
    credential = ReadyToken(SecretStr("/%\\&" * 500))
    begin = time.perf_counter()
    without_secrets(piece * (80_000 // len(piece)), credential)
    assert time.perf_counter() - begin < 5.0
