"""`confirmed`: shared scopes whose grants still hold though this run did not list them whole. Pure."""

from datetime import timedelta

from engines.ledger import State
from indexer.crawl import Crawled
from indexer.journal import Begun
from mappings.scope import shared


def confirmed(begun: Begun, crawled: Crawled, max_carry: timedelta) -> frozenset[str]:
    """Give those that were last listed whole within `max_carry`, or that are well and were not due now.

    What cannot be confirmed for longer is no longer shown: the owner may have withdrawn it meanwhile.
    """
    complete = crawled.complete
    tried = {listed.scope.id for listed in crawled.scopes if listed.due}
    return frozenset(
        scope
        for scope, state in begun.scopes.items()
        if shared(scope)
        and scope not in complete
        and state.last_complete is not None
        and (
            begun.started - state.last_complete <= max_carry
            or (scope not in tried and state.state is State.COMPLETE and begun.not_due(scope))
        )
    )
