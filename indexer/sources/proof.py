"""`headers_for`: what a request carries to prove who sends it."""

from datetime import datetime

from yarl import URL

from clouds.signature import Request, sign
from indexer.sources.credential import AccessKey, NoCredential, Proof, ReadyToken


def headers_for(
    proof: Proof, url: URL, *, project: str | None, now: datetime, login: bytes | None = None
) -> dict[str, str]:
    """Give the headers of a GET of `url`, the signature or the token among them; of a POST of a `login`.

    `project` is the id of the project that the request is about, None where it is about the account.
    Sources: IMS API Reference, "Authentication"; huaweicloudsdkcore `signer.signer`.
    """
    headers = {"Host": url.host_port_subcomponent or ""}
    if project is not None:
        headers["X-Project-Id"] = project
    if login is not None:
        headers["Content-Type"] = "application/json"
    match proof:
        case AccessKey(access, secret, token):
            if token is not None:
                headers["X-Security-Token"] = token.get_secret_value()
            method = "GET" if login is None else "POST"
            request = Request(method, url.raw_path, url.raw_query_string, headers, login or b"")
            return sign(request, access=access.get_secret_value(), secret=secret.get_secret_value(), date=now)
        case ReadyToken(token):
            return {**headers, "X-Auth-Token": token.get_secret_value()}
        case NoCredential():
            return headers
