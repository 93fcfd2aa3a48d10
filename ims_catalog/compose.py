"""From settings to parts: sources with their secrets, limits, and the engine that was chosen."""

from pathlib import Path

from clouds.endpoint import ENDPOINTS
from engines.base import NothingServed, Readers, Writer
from engines.clock import Clock
from engines.embedded.ledger import open_ledger as open_embedded_ledger
from engines.embedded.private import make_folder
from engines.embedded.readers import EmbeddedReaders
from engines.embedded.writer import open_writer as open_embedded_writer
from engines.ledger import Ledger
from ims_catalog import settings as declared
from ims_catalog.configuration import ConfigurationError
from ims_catalog.secrets import read_secret
from indexer.limits import Limits
from indexer.sources.credential import AccessKey, Credential, NoCredential, ReadyToken
from indexer.sources.source import Source
from mappings.scope import CloudKind, ImageType


def open_writer(settings: declared.Settings, clock: Clock) -> Writer:
    """Take the right to write to the catalogue."""
    return open_embedded_writer(catalogue_folder(settings), prefix=settings.engine.prefix, clock=clock)


def open_readers(settings: declared.Settings, clock: Clock) -> Readers:
    """Open the catalogue for answers."""
    return EmbeddedReaders(settings.engine.path, clock)


def open_ledger(settings: declared.Settings) -> Ledger:
    """Open the ledger beside the catalogue. Raises NothingServed where there is no catalogue at all."""
    folder = settings.engine.path
    if not folder.is_dir():
        raise NothingServed(f"there is no catalogue in {folder} yet: ims-catalog reindex makes one")
    return open_embedded_ledger(folder)


def catalogue_folder(settings: declared.Settings) -> Path:
    """Give the folder of the catalogue; a new one is its owner's only, as it holds all that is private."""
    folder = settings.engine.path
    try:
        make_folder(folder)
    except OSError as error:
        raise ConfigurationError(f"engine.path: cannot make the folder {folder}: {error.strerror}") from None
    return folder


def limits(settings: declared.Settings) -> Limits:
    """Give the limits of a crawl."""
    return Limits(**dict(settings.crawl))


def sources(settings: declared.Settings) -> tuple[Source, ...]:
    """Give the sources with their secrets, read now. Raises ConfigurationError."""
    if not settings.sources:
        raise ConfigurationError(
            "sources: no cloud is configured; write a [[sources]] section into ims-catalog.toml"
        )
    return tuple(_source(given) for given in settings.sources)


def _source(given: declared.Source) -> Source:
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
        identity_endpoint=identity_endpoint,
        image_types=given.image_types or brought,
        member_status=given.member_status,
        enterprise_project_id=given.enterprise_project_id,
        credential=_credential(given.auth, given.name),
    )


def _credential(auth: declared.Auth, name: str) -> Credential:
    match auth:
        case declared.AccessKeyAuth():
            token = None
            if auth.security_token_env or auth.security_token_file:
                what = f'security token of source "{name}"'
                token = read_secret(auth.security_token_env, auth.security_token_file, what)
            return AccessKey(
                read_secret(auth.access_key_env, auth.access_key_file, f'access key of source "{name}"'),
                read_secret(auth.secret_key_env, auth.secret_key_file, f'secret key of source "{name}"'),
                token,
            )
        case declared.TokenAuth():
            return ReadyToken(read_secret(auth.token_env, auth.token_file, f'token of source "{name}"'))
        case declared.NoAuth():
            return NoCredential()
