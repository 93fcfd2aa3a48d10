"""`FIELDS`: all that is known of an image, and how a field is named."""

from mappings.field import Field, Group, Kind
from mappings.fields.gpu import GPU
from mappings.fields.guest import GUEST
from mappings.fields.hardware import HARDWARE
from mappings.fields.identity import IDENTITY
from mappings.fields.kind import KIND
from mappings.fields.listing import LISTING
from mappings.fields.origin import ORIGIN
from mappings.fields.size import SIZE
from mappings.fields.state import STATE
from mappings.fields.system import SYSTEM
from mappings.fields.times import TIMES
from mappings.source import ATTRIBUTES

MAP_FIELD = "extra"
"""Name of the map; one of its keys is asked as `extra.KEY`."""

_EXTRA = Field(
    name=MAP_FIELD,
    kind=Kind.MAP,
    group=Group.LISTING,
    label="Other attributes",
    label_zh="其他属性",
    description="Attributes that the catalogue does not know, as text. Asked as extra.KEY.",
    example="extra.team=payments",
    source=ATTRIBUTES,
)

FIELDS: tuple[Field, ...] = (
    *IDENTITY,
    *STATE,
    *TIMES,
    *SYSTEM,
    *KIND,
    *ORIGIN,
    *SIZE,
    *HARDWARE,
    *GPU,
    *GUEST,
    *LISTING,
    _EXTRA,
)
"""Every field, in the order in which documents and references show them."""


class UnknownField(KeyError):
    """No field bears this name, wire name or alias."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"unknown field: {self.name}"


def field_named(name: str) -> Field:
    """Find a field by name, else wire name, else alias; `extra.KEY` gives the map. Raises UnknownField."""
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    if name.startswith(_MAP_PREFIX) and len(name) > len(_MAP_PREFIX):
        return _EXTRA
    raise UnknownField(name)


def canonical_name(name: str) -> str:
    """Give the name that conditions use: `__platform` is `platform`, `extra.KEY` stays; or UnknownField."""
    field = field_named(name)
    return name if field is _EXTRA else field.name


_MAP_PREFIX = f"{MAP_FIELD}."
_BY_NAME = {
    **{alias: field for field in reversed(FIELDS) for alias in field.aliases},
    **{wire: field for field in reversed(FIELDS) for wire in field.wire_names},
    **{field.name: field for field in FIELDS},
}
