"""`read_login`: the answer to a login, as what was asked for or as a failure in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import SecretStr

from clouds.error import Meaning, read_error
from clouds.payload import BadAnswer
from indexer.sources.failure import Failure
from indexer.sources.http import Answer
from indexer.sources.redaction import blotted
from indexer.sources.skew import with_skew

T = TypeVar("T")
_LONGEST_TEXT = 500


def read_login(
    answer: Answer,
    what: str,
    secrets: frozenset[SecretStr],
    read: Callable[[Answer], T],
    *,
    signed: datetime | None = None,
) -> T:
    """Read what a login brought. Raises Failure.

    `what` names the login in messages; `signed` is the moment of its signature, if it bears one.
    """
    if answer.meaning is not None or answer.status not in {200, 201}:
        error = read_error(
            answer.status, answer.body, answer.headers, redact=lambda text: blotted(text, secrets)
        )
        if signed is not None:
            error = with_skew(error, answer.headers, signed)
        # Where a login is asked for none has expired: what was given for it is wrong.
        meaning = Meaning.CONFIGURATION if error.meaning is Meaning.EXPIRED_LOGIN else error.meaning
        text = f"{what}: {replace(error, meaning=meaning)}"
        raise Failure(text[:_LONGEST_TEXT], meaning, answer.retry_after)
    try:
        return read(answer)
    except BadAnswer as error:
        text = blotted(f"{what}: unusable answer: {error}", secrets)
        raise Failure(text[:_LONGEST_TEXT], Meaning.OTHER) from None
