"""`narrow`: the only maker of what a reader takes. Whatever is asked, access is part of it."""

from functools import lru_cache

from engines.narrowed import Narrowed
from engines.query import Query
from mappings.document import Document
from mappings.filter import And, Condition, Filter, Not, Operator, Or
from mappings.match import matches
from mappings.scope import View
from search_api.caller import Caller


def narrow(query: Query, caller: Caller) -> Narrowed:
    """Join a query with what its caller may see."""
    return Narrowed(query, visible(caller))


def sees(query: Query, caller: Caller, document: Document) -> bool:
    """Tell whether a document that no reader holds answers a query of a caller: the judge decides."""
    narrowed = narrow(query, caller)
    filters = (narrowed.access, narrowed.query.filter, *narrowed.query.text)
    return all(matches(part, document) for part in filters)


@lru_cache(maxsize=4096)
def visible(caller: Caller) -> Filter:
    """Give the filter of what a caller may see, no image twice.

    Public ones, the own ones of the caller's projects, and what is shared with these unless one of them holds
    the owner's document. The operator sees all, and a shared one only where no owner's document is known.
    """
    if caller.projects is None:
        return Not(And((_view(View.SHARED), Condition("shadowed_by", Operator.EXISTS))))
    if not caller.projects:
        return _view(View.PUBLIC)
    projects = tuple(sorted(caller.projects))
    seen = Condition("visible_to", Operator.IN, projects)
    shadowed = Condition("shadowed_by", Operator.IN, projects)
    return Or(
        (
            _view(View.PUBLIC),
            And((_view(View.OWN), seen)),
            And((_view(View.SHARED), seen, Not(shadowed))),
        )
    )


def _view(view: View) -> Condition:
    return Condition("view", Operator.IN, (view.value,))
