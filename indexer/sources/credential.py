"""Credentials of a source. Their values never print: `repr` and `str` show asterisks.

A `Proof` can be sent with a request as it is; from the others one is got first, by a login.
"""

from dataclasses import dataclass

from pydantic import SecretStr

from clouds.issued import INSTANCE_METADATA


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key and its secret; temporary ones come with a security token."""

    access: SecretStr
    secret: SecretStr
    security_token: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class ReadyToken:
    """A token that somebody else fetched; it is valid for one project."""

    token: SecretStr


@dataclass(frozen=True, slots=True)
class NoCredential:
    """For a cloud that asks for none."""


@dataclass(frozen=True, slots=True)
class Password:
    """A user of an account (`domain`), who gets a token for each project.

    Where no project is named the token is for the account; with `unscoped` it is for nothing at all, as
    Keystone gives plain users no token for their domain.
    """

    user: str
    domain: str
    password: SecretStr
    unscoped: bool = False


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """What a user of an OpenStack cloud made for a program: it opens one project."""

    identifier: str
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class InstanceKeys:
    """The temporary keys that an instance of the cloud gets by the agency it was given.

    They are asked for at a fixed address, which no setting changes; tests pass another one.
    """

    address: str = INSTANCE_METADATA


@dataclass(frozen=True, slots=True)
class Agency:
    """The temporary keys of an agency in another account (`domain`), which `base` may assume."""

    domain: str
    agency: str
    base: "Base"


Proof = AccessKey | ReadyToken | NoCredential
Base = AccessKey | ReadyToken | Password | InstanceKeys
Credential = Proof | Password | ApplicationCredential | InstanceKeys | Agency


class Unreadable(Exception):
    """A credential cannot be read again; the text says what is missing, and nothing secret."""


def secrets_of(credential: Credential) -> tuple[SecretStr, ...]:
    """Give every part of a credential that nobody may read."""
    match credential:
        case AccessKey(access, secret, token):
            return (secret, access) if token is None else (token, secret, access)
        case ReadyToken(token):
            return (token,)
        case Password(password=secret) | ApplicationCredential(secret=secret):
            return (secret,)
        case Agency(_, _, base):
            return secrets_of(base)
        case NoCredential() | InstanceKeys():
            return ()
