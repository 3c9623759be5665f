"""The benchmark of the shared task: what is matched rightly scores, in files of its shape."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.key_points import measure, read_debates
from tests.support.command import invoke

POINTS = {
    "zoos": ("Zoos protect rare animals.", "Cages make animals suffer."),
    "cars": ("Cars pollute the air.", "Cars bring people to work."),
}


def debates(folder: Path, topics: Sequence[str], *, are_right: bool = True) -> Path:
    """Write arguments that repeat their key points; labels agree with that, or contradict it."""
    rows: list[dict[str, Any]] = []
    for topic in topics:
        about = {"topic": topic, "stance": 1}
        points = POINTS[topic]
        for n, point in enumerate(points):
            rows.append({"row": "key_point", "id": f"{topic} {n}", "text": point, **about})
            for again in range(3):
                argument = f"{topic} {n} {again}"
                rows.append(
                    {"row": "argument", "id": argument, "text": f"{point} Indeed.", **about}
                )
                rows += [
                    {
                        "row": "label",
                        "argument": argument,
                        "key_point": f"{topic} {other}",
                        "match": (other == n) == are_right,
                    }
                    for other in range(len(points))
                ]
    with gzip.open(folder / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("are_right", [True, False])
def test_what_is_matched_as_people_did_scores(tmp_path: Path, *, are_right: bool) -> None:
    score = measure(debates(tmp_path, ["zoos", "cars"], are_right=are_right), leave_one_out=False)
    assert score.strict == score.relaxed == score.strict_of_script == float(are_right)


@pytest.mark.slow
def test_a_topic_is_measured_by_what_was_trained_on_the_others(tmp_path: Path) -> None:
    told: list[str] = []
    folder = debates(tmp_path, ["zoos", "cars"])
    measure(folder, leave_one_out=True, progress=told.append)
    parts = [line for line in told if line.startswith("part")]
    assert parts == [
        "part 1 of 2: trained without cars",
        "part 2 of 2: trained without zoos",
    ]


def test_one_topic_alone_leaves_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"one topic .*leaves nothing to train on"):
        measure(debates(tmp_path, ["zoos"]), leave_one_out=True)


@pytest.mark.slow
def test_what_nobody_decided_is_wrong_or_right(tmp_path: Path) -> None:
    file = debates(tmp_path, ["zoos", "cars"]) / "train.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    undecided = [line for line in lines if json.loads(line)["row"] != "label"]
    file.write_bytes(gzip.compress("\n".join(undecided).encode()))
    score = measure(tmp_path, leave_one_out=False)
    assert (score.strict, score.relaxed) == (0, 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"row": "argument", "id": "a"}', "line 1: lacks"),
        ("[1]", "line 1: lacks"),
        ("nothing", "cannot be read"),
    ],
)
def test_a_line_of_another_shape_is_told(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=told):
        read_debates(tmp_path)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    done = invoke("bench", "key-points", tmp_path)
    assert done.exit_code == 2
    assert "holds no .jsonl or .jsonl.gz file" in done.stderr
