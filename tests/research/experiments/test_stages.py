"""Stages that read more than texts: links, key points, changes, alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tomlkit

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.project.project import open_project
from feedbackminer.research.benchmarks import key_points
from feedbackminer.research.experiments import run
from feedbackminer.research.experiments.compare import compare
from feedbackminer.research.experiments.measures import MEASURES, QUIET, SHOWN, Outcome, matched
from feedbackminer.research.experiments.run import prepare
from feedbackminer.research.experiments.spec import read_spec
from feedbackminer.research.experiments.write import write_spec
from feedbackminer.steps.exports import collect_exports
from tests.research.test_key_points import debates
from tests.support.alert_project import steady, store_talk
from tests.support.command import write_jsonl

pytestmark = pytest.mark.slow


def experiment_file(folder: Path, stage: str, **values: Any) -> Path:
    path = folder / f"{stage}.toml"
    path.write_text(tomlkit.dumps({"stage": stage, **values}), "utf-8")
    return path


def measured(path: Path, out: Path) -> tuple[Path, dict[tuple[str, str], float]]:
    """Run an experiment; return its folder, and the value of each line and measure."""
    folder = run.run(prepare(path), out)
    rows = pl.read_parquet(folder / run.RESULTS).select("method", "variant", "measure", "value")
    return folder, {(variant or method, name): value for method, variant, name, value in
                    rows.iter_rows()}  # fmt: skip


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A project in which half of the replies quote the first post of their thread."""
    first = "The sensor in the attic shows nothing since this morning, and I do not know why."
    rows = [
        {"id": f"{thread}-{n}", "thread_id": f"t{thread}", "author": f"a{thread}{n}",
         "created_at": f"2026-0{1 + thread % 9}-01T0{n}:00:00Z", "parent_id": answers,
         "body": body}
        for thread in range(20)
        for n, (answers, body) in enumerate([
            (None, first),
            (f"{thread}-0", "Is its battery flat?"),
            (f"{thread}-1", "No, it is not, I looked.") if thread % 2 else
            (f"{thread}-0", f"> {first}\n\nThen look at the log."),
        ])
    ]  # fmt: skip
    write_jsonl(tmp_path / "chat.jsonl", rows)
    folder = tmp_path / "chat"
    folder.mkdir()
    collect_exports(Run(open_project(folder)), [str(tmp_path / "chat.jsonl")], source="chat")
    return folder


def test_links_are_inferred_and_held_against_the_post_before(chat: Path, tmp_path: Path) -> None:
    path = experiment_file(tmp_path, "links", data={"project": str(chat)}, baselines=["before"])
    folder, found = measured(path, tmp_path / "out")
    assert found["ours", "link_f1"] == found["ours", "link_recall"] == 1
    assert found["before", "link_precision"] == 0.75
    compared = compare(folder)
    assert compared.worse == ["link_precision", "link_recall", "link_f1"]
    assert (compared.rows, compared.n_texts, compared.n_moved) == ("posts", 40, 10)
    assert "40 posts, stage links" in (folder / "report.md").read_text("utf-8")


def test_a_project_without_links_has_none_to_hide(chat: Path, tmp_path: Path) -> None:
    store = open_project(chat).store
    store.replace("posts", store.read("posts").with_columns(parent_id=pl.lit(None, pl.String)))
    with pytest.raises(InputError, match="no post has a link"):
        prepare(experiment_file(tmp_path, "links", data={"project": str(chat)}))


def test_posts_of_another_project_are_other_data(chat: Path, tmp_path: Path) -> None:
    path = experiment_file(tmp_path, "links", data={"project": str(chat)})
    before = prepare(path).items.hash
    store = open_project(chat).store
    store.replace("posts", store.read("posts").with_columns(author_id=pl.lit("one")))
    assert prepare(path).items.hash != before


