"""What a run did as OpenMetrics text, for whatever draws curves and rings bells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from prometheus_client import CollectorRegistry, Enum, Gauge, Info
from prometheus_client.openmetrics.exposition import generate_latest

from feedbackminer.engine.ledger import Row

STATUSES = ("ok", "warning", "unknown")


def exposition(
    run_id: str,
    steps: Sequence[Row],
    checks: pl.DataFrame,
    *,
    n_posts: int | None,
    failed: bool,
    version: str,
    ended_at: datetime,
) -> str:
    """Return the metrics of a run; what is not known has no line, rather than a 0.

    Args:
        steps: those it did, as the ledger tells of them.
        checks: the rows of ``health`` that hold for it.
        n_posts: posts in the store; None: it could not be read.
    """
    registry = CollectorRegistry()
    run = Info("feedbackminer_run", "What ran.", registry=registry)
    run.info({"run_id": run_id, "version": version})
    _gauge(registry, "run_failed", "1 where the run did not come to its end.").set(failed)
    ended = _gauge(registry, "run_end_timestamp_seconds", "When the run ended.")
    ended.set(ended_at.timestamp())
    if n_posts is not None:
        _gauge(registry, "posts", "Posts in the store.").set(n_posts)
    _put_stages(registry, steps)
    _put_checks(registry, checks)
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


def _put_stages(registry: CollectorRegistry, steps: Sequence[Row]) -> None:
    labels = ("stage", "source")
    rows_in = _gauge(registry, "stage_rows_in", "Rows that came into a stage.", *labels)
    rows_out = _gauge(registry, "stage_rows_out", "Rows that went on.", *labels)
    dropped = _gauge(registry, "stage_rows_dropped", "Rows set aside.", *labels, "reason")
    seconds = _gauge(registry, "stage_duration_seconds", "How long a stage took.", *labels)
    reused = _gauge(registry, "stage_reused", "1 where it was done before.", *labels)
    for step in steps:
        stage = step["stage"], step["source"]
        rows_in.labels(*stage).inc(step["rows_in"])  # a source that was tried again has several
        rows_out.labels(*stage).inc(step["rows_out"])
        seconds.labels(*stage).inc(step["seconds"])
        reused.labels(*stage).set(step["reused"])
        for reason, count in step["dropped"].items():
            dropped.labels(*stage, reason).inc(count)


def _put_checks(registry: CollectorRegistry, checks: pl.DataFrame) -> None:
    gauges = {
        "value": _gauge(registry, "health_value", "What a check found.", "check"),
        "low": _gauge(registry, "health_low", "The least that is usual.", "check"),
        "high": _gauge(registry, "health_high", "The most that is usual.", "check"),
    }
    status = Enum(
        "feedbackminer_health_status", "How a check ended.", ("check",),
        states=STATUSES, registry=registry,
    )  # fmt: skip
    for row in checks.to_dicts():
        status.labels(row["check"]).state(row["status"])
        for column, gauge in gauges.items():
            if row[column] is not None:
                gauge.labels(row["check"]).set(row[column])


def _gauge(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Gauge:
    return Gauge(f"feedbackminer_{name}", documentation, labels, registry=registry)
