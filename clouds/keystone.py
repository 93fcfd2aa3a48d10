"""The OpenStack identity service: how a token is asked for. It is read as that of any other cloud.

Source: OpenStack Identity API v3, "Password authentication with unscoped authorization", "Authenticating with
an Application Credential".
"""

import orjson


def password_login(*, user: str, domain: str, password: str, project: str | None) -> bytes:
    """Write the body that asks for a token: for a project by its id, or for none.

    A token without a project tells its user's projects, and opens nothing else.
    """
    who = {"name": user, "password": password, "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": who}}
    scope: object = "unscoped" if project is None else {"project": {"id": project}}
    return orjson.dumps({"auth": {"identity": identity, "scope": scope}})


def application_credential_login(*, identifier: str, secret: str) -> bytes:
    """Write the body that asks for a token of the one project that the credential was made for."""
    credential = {"id": identifier, "secret": secret}
    identity = {"methods": ["application_credential"], "application_credential": credential}
    return orjson.dumps({"auth": {"identity": identity}})
