"""Links and answers: whom a post answers, and what helped, inferred without what a platform knows.

Rows are the posts of a project, or its threads, of which it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.conversation import hide_accepted, hide_links
from feedbackminer.research.experiments.data import Items, items_of, read_tables
from feedbackminer.research.experiments.measures import NO_LABEL, Outcome
from feedbackminer.research.experiments.spec import Spec
from feedbackminer.research.experiments.task import Task

TABLES = ("posts", "tags", "texts")
Hide = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame], pl.DataFrame]


def read_links(spec: Spec, folder: Path) -> Items:
    """Return a row for each post with a link.

    Raises:
        InputError: there is no such project, or it has no links.
    """
    return _read(spec, folder, _links, "no post has a link to the one that it answers")


def read_answers(spec: Spec, folder: Path) -> Items:
    """Return a row for each accepted answer of somebody who did not ask.

    Raises:
        InputError: there is no such project, or none was accepted.
    """
    return _read(spec, folder, _accepted, "no answer is marked as accepted")


def _read(spec: Spec, folder: Path, hide: Hide, nothing: str) -> Items:
    tables, versions = read_tables(folder / spec.data.project, TABLES)
    pairs = hide(*(tables[name] for name in TABLES)).sort("item", "known")
    if pairs.is_empty():
        raise InputError(f"{spec.data.project}: {nothing}")
    rows = pairs.select("item", "text", "known").iter_rows()
    items = ((item, text or item, known, None) for item, text, known in rows)
    return items_of(items, tables | {"pairs": pairs}, versions)


def _links(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    pairs = hide_links(posts, tags, texts).join(posts.select("post_id", "body"), on="post_id")
    return pairs.rename({"post_id": "item", "body": "text", "link": "known"})


def _accepted(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    pairs = hide_accepted(posts, tags, texts)
    return pairs.rename({"thread_id": "item", "title": "text", "accepted": "known"})


def our_links(task: Task) -> Outcome:
    """Infer them from quotations, names and order."""
    return _given(task, "answers")


def before(task: Task) -> Outcome:
    """Give the post before, in its thread."""
    return _given(task, "before")


def our_answers(task: Task) -> Outcome:
    """Infer them from what askers say, from likes and length."""
    return _given(task, "best_answer")


def first(task: Task) -> Outcome:
    """Give the first answer of the thread."""
    return _given(task, "first")


def _given(task: Task, column: str) -> Outcome:
    pairs = dict(task.tables["pairs"].select("item", column).iter_rows())
    return task.labels(pairs[item] or NO_LABEL for item in task.ids)
