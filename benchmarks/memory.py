"""How much memory this process takes."""

import resource
import sys
from pathlib import Path

_OWN = "RssAnon:"


def peak_bytes() -> int:
    """Give the most that the process has held in memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def own_bytes(process: int | None = None) -> int:
    """Give what a process holds now, this one if none is named, pages of mapped files left out.

    Where no system tells it, the peak of this process, and 0 for another.
    """
    status = Path(f"/proc/{process or 'self'}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(_OWN)]
    if found:
        return found[0]
    return peak_bytes() if process is None else 0
