"""The journal entry of a run: what its crawl and its plan come to. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

from clouds.printable import printable
from engines.ledger import ChangeKind, Outcome, Run, ScopeState, State
from indexer.choice import EVERYTHING, Choice
from indexer.crawl import Crawled
from indexer.gate import NOT_GATED, Gated
from indexer.listing import Listed
from indexer.questions import NOTHING_ASKED, Answers
from indexer.tally import Tally

EXIT_WHOLE = 0
EXIT_FAILED = 1
EXIT_INCOMPLETE = 3
EXIT_HELD = 4
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Begun:
    """A run at its start: its name, when it began, where the scopes stood.

    `generation` is the name of what it may publish, known once the run has its term. `configured` are the
    names of the sources, `choice` tells what of them the run is about.
    """

    run: str
    started: datetime
    scopes: Mapping[str, ScopeState] = field(default_factory=dict)
    configured: AbstractSet[str] = frozenset()
    choice: Choice = EVERYTHING
    generation: str = ""

    @property
    def expected(self) -> dict[str, int]:
        """How many images each scope held last."""
        return {name: state.seen + state.carried for name, state in self.scopes.items()}

    def not_due(self, scope: str) -> bool:
        """Tell whether a scope is of a configured source, but this run is not about it."""
        return scope.split("/", maxsplit=1)[0] in self.configured and not self.choice.covers(scope)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run came to whose plan is served now: `generation` was published, or was so already.

    `changes` counts the images that it changed, `left_out` those whose change was not noted any more. `vain`
    is the entry of a run that failed or is held and published no more than that rights ended. `notes` are
    what a person should know of it.
    """

    tally: Tally
    generation: str | None
    gated: Gated = NOT_GATED
    told: Answers = NOTHING_ASKED
    published: bool = False
    changes: Mapping[ChangeKind, int] = field(default_factory=dict)
    left_out: int = 0
    purged: tuple[str, ...] = ()
    vain: Run | None = None
    notes: tuple[str, ...] = ()


def finished_run(begun: Begun, crawled: Crawled, done: Done, *, finished: datetime) -> Run:
    """Write the entry of a run whose plan is served now."""
    if done.vain is not None:
        return _rights_ended(done, done.vain, finished)
    tally, held = done.tally, done.gated.held
    scopes = tuple(_states(begun, crawled, tally, held))
    whole = all(state.state is not State.INCOMPLETE for state in scopes) and not crawled.unreached
    return Run(
        run=begun.run,
        started=begun.started,
        finished=finished,
        outcome=Outcome.PUBLISHED if done.published else Outcome.UNCHANGED,
        exit=EXIT_HELD if held else EXIT_WHOLE if whole else EXIT_INCOMPLETE,
        reason=printable("; ".join(str(one) for one in crawled.unreached)) or None,
        generation=done.generation,
        documents=tally.documents,
        added=done.changes.get(ChangeKind.ADDED, 0),
        changed=done.changes.get(ChangeKind.CHANGED, 0),
        removed=done.changes.get(ChangeKind.REMOVED, 0),
        unlisted=done.changes.get(ChangeKind.UNLISTED, 0),
        refused=_refused(crawled),
        problems=_problems(crawled, tally),
        scopes=scopes,
        notes=(*done.gated.notes, *done.notes, *_notes(begun, done)),
        left_out=done.left_out,
        purged=done.purged,
        published=done.published,
    )


def held_run(
    begun: Begun,
    crawled: Crawled,
    gated: Gated,
    *,
    reason: str,
    generation: str | None,
    finished: datetime,
) -> Run:
    """Write the entry of a run that would have published what is doubted, and did not."""
    vain = _in_vain(begun, crawled, gated.held, generation=generation, finished=finished)
    return replace(vain, outcome=Outcome.HELD, exit=EXIT_HELD, reason=printable(reason))


def failed_run(
    begun: Begun, crawled: Crawled, *, reason: str, generation: str | None, finished: datetime
) -> Run:
    """Write the entry of a run that could not publish: `generation`, if there is one, is served on."""
    vain = _in_vain(begun, crawled, {}, generation=generation, finished=finished)
    return replace(vain, reason=printable(reason))


def nothing_complete(crawled: Crawled) -> str:
    """Say why no scope could be listed whole."""
    reasons = [str(one) for one in crawled.unreached]
    reasons += [f"{one.scope.id}: {one.reason}" for one in crawled.scopes if one.due]
    shown = "; ".join(reasons[:_SHOWN]) or "none is due"
    more = len(reasons) - _SHOWN
    return f"no scope could be listed whole: {shown}" + (f"; and {more} more" if more > 0 else "")


def _rights_ended(done: Done, vain: Run, finished: datetime) -> Run:
    note = "rights that were withdrawn or could not be confirmed have ended, nothing else was published"
    return replace(
        vain,
        finished=finished,
        generation=done.generation,
        documents=done.tally.documents,
        removed=done.changes.get(ChangeKind.REMOVED, 0),
        added=done.changes.get(ChangeKind.ADDED, 0),
        changed=done.changes.get(ChangeKind.CHANGED, 0),
        notes=(*vain.notes, *done.notes, note),
        left_out=done.left_out,
        published=done.published,
    )


