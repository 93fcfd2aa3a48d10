"""Changes of images in words."""

from collections.abc import Iterator, Sequence

import orjson
from rich.text import Text

from clouds.printable import printable
from search_api.told import ToldChange

LONGEST = 60
"""Characters of a value that are shown."""


def changes_text(changes: Sequence[ToldChange]) -> Iterator[Text]:
    """Say what became of images: a line for each, and one for each field in which it changed."""
    for change in changes:
        name = printable(change["name"] or "without a name")
        place = printable(f"{change['id']}, {change['cloud']}/{change['region']}")
        yield Text.assemble(
            (f"{change['at']}  ", "dim"),
            (f"{change['kind']:<9}", _STYLES.get(change["kind"], "")),
            (name, "bold"),
            f" ({place})",
        )
        for field, values in change["fields"].items():
            yield Text(f"    {printable(field)}: {_value(values['from'])} → {_value(values['to'])}")


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    written = printable(orjson.dumps(value).decode())
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"


_STYLES = {"added": "green", "changed": "cyan", "unlisted": "yellow", "removed": "red"}
