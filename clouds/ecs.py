"""The Elastic Cloud Server: how its flavors are asked for, and what its answers hold.

Source: ECS API Reference, "Querying Details About Flavors and Extended Flavor Information".
"""

from urllib.parse import quote

from clouds.payload import Record, object_of, objects_of, read_json

FLAVOR_PAGE_LIMIT = 500


def flavors_path(project: str) -> str:
    """Give the path of the flavors that the project with this id may use."""
    return f"/v1/{quote(project, safe='')}/cloudservers/flavors"


def flavor_parameters(
    *, marker: str | None = None, limit: int = FLAVOR_PAGE_LIMIT
) -> tuple[tuple[str, str], ...]:
    """Give the parameters of one page of flavors; `marker` is the id of the last flavor seen."""
    first = (("limit", str(limit)),)
    return first if marker is None else (*first, ("marker", marker))


def parse_flavors(body: bytes) -> tuple[Record, ...]:
    """Read one page of flavors, an object with a list `flavors` of objects; `BadAnswer` for anything else."""
    return objects_of(object_of(read_json(body), "a page of flavors"), "flavors", "a page of flavors")
