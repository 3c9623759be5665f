"""A community of sixteen steady weeks, in which something may begin near the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.insight.alerts import Levels, Watch, levels_row, recent_facts
from feedbackminer.insight.stage import READS
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.tables import TABLES
from tests.support import builders
from tests.support.builders import day

N_DAYS = 112
END = day(N_DAYS)
TOPICS = {f"t{n:03}": f"topic {n}" for n in range(6)}
TROUBLE = "t002"
N_SHUFFLES = 100
Talk = list[dict[str, Any]]


def steady(*, seed: int = 3, threads: int = 430, days: float = N_DAYS) -> Talk:
    """Write threads on topics at random times; each draws one to five of 300 members."""
    rng = np.random.default_rng(seed)
    talk: Talk = []
    for thread in range(threads):
        topic, begin = f"t{rng.integers(len(TOPICS)):03}", rng.uniform(0, days)
        members = rng.choice(300, size=rng.integers(1, 6), replace=False)
        talk += _thread(f"s{thread}", topic, begin, [f"m{m}" for m in members])
    return [post for post in talk if post["created_at"] < day(days)]


def trouble(
    begin: float, *, members: int = 18, threads: int = 9, name: str = "x", body: str = ""
) -> Talk:
    """Write threads on one topic, from some day on, by members of their own."""
    each = members // threads
    talk: Talk = []
    for t in range(threads):
        who = [f"{name}{t}-{m}" for m in range(each)]
        talk += _thread(f"{name}{t}", TROUBLE, begin + t / 10, who, body or "The sync hangs again.")
    return talk


def community(folder: Path, talk: Iterable[Mapping[str, Any]], **settings: Any) -> Project:
    """Store a history as if it had been mined."""
    project = open_project(folder, settings)
    store_talk(project, talk)
    return project


def store_talk(project: Project, talk: Iterable[Mapping[str, Any]]) -> None:
    """Make the tables of a history."""
    for name, frame in tables_of(talk).items():
        project.store.replace(name, frame)


def tables_of(talk: Iterable[Mapping[str, Any]]) -> dict[str, pl.DataFrame]:
    """Return the tables of a history."""
    rows = list(talk)
    posts = builders.posts(*({k: v for k, v in row.items() if k != "topic"} for row in rows))
    opened = posts.sort("created_at", "post_id").group_by("thread_id", maintain_order=True)
    threads = opened.agg(
        opener_post_id=pl.first("post_id"),
        opened_at=pl.first("created_at"),
        last_at=pl.last("created_at"),
        n_posts=pl.len(),
    )
    empty = {name: TABLES[name].create_empty() for name in READS}
    return empty | {
        "posts": posts,
        "topics": builders.topics(**TOPICS),
        "assignments": builders.assignments(**{row["post_id"]: row["topic"] for row in rows}),
        "tags": builders.tags(
            *({"post_id": row["post_id"], "sentences": [row["body"]]} for row in rows)
        ),
        "threads": builders.threads(*threads.to_dicts()),
        "members": builders.members(*({"author_id": a} for a in posts["author_id"].unique())),
        "claims": TABLES["claims"].create_empty(),
        "periods": builders.periods(day(N_DAYS - 28), END),
    }


@cache
def measured() -> Levels:
    """Return what `mine` would measure in steady weeks, once for all tests."""
    settings = AlertSettings()
    watch = Watch.of(recent_facts(tables_of(steady()), END, settings.days), settings)
    return watch.calibrate(N_SHUFFLES)


def measured_table() -> pl.DataFrame:
    """Return that as a table."""
    settings = AlertSettings()
    watch = Watch.of(recent_facts(tables_of(steady()), END, settings.days), settings)
    return levels_row(watch, measured(), settings.false_alarms)


def _thread(
    name: str, topic: str, begin: float, members: list[str], body: str = "So it goes."
) -> Talk:
    return [
        {
            "post_id": f"forum:{name}-{number}",
            "thread_id": name,
            "author_id": member,
            "created_at": day(begin + number / 10),
            "topic": topic,
            "body": body,
        }
        for number, member in enumerate(members)
    ]
