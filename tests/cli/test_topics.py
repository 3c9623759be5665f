"""``feedbackminer topics``: what people say of topics holds, and any file of texts can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.engine.run import Run
from feedbackminer.project.project import open_project
from feedbackminer.steps import mining
from tests.support.command import Mined, invoke, read_jsonl, write_jsonl

pytestmark = pytest.mark.slow

SUBJECTS = (
    "The battery of my phone drains overnight, even in flight mode, case {}",
    "Exporting my notes to PDF loses every footnote in chapter {}",
    "Please add a dark theme, white pages hurt my eyes at night, vote {}",
)


def topics(mined: Mined) -> list[dict[str, Any]]:
    done = invoke("topics", "list", "--project", mined.project, "--json")
    assert done.exit_code == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def largest(mined: Mined, count: int) -> list[str]:
    rows = sorted(topics(mined), key=lambda row: -row["size"])
    return [row["topic_id"] for row in rows[:count]]


def do(mined: Mined, *args: str) -> str:
    done = invoke("topics", *args, "--project", mined.project)
    assert done.exit_code == 0, done.stderr
    return done.stdout + done.stderr


def posts_of(mined: Mined, topic_id: str) -> set[str]:
    assignments = mined.table("assignments").filter(pl.col("topic_id") == topic_id)
    return set(assignments["post_id"])


def test_topics_are_listed_with_what_is_unsorted(sample: Mined) -> None:
    output = do(sample, "list")
    assert all(row["topic_id"] in output for row in topics(sample))
    assert "unsorted" in output


def test_a_topic_is_shown_with_posts_and_history(sample: Mined) -> None:
    (topic,) = largest(sample, 1)
    output = do(sample, "show", topic)
    assert topics_label(sample, topic) in output
    assert "birth" in output
    done = invoke("topics", "show", topic, "--project", sample.project, "--json")
    details = json.loads(done.stdout)
    assert {post["post_id"] for post in details["posts"]} <= posts_of(sample, topic)
    assert len(details["posts"]) == 3


def topics_label(mined: Mined, topic_id: str) -> str:
    return next(str(row["label"]) for row in topics(mined) if row["topic_id"] == topic_id)


def test_corrections_hold_through_mining_and_a_refit_and_can_be_undone(
    sample: Mined, tmp_path: Path
) -> None:
    mined = sample.copy_to(tmp_path)
    one, other, third = largest(mined, 3)
    before = {topic: posts_of(mined, topic) for topic in (one, other, third)}
    do(mined, "rename", one, "What we call it")
    do(mined, "merge", other, one)
    output = do(mined, "split", third, "--parts", "2")
    parts = re.findall(r"t\d{3}", output)[1:]
    assert posts_of(mined, one) >= before[one] | before[other]
    assert posts_of(mined, parts[0]) | posts_of(mined, parts[1]) >= before[third]

    do(mined, "refit")
    assert topics_label(mined, one) == "What we call it"
    assert not posts_of(mined, other)
    assert posts_of(mined, parts[0])
    assert posts_of(mined, parts[1])
    assert not posts_of(mined, third)

    assert invoke("mine", "--project", mined.project, "-q").exit_code == 0
    out = tmp_path / "again"
    assert invoke("digest", "--project", mined.project, "--out", out, "-q").exit_code == 0
    labels = [t["label"] for t in json.loads((out / "digest.json").read_text("utf-8"))["topics"]]
    assert "What we call it" in labels
    assert len(labels) == len(set(labels))

    do(mined, "undo")  # the split
    do(mined, "undo", "2")  # the merge
    assert posts_of(mined, third)
    assert posts_of(mined, other)
    assert topics_label(mined, one) == "What we call it"


def test_a_correction_after_a_killed_run_does_what_was_left_undone(
    sample: Mined, tmp_path: Path
) -> None:
    """It was killed after cleaning, so that the newest text has no vector yet."""
    mined = sample.copy_to(tmp_path)
    row = {"id": "new", "author": "zoe", "body": SUBJECTS[0].format(1), "thread_id": "n1"}
    path = write_jsonl(tmp_path / "new.jsonl", [row | {"created_at": "2026-06-01T10:00:00Z"}])
    assert invoke("import", path, "--project", mined.project, "-q").exit_code == 0
    Run(open_project(mined.project)).step(mining.CLEAN)
    (one,) = largest(mined, 1)
    do(mined, "rename", one, "What we call it")
    assert topics_label(mined, one) == "What we call it"
    assert "new:new" in mined.table("texts")["post_id"]


def test_a_correction_that_makes_no_sense_changes_nothing(sample: Mined) -> None:
    (one,) = largest(sample, 1)
    for args in (["merge", one, one], ["rename", "t999", "x"], ["undo"], ["show", "t999"]):
        done = invoke("topics", *args, "--project", sample.project)
        assert done.exit_code == 2, args
        assert "Traceback" not in done.stderr
    assert sample.table("corrections").is_empty()


def test_an_ignored_topic_makes_no_claim(sample: Mined, tmp_path: Path) -> None:
    mined = sample.copy_to(tmp_path)
    (one,) = largest(mined, 1)
    do(mined, "ignore", one)
    assert invoke("mine", "--project", mined.project, "-q").exit_code == 0
    assert one not in set(mined.table("claims")["topic_id"])
    assert posts_of(mined, one)


def fit(path: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    done = invoke("topics", "fit", path, "--out", out, *more)
    assert done.exit_code == 0, done.stderr
    return read_jsonl(out)


def test_a_file_of_texts_gives_one_row_per_row_in_order(tmp_path: Path) -> None:
    texts = [subject.format(n) for n in range(20) for subject in SUBJECTS]
    export = [{"id": n, "text": text} for n, text in enumerate(texts)]
    export[7]["text"] = "  "
    path = write_jsonl(tmp_path / "in.jsonl", export)
    rows = fit(path, tmp_path / "out.jsonl")
    assert len(rows) == 60
    assert set(rows[0]) == {
        "topic_id", "score", "label", "level", "theme", "subtopic", "also", "reason",
    }  # fmt: skip
    assert (rows[7]["topic_id"], rows[7]["reason"]) == (None, "no_text")
    ids = [{rows[n]["topic_id"] for n in range(first, 60, 3) if n != 7} for first in range(3)]
    assert [len(ids_of_subject) for ids_of_subject in ids] == [1, 1, 1]
    assert len(set.union(*ids)) == 3
    assert fit(path, tmp_path / "again.jsonl") == rows


def test_a_long_text_about_two_things_names_both(tmp_path: Path) -> None:
    texts = [subject.format(n) for n in range(60) for subject in SUBJECTS]
    battery, export, _ = SUBJECTS

    def paragraph(subject: str, number: int) -> str:
        return " ".join(f"{subject.format(number + n)}." for n in range(10))

    plain = [f"{paragraph(s, n)}\n\n{paragraph(s, n + 99)}" for s in SUBJECTS for n in range(6)]
    parts = paragraph(battery, 1), paragraph(battery, 2), paragraph(export, 3), paragraph(export, 4)
    mixed = "\n\n".join((*parts, paragraph(battery, 5)))
    path = write_jsonl(tmp_path / "in.jsonl", [{"text": t} for t in (*texts, *plain, mixed)])
    *rows, last = fit(path, tmp_path / "out.jsonl")
    assert last["topic_id"] == rows[0]["topic_id"]
    assert [other["topic_id"] for other in last["also"]] == [rows[1]["topic_id"]]
    assert last["also"][0]["label"] == rows[1]["label"]
    assert not any(row["also"] for row in rows)


def test_columns_and_formats_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    lines = [f'"{subject.format(n)}"' for n in range(4) for subject in SUBJECTS]
    path.write_text("words\n" + "\n".join(lines) + "\n", "utf-8")
    rows = fit(path, tmp_path / "deep" / "out.jsonl", "--text-column", "words", "--seed", "7")
    assert len(rows) == 12


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"body": "hello"}\n', "no row has a column 'text'"),
        ('{"body": "hello"}\n', "(there is: body)"),
    ],
)
def test_a_file_without_the_column_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(content, "utf-8")
    done = invoke("topics", "fit", path, "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_without_a_single_text_gives_rows_without_topics(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "in.jsonl", [{"text": ""}, {"text": None}])
    assert [row["reason"] for row in fit(path, tmp_path / "out.jsonl")] == ["no_text", "no_text"]
