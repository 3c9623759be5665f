"""What a topic was before is told as it was, and the topics near it are the nearest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.digest import wording
from feedbackminer.digest.kinship import Turn, lineage_of, neighbours
from feedbackminer.digest.render import render_digest
from feedbackminer.tables import Lineage, Runs, check, column_types
from feedbackminer.vectors import to_bytes
from tests.digest.test_stage import community, digest
from tests.support.builders import day, topic_rows


def lineage(*rows: tuple[str, str, str, str, str]) -> pl.DataFrame:
    """Build ``lineage`` from event, from_id, to_id, run_id and by."""
    whole = [(*row, "94% of its posts were there") for row in rows]
    frame = pl.DataFrame(whole, schema=column_types(Lineage), orient="row")
    return check(frame, Lineage, where="test")


def runs(**finished: float) -> pl.DataFrame:
    """Build ``runs`` from run ids and the days on which they ended."""
    plain: dict[str, Any] = {
        name: "" for name, kind in column_types(Runs).items() if kind == pl.String
    }
    plain |= {"reused": False, "rows_in": 0, "rows_out": 0, "seconds": 0.0, "notices": []}
    rows = [plain | {"run_id": name, "finished_at": day(n)} for name, n in finished.items()]
    return check(pl.DataFrame(rows, schema=column_types(Runs)), Runs, where="test")


def told(*rows: tuple[str, str, str, str, str]) -> list[str]:
    names = {"t001": "Sync", "t002": "Tablet", "t003": "Export"}
    tables = {
        "topics": topic_rows(
            *({"topic_id": i, "label": name, "found_label": name} for i, name in names.items())
        ),
        "lineage": lineage(*rows),
        "runs": runs(r1=0, r2=31),
    }
    return [wording.turn(turn) for turn in lineage_of("t001", tables)]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (("birth", "", "t001", "r1", "model"), "Found first, 5 January 2026"),
        (("split", "t002", "t001", "r1", "model"), "Split off from “Tablet”, 5 January 2026"),
        (("split", "t001", "t002", "r1", "human"), "“Tablet” was split off from it by a person"),
        (("merge", "t003", "t001", "r2", "model"), "“Export” was merged into it, 5 February 2026"),
        (("merge", "t001", "t003", "r2", "human"), "Merged into “Export” by a person"),
        (("rename", "t001", "t001", "r1", "human"), "Renamed by a person, 5 January 2026"),
        (("merge", "t009", "t001", "r0", "model"),
         "A topic that is not there any more was merged into it"),
    ],
)  # fmt: skip
def test_what_became_of_a_topic_is_told_in_words(
    row: tuple[str, str, str, str, str], line: str
) -> None:
    (found,) = told(row)
    assert found.startswith(line)


def test_every_event_that_there_can_be_has_words() -> None:
    events = Lineage.create_empty().schema["event"]
    assert isinstance(events, pl.Enum)
    assert {event for event, _ in wording.TURNS} == set(events.categories)


def test_the_earliest_comes_first_and_what_is_of_others_is_left_out() -> None:
    found = told(
        ("merge", "t003", "t001", "r2", "model"),
        ("birth", "", "t002", "r1", "model"),
        ("birth", "", "t001", "r1", "model"),
    )
    assert [line.split()[0] for line in found] == ["Found", "“Export”"]


def test_the_nearest_topics_are_those_at_the_least_angle_in_the_same_fit() -> None:
    angles = {"t001": 0, "t002": 10, "t003": 50, "t004": 25, "t005": 90, "t006": 2}
    vectors = [np.array([np.cos(a), np.sin(a)]) for a in np.radians(list(angles.values()))]
    rows = [
        {"topic_id": i, "label": i, "found_label": i, "centroid": vector, "fitted_as": "one"}
        for i, vector in zip(angles, to_bytes(vectors), strict=True)
    ]
    rows[-1]["fitted_as"] = "another"
    found = neighbours(topic_rows(*rows))
    assert found["t001"] == ["t002", "t004", "t003"]
    assert found["t005"] == ["t003", "t004", "t002"]
    assert found["t006"] == []


def test_a_topic_without_a_centre_has_no_neighbours_and_a_page_all_the_same() -> None:
    assert neighbours(topic_rows({"topic_id": "t1", "label": "x", "found_label": "x"})) == {}
    assert "Topics near it" not in render_digest(digest(community()))["topics/t001.html"]


def test_page_and_json_tell_the_same_of_a_topic() -> None:
    tables = community() | {
        "lineage": lineage(("birth", "", "t001", "r1", "model")),
        "runs": runs(r1=3),
    }
    files = render_digest(digest(tables))
    assert "<li>Found first, 8 January 2026</li>" in files["topics/t001.html"]
    (topic,) = json.loads(files["digest.json"])["topics"]
    assert [Turn(**turn).event for turn in topic["lineage"]] == ["birth"]
    assert topic["near"] == []
