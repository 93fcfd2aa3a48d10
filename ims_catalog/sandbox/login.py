"""`Login`: who is asking, by signature or token, and for which project; and what logins are answered.

Sources: IAM API Reference, "Obtaining a User Token Through Password Authentication", "Obtaining Temporary
Access Keys and Security Tokens of an IAM Agency"; ECS User Guide, "Obtaining Metadata".
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from clouds.payload import BadAnswer, read_json
from clouds.signature import Refusal, Request, SignatureRefused, verify
from ims_catalog.sandbox.answer import (
    Answer,
    Refused,
    forbidden,
    gateway_error,
    identity_error,
    image_error,
    json_answer,
)
from ims_catalog.sandbox.estate import Project

ACCOUNT = "sandbox-account"
USER = "sandbox-user"
AGENCY = "sandbox-agency"
PASSWORD = f"no-value-as-a-password-of-{USER}"
_KEYS_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, its secret, and for a temporary one the security token that has to come along."""

    access: str
    secret: str
    security_token: str | None = None
    until: datetime | None = None


PERMANENT = Key("SANDBOXACCESSKEY0001", "sandbox-secret-key-of-no-value-0001")
TEMPORARY = Key(
    "SANDBOXACCESSKEY0002", "sandbox-secret-key-of-no-value-0002", "sandbox-security-token-of-no-value"
)


@dataclass(frozen=True, slots=True)
class _Token:
    project: Project | None
    until: datetime


def token_of(project: Project) -> str:
    """Give the ready-made token of a project."""
    return "sandbox-token-" + hashlib.blake2b(project.id.encode(), digest_size=12).hexdigest()