@pytest.mark.parametrize("are_right", [True, False])
def test_key_points_are_matched_as_the_benchmark_matches_them(
    tmp_path: Path, *, are_right: bool
) -> None:
    (tmp_path / "said").mkdir()
    debates(tmp_path / "said", ["zoos", "cars"], are_right=are_right)
    path = experiment_file(tmp_path, "key_points", data={"path": "said"}, baselines=["words"])
    _, found = measured(path, tmp_path / "out")
    score = key_points.measure(tmp_path / "said", leave_one_out=False)
    assert found["ours", "match_strict"] == score.strict == float(are_right)
    assert found["ours", "match_relaxed"] == score.relaxed
    assert found["words", "match_strict"] == float(are_right)


def test_what_people_differ_about_is_right_where_measures_are_relaxed() -> None:
    labels = [matched(0, ["k1"], ["k2"]), matched(0, [], []), matched(1, ["k1"], [])]
    sure = np.array([[0.9], [0.1], [0.5]])
    outcome = Outcome.of(labels, ["k2", "k1", "k1"], chances=sure, classes=["match"])
    assert MEASURES["match_strict"].of(outcome) == 0.5
    assert MEASURES["match_relaxed"].of(outcome) == 1


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    folder = tmp_path / "talk"
    folder.mkdir()
    project = open_project(folder)
    store_talk(project, steady())
    topics = project.store.read("topics").with_columns(keywords=pl.lit(["sync"]))
    project.store.replace("topics", topics)
    return folder


@pytest.mark.parametrize(("stage", "settings"), [
    ("alerts", {}),
    ("changes", {"insight": {"period": "month"}}),
])  # fmt: skip
def test_histories_without_any_change_show_less_than_those_it_is_planted_in(
    talk: Path, tmp_path: Path, stage: str, settings: Mapping[str, Any]
) -> None:
    path = experiment_file(
        tmp_path, stage, data={"project": str(talk)}, settings=settings, histories=8, members=6,
    )  # fmt: skip
    folder, found = measured(path, tmp_path / "out")
    assert found["ours", "false_alarm_rate"] <= 1 / 8 < found["ours", "power"]
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["models"] == {"ours": []}


def test_the_same_seeds_make_the_same_histories(talk: Path, tmp_path: Path) -> None:
    path = experiment_file(
        tmp_path, "alerts", data={"project": str(talk)}, histories=3, members=6, seeds=[0, 1]
    )
    folder, _ = measured(path, tmp_path / "out")
    again = run.run(prepare(folder / "manifest.json"), tmp_path / "again")
    assert (again / run.RESULTS).read_bytes() == (folder / run.RESULTS).read_bytes()


def test_where_nothing_is_as_large_as_is_wanted_nothing_can_be_planted(
    talk: Path, tmp_path: Path
) -> None:
    path = experiment_file(
        tmp_path, "alerts", data={"project": str(talk)}, histories=2, members=5_000
    )
    with pytest.raises(InputError, match=r"members in a usual window"):
        run.run(prepare(path), tmp_path / "out")


def test_rates_are_of_histories_of_their_own_kind() -> None:
    outcome = Outcome.of([QUIET, QUIET, "2 times", "3 times"], ["", SHOWN, SHOWN, SHOWN])
    assert MEASURES["false_alarm_rate"].of(outcome) == 0.5
    assert MEASURES["power"].of(outcome) == 1


@pytest.mark.parametrize(("stage", "data", "message"), [
    ("alerts", {"path": "posts.csv"}, "wants data.project and nothing else; got path"),
    ("links", {"project": "p", "limit": 5}, "data.project and nothing else; got limit, project"),
    ("key_points", {"project": "p"}, "wants data.path"),
    ("alarms", {"project": "p"}, "did you mean 'alerts'"),
])  # fmt: skip
def test_data_that_a_stage_cannot_use_are_refused(
    tmp_path: Path, stage: str, data: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_spec(experiment_file(tmp_path, stage, data=data))


@pytest.mark.parametrize("stage", ["links", "changes", "alerts", "key_points"])
def test_an_experiment_to_begin_with_can_be_read(tmp_path: Path, stage: str) -> None:
    path = tmp_path / "begin.toml"
    write_spec(path, data=str(tmp_path), stage=stage, text="text", label="")
    assert read_spec(path).stage == stage
