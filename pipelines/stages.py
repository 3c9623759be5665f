"""The stages of mining as the flows run them: in their order, each with its time limit."""

from __future__ import annotations

from feedbackminer.steps import mining

HOUR = 3600
STAGES = {stage.name: stage for stage in mining.STAGES}
# What an hourly check wants of new posts; key points, claims and the rest wait for the night.
FRESH = ("clean", "embed", "topics", "tag", "signals")
_LIMITS = {"embed": 12 * HOUR, "tag": 4 * HOUR}


def time_limit(stage: str) -> int:
    """Return the seconds after which a stage is taken to hang: two hours for most."""
    return _LIMITS.get(stage, 2 * HOUR)
