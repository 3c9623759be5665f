"""A community of 240 posts on six subjects, for what happens to its topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.tables import Corrections, column_types
from feedbackminer.topics.corpus import TopicInput
from feedbackminer.topics.previous import TopicTables
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix, unit
from tests.support.builders import texts

SUBJECTS = ("battery drain", "pdf export", "dark theme", "tablet sync", "shared calendar", "login")
EACH = 40


def community(
    *subjects: int, each: int = EACH, seed: int = 0, wide: float = 0.25
) -> tuple[list[str], Matrix]:
    """Return posts on some subjects: each subject is an axis, each post lies around it."""
    axes = np.repeat(np.eye(32, dtype=np.float32)[list(subjects)], each, axis=0)
    noise = np.random.default_rng(seed).normal(0, wide / 4, axes.shape)
    passages = [f"the {SUBJECTS[s % 6]} number {n} again" for s in subjects for n in range(each)]
    return passages, unit((axes + noise).astype(np.float32))


def posts_of(
    passages: Sequence[str],
    vectors: Matrix,
    threads: Sequence[str] | None = None,
    **segments: Any,
) -> TopicInput:
    """Return posts p0000, p0001, …, each in a thread of its own unless told otherwise."""
    table = texts(*({"post_id": f"p{n:04d}", "text": text} for n, text in enumerate(passages)))
    of_thread = table["post_id"] if threads is None else pl.Series(threads, dtype=pl.String)
    return TopicInput(table, vectors, of_thread, **segments)


def tables_of(result: TopicResult | None, corrections: pl.DataFrame | None = None) -> TopicTables:
    """Return what a run left, and what people have said since."""
    tables = TopicTables()
    if result is not None:
        tables = TopicTables(result.topics, result.vocabulary, result.assignments)
    return tables if corrections is None else replace(tables, corrections=corrections)


def find(
    *parts: tuple[list[str], Matrix],
    before: TopicResult | None = None,
    corrections: pl.DataFrame | None = None,
    seed: int = 1,
    encoder: str = "axes",
    **more: Any,
) -> TopicResult:
    passages = [text for part in parts for text in part[0]]
    return find_topics(
        posts_of(passages, np.vstack([part[1] for part in parts])),
        tables_of(before, corrections),
        settings=TopicSettings(seed=seed, **more.pop("settings", {})),
        provenance=Provenance(encoder, f"run of {len(passages)}"),
        **more,
    )


def topic_of(result: TopicResult) -> dict[str, str]:
    return dict(result.assignments.select("post_id", "topic_id").iter_rows())


def corrected(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = {"to": "", "parts": [], "centroids": [], "encoder": "axes", "undone": False}
    dated = {"made_at": datetime(2026, 1, 1, tzinfo=UTC)}
    numbered = [plain | dated | {"number": n} | row for n, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=column_types(Corrections))


EVERYBODY = community(0, 1, 2, 3, 4, 5)
