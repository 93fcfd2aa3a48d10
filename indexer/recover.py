"""`recover`: settles what a run left open whose process ended before it could say how it went."""

from dataclasses import replace

from engines.ledger import Ledger, Outcome
from indexer.journal import EXIT_FAILED


async def recover(ledger: Ledger, served: str | None) -> None:
    """Record the run that intended what is served now as published, one that intended another as failed.

    What was noted without having been intended was published by nobody, and is dropped.
    """
    intention = await ledger.intended()
    if intention is None:
        await ledger.forget()
        return
    run = intention.run
    if run.generation == served:
        note = "its process ended before it could record that it had published"
        await ledger.record(replace(run, notes=(*run.notes, note)), intention.memories)
        return
    await ledger.forget()
    await ledger.record(
        replace(
            run,
            outcome=Outcome.FAILED,
            exit=EXIT_FAILED,
            reason="its process ended before it published",
            generation=served,
            documents=0,
            added=0,
            changed=0,
            removed=0,
            unlisted=0,
            scopes=(),
            purged=(),
        )
    )
