"""`recover`: settles what a run left open whose process ended before it could say how it went."""

from dataclasses import replace

from engines.base import Writer
from engines.ledger import Ledger, Outcome, Run
from indexer.journal import EXIT_FAILED


async def recover(writer: Writer, ledger: Ledger) -> None:
    """Record the run that intended what is served now as published, one that came to nothing as failed.

    The engine may have been asked to serve what was intended and not have done so yet. So that is made
    impossible first, and then it is decided. What was noted without having been intended was published by
    nobody, and is dropped. Raises EngineError: then nothing is decided.
    """
    intention = await ledger.intended()
    if intention is not None:
        run = intention.run
        intended = run.generation if run.published else None
        if intended is not None and await writer.fence(intended):
            note = "its process ended before it could record that it had published"
            await ledger.record(replace(run, notes=(*run.notes, note)), intention.memories)
        else:
            await ledger.record(_failed(run, await writer.served()))
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
