"""The metrics of a run are OpenMetrics: a parser that is not ours reads them."""

from __future__ import annotations

from typing import Any

import polars as pl
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from feedbackminer.engine.openmetrics import exposition
from feedbackminer.tables import Health, check, column_types
from tests.support.builders import day

Sample = tuple[str, tuple[str, ...]]


def steps(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    plain = {
        "run_id": "r1", "source": "", "fingerprint": "f", "reused": False, "rows_in": 0,
        "rows_out": 0, "dropped": {}, "seconds": 0.0, "settings_hash": "s", "code_version": "1",
        "models": {}, "reads": {}, "writes": {}, "notices": [], "finished_at": day(0),
    }  # fmt: skip
    return [plain | {"run_id": f"r1-{number}"} | row for number, row in enumerate(rows)]


def checks(*rows: dict[str, Any]) -> pl.DataFrame:
    told = [{"run_id": "r1", "detail": "", "checked_at": day(0), **row} for row in rows]
    return check(pl.DataFrame(told, schema=column_types(Health)), Health, where="test")


def parsed(
    steps_: list[dict[str, Any]],
    checks_: pl.DataFrame,
    *,
    n_posts: int | None = 12,
    failed: bool = False,
) -> dict[Sample, float]:
    text = exposition(
        "r1", steps_, checks_, n_posts=n_posts, failed=failed, version="9.9", ended_at=day(1)
    )
    return {
        (
            sample.name.removeprefix("feedbackminer_"),
            tuple(sorted(sample.labels.values())),
        ): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def test_a_run_says_what_it_is_and_how_it_ended() -> None:
    found = parsed(steps(), checks())
    assert found["run_info", ("9.9", "r1")] == 1
    assert found["run_failed", ()] == 0
    assert found["run_end_timestamp_seconds", ()] == day(1).timestamp()
    assert found["posts", ()] == 12
    assert parsed(steps(), checks(), failed=True)["run_failed", ()] == 1


def test_rows_are_told_by_stage_source_and_reason() -> None:
    collect = {"stage": "collect", "source": "forum", "rows_in": 10, "rows_out": 7}
    clean = {"stage": "clean", "rows_in": 7, "rows_out": 7, "reused": True}
    found = parsed(steps(collect | {"dropped": {"empty": 3}, "seconds": 1.5}, clean), checks())
    assert found["stage_rows_in", ("collect", "forum")] == 10
    assert found["stage_rows_out", ("collect", "forum")] == 7
    assert found["stage_rows_dropped", ("collect", "empty", "forum")] == 3
    assert found["stage_duration_seconds", ("collect", "forum")] == 1.5
    assert found["stage_reused", ("collect", "forum")] == 0
    assert found["stage_reused", ("", "clean")] == 1


def test_a_source_that_was_tried_again_counts_once_with_all_its_rows() -> None:
    attempt = {"stage": "collect", "source": "forum", "rows_in": 10, "rows_out": 10}
    found = parsed(steps(attempt, attempt | {"rows_in": 5, "rows_out": 5}), checks())
    assert found["stage_rows_in", ("collect", "forum")] == 15


def test_checks_tell_value_range_and_status() -> None:
    warned = {"check": "unsorted_share", "value": 0.6, "low": 0.1, "high": 0.2, "status": "warning"}
    found = parsed(steps(), checks(warned))
    told = [found[f"health_{what}", ("unsorted_share",)] for what in ("value", "low", "high")]
    assert told == [0.6, 0.1, 0.2]
    assert found["health_status", ("unsorted_share", "warning")] == 1
    assert found["health_status", ("ok", "unsorted_share")] == 0


def test_what_is_not_known_has_no_line_rather_than_a_0() -> None:
    unknown = {"check": "unsorted_share", "status": "unknown"}
    found = parsed(steps(), checks(unknown), n_posts=None)
    assert found["health_status", ("unknown", "unsorted_share")] == 1
    assert not any(name in ("posts", "health_value", "health_low") for name, _ in found)


def test_any_source_and_reason_can_be_told() -> None:
    odd = 'a "b"\\c\nd'
    row = {"stage": "collect", "source": odd, "rows_in": 1, "rows_out": 1}
    assert parsed(steps(row), checks())["stage_rows_in", tuple(sorted(("collect", odd)))] == 1
