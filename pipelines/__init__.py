"""Prefect flows: they compose the steps of ``feedbackminer.steps`` and hold no logic."""
