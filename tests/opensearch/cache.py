"""Where fetched things are kept from one run to the next."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

from filelock import FileLock

from tests.opensearch.account import Account, open_to
from tests.opensearch.unavailable import Unavailable, in_plain_words


def cache_folder(account: Account | None, name: str = "opensearch") -> Path:
    """The first place that is ours alone to write and that the server's account may read; in it, `name`.

    `$XDG_CACHE_HOME/ims-catalog`, `~/.cache/ims-catalog`; for root, whose home is closed to others,
    `/var/cache/ims-catalog`; else a folder among the temporary ones.
    """
    tried = []
    for place in _places():
        folder = place / name
        try:
            hindrance = _hindrance(place, folder, account)
        except OSError as error:
            hindrance = error.strerror or str(error)
        if hindrance is None:
            return folder
        tried.append(f"{folder}: {hindrance}")
    raise Unavailable("No folder for the server was found:\n  " + "\n  ".join(tried))


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, filled by `make` if it is not there yet; whole or absent, whoever asks at the same time.

    Raises Unavailable if it cannot be filled, and leaves nothing of it.
    """
    with in_plain_words(f"{folder} could not be filled"), FileLock(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            half = folder.with_name(f"{folder.name}.half")
            rmtree(half, ignore_errors=True)
            try:
                half.mkdir()
                make(half)
                _open_to_all(half)
                half.rename(folder)
            finally:
                rmtree(half, ignore_errors=True)
    return folder


def _places() -> Iterator[Path]:
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        yield Path(named) / "ims-catalog"
    home = _home()
    if home:
        yield home / ".cache" / "ims-catalog"
    if os.geteuid() == 0:
        yield Path("/var/cache/ims-catalog")
    yield Path(tempfile.gettempdir()) / f"ims-catalog-{os.geteuid()}"


def _home() -> Path | None:
    """None for a user whom neither HOME nor the system gives one."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def _hindrance(place: Path, folder: Path, account: Account | None) -> str | None:
    """Make both folders if they are missing, and tell what speaks against them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for part in (place, folder):
        # Closed to others from its beginning, whatever the umask.
        part.mkdir(mode=0o755, exist_ok=True)
        if part.lstat().st_uid != os.geteuid() or part.stat().st_uid != os.geteuid():
            return f"{part} belongs to another user"
        if stat.S_IMODE(part.stat().st_mode) & 0o022:
            return f"others may write in {part}"
    if account:
        for part in (place, folder):
            part.chmod(0o755)
    if not os.access(folder, os.W_OK):
        return "not writable"
    return None if open_to(account, folder) else "closed to the user who runs the server"


def _open_to_all(folder: Path) -> None:
    """Read for everybody, whatever the umask: another user runs the server."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
