"""The identity service: which projects a caller may work in.

Source: IAM API Reference, "Querying Projects" (`GET /v3/projects`); OpenStack Identity API v3,
"Get available project scopes" (`GET /v3/auth/projects`), which needs no administrator.
"""

import re
from dataclasses import dataclass

from clouds.payload import BadAnswer, object_of, objects_of, read_json

PROJECTS_PATH = "/v3/projects"
OWN_PROJECTS_PATH = "/v3/auth/projects"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project. On Huawei Cloud its name is that of its region, or begins with it: `cn-north-4_research`."""

    id: str
    name: str
    enabled: bool = True


def parse_projects(body: bytes) -> tuple[Project, ...]:
    """Read a list of projects, an object with a list `projects`.

    Raises `BadAnswer` for anything else, and for a list that says that it is not whole (`truncated`, or a
    `next` among its links): the projects left out would look as if they were gone. Source: OpenStack
    Identity API v3, "Collections" and "Truncated". Ids go into headers and paths: any other text is refused.
    """
    answer = object_of(read_json(body), "a list of projects")
    links = answer.get("links")
    if answer.get("truncated") is True or (isinstance(links, dict) and links.get("next")):
        raise BadAnswer("the list of projects is cut: the identity service says that there are more")
    records = objects_of(answer, "projects", "a list of projects")
    projects = []
    for record in records:
        identifier, name = record.get("id"), record.get("name")
        if not (isinstance(identifier, str) and identifier and isinstance(name, str)):
            raise BadAnswer("each of 'projects' has an id and a name")
        if not is_project_id(identifier):
            raise BadAnswer(f"{identifier[:40]!r} is not the id of a project")
        projects.append(Project(identifier, name, enabled=record.get("enabled") is not False))
    return tuple(projects)


def is_project_id(text: str) -> bool:
    """Tell whether a project can have this id: letters, digits, `-` and `_`, 64 at most."""
    return _ID.fullmatch(text) is not None