def _states(begun: Begun, crawled: Crawled, tally: Tally, held: Mapping[str, str]) -> Iterator[ScopeState]:
    for listed in crawled.scopes:
        yield _state(begun, listed, tally, held.get(listed.scope.id))
    for scope, reason in _not_reached(begun, crawled).items():
        yield _incomplete(begun, scope, reason, tally)
    tried = {listed.scope.id for listed in crawled.scopes}
    for scope in begun.scopes:
        if scope not in tried and begun.not_due(scope):
            yield _not_due(begun, scope, tally)


def _state(begun: Begun, listed: Listed, tally: Tally, held: str | None) -> ScopeState:
    scope = listed.scope.id
    if not listed.due:
        return _not_due(begun, scope, tally)
    reason = held or listed.reason
    if reason is not None:
        return _incomplete(begun, scope, reason, tally, listed, held=held is not None)
    return ScopeState(
        scope=scope,
        state=State.COMPLETE,
        reason=None,
        last_attempt=listed.started,
        last_complete=listed.started,
        seen=tally.seen[scope],
        carried=tally.carried[scope],
        unlisted=tally.unlisted[scope],
        pages=listed.pages,
        took=listed.took,
    )


def _not_due(begun: Begun, scope: str, tally: Tally) -> ScopeState:
    last = begun.scopes.get(scope)
    return ScopeState(
        scope=scope,
        state=State.NOT_DUE,
        reason=None,
        last_attempt=begun.started if last is None else last.last_attempt,
        last_complete=None if last is None else last.last_complete,
        seen=0,
        carried=tally.carried[scope],
        unlisted=tally.unlisted[scope],
    )


def _not_reached(begun: Begun, crawled: Crawled) -> dict[str, str]:
    """Give the scopes known from earlier runs that this one did not come to, with the reason."""
    tried = {listed.scope.id for listed in crawled.scopes}
    return dict(crawled.dropped) | {
        scope: part.reason
        for part in crawled.unreached
        for scope in begun.scopes
        if scope not in tried and part.covers(scope)
    }


def _incomplete(
    begun: Begun,
    scope: str,
    reason: str,
    tally: Tally,
    listed: Listed | None = None,
    *,
    held: bool = False,
) -> ScopeState:
    last = begun.scopes.get(scope)
    return ScopeState(
        scope=scope,
        state=State.INCOMPLETE,
        reason=printable(reason),
        last_attempt=begun.started if listed is None else listed.started,
        last_complete=None if last is None else last.last_complete,
        seen=tally.seen[scope],
        carried=tally.carried[scope],
        held=held,
        unlisted=tally.unlisted[scope],
        pages=0 if listed is None else listed.pages,
        took=0.0 if listed is None else listed.took,
    )


def _in_vain(
    begun: Begun,
    crawled: Crawled,
    held: Mapping[str, str],
    *,
    generation: str | None,
    finished: datetime,
) -> Run:
    """Its scopes were tried, but none of their listings stands behind what is served."""
    return Run(
        run=begun.run,
        started=begun.started,
        finished=finished,
        outcome=Outcome.FAILED,
        exit=EXIT_FAILED,
        reason=None,
        generation=generation,
        documents=0,
        added=0,
        changed=0,
        removed=0,
        unlisted=0,
        refused=_refused(crawled),
        problems=_problems(crawled, Tally()),
        scopes=tuple(_tried_in_vain(begun, crawled, held)),
    )


def _tried_in_vain(begun: Begun, crawled: Crawled, held: Mapping[str, str]) -> Iterator[ScopeState]:
    still = Tally()
    for scope, last in begun.scopes.items():
        still.carried[scope] = last.seen + last.carried
        still.unlisted[scope] = last.unlisted
    for listed in crawled.scopes:
        scope = listed.scope.id
        if not listed.due:
            continue
        reason = held.get(scope) or listed.reason or "the run published nothing"
        yield _incomplete(begun, scope, reason, still, listed, held=scope in held)
    for scope, reason in _not_reached(begun, crawled).items():
        yield _incomplete(begun, scope, reason, still)


def _refused(crawled: Crawled) -> int:
    return sum(listed.refused for listed in crawled.scopes)


def _problems(crawled: Crawled, tally: Tally) -> dict[str, int]:
    problems: Counter[str] = Counter()
    for listed in crawled.scopes:
        problems.update(listed.problems)
    problems.update(f"{one.table.value} not fetched" for one in crawled.companions if one.reason is not None)
    problems["disagreement"] += tally.disputed
    return {name: count for name, count in sorted(problems.items()) if count}


def _notes(begun: Begun, done: Done) -> Iterator[str]:
    left = sorted(
        {
            source
            for scope in begun.scopes
            if scope not in done.purged and (source := scope.split("/")[0]) not in begun.configured
        }
    )
    for source in left:
        yield (
            f'the source "{source}" is no longer configured, its images stay as they were:'
            f" ims-catalog purge {source} removes them"
        )
    if done.left_out:
        yield f"{done.left_out:,} changes were not noted: they were more than the ledger keeps"
