"""A run in words."""

from engines.ledger import Outcome, Run

NAMED = 5
"""So many listings that share a reason are named."""


def in_words(run: Run) -> str:
    """Say what a run did, and once for each reason which listings are not whole."""
    lines = [f"run {run.run}: {outcome_in_words(run)}"]
    if run.reason:
        lines.append(f"  {run.reason}")
    lines += [f"  {note}" for note in run.notes]
    by_reason: dict[str, list[str]] = {}
    for scope in run.scopes:
        if scope.reason:
            by_reason.setdefault(scope.reason, []).append(scope.scope)
    for reason, scopes in by_reason.items():
        more = f" and {len(scopes) - NAMED} more" if len(scopes) > NAMED else ""
        what = "held" if reason.startswith("held: ") else "not listed whole"
        lines.append(
            f"  {what}, images kept: {', '.join(scopes[:NAMED])}{more}: {reason.removeprefix('held: ')}"
        )
    return "\n".join(lines)


def outcome_in_words(run: Run) -> str:
    """Say how a run ended, with its numbers."""
    if run.outcome in {Outcome.FAILED, Outcome.HELD}:
        if run.published:
            ended = f"only rights that ended were published ({run.removed:,} images removed)"
            return f"{run.outcome.value}; {ended}, all else stays as it was"
        return f"{run.outcome.value}; nothing was published, the catalogue stays as it was"
    counts = ", ".join(
        f"{count:,} {what}"
        for count, what in (
            (run.added, "added"),
            (run.changed, "changed"),
            (run.unlisted, "unlisted"),
            (run.removed, "removed"),
            (run.refused, "refused"),
        )
    )
    return f"{run.outcome.value}, {run.documents:,} images ({counts})"
