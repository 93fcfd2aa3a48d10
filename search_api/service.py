"""`Service`: from a request to its answer, without HTTP: what the API and the command line both give."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from engines.base import GenerationGone, Readers, TooCostly
from engines.clock import Clock
from engines.ledger import Ledger
from engines.query import Answer, FieldFacet, Query
from mappings.date import from_datetime, to_datetime
from mappings.fields import FIELDS
from search_api.access import narrow
from search_api.answer import answer_json, counts_json, image_pieces
from search_api.asked import Asked, Doubt
from search_api.body import cursor_in, parse_body, read_body
from search_api.caller import Caller
from search_api.clause import Question
from search_api.cursor import Cursor, CursorError, read_cursor, write_cursor
from search_api.facet_counts import MAIN
from search_api.fingerprint import fingerprint
from search_api.kept import Kept
from search_api.ledger_view import LedgerView, Revision
from search_api.limits import DEFAULT_PAGE, KEPT_ANSWERS, KEPT_ETAGS, KEPT_WORDINGS
from search_api.newest import newest_public_note
from search_api.parameters import cursor_of, read_parameters
from search_api.problem import Mistake, ProblemError, refused
from search_api.served import CursorGone, Served, ServedCatalogue
from search_api.terms import Terms
from search_api.understanding import understand

_MINUTE = 60_000
"""Milliseconds. "Last 7 days" is told from the full minute: else no answer to it were ever unchanged."""

_Read = Callable[[Terms, datetime], Asked]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that is understood and may be asked.

    `question` has conditions on joined fields as they were asked, `query` those on scopes. `etag` (weak, its
    opaque part) stands for everything that the answer depends on: the resolved question, its wording, the
    caller, the generation and the ledger's revision.
    """

    caller: Caller
    served: Served
    revision: Revision
    question: Question
    query: Query
    selection: tuple[str, ...]
    asked_at: int
    mark: bytes
    etag: str


