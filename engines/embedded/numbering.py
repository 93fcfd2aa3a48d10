"""Numbering: tables that give each new thing the next number."""

from collections import defaultdict
from collections.abc import Hashable
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


def numbering(*first: Thing) -> "defaultdict[Thing, int]":
    """Give a table that numbers what it is asked for, these things first; no Python runs while it does."""
    table = defaultdict[Thing, int](None, {thing: number for number, thing in enumerate(first)})
    table.default_factory = table.__len__
    return table
