"""How much memory this process takes."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_OWN = "RssAnon:"


def peak_bytes() -> int:
    """Give the most that the process has held in memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def own_bytes() -> int:
    """Give what the process holds now, pages of mapped files left out; its peak where none tells it."""
    lines = _STATUS.read_text().splitlines() if _STATUS.exists() else []
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(_OWN)]
    return found[0] if found else peak_bytes()