class Form(StrEnum):
    """What of an answer is given."""

    IMAGES = "images"
    FACETS = "facets"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as JSON, and the opaque part of its ETag."""

    etag: str
    body: bytes


class Service:
    """Answers questions from the generation being served."""

    def __init__(
        self,
        *,
        readers: Readers,
        ledger: Ledger,
        clock: Clock,
        cursor_key: bytes,
        question_now: Callable[[], datetime] | None = None,
    ) -> None:
        self.catalogue = ServedCatalogue(readers)
        self.ledger = LedgerView(ledger, clock.monotonic)
        self.journal = ledger
        self._key = cursor_key
        self._now = question_now or clock.now
        self._worded: Kept[str, bool] = Kept(KEPT_WORDINGS)
        self._etags: Kept[_Wording, str] = Kept(KEPT_WORDINGS)
        self._answers: Kept[str, bytes] = Kept(KEPT_ANSWERS)
        self._given: Kept[str, bool] = Kept(KEPT_ETAGS)

    async def search(self, caller: Caller, parameters: Iterable[tuple[str, str]]) -> bytes:
        """Answer a search by its parameters, as JSON. Raises ProblemError and EngineError."""
        return await self.answer(await self.prepare(caller, parameters))

    async def told(self, caller: Caller, form: Form, words: str) -> Told | None:
        """Give the answer to a query string, word by word as it was answered lately, if it is still true.

        That is as long as the caller, the generation, the ledger's revision and the minute are the same.
        Raises EngineError.
        """
        if self._worded.get(words) is None:
            return None
        served = await self.catalogue.current()
        revision = await self.ledger.current(served.generation)
        etag = self._etags.get((words, form, caller, served.generation, revision.number, self.minute()))
        if etag is None:
            return None
        body = self._answers.get(etag)
        return None if body is None else Told(etag, body)

    async def tell(self, prepared: Prepared, form: Form, words: str) -> Told:
        """Answer a query string that was prepared, and remember that it was. Raises EngineError."""
        body = await (self.answer(prepared) if form is Form.IMAGES else self.counts(prepared))
        etag = etag_of(prepared, form)
        if self._answers.get(etag) is None:
            return Told(etag, body)
        wording = (
            words,
            form,
            prepared.caller,
            prepared.served.generation,
            prepared.revision.number,
            prepared.asked_at,
        )
        self._etags.put(wording, etag, len(words) + _WORDING)
        self._worded.put(words, True, len(words) + _WORDING)
        return Told(etag, body)

    async def prepare(self, caller: Caller, parameters: Iterable[tuple[str, str]]) -> Prepared:
        """Understand the parameters of a search. Raises ProblemError and EngineError."""
        pairs = tuple(parameters)
        return await self._prepare(
            caller, cursor_of(pairs), lambda terms, now: read_parameters(pairs, terms, now), repr(pairs)
        )

    async def prepare_body(self, caller: Caller, body: bytes) -> Prepared:
        """Understand the body of a search. Raises ProblemError and EngineError."""
        content = parse_body(body)
        return await self._prepare(
            caller,
            cursor_in(content),
            lambda terms, now: read_body(content, terms, now),
            body.decode("utf-8", "replace"),
        )

    async def prepare_changes(
        self, caller: Caller, parameters: Iterable[tuple[str, str]], asked_at: int
    ) -> tuple[Query, bytes]:
        """Understand which images' changes are asked for: of all, also of those that cannot be used any more.

        Gives the query, and what tells it from others for as long as it means the same. Values that no image
        has any more are taken as they are. Raises ProblemError and EngineError.
        """
        served = await self.catalogue.current()
        now = to_datetime(asked_at)
        asked = read_parameters(tuple(parameters), served.terms, now)
        question = understand(asked, served.terms.vocabulary, now, defaults=False)
        revision = await self.ledger.current(served.generation)
        wanted = revision.freshness(caller).on_scopes(question.filter)
        mark = fingerprint(Query(filter=question.filter, text=question.text), caller, "changes")
        return Query(filter=wanted, text=question.text), mark

    def minute(self) -> int:
        """Give the present minute, by which words like "last 7 days" are read."""
        return from_datetime(self._now()) // _MINUTE * _MINUTE

    async def follow(self) -> None:
        """Look what is served and what the ledger tells, before anybody asks. Raises EngineError."""
        await self.ledger.current((await self.catalogue.current()).generation)

    async def close(self) -> None:
        """Stop what runs in the background; readers and ledger are their owner's to close."""
        await self.catalogue.close()
        await self.ledger.close()

    async def answer(self, prepared: Prepared) -> bytes:
        """Give images, counts and how the question was understood. Raises EngineError."""
        return await self._kept(prepared, Form.IMAGES, self._answer)

    async def counts(self, prepared: Prepared) -> bytes:
        """Give the facets of the answer without its images: the main ones, if none are named."""
        return await self._kept(prepared, Form.FACETS, self._counts)

    async def _kept(
        self, prepared: Prepared, form: Form, work_out: Callable[[Prepared], Awaitable[bytes]]
    ) -> bytes:
        etag = etag_of(prepared, form)
        body = self._answers.get(etag)
        if body is None:
            body = await work_out(prepared)
            # Most questions are asked once: an answer is kept from the second time on.
            if self._given.get(etag):
                self._answers.put(etag, body, len(body))
            self._given.put(etag, True, _ETAG)
        return body

    async def _answer(self, prepared: Prepared) -> bytes:
        found = await self._ask(prepared, prepared.query)
        note = await newest_public_note(found, prepared.query, lambda query: self._ask(prepared, query))
        return answer_json(
            found,
            prepared.question,
            prepared.query,
            images=image_pieces(found.hits, prepared.revision.freshness(prepared.caller), prepared.selection),
            notes=note,
            catalog=prepared.revision.catalog(found.generation, prepared.caller),
            cursor=self._next(prepared, found),
        )

    async def _counts(self, prepared: Prepared) -> bytes:
        facets = prepared.query.facets or _field_facets(MAIN)
        found = await self._ask(prepared, replace(prepared.query, facets=facets, limit=0, after=None))
        return counts_json(
            found,
            prepared.question,
            prepared.query,
            catalog=prepared.revision.catalog(found.generation, prepared.caller),
        )

    async def _prepare(self, caller: Caller, cursor: str | None, read: _Read, wording: str) -> Prepared:
        place = None if cursor is None else self._open(cursor)
        if place is None:
            served, asked_at = await self.catalogue.current(), self.minute()
        else:
            served, asked_at = await self.catalogue.named(place.generation), place.asked_at
        now = to_datetime(asked_at)
        asked = read(served.terms, now)
        await _settle(asked.doubts, served, caller)
        question = understand(asked, served.terms.vocabulary, now)
        query = Query(
            filter=question.filter,
            text=question.text,
            facets=_field_facets(question.facets),
            histograms=asked.histograms,
            pivot=asked.pivot,
            sums=asked.sums,
            sort=question.sort,
            limit=DEFAULT_PAGE if question.limit is None else question.limit,
            after=None if place is None else place.position,
        )
        mark = fingerprint(query, caller)
        if place is not None and place.fingerprint != mark:
            raise _bad_cursor(
                "belongs to another question; all parameters must stay but limit and what is to be counted"
            )
        revision = await self.ledger.current(served.generation)
        resolved = revision.freshness(caller).on_scopes(question.filter)
        if resolved is not question.filter:
            query = replace(query, filter=resolved)
        etag = _etag(mark, served.generation, str(revision.number), wording)
        return Prepared(caller, served, revision, question, query, asked.selection, asked_at, mark, etag)

    def _open(self, cursor: str) -> Cursor:
        try:
            place = read_cursor(cursor, self._key)
        except CursorError:
            raise _bad_cursor("is not one that this service gave") from None
        if not place.generation:
            raise _bad_cursor("belongs to a list that is no search")
        return place

    def _next(self, prepared: Prepared, found: Answer) -> str | None:
        if found.next is None:
            return None
        return write_cursor(Cursor(found.generation, prepared.asked_at, found.next, prepared.mark), self._key)

    async def _ask(self, prepared: Prepared, query: Query) -> Answer:
        try:
            return await prepared.served.reader.search(narrow(query, prepared.caller))
        except TooCostly as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "too-costly", f"{error}.") from None
        except GenerationGone as error:
            if prepared.query.after is None:
                raise
            raise CursorGone(str(error)) from None


