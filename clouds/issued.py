"""Tokens and temporary keys: how they are asked for, and how the answers read.

Sources: IAM API Reference, "Obtaining a User Token Through Password Authentication" and "Obtaining Temporary
Access Keys and Security Tokens of an IAM Agency"; ECS User Guide, "Obtaining Metadata" (`securitykey`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from clouds.payload import BadAnswer, Record, object_of, read_json

TOKENS_PATH = "/v3/auth/tokens"
TEMPORARY_KEYS_PATH = "/v3.0/OS-CREDENTIAL/securitytokens"
INSTANCE_KEYS_PATH = "/openstack/latest/securitykey"
INSTANCE_METADATA = "http://169.254.169.254"
"""The address is that of the link of an instance itself, on every cloud of this kind."""

_KEYS_SECONDS = 3600
_LONGEST = 32 * 1024


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, and for how many seconds it holds; None where the answer does not tell."""

    token: str = field(repr=False)
    seconds: float | None


@dataclass(frozen=True, slots=True)
class IssuedKeys:
    """Temporary keys with their security token, and for how many seconds they hold."""

    access: str = field(repr=False)
    secret: str = field(repr=False)
    security_token: str = field(repr=False)
    seconds: float | None


def password_login(*, user: str, domain: str, password: str, project: str | None) -> bytes:
    """Write the body that asks for a token: for a project by its id, or for the account if there is none."""
    scope = {"domain": {"name": domain}} if project is None else {"project": {"id": project}}
    who = {"name": user, "password": password, "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": who}}
    return orjson.dumps({"auth": {"identity": identity, "scope": scope}})


def agency_login(*, domain: str, agency: str) -> bytes:
    """Write the body that asks for temporary keys of an agency of another account."""
    role = {"domain_name": domain, "agency_name": agency, "duration_seconds": _KEYS_SECONDS}
    return orjson.dumps({"auth": {"identity": {"methods": ["assume_role"], "assume_role": role}}})


def read_token(headers: Mapping[str, str], body: bytes) -> IssuedToken:
    """Read a token from `X-Subject-Token`, and its life from the body. Raises BadAnswer."""
    token = _secret(headers.get("x-subject-token"), "the header X-Subject-Token")
    answer = object_of(read_json(body), "the answer to a login").get("token")
    said: Record = answer if isinstance(answer, dict) else {}
    # Both moments are of the cloud's clock, so that ours does not matter.
    begin = _moment(said.get("issued_at")) or _date(headers)
    return IssuedToken(token, _seconds(begin, said.get("expires_at")))


def read_keys(headers: Mapping[str, str], body: bytes, now: datetime) -> IssuedKeys:
    """Read temporary keys; their life counts from the `Date` of the answer, or from `now`.

    Raises BadAnswer.
    """
    answer = object_of(read_json(body), "temporary keys")
    keys = object_of(answer.get("credential"), "'credential' of temporary keys")
    access, secret, token = (
        _secret(keys.get(name), f"{name!r} of temporary keys")
        for name in ("access", "secret", "securitytoken")
    )
    return IssuedKeys(access, secret, token, _seconds(_date(headers) or now, keys.get("expires_at")))


def _secret(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadAnswer(f"{what} is missing")
    if len(value) > _LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        raise BadAnswer(f"{what} is not what can be sent in a header")
    return value


def _seconds(begin: datetime | None, until: object) -> float | None:
    end = _moment(until)
    return None if begin is None or end is None else (end - begin).total_seconds()


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
