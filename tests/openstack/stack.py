"""What a test makes in the cloud, through the APIs alone: projects with a user each, images, members.

Requests go one after the other: SQLite refuses writers that come at the same time.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.openstack.configuration import PASSWORD, Addresses


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the status, the headers, the JSON of the body (None where it is none)."""

    status: int
    headers: Mapping[str, str]
    body: object


@dataclass(frozen=True, slots=True)
class Project:
    """A project and its one user."""

    id: str
    user: str
    password: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """An image as it was made: the model that a catalogue is held against."""

    id: str
    name: str
    owner: str
    visibility: str
    hidden: bool
    members: Mapping[str, str]

    def seen_by(
        self,
        project: str,
        *,
        statuses: tuple[str, ...] = ("accepted",),
        hidden: bool = False,
        community: bool = False,
    ) -> bool:
        """Tell whether a project sees it in a catalogue that lists what the arguments say."""
        if self.hidden and not hidden:
            return False
        if self.visibility == "public" or self.owner == project:
            return True
        if self.visibility == "community":
            return community
        return self.visibility == "shared" and self.members.get(project) in statuses


class Stack:
    """The two services, as their administrator uses them."""

    def __init__(self, addresses: Addresses) -> None:
        self.keystone = addresses.keystone
        self.glance = addresses.glance
        self.images: dict[str, Made] = {}

    @cached_property
    def admin(self) -> Project:
        """The administrator, in its own project."""
        token = self.login("admin", PASSWORD, "admin")
        project = self._wanted(self.ask("GET", f"{self.keystone}/v3/projects?name=admin", token), "projects")
        return Project(project, "admin", PASSWORD, token)

    def login(self, user: str, password: str, project: str) -> str:
        """A token for a project, by its name."""
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        body = {"auth": {"identity": identity, "scope": scope}}
        answer = self.ask("POST", f"{self.keystone}/v3/auth/tokens", None, body)
        assert answer.status == 201, answer.body
        return answer.headers["X-Subject-Token"]

    def project(self, name: str) -> Project:
        """Make a project with a user of the same name, who is a member of it."""
        name, password = f"{name}-{secrets.token_hex(3)}", secrets.token_urlsafe(12)
        v3, token = f"{self.keystone}/v3", self.admin.token
        made = self.ask("POST", f"{v3}/projects", token, {"project": {"name": name}})
        project = _id(made, "project")
        who = {"name": name, "password": password, "default_project_id": project}
        user = _id(self.ask("POST", f"{v3}/users", token, {"user": who}), "user")
        role = self._wanted(self.ask("GET", f"{v3}/roles?name=member", token), "roles")
        self._done("PUT", f"{v3}/projects/{project}/users/{user}/roles/{role}", token)
        return Project(project, name, password, self.login(name, password, name))

    def join(self, project: Project, user: Project) -> None:
        """Let the user of a project work in another one, too."""
        v3, token = f"{self.keystone}/v3", self.admin.token
        found = self._wanted(self.ask("GET", f"{v3}/users?name={user.user}", token), "users")
        role = self._wanted(self.ask("GET", f"{v3}/roles?name=member", token), "roles")
        self._done("PUT", f"{v3}/projects/{project.id}/users/{found}/roles/{role}", token)

    def application_credential(self, project: Project) -> tuple[str, str]:
        """Id and secret of an application credential of the project's user."""
        v3 = f"{self.keystone}/v3"
        user = self._wanted(self.ask("GET", f"{v3}/users?name={project.user}", self.admin.token), "users")
        answer = self.ask(
            "POST",
            f"{v3}/users/{user}/application_credentials",
            project.token,
            {"application_credential": {"name": secrets.token_hex(3)}},
        )
        made = _object(_object(answer.body)["application_credential"])
        return str(made["id"]), str(made["secret"])

    def image(
        self,
        owner: Project,
        name: str,
        visibility: str = "private",
        *,
        hidden: bool = False,
        members: Mapping[Project, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Made:
        """Make an image; `members` tells what each project that it was offered to did with the offer."""
        public = self.admin.token if visibility == "public" else owner.token
        body = {"name": name, "visibility": visibility, "owner": owner.id, "os_hidden": hidden}
        body |= {"disk_format": "qcow2", "container_format": "bare", **(properties or {})}
        answer = self.ask("POST", f"{self.glance}/v2/images", public, body)
        assert answer.status == 201, (answer.status, answer.body)
        image = str(_object(answer.body)["id"])
        told: dict[str, str] = {}
        for project, status in (members or {}).items():
            url = f"{self.glance}/v2/images/{image}/members"
            assert self.ask("POST", url, owner.token, {"member": project.id}).status == 200
            if status != "pending":
                self.offer(image, project, status)
            told[project.id] = status
        made = Made(image, name, owner.id, visibility, hidden, told)
        self.images[image] = made
        return made

    def offer(self, image: str, project: Project, status: str) -> None:
        """Let a member accept or reject an image."""
        url = f"{self.glance}/v2/images/{image}/members/{project.id}"
        assert self.ask("PUT", url, project.token, {"status": status}).status == 200

    def withdraw(self, image: str, owner: Project, project: Project) -> None:
        """Let the owner take an offer back."""
        self._done("DELETE", f"{self.glance}/v2/images/{image}/members/{project.id}", owner.token)
        made = self.images[image]
        kept = {member: status for member, status in made.members.items() if member != project.id}
        self.images[image] = replace(made, members=kept)

    def delete(self, image: str) -> None:
        """Delete an image."""
        self._done("DELETE", f"{self.glance}/v2/images/{image}", self.admin.token)
        del self.images[image]

    def revoke(self, token: str) -> None:
        """Make a token worthless."""
        request = Request(f"{self.keystone}/v3/auth/tokens", method="DELETE")
        request.add_header("X-Auth-Token", self.admin.token)
        request.add_header("X-Subject-Token", token)
        with _opener.open(request, timeout=60):
            pass

    @contextmanager
    def emptied(self) -> Iterator["Stack"]:
        """Begin with no image, and leave none behind."""
        try:
            yield self
        finally:
            for image in list(self.images):
                self.delete(image)

    def seen_by(
        self,
        project: str,
        *,
        statuses: tuple[str, ...] = ("accepted",),
        hidden: bool = False,
        community: bool = False,
    ) -> set[str]:
        """The names of the images that a project sees by the model."""
        return {
            made.name
            for made in self.images.values()
            if made.seen_by(project, statuses=statuses, hidden=hidden, community=community)
        }

    def patch(self, image: str, name: str, value: object) -> None:
        """Change a property of an image."""
        kind = "application/openstack-images-v2.1-json-patch"
        body = [{"op": "replace", "path": f"/{name}", "value": value}]
        url = f"{self.glance}/v2/images/{image}"
        assert self.ask("PATCH", url, self.admin.token, body, kind).status == 200
        made = self.images[image]
        match name, value:
            case "visibility", str():
                self.images[image] = replace(made, visibility=value)
            case "os_hidden", bool():
                self.images[image] = replace(made, hidden=value)

    def ask(
        self,
        method: str,
        url: str,
        token: str | None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Answered:
        """Send one request; an error is an answer, too."""
        request = Request(url, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", content_type)
        if token is not None:
            request.add_header("X-Auth-Token", token)
        try:
            with _opener.open(request, timeout=60) as answer:
                return Answered(answer.status, dict(answer.headers), _read(answer.read()))
        except HTTPError as refusal:
            with refusal:
                return Answered(refusal.code, dict(refusal.headers), _read(refusal.read()))

    def _done(self, method: str, url: str, token: str) -> None:
        answer = self.ask(method, url, token)
        assert answer.status in {200, 204}, (answer.status, answer.body)

    @staticmethod
    def _wanted(answer: Answered, kind: str) -> str:
        found = _object(answer.body)[kind]
        assert isinstance(found, list)
        return str(_object(found[0])["id"])


def _id(answer: Answered, kind: str) -> str:
    return str(_object(_object(answer.body)[kind])["id"])


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict), value
    return value


def _read(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except ValueError:
        return None
    return value


_opener = build_opener(ProxyHandler({}))