def etag_of(prepared: Prepared, form: Form) -> str:
    """Give the opaque part of the ETag of one form of an answer."""
    return prepared.etag if form is Form.IMAGES else f"{prepared.etag}-{form}"


_Wording = tuple[str, Form, Caller, str, int, int]
"""A query string, and all that its meaning depends on: form, caller, generation, revision, minute."""

_ETAG = 256
"""Bytes that a remembered ETag takes."""

_WORDING = 512
"""Bytes that a remembered wording takes beside its words."""


async def _settle(doubts: tuple[Doubt, ...], served: Served, caller: Caller) -> None:
    """Refuse values that neither a public image holds nor one of the caller's own."""
    held = dict.fromkeys((doubt.literal for doubt in doubts), False)
    for literal in held:
        found = await served.reader.search(narrow(Query(filter=literal, limit=0), caller))
        held[literal] = found.total > 0
    wrong = tuple(doubt.mistake for doubt in doubts if not held[doubt.literal])
    if wrong:
        raise refused(*wrong)


def _field_facets(names: tuple[str, ...]) -> tuple[FieldFacet, ...]:
    return tuple(map(_FIELD_FACETS.__getitem__, names))


_FIELD_FACETS = {field.name: FieldFacet(field.name) for field in FIELDS if field.facet is not None}


def _bad_cursor(detail: str) -> ProblemError:
    return refused(Mistake(parameter="cursor", detail=detail))


def _etag(mark: bytes, *parts: str) -> str:
    hashed = hashlib.blake2b(mark, digest_size=16)
    for part in parts:
        hashed.update(b"\0" + part.encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()
