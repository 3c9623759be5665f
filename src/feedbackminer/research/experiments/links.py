"""Links: whom a post answers, inferred without what the platform knows.

Its rows are the posts of a project of which it is known.
"""

from __future__ import annotations

from pathlib import Path

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.conversation import hide_links
from feedbackminer.research.experiments.data import Items, items_of, read_tables
from feedbackminer.research.experiments.measures import NO_LABEL, Outcome
from feedbackminer.research.experiments.spec import Spec
from feedbackminer.research.experiments.task import Task

TABLES = ("posts", "tags", "texts")


def read_links(spec: Spec, folder: Path) -> Items:
    """Return a row for each post with a link.

    Raises:
        InputError: there is no such project, or it has no links.
    """
    tables, versions = read_tables(folder / spec.data.project, TABLES)
    pairs = hide_links(*(tables[name] for name in TABLES))
    if pairs.is_empty():
        raise InputError(f"{spec.data.project}: no post has a link to the one that it answers")
    said = pairs.join(tables["posts"].select("post_id", "body"), on="post_id").sort("post_id")
    rows = said.select("post_id", "body", "link").iter_rows()
    items = ((post_id, body or post_id, link, None) for post_id, body, link in rows)
    return items_of(items, tables | {"pairs": pairs}, versions)


def our_links(task: Task) -> Outcome:
    """Infer them from quotations, names and order."""
    return _given(task, "answers")


def before(task: Task) -> Outcome:
    """Give the post before, in its thread."""
    return _given(task, "before")


def _given(task: Task, column: str) -> Outcome:
    pairs = dict(task.tables["pairs"].select("post_id", column).iter_rows())
    return task.labels(pairs[post_id] or NO_LABEL for post_id in task.ids)
