"""`tokens`: how text is cut into words, for documents and for questions alike."""

import re
import unicodedata
from functools import lru_cache

TOKENS_VERSION = 1
"""Goes up with every change of what `tokens` gives: it is part of the schema."""

_IDEOGRAPHS = (
    "\u3005-\u3007"  # iteration mark, closing mark, zero
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han, further planes
)
# Possessive, so that a long run of digits is looked at once.
_TOKEN = re.compile(rf"[{_IDEOGRAPHS}]|\d++(?:\.\d++)+|(?:[^\W\d_{_IDEOGRAPHS}]++|\d++(?!\.\d))+")


def tokens(text: str) -> tuple[str, ...]:
    """Cut into words: compatibility forms and case folded, punctuation and `_` between words.

    A dotted number is a word of its own, wherever it stands: `22.04_server` gives `22.04`, `server`, and
    `v1.28` gives `v`, `1.28`; other digits stay with their letters (`64bit`, `x86`). A Chinese or Japanese
    character is a word of its own.
    """
    return _short_tokens(text) if _is_short(text) else _cut(text)


def platform_key(text: str) -> str:
    """Lower-case letters and digits only: what is equal among the spellings of one product."""
    return _short_key(text) if _is_short(text) else _key(text)


_SHORT = 64


def _is_short(text: str) -> bool:
    """Tell what is remembered: names and versions, which come again and again, but not descriptions.

    Callers choose texts, and words out of ASCII may take a hundred times the memory of their text.
    """
    return len(text) <= _SHORT and text.isascii()


@lru_cache(maxsize=16_384)
def _short_tokens(text: str) -> tuple[str, ...]:
    return _cut(text)


def _cut(text: str) -> tuple[str, ...]:
    if text.isascii():
        return tuple(_TOKEN.findall(text.lower()))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_TOKEN.findall(folded))


@lru_cache(maxsize=4096)
def _short_key(text: str) -> str:
    return _key(text)


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
