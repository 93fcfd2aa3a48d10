"""`arrange`: what a sentence says of order, number and counting, rather than of the images."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engines.query import Sort
from mappings.field import Kind
from mappings.fields import UnknownField, field_named
from search_api.clause import Intent
from search_api.question.lex import Shape, written
from search_api.question.match import Item, Number, Shaped
from search_api.question.meaning import Names, Orders, Role, Says, SizeUnit, TimeUnit
from search_api.question.quantity import skip


@dataclass(slots=True)
class Arrangement:
    """Order, facets, number and intent; `used` holds the indexes of the items that said so."""

    sort: list[Sort] = field(default_factory=list)
    facets: list[str] = field(default_factory=list)
    limit: int | None = None
    intent: Intent = Intent.LIST
    used: set[int] = field(default_factory=set)


def arrange(items: Sequence[Item]) -> Arrangement:
    """Find the words of order, number and counting."""
    found = Arrangement()
    counting = any(item.is_role(Role.COUNT, Role.BREAKDOWN) for item in items)
    at = 0
    while at < len(items):
        item = items[at]
        if (orders := item.get(Orders)) is not None:
            at = _ordered(items, at, orders, found)
        elif item.is_role(Role.TOP) and _limit(items, at + 1) is not None:
            found.limit = _limit(items, at + 1)
            found.used.update((at, at + 1))
            at += 2
        elif item.is_role(Role.SORTED, Role.BY, Role.PER, Role.WHICH):
            at = _by(items, at, found, counting=counting)
        elif item.is_role(Role.COUNT) and not item.has(Says):
            found.used.add(at)
            found.intent = Intent.COUNT if found.intent is Intent.LIST else found.intent
            at += 1
        elif item.is_role(Role.BREAKDOWN) or (item.is_shape(Shape.TERM) and _term(item, found)):
            found.used.add(at)
            at += 1
        else:
            at += 1
    if found.facets:
        found.intent = Intent.FACET
    return found


def _ordered(items: Sequence[Item], at: int, orders: Orders, found: Arrangement) -> int:
    """Read "newest", "5 newest", "latest 5", "largest disk"."""
    found.used.add(at)
    sort = orders.sort
    if at > 0 and at - 1 not in found.used and _limit(items, at - 1) is not None:
        found.limit = _limit(items, at - 1)
        found.used.add(at - 1)
    end = at + 1
    if end < len(items) and _limit(items, end) is not None:
        found.limit = _limit(items, end)
        found.used.add(end)
        end += 1
    elif end < len(items) and (names := items[end].get(Names)) and names.field != "image_size":
        named = field_named(names.field)
        if named.sortable and named.kind in (Kind.INTEGER, Kind.DATE):
            sort = Sort(named.name, descending=sort.descending)
            found.used.add(end)
            end += 1
    if sort.field not in [known.field for known in found.sort]:
        found.sort.append(sort)
    return end


def _limit(items: Sequence[Item], at: int) -> int | None:
    """A small whole number that counts images: nothing is measured by it."""
    number = items[at].get(Number) if at < len(items) else None
    if number is None or not number.text.isdigit() or not 0 < int(number.text[:5]) <= 1000 or number.glued:
        return None
    following = items[at + 1] if at + 1 < len(items) else None
    measured = following is not None and (
        following.has(SizeUnit)
        or following.has(TimeUnit)
        or following.is_role(Role.BITS, Role.UNUSED, Role.PACK)
    )
    return None if measured or len(number.text) > 4 else int(number.text)


def _by(items: Sequence[Item], at: int, found: Arrangement, *, counting: bool) -> int:
    """Read "sorted by size", "by creation time descending", "per platform", "which platforms"."""
    item = items[at]
    target = skip(items, at + 1)
    names = items[target].get(Names) if target < len(items) else None
    if names is None:
        return at + 1
    named = field_named(names.field)
    end = target + 1
    absent = skip(items, end)
    if absent < len(items) and items[absent].is_role(Role.ABSENT):
        return at + 1
    direction = (
        items[end] if end < len(items) and items[end].is_role(Role.ASCENDING, Role.DESCENDING) else None
    )
    sorts = (
        direction is not None
        or item.is_role(Role.SORTED)
        or (item.is_role(Role.BY) and found.limit is not None and not counting)
    )
    if sorts and named.sortable and not item.is_role(Role.WHICH):
        descending = direction.is_role(Role.DESCENDING) if direction else not item.is_role(Role.SORTED)
        found.sort.append(Sort(named.name, descending=descending))
        found.used.update(range(at, end + (direction is not None)))
        return end + (direction is not None)
    if named.facet is not None and not item.is_role(Role.SORTED) and not _has_value(items, end, item):
        found.facets.append(named.name)
        found.used.update(range(at, end))
        while end + 1 < len(items) and items[end].is_role(Role.AND) and (more := items[end + 1].get(Names)):
            if field_named(more.field).facet is None or item.is_role(Role.WHICH):
                break
            found.facets.append(field_named(more.field).name)
            found.used.update((end, end + 1))
            end += 2
        return end
    return at + 1


def _has_value(items: Sequence[Item], at: int, item: Item) -> bool:
    """Whether a value follows that the field's name belongs to: "which version 7 images"."""
    following = items[at] if at < len(items) else None
    return item.is_role(Role.WHICH) and following is not None and following.get(Number) is not None


def _term(item: Item, found: Arrangement) -> bool:
    """Read `sort:created_at-desc`, `limit:5`, `most_recent = true`."""
    shaped = item.get(Shaped)
    term = written(shaped.text if shaped else "")
    name, value = term.name.lower(), term.value.strip("\",;'").lower()
    match name:
        case "most_recent" if value in ("true", "false"):
            if value == "true":
                found.sort.append(Sort("created_at", descending=True))
            return True
        case "sort" | "order_by" | "sort_by":
            levels = [_level(part) for part in value.split(",") if part]
            found.sort.extend(level for level in levels if level)
            return bool(levels) and all(levels)
        case "limit" if value.isascii() and value.isdigit() and len(value) < 5:
            found.limit = int(value)
            return True
    return False


def _level(text: str) -> Sort | None:
    descending = text.startswith("-") or text.endswith(("-desc", ":desc"))
    name = text.removeprefix("-").removeprefix("+")
    for ending in ("-desc", "-asc", ":desc", ":asc"):
        name = name.removesuffix(ending)
    try:
        named = field_named(name)
    except UnknownField:
        return None
    return Sort(named.name, descending=descending) if named.sortable else None
