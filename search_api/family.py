"""`family`: the images that could stand in for one another, of which one is the newest. Pure."""

from mappings.document import Document
from mappings.filter import Condition, Filter, Not, Operator, conjunction

_ALIKE = (
    "cloud",
    "region",
    "image_type",
    "platform",
    "version",
    "architecture",
    "os_bit",
    "firmware",
    "hypervisors",
    "gpu",
    "kind",
)
"""What the images of a family have in common, stated or not."""

_PUBLIC = frozenset({"gold", "market"})


def family(document: Document) -> Filter:
    """Give the filter of the images that are what this one is, of the same owner if it is not public."""
    alike = [_same(name, document) for name in _ALIKE]
    if not _PUBLIC.intersection(map(str, document.values_of("image_type"))):
        alike.append(_same("owner", document))
    return conjunction(*alike)


def _same(name: str, document: Document) -> Filter:
    values = document.values_of(name)
    if not values:
        return Not(Condition(name, Operator.EXISTS))
    return conjunction(*(Condition(name, Operator.IN, (value,)) for value in values))
