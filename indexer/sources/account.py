"""`Account`: a source that can be asked: client, login and retries put together."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from yarl import URL

from clouds.error import Meaning, read_error
from clouds.payload import BadAnswer
from clouds.signature import Parameters, canonical_query
from indexer.deadline import Deadline
from indexer.limits import Limits
from indexer.sources.credential import Credential
from indexer.sources.failure import Failure
from indexer.sources.http import Answer, Http
from indexer.sources.login import headers_for
from indexer.sources.redaction import without_secrets
from indexer.sources.retry import retried
from indexer.sources.retry_after import retry_after

T = TypeVar("T")
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Account:
    """One source's way to its cloud."""

    http: Http
    credential: Credential
    limits: Limits

    async def ask(
        self,
        endpoint: str,
        path: str,
        parameters: Parameters,
        read: Callable[[bytes], T],
        *,
        project: str | None,
        deadline: Deadline,
    ) -> T:
        """GET a path of an endpoint and read the body of the answer with `read`.

        Raises Failure, also for an answer that `read` refuses: it may have been cut on its way, so it is
        asked for again like any failure that may pass.
        """
        try:
            query = canonical_query(parameters)
        except UnicodeEncodeError as error:
            text = f"{error.object[:40]!a} holds half a character, which cannot be sent"
            raise Failure(without_secrets(text, self.credential), Meaning.OTHER) from None
        url = URL(f"{endpoint}{path}{'?' if query else ''}{query}", encoded=True)

        async def attempt() -> T:
            try:
                async with asyncio.timeout(deadline.left):
                    headers = headers_for(self.credential, url, project=project, now=deadline.clock.now())
                    answer = await self.http.get(endpoint, url, headers)
                return self._read(answer, read, deadline)
            except TimeoutError:
                raise Failure("the deadline passed", Meaning.OTHER) from None
            except Failure as failure:
                text = without_secrets(str(failure), self.credential)[:_LONGEST_TEXT]
                raise Failure(text, failure.meaning, failure.retry_after) from None

        return await retried(attempt, limits=self.limits, deadline=deadline)

    def _read(self, answer: Answer, read: Callable[[bytes], T], deadline: Deadline) -> T:
        if answer.status != 200:
            redact = partial(without_secrets, credential=self.credential)
            error = read_error(answer.status, answer.body, answer.headers, redact=redact)
            wait = retry_after(answer.headers.get("retry-after"), deadline.clock.now())
            raise Failure(str(error), error.meaning, wait)
        try:
            return read(answer.body)
        except BadAnswer as error:
            raise Failure(f"unusable answer: {error}", Meaning.TEMPORARY) from None
