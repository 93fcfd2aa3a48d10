"""Durations as people write them: `30s`, `10m`, `1h`, `2d`, `1h30m`."""

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> float:
    """Read a duration in seconds, from text or from a number of seconds.

    Raises ValueError that names the allowed form.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError('a duration such as "30s", "10m", "1h" or "1h30m" is expected')
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
