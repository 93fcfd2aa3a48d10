"""The OpenStack compute service: how its flavors are asked for, and what its answers hold.

Source: OpenStack Compute API, "List Flavors With Details", "List Extra Specs For A Flavor".
"""

from collections.abc import Mapping
from urllib.parse import quote

from clouds.payload import Record, object_of, objects_of, read_json

FLAVORS_PATH = "/v2.1/flavors/detail"
FLAVOR_PAGE_LIMIT = 500

_AS_TEXT = ("vcpus", "disk", "swap")
"""Numbers here, text in the flavors of the Elastic Cloud Server."""


def flavor_parameters(
    *, marker: str | None = None, limit: int = FLAVOR_PAGE_LIMIT
) -> tuple[tuple[str, str], ...]:
    """Give the parameters of one page of flavors; `marker` is the id of the last flavor seen."""
    first = (("limit", str(limit)),)
    return first if marker is None else (*first, ("marker", marker))


def extra_specs_path(flavor: str) -> str:
    """Give the path of the extra specs of a flavor, which old versions do not send with it."""
    return f"/v2.1/flavors/{quote(flavor, safe='')}/os-extra_specs"


def parse_flavors(body: bytes) -> tuple[Record, ...]:
    """Read one page of flavors, an object with a list `flavors` of objects; `BadAnswer` for anything else."""
    return objects_of(object_of(read_json(body), "a page of flavors"), "flavors", "a page of flavors")


def parse_extra_specs(body: bytes) -> Record:
    """Read the extra specs of a flavor, an object `extra_specs`; `BadAnswer` for anything else."""
    answer = object_of(read_json(body), "the extra specs of a flavor")
    return object_of(answer.get("extra_specs"), "'extra_specs' of a flavor")


def as_of_ecs(flavor: Record, extra_specs: Mapping[str, object] | None) -> Record:
    """Write a flavor as the Elastic Cloud Server does, so that flavors of all clouds read alike.

    Extra specs are `os_extra_specs` there, and absent here if they are not known: not stated is not none.
    """
    record = {key: value for key, value in flavor.items() if key not in {"extra_specs", "links"}}
    for name in _AS_TEXT:
        if isinstance(value := record.get(name), int) and not isinstance(value, bool):
            record[name] = str(value)
    sent = flavor.get("extra_specs")
    specs = sent if isinstance(sent, dict) else extra_specs
    return record if specs is None else {**record, "os_extra_specs": dict(specs)}
