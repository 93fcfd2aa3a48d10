"""An answer of the API as a person reads it on a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NotRequired, TypedDict

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from clouds.printable import printable
from ims_catalog.cli.counts_text import (
    Histogram,
    Pivot,
    Sums,
    amount_text,
    by_default_text,
    counted_texts,
    histogram_text,
    pivot_text,
)


class Understood(TypedDict):
    """What is shown of `interpretation`."""

    summary: str
    notes: Sequence[str]
    filters: Sequence[Mapping[str, object]]


class Bucket(TypedDict):
    """What is shown of a facet value."""

    label: str
    count: int
    selected: bool
    by_default: NotRequired[int]
    sum: NotRequired[Sums]


class Facet(TypedDict):
    """What is shown of a facet."""

    values: Sequence[Bucket]


class Incomplete(TypedDict):
    """What is shown of a listing that is not whole."""

    scope: str
    reason: str | None
    carried: int


class Catalog(TypedDict):
    """What is shown of `catalog`."""

    as_of: str | None
    scopes: Mapping[str, int]
    incomplete: Sequence[Incomplete]


class Answer(TypedDict):
    """What is shown of an answer."""

    images: Sequence[Mapping[str, object]]
    total: int
    sum: NotRequired[Sums]
    facets: Mapping[str, Facet]
    histograms: NotRequired[Mapping[str, Histogram]]
    pivot: NotRequired[Pivot]
    interpretation: Understood
    catalog: Catalog


FACETS = ("platform", "version", "firmware", "gpu_types", "image_type", "region")
"""The counts shown below the images."""

_FACET_VALUES = 4
_LISTINGS = 3


def answer_text(answer: Answer) -> RenderableType:
    """Show how the question was understood, the images, the counts of the main facets, and what else was
    to be counted.
    """
    parts: list[RenderableType] = [_line(f"Read as: {answer['interpretation']['summary']}", style="bold")]
    hidden = [str(one["label"]) for one in answer["interpretation"]["filters"] if one.get("default")]
    if hidden:
        parts.append(_line(f"By default only: {', '.join(hidden)}", style="dim"))
    parts += [_line(f"Note: {note}", style="yellow") for note in answer["interpretation"]["notes"]]
    parts.append(_line(_found(answer), style="bold"))
    parts += [
        Text(f"{name} of all together: {amount_text(name, amount)}")
        for name, amount in answer.get("sum", {}).items()
    ]
    if answer["images"]:
        parts += [Text(), *_images(answer["images"])]
    if answer["total"]:
        parts += [Text(), *_facets(answer["facets"])]
    for name, histogram in answer.get("histograms", {}).items():
        parts += histogram_text(name, histogram)
    if "pivot" in answer:
        parts += pivot_text(answer["pivot"])
    if "histograms" in answer or "pivot" in answer:
        parts.append(Text())
    parts += _freshness(answer["catalog"])
    return Group(*parts)


def _found(answer: Answer) -> str:
    total, shown = answer["total"], len(answer["images"])
    images = f"{total:,} image{'' if total == 1 else 's'}"
    if shown == total:
        return images
    return f"{images}, the first {shown} shown" if shown else f"{images}, none of them shown"


def _images(images: Sequence[Mapping[str, object]]) -> Iterator[Text]:
    """Two lines an image: its id and name, then what most people compare, in columns."""
    titles = [title for title, _ in _COLUMNS]
    rows = [titles, *([column(image) for _, column in _COLUMNS] for image in images)]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    heading, *details = ["  " + "  ".join(map(set_cell_size, row, widths)).rstrip() for row in rows]
    yield _line(heading, style="dim")
    for image, detail in zip(images, details, strict=True):
        name = Text.assemble(_line(_cell(image, "id"), "dim"), "  ", _line(_cell(image, "name"), "bold"))
        name.no_wrap, name.overflow = True, "ellipsis"
        yield name
        yield _line(detail)


def _cell(image: Mapping[str, object], name: str) -> str:
    value = image.get(name)
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_COLUMNS: tuple[tuple[str, Callable[[Mapping[str, object]], str]], ...] = (
    ("version", lambda image: _cell(image, "version")),
    ("boot", lambda image: _cell(image, "firmware").upper()),
    ("GPU", lambda image: _cell(image, "gpu_types")),
    ("disk GB", lambda image: _cell(image, "min_disk").rjust(7)),
    ("RAM MB", lambda image: _cell(image, "min_ram").rjust(6)),
    ("type", lambda image: _cell(image, "image_type")),
    ("region", lambda image: _cell(image, "region")),
    ("created", lambda image: _cell(image, "created_at")[:10]),
)


def _line(text: str, style: str = "") -> Text:
    """Write what a cloud or a person wrote: as text, never as markup or as a command to the terminal."""
    return Text(printable(text), style=style)


def _facets(facets: Mapping[str, Facet]) -> Iterator[Text]:
    """A line for each facet, and one beneath them for what of the counts shown a rule filled in."""
    filled: list[tuple[str, int]] = []
    for name, facet in facets.items():
        counted = [bucket for bucket in facet["values"] if bucket["count"]]
        filled += [(bucket["label"], bucket.get("by_default", 0)) for bucket in counted[:_FACET_VALUES]]
        shown = "  ".join(
            f"{'✓ ' if bucket['selected'] else ''}{bucket['label']} ({_counted(bucket)})"
            for bucket in counted[:_FACET_VALUES]
        )
        more = len(counted) - _FACET_VALUES
        if counted:
            yield (
                Text(f"{name:<11} ", style="bold")
                .append(printable(shown))
                .append(f"  and {more} more" if more > 0 else "", style="dim")
            )
    yield from by_default_text(filled)


def _counted(bucket: Bucket) -> str:
    return ", ".join(counted_texts(bucket["count"], bucket.get("sum", {})))


def _freshness(catalog: Catalog) -> Iterator[Text]:
    """Say how old the answer is, and once for each reason which listings are older."""
    scopes, as_of = catalog["scopes"], catalog["as_of"] or "never"
    whole = f"{scopes['complete']} of {scopes['total']} listings are whole"
    yield _line(f"As of {as_of}; {whole}.", style="dim")
    by_reason: dict[str, list[Incomplete]] = {}
    for scope in catalog["incomplete"]:
        by_reason.setdefault(str(scope["reason"]), []).append(scope)
    for reason, listings in by_reason.items():
        names = ", ".join(listing["scope"] for listing in listings[:_LISTINGS])
        more = f" and {len(listings) - _LISTINGS} more" if len(listings) > _LISTINGS else ""
        carried = sum(listing["carried"] for listing in listings)
        yield _line(f"Not fully listed, {carried:,} images kept: {names}{more}: {reason}", style="yellow")
