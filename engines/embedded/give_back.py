"""`give_back`: memory that is no longer used goes back to the system at once."""

import ctypes


def give_back() -> None:
    """Return what the C library keeps of freed memory, where it can: glibc keeps as much as an index takes.

    See malloc_trim(3). Other libraries return it by themselves, or not at all.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
