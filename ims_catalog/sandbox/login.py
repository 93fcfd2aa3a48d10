"""`Login`: who is asking, by signature or token, and for which project."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from clouds.signature import Refusal, Request, SignatureRefused, verify
from ims_catalog.sandbox.answer import Answer, Refused, gateway_error, identity_error, image_error
from ims_catalog.sandbox.estate import Project


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, its secret, and for a temporary one the security token that has to come along."""

    access: str
    secret: str
    security_token: str | None = None


PERMANENT = Key("SANDBOXACCESSKEY0001", "sandbox-secret-key-of-no-value-0001")
TEMPORARY = Key(
    "SANDBOXACCESSKEY0002", "sandbox-secret-key-of-no-value-0002", "sandbox-security-token-of-no-value"
)


def token_of(project: Project) -> str:
    """Give the ready-made token of a project."""
    return "sandbox-token-" + hashlib.blake2b(project.id.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Login:
    """What the sandbox accepts: two access keys for the whole account, and a token for each project."""

    projects: tuple[Project, ...]
    now: Callable[[], datetime]

    def check(self, request: Request) -> Project | None:
        """Check the signature or token of a request; a token tells its project. Raises `Refused`."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        token = headers.get("x-auth-token")
        if token is not None:
            return self._project_of(token)
        if "authorization" not in headers:
            raise Refused(_unauthorized("x-auth-token not found"))
        self._check_signature(request, headers)
        return None

    def project(self, request: Request, region: str) -> Project:
        """Say for which project of a region a request asks. Raises `Refused`."""
        from_token = self.check(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        named = headers.get("x-project-id")
        here = {project.id: project for project in self.projects if project.region == region}
        if from_token is not None:
            if from_token.id not in here or named not in {None, from_token.id}:
                raise Refused(image_error("IMG.0030", "The project does not match the token"))
            return from_token
        if named is None:
            if len(here) != 1:
                raise Refused(image_error("IMG.0104", "There are several projects; name one in X-Project-Id"))
            return next(iter(here.values()))
        if named not in here:
            raise Refused(image_error("IMG.0067", "The project id is invalid"))
        return here[named]

    def _project_of(self, token: str) -> Project:
        for project in self.projects:
            if compare_digest(token.encode(), token_of(project).encode()):
                return project
        raise Refused(_unauthorized("decrypt token fail"))

    def _check_signature(self, request: Request, headers: Mapping[str, str]) -> None:
        keys = {key.access: key for key in (PERMANENT, TEMPORARY)}
        secrets = {access: key.secret for access, key in keys.items()}
        try:
            access = verify(request, secret_of=secrets.get, now=self.now())
        except SignatureRefused as error:
            raise Refused(_unauthorized(_WORDS[error.refusal])) from None
        if keys[access].security_token != headers.get("x-security-token"):
            raise Refused(_unauthorized("the security token does not belong to the AK"))


def not_authenticated() -> Answer:
    """Answer as the identity service does to a caller without a valid login."""
    return identity_error(401, "The request you have made requires authentication.", "Unauthorized")


def _unauthorized(reason: str) -> Answer:
    return gateway_error("APIG.0301", f"Incorrect IAM authentication information: {reason}", 401)


_WORDS = {
    Refusal.MISSING: "the Authorization header is malformed",
    Refusal.UNKNOWN_KEY: "Get secretKey failed, the AK does not exist",
    Refusal.BAD_DATE: "x-sdk-date is malformed",
    Refusal.CLOCK_SKEW: "x-sdk-date differs from the server time by more than 15 minutes",
    Refusal.UNSIGNED_HEADER: "verify aksk signature fail, a header is not signed",
    Refusal.MISMATCH: "verify aksk signature fail",
}
