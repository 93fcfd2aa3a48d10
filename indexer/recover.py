"""`recover`: settles what a run left open whose process ended before it could say how it went."""

from dataclasses import replace

from engines.ledger import Ledger, Outcome, Run
from indexer.journal import EXIT_FAILED


async def recover(ledger: Ledger, served: str | None) -> None:
    """Record the run that intended what is served now as published, one that came to nothing as failed.

    What was noted without having been intended was published by nobody, and is dropped.
    """
    intention = await ledger.intended()
    if intention is not None:
        run, memories = intention.run, intention.memories
        if run.published and run.generation == served:
            note = "its process ended before it could record that it had published"
            await ledger.record(replace(run, notes=(*run.notes, note)), memories)
        else:
            await ledger.record(_failed(run, served))
    await ledger.forget()


def _failed(run: Run, served: str | None) -> Run:
    return replace(
        run,
        outcome=Outcome.FAILED,
        exit=EXIT_FAILED,
        reason="its process ended before it published",
        generation=served,
        published=False,
        documents=0,
        added=0,
        changed=0,
        removed=0,
        unlisted=0,
        scopes=(),
        notes=(),
        purged=(),
    )
