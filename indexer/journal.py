"""The journal entry of a run: what its crawl and its plan come to. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clouds.printable import printable
from engines.ledger import Outcome, Run, ScopeState, State
from indexer.crawl import Crawled, Listed
from indexer.plan import Change
from indexer.tally import Tally

EXIT_WHOLE = 0
EXIT_FAILED = 1
EXIT_INCOMPLETE = 3
_REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Begun:
    """A run at its start: its name, when it began, where the scopes stood."""

    run: str
    started: datetime
    scopes: Mapping[str, ScopeState]


def finished_run(
    begun: Begun, crawled: Crawled, tally: Tally, *, generation: str, published: bool, finished: datetime
) -> Run:
    """Write the entry of a run whose plan is served now: `generation` was published, or was so already."""
    scopes = (
        *(_listed(begun, listed, tally) for listed in crawled.scopes),
        *(
            _incomplete(begun, scope, reason, begun.started, tally)
            for scope, reason in _not_reached(begun, crawled).items()
        ),
    )
    whole = all(state.state is State.COMPLETE for state in scopes) and not crawled.unreached
    return Run(
        run=begun.run,
        started=begun.started,
        finished=finished,
        outcome=Outcome.PUBLISHED if published else Outcome.UNCHANGED,
        exit=EXIT_WHOLE if whole else EXIT_INCOMPLETE,
        reason=printable("; ".join(str(one) for one in crawled.unreached)) or None,
        generation=generation,
        documents=tally.documents,
        added=tally.changes[Change.ADDED],
        changed=tally.changes[Change.CHANGED],
        removed=tally.changes[Change.REMOVED],
        unlisted=0,
        refused=sum(listed.refused for listed in crawled.scopes),
        problems=_problems(crawled, tally),
        scopes=scopes,
    )


def failed_run(
    begun: Begun, crawled: Crawled | None, *, reason: str, generation: str | None, finished: datetime
) -> Run:
    """Write the entry of a run that published nothing: `generation`, if there is one, goes on being served.

    Its scopes were tried, but none of their listings stands behind what is served.
    """
    return Run(
        run=begun.run,
        started=begun.started,
        finished=finished,
        outcome=Outcome.FAILED,
        exit=EXIT_FAILED,
        reason=printable(reason),
        generation=generation,
        documents=0,
        added=0,
        changed=0,
        removed=0,
        unlisted=0,
        refused=0 if crawled is None else sum(one.refused for one in crawled.scopes),
        problems={} if crawled is None else _problems(crawled, Tally()),
        scopes=() if crawled is None else _tried_in_vain(begun, crawled),
    )


def nothing_complete(crawled: Crawled) -> str:
    """Say why no scope could be listed whole."""
    reasons = [str(one) for one in crawled.unreached]
    reasons += [f"{one.scope.id}: {one.reason}" for one in crawled.scopes if one.reason is not None]
    shown = "; ".join(reasons[:_REASONS_SHOWN])
    more = len(reasons) - _REASONS_SHOWN
    return f"no scope could be listed whole: {shown}" + (f"; and {more} more" if more > 0 else "")


def _listed(begun: Begun, listed: Listed, tally: Tally) -> ScopeState:
    scope = listed.scope.id
    if listed.reason is not None:
        return _incomplete(begun, scope, listed.reason, listed.started, tally)
    return ScopeState(
        scope=scope,
        state=State.COMPLETE,
        reason=None,
        last_attempt=listed.started,
        last_complete=listed.started,
        seen=tally.seen[scope],
        carried=0,
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


def _incomplete(begun: Begun, scope: str, reason: str, attempt: datetime, tally: Tally) -> ScopeState:
    last = begun.scopes.get(scope)
    return ScopeState(
        scope=scope,
        state=State.INCOMPLETE,
        reason=printable(reason),
        last_attempt=attempt,
        last_complete=None if last is None else last.last_complete,
        seen=tally.seen[scope],
        carried=tally.carried[scope],
    )


def _tried_in_vain(begun: Begun, crawled: Crawled) -> tuple[ScopeState, ...]:
    tried = {one.scope.id: one.reason or "the run published nothing" for one in crawled.scopes}
    still = Tally()
    for scope, last in begun.scopes.items():
        still.carried[scope] = last.seen + last.carried
    return tuple(
        _incomplete(begun, scope, reason, begun.started, still)
        for scope, reason in (tried | _not_reached(begun, crawled)).items()
    )


def _problems(crawled: Crawled, tally: Tally) -> dict[str, int]:
    problems: Counter[str] = Counter()
    for listed in crawled.scopes:
        problems.update(listed.problems)
    problems.update(f"{one.table.value} not fetched" for one in crawled.companions if one.reason is not None)
    problems["disagreement"] += tally.disputed
    return {name: count for name, count in sorted(problems.items()) if count}
