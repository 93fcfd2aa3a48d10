"""Verifying a sealed generation: what is on disk is what was planned."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from engines.base import EngineError, Expected, GenerationRejected
from engines.embedded.file import GenerationFile
from engines.embedded.index import Index
from engines.embedded.load import read_index


def verify_steps(path: Path, expected: Expected, digests: Mapping[int, bytes]) -> Iterator[None]:
    """Read a sealed file back in small steps: all parts of the index, the counts, and the documents whose
    digests are given by rank. Raises GenerationRejected.
    """
    try:
        file = GenerationFile.open(path)
        try:
            yield from _compare(file, expected, digests)
        finally:
            file.close()
    except EngineError as error:
        raise GenerationRejected(f"what was built is not what was planned: {error}") from error


def _compare(file: GenerationFile, expected: Expected, digests: Mapping[int, bytes]) -> Iterator[None]:
    if file.count() != expected.documents:
        raise GenerationRejected(f"{file.count()} documents instead of {expected.documents}")
    for index in read_index(file):
        yield None
        if index is not None:
            _compare_scopes(index, expected)
    for rank, digest in digests.items():
        yield None
        if [stored.digest for stored in file.stored(rank, rank + 1)] != [digest]:
            raise GenerationRejected(f"the document of rank {rank} differs from what was added")


def _compare_scopes(index: Index, expected: Expected) -> None:
    scopes = index.column("scopes")
    counted = {
        str(scopes.value(ordinal)): len(scopes.postings.one(ordinal)) for ordinal in range(len(scopes.values))
    }
    for scope in sorted(counted.keys() | expected.per_scope.keys()):
        found, wanted = counted.get(scope, 0), expected.per_scope.get(scope, 0)
        if found != wanted:
            raise GenerationRejected(f"{found} documents of scope {scope} instead of {wanted}")
