"""How long tests that draw their cases go on: so that all tests end soon, or with SOAK=1 for hours."""

import os

from hypothesis import HealthCheck, Phase, settings

SOAKING = os.environ.get("SOAK", "") not in {"", "0"}

PATIENCE = 4 * 3600.0 if SOAKING else 120.0
"""Seconds that such a test may take."""


def drawn(examples: int, steps: int, *, soaking: tuple[int, int]) -> settings:
    """Draw so many examples of so many steps, the same ones in every run; when soaking others each time."""
    if SOAKING:
        examples, steps = soaking
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not SOAKING,
        database=None,
        print_blob=SOAKING,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
