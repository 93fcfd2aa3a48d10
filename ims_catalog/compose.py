"""From settings to parts: sources with their secrets, limits, and the engine that was chosen."""

import importlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from clouds.endpoint import ENDPOINTS
from engines.base import Readers, Writer
from engines.clock import Clock
from engines.embedded.private import make_folder
from engines.holding import Holding
from engines.ledger import Keep, Ledger
from ims_catalog.check import Check
from ims_catalog.configuration import ConfigurationError
from ims_catalog.cursor_key import cursor_key, shared_cursor_key
from ims_catalog.secrets import read_secret
from ims_catalog.sections import auth as login
from ims_catalog.sections import source as declared
from ims_catalog.sections.engine import Engine
from ims_catalog.settings import Settings
from indexer.gate import GateLimits
from indexer.limits import Limits
from indexer.sources.credential import (
    AccessKey,
    Agency,
    ApplicationCredential,
    Base,
    Credential,
    InstanceKeys,
    NoCredential,
    Password,
    ReadyToken,
    Unreadable,
)
from indexer.sources.source import FlavorsFrom, Source
from mappings.scope import CloudKind, ImageType


async def open_writer(settings: Settings, clock: Clock, waiting: Callable[[str], None]) -> Writer:
    """Take the right to write to the catalogue. `waiting` is told whom it has to wait for.

    Raises WriterBusy, EngineUnavailable, and ConfigurationError if the folder cannot be made.
    """
    catalogue_folder(settings)
    return await _engine(settings).open_writer(settings.engine, clock, waiting)


def open_readers(settings: Settings, clock: Clock) -> Readers:
    """Open the catalogue for answers; whether anything answers there is seen when it is asked."""
    return _engine(settings).open_readers(settings.engine, clock)


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger of the catalogue. Raises NothingServed where there is no catalogue at all."""
    return _engine(settings).open_ledger(settings.engine)


async def who_writes(settings: Settings) -> Holding | None:
    """Tell who has the right to write to the catalogue, None if nobody. Raises EngineError."""
    return await _engine(settings).who_writes(settings.engine)


def checks_of_engine(settings: Settings) -> AsyncGenerator[Check, None]:
    """Look at what the engine tells of itself. Raises ConfigurationError, EngineError if it is not there."""
    if settings.engine.kind == "opensearch":
        doctor: Callable[[Engine], AsyncGenerator[Check, None]] = importlib.import_module(
            "ims_catalog.opensearch_doctor"
        ).checks_of_cluster
        return doctor(settings.engine)
    return _nothing_more()


async def _nothing_more() -> AsyncGenerator[Check, None]:
    """Files tell nothing but what they hold."""
    nothing: tuple[Check, ...] = ()
    for check in nothing:
        yield check


def roles_of_engine(settings: Settings) -> Mapping[str, object]:
    """Give the roles that the catalogue needs in OpenSearch, by name."""
    roles: Callable[[str], Mapping[str, object]] = importlib.import_module("engines.opensearch.roles").roles
    return roles(settings.engine.prefix)


def _engine(settings: Settings) -> "_Engine":
    """Load the engine that was chosen: each takes its time, and only who uses it should wait for it."""
    if settings.engine.kind == "opensearch":
        return _opensearch()
    embedded: _Engine = importlib.import_module("ims_catalog.embedded")
    return embedded


def _opensearch() -> "_OpenSearch":
    opensearch: _OpenSearch = importlib.import_module("ims_catalog.opensearch")
    return opensearch


class _Engine(Protocol):
    """What `ims_catalog.embedded` and `ims_catalog.opensearch` offer."""

    async def open_writer(self, engine: Engine, clock: Clock, waiting: Callable[[str], None]) -> Writer: ...
    def open_readers(self, engine: Engine, clock: Clock) -> Readers: ...
    def open_ledger(self, engine: Engine) -> Ledger: ...
    async def who_writes(self, engine: Engine) -> Holding | None: ...


class _OpenSearch(_Engine, Protocol):
    """What the latter offers beside."""

    def cluster(self, engine: Engine) -> object: ...


def check_engine_settings(settings: Settings) -> None:
    """Meet what settings name and is not there: a secret, a file. Raises ConfigurationError."""
    if settings.engine.kind == "opensearch":
        _opensearch().cluster(settings.engine)


def catalogue_folder(settings: Settings) -> Path:
    """Give the folder of the catalogue; a new one is its owner's only, as it holds all that is private."""
    folder = settings.engine.path
    try:
        make_folder(folder)
    except OSError as error:
        raise ConfigurationError(f"engine.path: cannot make the folder {folder}: {error.strerror}") from None
    return folder


def cursor_key_of(settings: Settings) -> bytes:
    """Give the key that seals cursors. Raises ConfigurationError, EngineUnavailable."""
    return cursor_key_given(settings) or cursor_key(catalogue_folder(settings))


def cursor_key_given(settings: Settings) -> bytes | None:
    """Give the key that hosts share, None where the settings name none. Raises ConfigurationError."""
    api = settings.api
    if api.cursor_key_env is None and api.cursor_key_file is None:
        return None
    return shared_cursor_key(read_secret(api.cursor_key_env, api.cursor_key_file, "key of cursors"))


