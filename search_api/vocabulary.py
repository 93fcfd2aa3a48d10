"""`Vocabulary`: the values and words that a question may use, of one generation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mappings.field import Kind
from mappings.fields import FIELDS
from mappings.platform import PRODUCTS
from mappings.text import platform_key


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Values of keyword fields by field name and by key (`platform_key` of each of their spellings)."""

    values: Mapping[str, Mapping[str, str]]

    def documented(self, field: str) -> tuple[str, ...]:
        """The values known of a field, each once, in order."""
        return tuple(dict.fromkeys(self.values.get(field, {}).values()))


def vocabulary(served_values: Mapping[str, Iterable[str]]) -> Vocabulary:
    """Join what is documented with what public documents hold (`served_values`: field name -> values)."""
    values: dict[str, dict[str, str]] = {}
    for field in FIELDS:
        if field.kind is Kind.KEYWORD:
            known = values.setdefault(field.name, {})
            for documented in field.values:
                known.setdefault(platform_key(documented.value), documented.value)
    for name, served in served_values.items():
        known = values.setdefault(name, {})
        for value in served:
            known.setdefault(platform_key(value), value)
    for product in PRODUCTS:
        for alias in product.aliases:
            values["platform"].setdefault(platform_key(alias), product.name)
    return Vocabulary(values)
