"""A mined project: on one topic fewer report problems from a day on, on one they are back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import mining
from tests.support import builders
from tests.support.builders import day

WEEKS = 48
MENDED, BACK, STEADY, SMALL = "t001", "t002", "t003", "t009"
MENDED_ON, BACK_ON = day(32 * 7), day(16 * 7)
TOPICS = {f"t00{n}": f"Part {n}" for n in range(1, 10)}
NOW = datetime(2027, 3, 1, tzinfo=UTC)
STAFF = "m_theteamaaa"


def mined(folder: Path) -> Project:
    """Store the posts with topics and tags, and mine what is counted of them."""
    project = open_project(folder / "project", {"digest": {"product": "Inkwren"}})
    for name, frame in tables().items():
        project.store.append(name, frame)
    run = Run(project, started_at=NOW)
    run.step(mining.SIGNALS)
    run.step(mining.INSIGHT)
    return project


def tables() -> dict[str, pl.DataFrame]:
    """Return posts of two days of each week, each of a member of its own who reports a bug."""
    rows = [
        {"topic": topic, "week": week, "n": n}
        for topic in TOPICS
        for week in range(WEEKS)
        for n in range(_how_many(topic, week))
    ]
    ids = [f"forum:{row['topic']}-{row['week']}-{row['n']}" for row in rows]
    posts = [_post(post_id, row) for post_id, row in zip(ids, rows, strict=True)]
    posts += [_reply(), _quiet()]
    every = [*ids, "forum:reply", "forum:quiet"]
    return {
        "posts": builders.posts(*posts),
        "texts": builders.texts(
            *({"post_id": p["post_id"], "text": str(p["body"])} for p in posts)
        ),
        "topics": builders.topics(**TOPICS),
        "assignments": builders.assignments(
            **{post_id: str(row["topic"]) for post_id, row in zip(ids, rows, strict=True)}
        ),
        "tags": builders.tags(
            *({"post_id": post_id, "kinds": ["bug"], "sentiment": "negative"} for post_id in every)
        ),
    }


def _how_many(topic: str, week: int) -> int:
    """Return how many report a problem in a week: three, and of what was mended a sixth."""
    is_mended = topic == MENDED and week >= 32
    is_away = topic == BACK and 16 <= week < 24
    if topic == SMALL:
        return int(week % 12 == 3)
    return int(week % 2 == 0) if is_mended or is_away else 3


def _post(post_id: str, row: dict[str, object]) -> dict[str, object]:
    return {
        "post_id": post_id,
        "thread_id": post_id,
        "author_id": f"m_{post_id[6:]}",
        "created_at": day(7 * int(str(row["week"])) + int(str(row["n"]))),
        "title": f"It fails, {post_id}",
        "body": f"The {TOPICS[str(row['topic'])]} fails after case {post_id}.",
        "url": f"https://forum.example/{post_id}",
    }


def _reply() -> dict[str, object]:
    """Return what the team wrote to the first who reported it, after it was mended."""
    return {
        "post_id": "forum:reply",
        "thread_id": f"forum:{MENDED}-0-0",
        "author_id": STAFF,
        "author_role": "staff",
        "created_at": day(33 * 7),
        "body": "It is mended.",
    }


def _quiet() -> dict[str, object]:
    """Return the last post, which is about nothing, so that the last week is whole."""
    return {
        "post_id": "forum:quiet",
        "author_id": "m_quiet",
        "created_at": day(WEEKS * 7 - 0.01),
        "body": "Good evening to all.",
    }
