"""Verifying a sealed generation: what is on disk is what was planned."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from engines.base import EngineError, Expected, GenerationRejected
from engines.embedded.file import GenerationFile
from engines.embedded.index import Index
from engines.embedded.load import read_index

_BATCH = 1000


def verify_steps(path: Path, expected: Expected, checksum: str) -> Iterator[None]:
    """Read a sealed file back in small steps: every document, all parts of the index, the counts.

    `checksum` is that of what was written but the documents, each of which has its own.
    Raises GenerationRejected.
    """
    try:
        with closing(GenerationFile.open(path)) as file:
            yield from _compare(file, expected, checksum)
    except EngineError as error:
        raise GenerationRejected(f"what was built is not what was planned: {error}") from error


def _compare(file: GenerationFile, expected: Expected, checksum: str) -> Iterator[None]:
    if file.checksum() != checksum:
        raise GenerationRejected("the index on disk is not the one that was written")
    found = 0
    for start in range(0, max(file.documents, expected.documents), _BATCH):
        found += len(file.stored(start, start + _BATCH))
        yield None
    if not found == file.documents == expected.documents:
        raise GenerationRejected(f"{found} documents instead of {expected.documents}")
    for index in read_index(file):
        yield None
        if index is not None:
            _compare_scopes(index, expected)


def _compare_scopes(index: Index, expected: Expected) -> None:
    scopes = index.column("scopes")
    counted = {
        str(scopes.value(ordinal)): len(scopes.postings.one(ordinal)) for ordinal in range(len(scopes.values))
    }
    for scope in sorted(counted.keys() | expected.per_scope.keys()):
        found, wanted = counted.get(scope, 0), expected.per_scope.get(scope, 0)
        if found != wanted:
            raise GenerationRejected(f"{found} documents of scope {scope} instead of {wanted}")
