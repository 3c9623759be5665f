"""What people do to topics: look at one, correct it, take a correction back."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.project.store import TableStore
from feedbackminer.steps import mining
from feedbackminer.steps.vectors import read_corpus
from feedbackminer.tables import Corrections, Lineage, check, column_types

HIDDEN = ("centroid", "words", "ratios")  # columns of topics that are for machines


def topic_of(store: TableStore, topic_id: str) -> dict[str, Any]:
    """Return a topic with its subtopics, the posts that stand for it, and its history.

    Raises:
        InputError: there is no such topic.
    """
    topics = store.read("topics")
    matches = topics.filter(pl.col("topic_id") == topic_id)
    if matches.is_empty():
        raise InputError(
            f"no topic {topic_id!r}; `feedbackminer topics list` shows those there are"
        )
    (row,) = matches.drop(HIDDEN).to_dicts()

    subtopics = topics.filter(pl.col("parent_id") == topic_id, pl.col("status") == "active")
    lineage = store.read("lineage")
    about = (pl.col("from_id") == topic_id) | (pl.col("to_id") == topic_id)
    posts = store.read("posts", ["post_id", "body"])
    partly = store.read("assignments").filter(pl.col("rank") > 1, topic_id=topic_id)
    return {
        "topic": row,
        "n_partly": len(partly),
        "subtopics": subtopics.drop(HIDDEN).to_dicts(),
        "posts": posts.filter(pl.col("post_id").is_in(row["representatives"])).to_dicts(),
        "lineage": lineage.filter(about).sort("run_id").to_dicts(),
    }


def correct(run: Run, action: str, topic_id: str, *, to: str = "", parts: int = 0) -> str:
    """Store a correction and apply it; returns what was done.

    Raises:
        InputError: it names a topic that there is not, or makes no sense.
    """
    from feedbackminer.topics import corrections

    store = run.project.store
    topics = store.read("topics")
    corrections.check(topics, action, topic_id, to)
    _bring_up_to_date(run)

    number = (store.read("corrections").select(pl.col("number").max()).item() or 0) + 1
    ids, centroids, encoder = _parts(run, topic_id, parts) if parts else ([], [], "")
    row = {
        "number": number,
        "action": action,
        "topic_id": topic_id,
        "to": to.strip(),
        "parts": ids,
        "centroids": centroids,
        "encoder": encoder,
        "made_at": run.started_at,
        "undone": False,
    }
    new = pl.DataFrame([row], schema=column_types(Corrections))
    store.append("corrections", check(new, Corrections, where="corrections"))

    ends = ids or [to.strip()] if action in ("merge", "split") else [topic_id]
    why = f"correction {number}" + (f": {to.strip()}" if action == "rename" else "")
    _record_lineage(run, action, [(topic_id, end) for end in ends], why)
    run.step(mining.TOPICS)
    return f"Correction {number}: {action} {topic_id} {' '.join(ids) or to}".rstrip()


def undo(run: Run, number: int | None) -> str:
    """Take a correction back, the last one unless another is named; returns what was done.

    Raises:
        InputError: there is none, or none of that number.
    """
    store = run.project.store
    corrections = store.read("corrections")
    in_force = corrections.filter(~pl.col("undone"))["number"].to_list()
    number = max(in_force, default=0) if number is None else number
    if number not in in_force:
        numbers = ", ".join(map(str, in_force)) or "none"
        raise InputError(f"undo: no correction {number} stands (there is: {numbers})")
    _bring_up_to_date(run)

    row = corrections.row(by_predicate=pl.col("number") == number, named=True)
    undone = pl.col("undone") | (pl.col("number") == number)
    store.replace("corrections", corrections.with_columns(undone=undone))
    _record_lineage(run, "undo", [(row["topic_id"], row["topic_id"])], f"correction {number}")
    run.step(mining.TOPICS)
    return f"Correction {number} ({row['action']} {row['topic_id']}) is taken back"


def refit(run: Run) -> None:
    """Find topics anew."""
    _bring_up_to_date(run)
    run.step(mining.REFIT)


def _bring_up_to_date(run: Run) -> None:
    """Do what a killed run may have left undone before topics are looked at."""
    run.step(mining.CLEAN)
    run.step(mining.EMBED)


def _parts(run: Run, topic_id: str, count: int) -> tuple[list[str], list[bytes], str]:
    """Divide a topic; return ids of its parts, their centroids, and the encoder of these."""
    from feedbackminer.topics import corrections, matching
    from feedbackminer.vectors import to_bytes

    corpus, encoder = read_corpus(run)
    store = run.project.store
    post_ids = store.read("assignments").filter(topic_id=topic_id, rank=1)["post_id"]
    inside = np.isin(np.array(corpus.post_ids, dtype=object), post_ids.to_numpy())
    seed = run.project.settings.topics.seed
    centroids = corrections.divide(corpus.blended[inside], count, seed)

    earlier_parts = store.read("corrections").explode("parts")["parts"].drop_nulls()
    used = [*store.read("topics")["topic_id"], *earlier_parts]
    return matching.new_ids(count, used), to_bytes(centroids), encoder


def _record_lineage(run: Run, action: str, ends: list[tuple[str, str]], why: str) -> None:
    rows = [(action, start, end, run.run_id, "human", why) for start, end in ends]
    frame = pl.DataFrame(rows, schema=column_types(Lineage), orient="row")
    run.project.store.merge("lineage", check(frame, Lineage, where="lineage"))
