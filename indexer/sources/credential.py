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


def without_secrets(text: str, credential: Credential) -> str:
    """Blot out the credential wherever a text repeats it: clouds quote headers in their error messages."""
    for secret in _secrets(credential):
        value = secret.get_secret_value()
        if value:
            text = text.replace(value, "***")
    return text


def _secrets(credential: Credential) -> tuple[SecretStr, ...]:
    match credential:
        case AccessKey(access, secret, token):
            return (secret, access) if token is None else (token, secret, access)
        case ReadyToken(token):
            return (token,)
        case NoCredential():
            return ()
