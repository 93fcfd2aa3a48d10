"""`Missing`: the images that a whole listing no longer shows, remembered by hash."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from indexer.fate import key_hash

NAMED = 1_000
"""So many of them are kept by key, so that some can be asked for."""

HASH_BYTES = 8


@dataclass(slots=True)
class Missing:
    """Images that a scope listed before and does not now: all by hash, the first of them by key."""

    hashes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Take one more, by ascending key."""
        self.hashes.append(key_hash(key))
        if len(self.keys) < NAMED:
            self.keys.append(key)

    @property
    def packed(self) -> bytes:
        """The hashes as the ledger keeps them: 8 bytes each, ascending."""
        return b"".join(one.to_bytes(HASH_BYTES) for one in sorted(self.hashes))

    @property
    def digest(self) -> str:
        """What two sets of missing images have in common exactly if they are the same."""
        return blake2b(self.packed, digest_size=16).hexdigest()


def unpacked(packed: bytes) -> frozenset[int]:
    """Read the hashes that the ledger keeps."""
    return frozenset(_each(packed))


def _each(packed: bytes) -> Iterator[int]:
    for start in range(0, len(packed), HASH_BYTES):
        yield int.from_bytes(packed[start : start + HASH_BYTES])
