"""Credentials of a source. Their values never print: `repr` and `str` show asterisks."""

from dataclasses import dataclass

from pydantic import SecretStr


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


Credential = AccessKey | ReadyToken | NoCredential


def secrets_of(credential: Credential) -> tuple[SecretStr, ...]:
    """Give every part of a credential that nobody may read."""
    match credential:
        case AccessKey(access, secret, token):
            return (secret, access) if token is None else (token, secret, access)
        case ReadyToken(token):
            return (token,)
        case NoCredential():
            return ()
