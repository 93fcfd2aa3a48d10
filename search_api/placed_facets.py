"""`placed_json`: the `facets` of an answer whose facets were counted together, written in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engines.placed import FacetPlaces, PlacedCounts
from mappings.filter import Value
from search_api.facet_counts import CHOSEN, NOT_CHOSEN, Chosen, beginning, by_default_member


def placed_json(counted: PlacedCounts, chosen: Chosen) -> str:
    """Write the section as `facets_json` does."""
    written = _written(counted.places)
    begins, ends, counts = written.begins, written.ends.copy(), counted.counts
    marked = [
        place
        for name in chosen
        if (place_of := written.place_of.get(name)) is not None
        for value in chosen[name]
        if (place := place_of.get(value)) is not None
    ]
    for place in marked:
        ends[place] = f"{CHOSEN}}},"
    for place, number in zip(counted.places.filled, counted.by_default, strict=True):
        if number:
            selected = CHOSEN if place in marked else NOT_CHOSEN
            ends[place] = f"{selected}{by_default_member(number)}}},"
    for place, behind, distinct in zip(written.unstated, written.behind, counted.distinct, strict=True):
        selected = CHOSEN if place in marked else NOT_CHOSEN
        ends[place] = f'{selected}}}],"distinct":{distinct},"exact":true}}{behind}'
    body = "".join([f"{begins[place]}{counts[place]}{ends[place]}" for place in counted.shown])
    return f"{written.head}{body}}}"


@dataclass(frozen=True, slots=True)
class _Written:
    """What is the same in all answers: `head` before all facets, `behind` each of them what leads to the next
    one. By place what comes before its count, and behind it where it is not chosen.
    """

    head: str
    behind: list[str]
    begins: list[str]
    ends: list[str]
    unstated: list[int]
    place_of: Mapping[str, Mapping[Value | None, int]]


@lru_cache(maxsize=64)
def _written(places: FacetPlaces) -> _Written:
    heads = [f'"{name}":{{"values":[' for name in places.names]
    rows = list(zip(places.names, places.starts, [(*values, None) for values in places.values], strict=True))
    begins = [beginning(name, value) for name, _, values in rows for value in values]
    return _Written(
        head=f"{{{heads[0]}",
        behind=[*(f",{head}" for head in heads[1:]), ""],
        begins=begins,
        ends=[f"{NOT_CHOSEN}}},"] * len(begins),
        unstated=[places.unstated(facet) for facet in range(len(places.names))],
        place_of={
            name: {value: start + place for place, value in enumerate(values)} for name, start, values in rows
        },
    )
