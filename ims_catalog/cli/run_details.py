"""All of a run, as a person reads it on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clouds.printable import printable
from engines.holding import said_moment
from engines.ledger import ImageChange, Run, ScopeState, State
from ims_catalog.cli.change_text import changes_text
from ims_catalog.cli.run_text import outcome_in_words
from search_api.told import told_change


def run_details(run: Run, changes: Sequence[ImageChange], *, more: bool) -> Group:
    """Show numbers, notes, what became of each scope, and changes; `more` if there are more of these."""
    return Group(*_facts(run), *_scopes(run.scopes), *_changes(run, changes, more=more))


def _facts(run: Run) -> Iterator[RenderableType]:
    yield Text.assemble((f"run {printable(run.run)}", "bold"), f": {outcome_in_words(run)}")
    took = (run.finished - run.started).total_seconds()
    yield Text(f"  began {said_moment(run.started)}, took {took:,.1f} s, exit code {run.exit}")
    if run.generation is not None:
        yield Text(f"  generation {printable(run.generation)}")
    if run.reason:
        yield Text(f"  {printable(run.reason)}", style="yellow")
    for note in run.notes:
        yield Text(f"  {printable(note)}", style="yellow")
    if run.purged:
        yield Text(f"  given up: {printable(', '.join(run.purged))}")
    for problem, count in run.problems.items():
        yield Text(f"  {count:,} × {printable(problem)}")


def _scopes(scopes: Sequence[ScopeState]) -> Iterator[RenderableType]:
    if not scopes:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("scope", overflow="fold")
    table.add_column("state", no_wrap=True)
    for title in ("took", "pages", "seen", "carried", "unlisted"):
        table.add_column(title, justify="right", no_wrap=True)
    for scope in scopes:
        name = Text(printable(scope.scope))
        if scope.reason:
            name.append(f"\n  {printable(scope.reason)}", style="yellow")
        table.add_row(
            name,
            _state(scope),
            f"{scope.took:,.1f} s",
            *(f"{count:,}" for count in (scope.pages, scope.seen, scope.carried, scope.unlisted)),
        )
    yield Text()
    yield table


def _state(scope: ScopeState) -> Text:
    if scope.held:
        return Text("held", style="yellow")
    return Text(scope.state.value.replace("_", " "), style="" if scope.state is State.COMPLETE else "yellow")


def _changes(run: Run, changes: Sequence[ImageChange], *, more: bool) -> Iterator[RenderableType]:
    if changes:
        yield Text()
    yield from changes_text([told_change(change) for change in changes])
    if more:
        yield Text(f"and more: ims-catalog changes --since {printable(run.run)}", style="dim")
    if run.left_out:
        yield Text(f"{run.left_out:,} changes were more than is kept of one run", style="yellow")
