"""`ims-catalog fields`."""

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ims_catalog.cli.options import WRONG_USAGE, AsJson
from mappings.field import Exposure, Field
from mappings.fields import FIELDS, UnknownField, field_named
from mappings.opensearch import mapping as mapping_of_index
from search_api.naming import near


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show one field: its name, wire name or alias.")
    ] = None,
    as_json: AsJson = False,
    mapping: Annotated[
        bool, typer.Option("--mapping", help="Print the index mapping that OpenSearch gets, as JSON.")
    ] = False,
) -> None:
    """Show what is known of an image, and how to ask for it."""
    if mapping:
        _print_mapping(alone=name is None)
        return
    shown = _SHOWN
    if name is not None:
        shown = tuple(field for field in shown if field == _named(name))
        if not shown:
            typer.echo(f"ims-catalog: no field is called {name!r}: ims-catalog fields lists them", err=True)
            if meant := near(name, _NAMES):
                typer.echo(f"  did you mean: {' or '.join(meant)}?", err=True)
            raise typer.Exit(WRONG_USAGE)
    if as_json:
        typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    elif name is not None:
        Console().print(_details(shown[0]))
    else:
        Console().print(_table(shown))


_SHOWN = tuple(field for field in FIELDS if field.exposure is not Exposure.INTERNAL)
_NAMES = tuple(
    dict.fromkeys(name for field in _SHOWN for name in (field.name, *field.wire_names, *field.aliases))
)


def _print_mapping(*, alone: bool) -> None:
    if not alone:
        typer.echo("ims-catalog: --mapping shows all fields: leave the name out", err=True)
        raise typer.Exit(WRONG_USAGE)
    typer.echo(orjson.dumps({"mappings": mapping_of_index()}, option=orjson.OPT_INDENT_2).decode())


def _named(name: str) -> Field | None:
    try:
        return field_named(name)
    except UnknownField:
        return None


def _table(shown: tuple[Field, ...]) -> Table:
    table = Table("field", "kind", "what it is", "in IMS", box=None, pad_edge=False)
    for field in shown:
        table.add_row(field.name, field.kind.value, field.label, ", ".join(field.ims) or "-")
    return table


def _details(field: Field) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "field": field.name,
        "label": f"{field.label} · {field.label_zh}",
        "what it is": field.description,
        "kind": f"{field.kind.value}{', many values' if field.multiple else ''}",
        "unit": field.unit,
        "values": ", ".join(value.value for value in field.values),
        "also called": ", ".join((*field.wire_names, *field.aliases)),
        "example": field.example,
        "source": field.source,
    }
    for title, text in rows.items():
        if text:
            table.add_row(title, text)
    return table
