"""The checks: what is planted is seen, chance is not, and too little is never judged."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from feedbackminer.health.checks import CHECKS
from feedbackminer.health.weeks import Recent
from feedbackminer.vocabulary.tags import CHECKS as NAMES
from tests.support.weekly_community import END, WEEKLY, WEEKS, community

TOLERANCE = 3.0
STEADY = (WEEKLY,) * (WEEKS - 1)


def status(name: str, recent: Recent) -> str:
    return CHECKS[name](recent, TOLERANCE).status


def silent_since(recent: Recent, days: float, source: str = "forum") -> Recent:
    """Cut a source off so many days before the end."""
    spoken = (pl.col("source") != source) | (pl.col("created_at") < END - timedelta(days=days))
    return replace(recent, posts=recent.posts.filter(spoken))


def test_every_check_that_settings_can_name_exists() -> None:
    assert tuple(CHECKS) == NAMES


class TestPlanted:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize(
        ("name", "drift"),
        [
            ("language_mix", {"foreign": 0.5}),
            ("dropped_share", {"foreign": 0.5}),
            ("unsorted_share", {"unsorted": 0.4}),
            ("unsure_share", {"unsure": 1.0}),
            ("embedding_drift", {"elsewhere": 0.5}),
            ("posts_per_day", {"weekly": (2 * WEEKLY, *STEADY)}),
            ("posts_per_day", {"weekly": (WEEKLY // 2, *STEADY)}),
        ],
    )
    def test_a_drift_is_seen(self, name: str, drift: dict[str, object], seed: int) -> None:
        assert status(name, community(seed=seed, **drift)) == "warning"  # type: ignore[arg-type]

    def test_a_source_that_is_cut_off_is_named_with_its_silence(self) -> None:
        reading = CHECKS["silent_source"](silent_since(community(), 4), TOLERANCE)
        assert reading.status == "warning"
        assert reading.detail.startswith("forum is silent for 4.")

    def test_one_silent_source_is_seen_beside_one_that_posts(self) -> None:
        recent = community()
        shared = recent.posts.with_columns(
            source=pl.Series(["mail" if n % 2 else "forum" for n in range(len(recent.posts))])
        )
        both = replace(recent, posts=shared)
        assert status("silent_source", both) == "ok"
        assert status("silent_source", silent_since(both, 5, "mail")) == "warning"
        once_imported = replace(both, sources=("forum",))
        assert status("silent_source", silent_since(once_imported, 5, "mail")) == "ok"

    def test_what_moved_most_is_said(self) -> None:
        reading = CHECKS["language_mix"](community(foreign=0.5), TOLERANCE)
        assert re.search(r"fr [456]\d% \(before [123]%\)", reading.detail)


class TestChance:
    def test_steady_weeks_are_hardly_ever_called_unusual(self) -> None:
        runs = 100
        warned: Counter[str] = Counter()
        for seed in range(runs):
            weekly = np.random.default_rng(seed).poisson(WEEKLY, WEEKS).tolist()
            recent = community(weekly, seed=seed)
            warned.update(name for name in CHECKS if status(name, recent) == "warning")
        print(f"\n{dict(warned)} of {runs}")
        assert all(warned[name] <= 0.02 * runs for name in CHECKS), warned

    def test_a_tiny_community_is_not_alarmed_by_a_busy_week(self) -> None:
        for seed in range(50):
            weekly = np.random.default_rng(seed).poisson(2, WEEKS).tolist()
            assert status("posts_per_day", community([6, *weekly[1:]], seed=seed)) == "ok"

    @pytest.mark.parametrize("seed", range(5))
    def test_a_quiet_week_is_not_taken_for_another_subject(self, seed: int) -> None:
        assert status("embedding_drift", community((20, *STEADY), seed=seed)) == "ok"

    def test_a_weekend_is_no_silence(self) -> None:
        recent = community()
        workdays = recent.posts.filter(pl.col("created_at").dt.weekday() <= 5)
        monday = replace(recent, posts=workdays)  # the end is a Monday, 0:00
        assert END.isoweekday() == 1
        assert status("silent_source", monday) == "ok"


class TestTooLittle:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("weekly", [(), (5,), (WEEKLY,) * 3], ids=["none", "5", "3 weeks"])
    def test_nothing_is_said_of_it(self, name: str, weekly: tuple[int, ...]) -> None:
        reading = CHECKS[name](community(weekly), TOLERANCE)
        assert reading.status == "unknown"
        assert reading.value != reading.value  # nan, never 0
        assert reading.detail

    @pytest.mark.parametrize(
        "name", [n for n in NAMES if n not in ("posts_per_day", "silent_source")]
    )
    def test_shares_of_a_dozen_posts_are_not_judged(self, name: str) -> None:
        assert status(name, community((12, *STEADY), foreign=1, unsorted=1)) == "unknown"


def test_the_order_of_rows_changes_nothing() -> None:
    recent = community(foreign=0.3)
    shuffled = replace(recent, posts=recent.posts.sample(fraction=1, shuffle=True, seed=1))
    for name, one in CHECKS.items():
        assert one(shuffled, TOLERANCE) == pytest.approx(one(recent, TOLERANCE)), name


def test_a_wider_tolerance_calls_more_usual() -> None:
    recent = community((round(1.7 * WEEKLY), *STEADY))
    strict, mild = (CHECKS["posts_per_day"](recent, tolerance) for tolerance in (1.0, 10.0))
    assert (strict.status, mild.status) == ("warning", "ok")
    assert mild.low < strict.low < strict.high < mild.high
