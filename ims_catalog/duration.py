"""Durations as people write them: `30s`, `10m`, `1h`, `2d`, `1h30m`."""

import math
import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> float:
    """Read a duration in seconds, from text or from a number of seconds; it is longer than none.

    Raises ValueError that names the allowed form.
    """
    found = _read(value)
    if found is None or not 0 < found < math.inf:
        raise ValueError('a duration such as "30s", "10m", "1h" or "1h30m" is expected')
    return found


def _read(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
