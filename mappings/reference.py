"""`field_reference`: the page about all fields, generated from `FIELDS`."""

from collections.abc import Iterator
from itertools import groupby

from mappings.field import Exposure, Field, Kind, Vocabulary
from mappings.fields import FIELDS

_HEAD = """# Fields of an image

Generated from `mappings/fields/`; do not edit.

A field is asked by its name, by a wire name (the key that the cloud sends) or by an alias. Keys of IMS are
read from every cloud, those of OpenStack from Glance only, where IMS keys win. "Not set" is an absent key,
`null`, `""` or `"null"`. A *stated* field says what the cloud stated, an *effective* one what holds, and
`derived` in a document names those of its fields that a rule filled in without a statement.
"""

_EXPOSURE = {
    Exposure.OWNER: "in the owner's own documents only",
    Exposure.INTERNAL: "internal: serves access, never shown",
}
_VOCABULARY = {
    Vocabulary.CLOSED: "the documented ones",
    Vocabulary.OPEN: "the documented ones and those that occur",
}


def field_reference() -> str:
    """Write the page as Markdown, a section for each group and field."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for group, members in groupby(FIELDS, key=lambda field: field.group):
        fields = tuple(members)
        yield f"## {group.value.capitalize()}\n"
        yield "| field | kind | 标签 | meaning |"
        yield "|---|---|---|---|"
        yield from (
            f"| [`{f.name}`](#{f.name}) | {_kind(f)} | {f.label_zh} | {f.description} |" for f in fields
        )
        yield ""
        for field in fields:
            yield from _section(field)


def _section(field: Field) -> Iterator[str]:
    yield f"### {field.name}\n"
    yield f"{field.label} ({field.label_zh}). {field.description}\n"
    yield from (f"- {name}: {told}" for name, told in _facts(field) if told)
    if field.values:
        yield "\n| value | label | 标签 |"
        yield "|---|---|---|"
        yield from (f"| `{value.value}` | {value.label} | {value.label_zh} |" for value in field.values)
    yield ""


def _facts(field: Field) -> Iterator[tuple[str, str]]:
    yield "kind", _kind(field)
    yield "read from", _code(field.ims)
    yield "read from Glance", _code(field.glance)
    yield "also called", _code(field.aliases)
    yield "stated in", _code((field.stated_in,) if field.stated_in else ())
    yield "where absent", "" if field.absent is None else f"`{field.absent}`"
    yield "can be", ", ".join(_abilities(field))
    yield "values in questions", _VOCABULARY.get(field.vocabulary, "")
    yield "shown", _EXPOSURE.get(field.exposure, "")
    yield "example", f"`{field.example}`"
    yield "source", field.source


def _kind(field: Field) -> str:
    unit = f", {field.unit}" if field.unit else ""
    return f"{field.kind.value}{unit}{', several' if field.multiple else ''}"


def _abilities(field: Field) -> Iterator[str]:
    if field.filterable:
        yield "filtered" if field.kind is not Kind.MAP else "filtered by key"
    if field.facet is not None:
        yield f"counted (by {field.facet.value})"
    if field.sortable:
        yield "sorted"
    if field.text:
        yield "searched as text"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
