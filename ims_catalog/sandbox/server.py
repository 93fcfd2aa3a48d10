"""`start_sandbox`: the sandbox cloud behind HTTP on the loopback, all regions and services on one port.

{url}/ims/{region}/v2/cloudimages             images
{url}/ims/{region}/v1/cloudimages/os_version  operating systems
{url}/ecs/{region}/v1/{project}/cloudservers/flavors
{url}/iam/v3/projects, {url}/iam/v3/auth/projects
{url}/iam/v3/auth/tokens, {url}/iam/v3.0/OS-CREDENTIAL/securitytokens    logins, by POST
{url}/instance/openstack/latest/securitykey                              keys of an instance of the cloud
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from clouds.signature import Request
from ims_catalog.sandbox.answer import Answer, Refused, image_error, json_answer, no_such_api
from ims_catalog.sandbox.cloud import Cloud
from ims_catalog.sandbox.estate import Estate, Project
from ims_catalog.sandbox.fault import Fault, Received
from ims_catalog.sandbox.flavor import flavors, os_version_table
from ims_catalog.sandbox.listing import LARGEST_PAGE, Parameters, list_images
from ims_catalog.sandbox.login import PERMANENT, Login, not_authenticated, token_of
from ims_catalog.sandbox.transport import send

_LARGEST_REQUEST = 32 * 1024


async def start_sandbox(
    estate: Estate,
    *,
    port: int = 0,
    page_info: bool = False,
    largest_page: int = LARGEST_PAGE,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> "Sandbox":
    """Serve an estate on 127.0.0.1; port 0 takes a free one.

    With `page_info` each page but the empty last one tells `page_info.next_marker`; without, nothing does.
    No page holds more than `largest_page` images, however many were asked for.
    `now` is the clock that signatures are held against.
    """
    sandbox = Sandbox(estate, page_info=page_info, largest_page=largest_page, now=now)
    await sandbox.open(port)
    return sandbox


class Sandbox:
    """A running sandbox: where it is, what it accepts, what it was asked, and switches for what goes wrong.

    `cloud` changes the estate, `faults` what is answered, `login` what is accepted; all of them may be
    changed at any time.
    """

    def __init__(
        self, estate: Estate, *, page_info: bool, largest_page: int, now: Callable[[], datetime]
    ) -> None:
        self.cloud = Cloud(estate)
        self.faults: list[Fault] = []
        self.requests: list[Received] = []
        self.url = ""
        self._page_info = page_info
        self._largest_page = largest_page
        self.login = Login(estate.projects, now)
        self._pages: dict[tuple[str | None, ...], int] = {}
        self._used: dict[Fault, int] = {}
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def ims_endpoint(self) -> str:
        """Pattern of the image service's address, for `endpoint` of a source."""
        return f"{self.url}/ims/{{region}}"

    @property
    def ecs_endpoint(self) -> str:
        """Pattern of the compute service's address."""
        return f"{self.url}/ecs/{{region}}"

    @property
    def identity_endpoint(self) -> str:
        """Address of the identity service."""
        return f"{self.url}/iam"

    @property
    def instance_address(self) -> str:
        """Where an instance of this cloud asks about itself."""
        return f"{self.url}/instance"

    @property
    def access_key(self) -> str:
        """An access key that sees the whole account; without value anywhere else."""
        return PERMANENT.access

    @property
    def secret_key(self) -> str:
        """The secret of `access_key`."""
        return PERMANENT.secret

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of the estate."""
        return self.cloud.estate.regions

    @property
    def projects(self) -> tuple[Project, ...]:
        """The projects of the account."""
        return self.cloud.estate.projects

    def token(self, project: Project) -> str:
        """Give a ready-made token for a project."""
        return token_of(project)

    def fail(self, fault: Fault) -> Fault:
        """Switch a fault on; remove it from `faults` to end it."""
        self.faults.append(fault)
        return fault

    async def open(self, port: int) -> None:
        """Start to listen; raises OSError when the port is taken."""
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", port))
        await web.SockSite(self._runner, listener).start()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def close(self) -> None:
        """Stop; requests that hang are let go."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        signed = Request(request.method, path, query, dict(request.headers), await request.read())
        received = self._received(signed)
        self.requests.append(received)
        effect = next((fault.effect for fault in list(self.faults) if self._strikes(fault, received)), None)
        answer = effect if isinstance(effect, Answer) else self._answer(signed, received)
        answer = replace(
            answer, headers={"Date": format_datetime(self.login.now(), usegmt=True), **answer.headers}
        )
        return await send(request, answer, effect, self._closing)

    def _received(self, signed: Request) -> Received:
        pairs = parse_qsl(signed.query, keep_blank_values=True)
        parts = signed.path.split("/")
        headers = {name.lower(): value for name, value in signed.headers.items()}
        service = parts[1] if len(parts) > 1 else ""
        received = Received(
            method=signed.method,
            path=signed.path,
            query=signed.query,
            service=service,
            region=unquote(parts[2]) if service in {"ims", "ecs"} and len(parts) > 2 else None,
            project=headers.get("x-project-id") or self._project_of(headers.get("x-auth-token")),
            parameters=dict(pairs),
            headers=tuple(sorted(headers)),
            page=1,
        )
        return _numbered(received, self._pages)

    def _project_of(self, token: str | None) -> str | None:
        try:
            project = None if token is None else self.login.project_of(token)
        except Refused:
            return None
        return None if project is None else project.id

    def _strikes(self, fault: Fault, received: Received) -> bool:
        if not fault.when(received) or self._used.get(fault, 0) == fault.times:
            return False
        self._used[fault] = self._used.get(fault, 0) + 1
        return True

    def _answer(self, signed: Request, received: Received) -> Answer:
        pairs = parse_qsl(signed.query, keep_blank_values=True)
        parameters = {name: tuple(value for key, value in pairs if key == name) for name, _ in pairs}
        try:
            match [signed.method, *signed.path.strip("/").split("/")]:
                case ["GET", "ims", region, "v2", "cloudimages"] if region in self.regions:
                    return self._images(self.login.project(signed, region), parameters)
                case ["GET", "ims", region, "v1", "cloudimages", "os_version"] if region in self.regions:
                    self.login.project(signed, region)
                    return json_answer(os_version_table(parameters.get("tag", ())))
                case ["GET", "ecs", region, "v1", project, "cloudservers", "flavors"] if (
                    region in self.regions
                ):
                    return self._flavors(self.login.project(signed, region), project, parameters)
                case _:
                    return self._identity(signed, received)
        except Refused as error:
            return error.answer

    def _identity(self, signed: Request, received: Received) -> Answer:
        match [signed.method, *signed.path.strip("/").split("/")]:
            case ["GET", "iam", "v3", "projects"] | ["GET", "iam", "v3", "auth", "projects"]:
                return self._projects(signed, received)
            case ["POST", "iam", "v3", "auth", "tokens"]:
                return self.login.token_by_password(signed)
            case ["POST", "iam", "v3.0", "OS-CREDENTIAL", "securitytokens"]:
                return self.login.keys_by_agency(signed)
            case ["GET", "instance", "openstack", "latest", "securitykey"]:
                return self.login.issue_keys()
            case _:
                return no_such_api()

    def _images(self, project: Project, parameters: Parameters) -> Answer:
        images = list_images(self.cloud, project, parameters, self._largest_page)
        page: dict[str, object] = {"images": images}
        if self._page_info:
            marker = {"next_marker": images[-1]["id"]} if images else {}
            page["page_info"] = {"current_count": len(images), **marker}
        return json_answer(page)

    def _flavors(self, project: Project, named: str, parameters: Parameters) -> Answer:
        if named != project.id:
            return image_error("Ecs.0015", "The project in the path is not that of the login", 403)
        every = flavors(project.region)
        start = 0
        if "marker" in parameters:
            ids = [flavor["id"] for flavor in every]
            if parameters["marker"][-1] not in ids:
                return image_error("Ecs.0021", "The marker is not a flavor")
            start = ids.index(parameters["marker"][-1]) + 1
        limit = parameters.get("limit", ("",))[-1]
        size = int(limit) if limit.isascii() and limit.isdigit() else len(every)
        wanted = parameters.get("flavor_id", (None,))[-1]
        found = [flavor for flavor in every[start:] if wanted in {None, flavor["id"]}]
        return json_answer({"flavors": list(islice(found, min(size, 2 * LARGEST_PAGE)))})

    def _projects(self, signed: Request, received: Received) -> Answer:
        if not {"x-auth-token", "authorization"} & set(received.headers):
            return not_authenticated()
        self.login.check(signed)
        wanted = received.parameters.get("name")
        found = [project for project in self.projects if wanted in {None, project.name}]
        links = {"next": None, "previous": None, "self": self.identity_endpoint + "/v3/projects"}
        projects = [
            {"id": project.id, "name": project.name, "description": "", "enabled": True, "is_domain": False}
            for project in found
        ]
        return json_answer({"links": links, "projects": projects})


def _numbered(received: Received, pages: dict[tuple[str | None, ...], int]) -> Received:
    walk = (
        received.service,
        received.region,
        received.project,
        received.image_type,
        received.parameters.get("member_status"),
    )
    pages[walk] = pages.get(walk, 0) + 1 if "marker" in received.parameters else 1
    return replace(received, page=pages[walk])
