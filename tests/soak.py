"""How long tests that draw their cases go on: so that all tests end soon, or with SOAK=1 for hours."""

import os

from hypothesis import HealthCheck, Phase, settings

SOAKING = os.environ.get("SOAK", "") not in {"", "0"}

PATIENCE = 4 * 3600.0 if SOAKING else 120.0
"""Seconds that such a test may take."""


def drawn(examples: int, steps: int, *, soaking: tuple[int, int]) -> settings:
    """Draw so many examples of so many steps, `soaking` so many then; a seed makes them the same."""
    if SOAKING:
        examples, steps = soaking
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=SOAKING,
        # Making a failure small takes longer than a test may.
        phases=(Phase.generate, Phase.shrink) if SOAKING else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
