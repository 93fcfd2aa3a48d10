"""`without_secrets`: what a cloud repeats of a credential is blotted out before anyone reads it."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pydantic import SecretStr

from indexer.sources.credential import Credential, secrets_of

BLOT = "***"
_HEAD = 12
"""So many characters of a secret are taken for it, whatever follows: a cloud may have cut the rest off."""


def without_secrets(text: str, credential: Credential) -> str:
    """Blot out the secrets of a credential."""
    return blotted(text, secrets_of(credential))


def blotted(text: str, secrets: Iterable[SecretStr]) -> str:
    """Blot out secrets: clouds quote headers in their error messages.

    A secret is found as it is, escaped as in JSON, HTML or a URL, also more than once, and where only its
    beginning stands. The longest secret goes first, as it may hold another.
    """
    values = {secret.get_secret_value() for secret in secrets}
    for value in sorted(values - {""}, key=len, reverse=True):
        text = "".join(_parts(text, value))
    return text


def _parts(text: str, secret: str) -> Iterator[str]:
    head = _pattern(secret[:_HEAD])
    at = 0
    while found := head.search(text, at):
        yield text[at : found.start()]
        yield BLOT
        at = _end(text, found.end(), secret[_HEAD:])
    yield text[at:]


def _end(text: str, at: int, rest: str) -> int:
    for character in rest:
        found = _pattern(character).match(text, at)
        if found is None:
            break
        at = found.end()
    return at


@lru_cache(maxsize=256)
def _pattern(characters: str) -> re.Pattern[str]:
    return re.compile("".join(map(_forms, characters)))


def _forms(character: str) -> str:
    """Give a pattern for the ways to write a character; letters and digits stand as they are.

    Repetitions are bounded, so that no text takes long to search.
    """
    if character.isalnum():
        return re.escape(character)
    code = f"{ord(character):02x}"
    forms = (
        rf"\\{{0,8}}{re.escape(character)}",
        rf"\\{{1,8}}u(?i:{code:0>4})",
        rf"%(?:25){{0,4}}(?i:{code})",
        rf"&(?:amp;){{0,4}}#(?:[xX]0{{0,8}}(?i:{code})|0{{0,8}}{ord(character)});",
        *(rf"&(?:amp;){{0,4}}{name};" for name in _ENTITIES.get(character, ())),
    )
    return f"(?:{'|'.join(forms)})"


_ENTITIES = {
    "&": ("amp",),
    "<": ("lt",),
    ">": ("gt",),
    '"': ("quot",),
    "'": ("apos",),
    "+": ("plus",),
    "/": ("sol",),
    "=": ("equals",),
}
