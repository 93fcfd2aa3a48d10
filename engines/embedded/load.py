"""Loading a generation: its file opened, all parts read and checked, the index put together. In small steps,
so that requests are answered between them.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

from engines.base import DamagedGeneration, ForeignGeneration
from engines.embedded.file import GenerationFile
from engines.embedded.index import Index, index_steps
from engines.embedded.pointer import Pointer
from engines.embedded.reader import EmbeddedReader
from mappings.schema import SCHEMA


def load_steps(path: Path, expected: Pointer | None) -> Generator[EmbeddedReader | None, None, None]:
    """Load a generation step by step; what comes last is its reader.

    `expected` is what the pointer says of it, if it does. Raises GenerationGone, DamagedGeneration,
    ForeignGeneration or EngineUnavailable.
    """
    if expected is not None and expected.schema != SCHEMA:
        raise ForeignGeneration(_other_schema(expected.name, expected.schema))
    file = GenerationFile.open(path)
    try:
        if file.schema != SCHEMA:
            raise ForeignGeneration(_other_schema(file.generation, file.schema))
        if expected is not None:
            _compare(file, path, expected)
        index = None
        for each in read_index(file):
            index = each
            yield None
    except BaseException:
        file.close()
        raise
    yield EmbeddedReader(file, index) if index is not None else None


def read_index(file: GenerationFile) -> Iterator[Index | None]:
    """Read the index of a file step by step; what comes last is the index. Raises DamagedGeneration."""
    pieces: defaultdict[str, list[bytes]] = defaultdict(list)
    for part, data in file.slices():
        pieces[part].append(data)
        yield None
    parts: dict[str, bytes] = {}
    for part in list(pieces):
        parts[part] = b"".join(pieces.pop(part))
    yield None
    try:
        yield from index_steps(parts, file.documents)
    except (KeyError, ValueError) as error:
        raise DamagedGeneration(f"{file.generation}: the index does not fit together: {error}") from error


def _compare(file: GenerationFile, path: Path, expected: Pointer) -> None:
    if file.generation != expected.name:
        raise DamagedGeneration(f"{path} holds the generation {file.generation}, not {expected.name}")
    if path.stat().st_size != expected.size or file.checksum() != expected.checksum:
        raise DamagedGeneration(f"{path} is not the file that was published as {expected.name}")


def _other_schema(generation: str, schema: str) -> str:
    return (
        f"{generation} was written with schema {schema}, this version has {SCHEMA}:"
        " run `ims-catalog reindex` with this version, or serve with the one that wrote it"
    )