def limits(settings: Settings) -> Limits:
    """Give the limits of a crawl."""
    return Limits(**dict(settings.crawl))


def gate_limits(settings: Settings) -> GateLimits:
    """Give what a listing may lose without being doubted."""
    given = dict(settings.gate)
    return GateLimits(**{**given, "repeat_after": timedelta(seconds=settings.gate.repeat_after)})


def keep(settings: Settings) -> Keep:
    """Give how much the ledger keeps."""
    kept = settings.ledger
    return Keep(
        runs=kept.runs,
        changes=kept.changes,
        age=timedelta(seconds=kept.age),
        removed=timedelta(seconds=kept.removed),
    )


def sources(settings: Settings) -> tuple[Source, ...]:
    """Give the sources with their secrets, read now. Raises ConfigurationError."""
    return tuple(map(_with_secrets, settings.sources, sources_unasked(settings)))


def sources_unasked(settings: Settings) -> tuple[Source, ...]:
    """Give the sources for what asks none of them: they hold no secret. Raises ConfigurationError."""
    if not settings.sources:
        raise ConfigurationError(
            "sources: no cloud is configured; write a [[sources]] section into ims-catalog.toml"
        )
    return tuple(_glance(given) if given.kind == "glance" else _ims(given) for given in settings.sources)


def _ims(given: declared.Source) -> Source:
    known = ENDPOINTS.get(given.cloud)
    endpoint = given.endpoint or (known.ims if known else None)
    identity_endpoint = given.identity_endpoint or (known.identity if known else None)
    if endpoint is None or identity_endpoint is None:
        raise ConfigurationError(f'sources "{given.name}": endpoint and identity_endpoint are needed')
    brought = tuple(map(ImageType, known.image_types)) if known else tuple(ImageType)
    return Source(
        name=given.name,
        kind=CloudKind(given.kind),
        cloud=given.cloud,
        regions=given.regions,
        projects=None if given.projects == "*" else given.projects,
        endpoint=endpoint,
        ecs_endpoint=given.ecs_endpoint or (known.ecs if known else None),
        flavors=FlavorsFrom(given.flavors),
        identity_endpoint=identity_endpoint,
        image_types=given.image_types or brought,
        member_status=given.member_status,
        enterprise_project_id=given.enterprise_project_id,
        credential=NoCredential(),
    )


def _glance(given: declared.Source) -> Source:
    """Give a source of OpenStack: it brings nothing that is not written."""
    types = given.image_types or (ImageType.GOLD, ImageType.PRIVATE, ImageType.SHARED)
    return Source(
        name=given.name,
        kind=CloudKind.GLANCE,
        cloud=given.cloud,
        regions=given.regions,
        projects=None if given.projects == "*" else given.projects,
        endpoint=given.endpoint or "",
        ecs_endpoint=given.compute_endpoint,
        flavors=FlavorsFrom(given.flavors),
        identity_endpoint=given.identity_endpoint or "",
        image_types=(*types, ImageType.MARKET) if given.community else types,
        member_status=given.member_status,
        hidden=given.hidden,
        community=given.community,
        all_projects=given.all_projects,
        credential=NoCredential(),
    )


def _with_secrets(given: declared.Source, source: Source) -> Source:
    read = _keystone_credential if given.kind == "glance" else _credential
    return replace(source, credential=read(given), reread=partial(_again, read, given))


def _again(read: Callable[[declared.Source], Credential], given: declared.Source) -> Credential:
    try:
        return read(given)
    except ConfigurationError as error:
        raise Unreadable(str(error)) from None


def _keystone_credential(given: declared.Source) -> Credential:
    credential = _credential(given)
    return replace(credential, unscoped=True) if isinstance(credential, Password) else credential


def _credential(given: declared.Source) -> Credential:
    auth, name = given.auth, given.name
    match auth:
        case login.ApplicationCredentialAuth():
            what = f'secret of the application credential of source "{name}"'
            return ApplicationCredential(auth.id, read_secret(auth.secret_env, auth.secret_file, what))
        case login.AgencyAuth():
            return Agency(auth.domain, auth.agency, _base(auth.base, name))
        case login.NoAuth():
            return NoCredential()
        case _:
            return _base(auth, name)


def _base(auth: login.BaseAuth, name: str) -> Base:
    match auth:
        case login.AccessKeyAuth():
            token = None
            if auth.security_token_env or auth.security_token_file:
                what = f'security token of source "{name}"'
                token = read_secret(auth.security_token_env, auth.security_token_file, what)
            return AccessKey(
                read_secret(auth.access_key_env, auth.access_key_file, f'access key of source "{name}"'),
                read_secret(auth.secret_key_env, auth.secret_key_file, f'secret key of source "{name}"'),
                token,
            )
        case login.PasswordAuth():
            what = f'password of source "{name}"'
            password = read_secret(auth.password_env, auth.password_file, what, any_script=True)
            return Password(auth.user, auth.domain, password)
        case login.InstanceAuth():
            return InstanceKeys()
        case login.TokenAuth():
            return ReadyToken(read_secret(auth.token_env, auth.token_file, f'token of source "{name}"'))
