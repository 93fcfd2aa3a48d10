"""Who runs the server: OpenSearch refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user without rights."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to switch to; None keeps the present one, which is not root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def open_to(account: Account | None, path: Path) -> bool:
    """Whether the account may pass every folder down to `path` and read there."""
    if account is None:
        return os.access(path, os.R_OK)
    real = path.resolve()
    return all(_grants(folder, account, 1) for folder in real.parents) and _grants(real, account, 4)


def _grants(path: Path, account: Account, right: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & right << 6)
    if status.st_gid == account.gid:
        return bool(status.st_mode & right << 3)
    return bool(status.st_mode & right)