class Login:
    """What the sandbox accepts: access keys for the whole account, and tokens for projects.

    `keys`, `password`, and the lives of what is issued may be changed at any time.
    """

    def __init__(self, projects: tuple[Project, ...], now: Callable[[], datetime]) -> None:
        self.now = now
        self.keys: tuple[Key, ...] = (PERMANENT, TEMPORARY)
        self.password = PASSWORD
        self.token_life = timedelta(hours=24)
        self.keys_life = _KEYS_LIFE
        self._projects = projects
        self._tokens: dict[str, _Token] = {}
        self._issued = 0

    def revoke(self) -> None:
        """End all that was issued."""
        self._tokens = {token: replace(one, until=self.now()) for token, one in self._tokens.items()}
        self.keys = tuple(key for key in self.keys if key.until is None)

    def check(self, request: Request) -> Project | None:
        """Check the signature or token of a request; a token tells its project. Raises `Refused`."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        token = headers.get("x-auth-token")
        if token is not None:
            return self.project_of(token)
        if "authorization" not in headers:
            raise Refused(_unauthorized("x-auth-token not found"))
        self._check_signature(request, headers)
        return None

    def project(self, request: Request, region: str) -> Project:
        """Say for which project of a region a request asks. Raises `Refused`."""
        from_token = self.check(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        named = headers.get("x-project-id")
        here = {project.id: project for project in self._projects if project.region == region}
        if from_token is not None:
            if from_token.id not in here or named not in {None, from_token.id}:
                raise Refused(image_error("IMG.0030", "The project does not match the token"))
            return from_token
        if "x-auth-token" in headers:
            raise Refused(forbidden())
        if named is None:
            if len(here) != 1:
                raise Refused(image_error("IMG.0104", "There are several projects; name one in X-Project-Id"))
            return next(iter(here.values()))
        if named not in here:
            raise Refused(image_error("IMG.0067", "The project id is invalid"))
        return here[named]

    def project_of(self, token: str) -> Project | None:
        """Give the project of a token, None for one of the account. Raises `Refused`."""
        for project in self._projects:
            if compare_digest(token.encode(), token_of(project).encode()):
                return project
        issued = self._tokens.get(token)
        if issued is None:
            raise Refused(_unauthorized("decrypt token fail"))
        if issued.until <= self.now():
            raise Refused(gateway_error("APIG.0307", "The token must be updated", 401))
        return issued.project

    def token_by_password(self, request: Request) -> Answer:
        """Answer a login of the user by password."""
        asked = _body(request)
        identity, scope = _at(asked, "auth", "identity"), _at(asked, "auth", "scope")
        user = _at(identity, "password", "user")
        who = (_at(user, "name"), _at(user, "domain", "name"), _at(user, "password"))
        if _at(identity, "methods") != ["password"] or who != (USER, ACCOUNT, self.password):
            return identity_error(401, "The username or password is wrong.", "Unauthorized")
        project = next((one for one in self._projects if one.id == _at(scope, "project", "id")), None)
        if project is None and _at(scope, "domain", "name") != ACCOUNT:
            return not_authenticated()
        self._issued += 1
        token = f"sandbox-issued-token-{self._issued:04}-" + "of-no-value-" * 40
        begin = self.now()
        self._tokens[token] = _Token(project, begin + self.token_life)
        said: dict[str, object] = {
            "issued_at": _text(begin),
            "expires_at": _text(begin + self.token_life),
            "methods": ["password"],
        }
        if project is not None:
            said["project"] = {"id": project.id, "name": project.name}
        answer = json_answer({"token": said}, 201)
        return Answer(answer.status, answer.body, {"X-Subject-Token": token})

    def keys_by_agency(self, request: Request) -> Answer:
        """Answer who assumes the agency."""
        self.check(request)
        identity = _at(_body(request), "auth", "identity")
        role = _at(identity, "assume_role")
        named = (_at(role, "domain_name"), _at(role, "agency_name"))
        if _at(identity, "methods") != ["assume_role"] or named != (ACCOUNT, AGENCY):
            return identity_error(403, "You are not authorized to assume the agency.", "Forbidden")
        return self.issue_keys(201)

    def issue_keys(self, status: int = 200) -> Answer:
        """Answer temporary keys, as an instance asks for them too."""
        self._issued += 1
        until = self.now() + self.keys_life
        number = f"{self._issued:04}"
        key = Key(
            f"SANDBOXISSUEDKEY{number}",
            f"sandbox-issued-secret-of-no-value-{number}",
            f"sandbox-issued-security-token-of-no-value-{number}",
            until,
        )
        self.keys = (*self.keys, key)
        credential = {"access": key.access, "secret": key.secret, "securitytoken": key.security_token}
        return json_answer({"credential": {**credential, "expires_at": _text(until)}}, status)

    def _check_signature(self, request: Request, headers: Mapping[str, str]) -> None:
        now = self.now()
        keys = {key.access: key for key in self.keys if key.until is None or key.until > now}
        secrets = {access: key.secret for access, key in keys.items()}
        try:
            access = verify(request, secret_of=secrets.get, now=now)
        except SignatureRefused as error:
            raise Refused(_unauthorized(_WORDS[error.refusal])) from None
        if keys[access].security_token != headers.get("x-security-token"):
            raise Refused(_unauthorized("the security token does not belong to the AK"))


def not_authenticated() -> Answer:
    """Answer as the identity service does to a caller without a valid login."""
    return identity_error(401, "The request you have made requires authentication.", "Unauthorized")


def _unauthorized(reason: str) -> Answer:
    return gateway_error("APIG.0301", f"Incorrect IAM authentication information: {reason}", 401)


def _body(request: Request) -> object:
    try:
        return read_json(request.body)
    except BadAnswer:
        raise Refused(identity_error(400, "Request body is invalid.", "Bad Request")) from None


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_WORDS = {
    Refusal.MISSING: "the Authorization header is malformed",
    Refusal.UNKNOWN_KEY: "Get secretKey failed, the AK does not exist",
    Refusal.BAD_DATE: "x-sdk-date is malformed",
    Refusal.CLOCK_SKEW: "x-sdk-date differs from the server time by more than 15 minutes",
    Refusal.UNSIGNED_HEADER: "verify aksk signature fail, a header is not signed",
    Refusal.MISMATCH: "verify aksk signature fail",
}
