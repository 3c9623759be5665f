"""How often weeks of two real forums would have been called unusual, by what needs no encoder."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from feedbackminer.health.checks import CHECKS
from feedbackminer.health.weeks import MICROSECOND, WEEK, Recent
from feedbackminer.settings.sections import DriftSettings
from tests.support.command import SHARED

SETTINGS = DriftSettings()
FORUMS = [SHARED / name for name in ("openenergymonitor_forum", "urho3d_forum")]

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not FORUMS[0].exists(), reason=f"no real corpora at {SHARED}"),
]


def read_moments(forum: Path) -> pl.DataFrame:
    with gzip.open(forum / "posts.jsonl.gz", "rt", encoding="utf-8") as lines:
        moments = [json.loads(line)["created_at"] for line in lines]
    parsed = pl.Series(moments).str.to_datetime(time_zone="UTC", time_unit="us")
    return pl.DataFrame({"source": [forum.name] * len(moments), "created_at": parsed}).drop_nulls()


@pytest.mark.parametrize("forum", FORUMS, ids=lambda forum: forum.name)
def test_at_most_one_week_in_fifty_is_called_unusual(forum: Path) -> None:
    posts = read_moments(forum)
    first, last = posts["created_at"].sort()[[0, -1]]
    whole = (last - first) // WEEK
    age = ((pl.lit(last) - pl.col("created_at")).dt.total_microseconds()) // (WEEK // MICROSECOND)
    posts = posts.with_columns(week=age)
    warned: Counter[str] = Counter()
    for latest in range(whole - 12):
        n_weeks = min(SETTINGS.history, whole - latest - 1)
        shown = posts.filter(pl.col("week").is_between(latest, latest + n_weeks))
        shown = shown.with_columns(week=pl.col("week") - latest)
        nothing = np.zeros((0, 1), np.float32), np.zeros(0, np.int64)
        recent = Recent(shown, *nothing, last + MICROSECOND - latest * WEEK, n_weeks)
        for name in ("posts_per_day", "silent_source"):
            warned[name] += CHECKS[name](recent, SETTINGS.tolerance).status == "warning"
    print(f"\n{forum.name}: {dict(warned)} of {whole - 12} weeks")
    assert all(count <= 0.02 * whole for count in warned.values())
