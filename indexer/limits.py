"""`Limits`: what a crawl may take, so that no answer and no silence of a cloud can hold a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds.

    `largest_body` is of one answer, in bytes after decompression. A page of 500 images has less than 1 MiB; a
    hostile answer may take sixty times its size once it is read. `concurrency` and `requests_per_second` hold
    for one endpoint. `pages` is per scope, `attempts` per request. A scope whose marker was deleted while it
    was listed goes on from an earlier image so many times (`resumptions`), else it starts again (`restarts`).
    Flavors and OS versions are fetched again after `companions_every`.

    Retries to an endpoint are at most `retry_share` of the requests to it, and `retry_allowance` besides. An
    endpoint that failed so many times in a row (`failures_in_a_row`) counts as down: it gets one request in
    `probe_every`. Others wait for it, and are refused at once when it has been down for `longest_outage`, or
    for `unreachable_for` where no connection was made at all: it was refused, or the host is not known.
    """

    request_timeout: float = 30.0
    connect_timeout: float = 10.0
    scope_deadline: float = 600.0
    run_deadline: float = 3600.0
    concurrency: int = 2
    requests_per_second: float = 10.0
    largest_body: int = 16 * 1024 * 1024
    pages: int = 20_000
    attempts: int = 5
    restarts: int = 3
    resumptions: int = 50
    companions_every: float = 86_400.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    retry_share: float = 0.2
    retry_allowance: int = 10
    failures_in_a_row: int = 3
    probe_every: float = 10.0
    longest_outage: float = 90.0
    unreachable_for: float = 15.0
