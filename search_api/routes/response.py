"""`json_response`: JSON as an answer that only its caller may keep, and 304 where it has not changed."""

import hashlib

from aiohttp import web

from search_api.problem import CONTENT_TYPE, ProblemError

SECURITY = {
    "Server": "ims-catalog",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_CACHED = {"Cache-Control": "private, no-cache", "Vary": "Authorization", **SECURITY}
# As aiohttp holds them, which is copied several times faster than read from a dict.
JSON_HEADERS = web.Response(headers={"Content-Type": "application/json", **_CACHED}).headers
_PROBLEM = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "Vary": "Authorization", **SECURITY}


def json_response(body: bytes, etag: str | None = None) -> web.Response:
    """Answer with JSON; `etag` is the opaque part of a weak one."""
    response = web.Response(body=body, headers=JSON_HEADERS)
    if etag is not None:
        response.headers["ETag"] = f'W/"{etag}"'
    return response


def unchanged(request: web.BaseRequest, etag: str) -> web.Response | None:
    """Answer 304 if the client has this version already."""
    known = request.if_none_match
    if not known or not any(one.value in (etag, "*") for one in known):
        return None
    return web.Response(status=304, headers={"ETag": f'W/"{etag}"', **_CACHED})


def tagged(request: web.Request, body: bytes) -> web.Response:
    """Answer with JSON that is told from other versions by its own bytes."""
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return unchanged(request, etag) or json_response(body, etag)


def problem_response(error: ProblemError) -> web.Response:
    """Answer with a problem."""
    response = web.Response(status=error.status, body=error.body(), headers=_PROBLEM)
    response.headers.update(error.headers)
    return response


def secure(response: web.StreamResponse) -> web.StreamResponse:
    """Add the security headers to a response that has none; those made here have them."""
    if _SURE not in response.headers:
        response.headers.update(SECURITY)
    return response


_SURE = "Server"
