"""Changes of images: as programs read them, and in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import orjson
from rich.text import Text

from clouds.printable import printable
from engines.ledger import ImageChange
from mappings.document import key_parts
from search_api.catalog import moment

LONGEST = 60
"""Characters of a value that are shown."""


class Told(TypedDict):
    """A change as `GET /v1/changes` gives it; `fields` has by name what was said `from` and `to` then."""

    at: str | None
    run: str
    kind: str
    id: str
    name: str | None
    cloud: str
    region: str
    fields: Mapping[str, Mapping[str, object]]


def told(change: ImageChange) -> Told:
    """Give a change in that shape."""
    cloud, region, image, _ = key_parts(change.stored.key)
    return {
        "at": moment(change.at),
        "run": change.run,
        "kind": change.kind.value,
        "id": image,
        "name": orjson.loads(change.stored.body).get("name"),
        "cloud": cloud,
        "region": region,
        "fields": {name: {"from": one.before, "to": one.after} for name, one in change.fields.items()},
    }


def changes_text(changes: Sequence[Told]) -> Iterator[Text]:
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
