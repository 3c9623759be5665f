"""A community of 240 posts on six subjects, for what happens to its topics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.tables import Corrections, column_types
from feedbackminer.topics.previous import Known
from feedbackminer.topics.result import Found
from feedbackminer.topics.stage import find_topics
from feedbackminer.vectors import Matrix, unit
from tests.support.builders import texts

SUBJECTS = ("battery drain", "pdf export", "dark theme", "tablet sync", "shared calendar", "login")
EACH = 40


def community(
    *subjects: int, each: int = EACH, seed: int = 0, wide: float = 0.25
) -> tuple[list[str], Matrix]:
    """Return posts on some subjects: each subject is an axis, each post lies around it."""
    middle = np.repeat(np.eye(32, dtype=np.float32)[list(subjects)], each, axis=0)
    noise = np.random.default_rng(seed).normal(0, wide / 4, middle.shape)
    said = [f"the {SUBJECTS[s % 6]} number {n} again" for s in subjects for n in range(each)]
    return said, unit((middle + noise).astype(np.float32))


def find(
    *parts: tuple[list[str], Matrix], before: Found | None = None, seed: int = 1, **more: Any
) -> Found:
    said = [text for part in parts for text in part[0]]
    told = texts(*({"post_id": f"p{n:04d}", "text": text} for n, text in enumerate(said)))
    corrected = more.pop("corrections", None)
    known = (
        Known() if before is None else Known(before.topics, before.vocabulary, before.assignments)
    )
    if corrected is not None:
        known = Known(known.topics, known.vocabulary, known.assignments, corrected)
    return find_topics(
        told,
        np.vstack([part[1] for part in parts]),
        told["post_id"],
        known,
        settings=TopicSettings(seed=seed, **more.pop("settings", {})),
        encoder=more.pop("encoder", "axes"),
        run_id=f"run of {len(told)}",
        **more,
    )


def topic_of(found: Found) -> dict[str, str]:
    return dict(found.assignments.select("post_id", "topic_id").iter_rows())


def corrected(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = {"to": "", "parts": [], "centroids": [], "encoder": "axes", "undone": False}
    dated = {"made_at": datetime(2026, 1, 1, tzinfo=UTC)}
    told = [plain | dated | {"number": n} | row for n, row in enumerate(rows, 1)]
    return pl.DataFrame(told, schema=column_types(Corrections))


EVERYBODY = community(0, 1, 2, 3, 4, 5)
