"""The stages of mining as the flows run them: their order, their functions, their time limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import MINING, Outcome
from feedbackminer.steps import mining

HOUR = 3600
STAGES: Mapping[str, Callable[[Run], Outcome]] = MappingProxyType(
    {name: getattr(mining, name) for name in MINING}
)
_LIMITS = {"embed": 12 * HOUR, "tag": 4 * HOUR}


def time_limit(stage: str) -> int:
    """Return the seconds after which a stage is taken to hang: two hours for most."""
    return _LIMITS.get(stage, 2 * HOUR)
