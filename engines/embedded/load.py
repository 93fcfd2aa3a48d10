"""Loading a generation: its file opened, all parts read and checked, the index put together. In small steps,
so that requests are answered between them.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from engines.base import DamagedGeneration, ForeignGeneration
from engines.embedded.file import GenerationFile, file_of
from engines.embedded.index import Index, index_steps
from engines.embedded.pointer import Published
from engines.embedded.reader import EmbeddedReader
from engines.generation import parse_generation
from mappings.schema import SCHEMA


def load_steps(folder: Path, published: Published) -> Generator[EmbeddedReader | None, None, None]:
    """Load a generation step by step; what comes last is its reader.

    Raises GenerationGone, DamagedGeneration, ForeignGeneration or EngineUnavailable.
    """
    schema = parse_generation(published.name).schema
    if schema != SCHEMA:
        raise ForeignGeneration(
            f"{published.name} was written with schema {schema}, this version has {SCHEMA}:"
            " run `ims-catalog reindex` with this version, or serve with the one that wrote it"
        )
    file = open_published(folder, published)
    try:
        index = None
        for each in read_index(file):
            index = each
            yield None
    except BaseException:
        file.close()
        raise
    yield EmbeddedReader(file, index) if index is not None else None


def open_published(folder: Path, published: Published) -> GenerationFile:
    """Open a file that the pointer tells of. Raises as `load_steps` does."""
    path = file_of(folder, published.name)
    file = GenerationFile.open(path)
    try:
        found = Published(file.generation, file.size, file.checksum())
        if found.name != published.name:
            raise DamagedGeneration(f"{path} holds the generation {found.name}, not {published.name}")
        if found != published:
            raise DamagedGeneration(f"{path} is not the file that was published as {published.name}")
    except BaseException:
        file.close()
        raise
    return file


def read_index(file: GenerationFile) -> Iterator[Index | None]:
    """Read the index of a file step by step; what comes last is the index. Raises DamagedGeneration."""
    pieces: defaultdict[str, list[bytes]] = defaultdict(list)
    for part, data in file.slices():
        pieces[part].append(data)
        yield None
    parts: dict[str, bytes] = {}
    joined = 0
    for part in list(pieces):
        parts[part] = b"".join(pieces.pop(part))
        joined += len(parts[part])
        if joined >= _JOINED:
            joined = 0
            yield None
    try:
        for index in index_steps(parts, file.documents):
            if index is not None:
                _check_lengths(index)
            yield index
    except (LookupError, ValueError, TypeError, OverflowError) as error:
        raise DamagedGeneration(f"{file.generation}: the index does not fit together: {error}") from error


_JOINED = 1 << 20
"""Bytes that are put together in one step, or one part."""


def _check_lengths(index: Index) -> None:
    """Raise ValueError where documents are numbered that are none, or not numbered."""
    if len(index.ranks) != index.size or (np.bincount(index.ranks, minlength=index.size) != 1).any():
        raise ValueError(f"{len(index.ranks)} numbers of {index.size} documents")
    for name, column in index.columns.items():
        if column.forward is not None and len(column.forward) != index.size:
            raise ValueError(f"{name} of {len(column.forward)} documents instead of {index.size}")
        if column.present and column.present.max() >= index.size:
            raise ValueError(f"{name} of a document behind the last")
