"""Where fetched things are kept from one run to the next."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

from filelock import FileLock

from tests.opensearch.account import Account, open_to
from tests.opensearch.unavailable import Unavailable


def cache_folder(account: Account | None) -> Path:
    """The first place that is ours to write and that the server's account may read.

    `$XDG_CACHE_HOME/ims-catalog`, `~/.cache/ims-catalog`; for root, whose home is closed to others,
    `/var/cache/ims-catalog`; else a folder among the temporary ones.
    """
    tried = []
    for place in _places():
        folder = place / "opensearch"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if account:
                place.chmod(0o755)
                folder.chmod(0o755)
        except OSError as error:
            tried.append(f"{folder}: {error.strerror}")
            continue
        status = folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            tried.append(f"{folder}: others may write there")
        elif not os.access(folder, os.W_OK):
            tried.append(f"{folder}: not writable")
        elif not open_to(account, folder):
            tried.append(f"{folder}: closed to the user who runs the server")
        else:
            return folder
    raise Unavailable("No folder for the server was found:\n  " + "\n  ".join(tried))


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, filled by `make` if it is not there yet; whole or absent, whoever asks at the same time."""
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            half = folder.with_name(f"{folder.name}.half")
            rmtree(half, ignore_errors=True)
            half.mkdir()
            make(half)
            _open_to_all(half)
            half.rename(folder)
    return folder


def _places() -> Iterator[Path]:
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        yield Path(named) / "ims-catalog"
    yield Path.home() / ".cache" / "ims-catalog"
    if os.geteuid() == 0:
        yield Path("/var/cache/ims-catalog")
    yield Path(tempfile.gettempdir()) / f"ims-catalog-{os.geteuid()}"


def _open_to_all(folder: Path) -> None:
    """Read for everybody, whatever the umask: another user runs the server."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
