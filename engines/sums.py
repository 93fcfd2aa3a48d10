"""Which fields can be added up."""

from mappings.field import Field
from mappings.fields import FIELDS

SUMMABLE = tuple(each.name for each in FIELDS if each.summable)
"""The fields that can be added up."""


def check_summable(field: Field) -> None:
    """Raise ValueError for a field whose values cannot be added up."""
    if not field.summable:
        raise ValueError(f"{field.name}: cannot be added up; these can: {', '.join(SUMMABLE)}")
