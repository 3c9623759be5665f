"""Stages that read more than texts, or give them more than one label."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis.strategies import frozensets, lists, sampled_from, tuples
from sklearn.metrics import precision_score, recall_score
from sklearn.preprocessing import MultiLabelBinarizer

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.insight.stage import READS
from feedbackminer.project.project import open_project
from feedbackminer.research.benchmarks import key_points
from feedbackminer.research.experiments import run
from feedbackminer.research.experiments.compare import compare
from feedbackminer.research.experiments.measures import (
    MEASURES,
    QUIET,
    SHOWN,
    Outcome,
    matched,
    together,
)
from feedbackminer.research.experiments.run import prepare
from feedbackminer.research.experiments.spec import read_spec
from feedbackminer.research.experiments.write import write_spec
from feedbackminer.steps.exports import collect_exports
from tests.research.test_key_points import debates
from tests.support.alert_project import steady, store_talk
from tests.support.closed_loop import mined
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


def test_accepted_answers_are_held_against_the_first_answer(chat: Path, tmp_path: Path) -> None:
    store = open_project(chat).store
    posts = store.read("posts").with_columns(
        accepted=pl.col("post_id").str.ends_with("-1"),  # each is the first, none the longest
        score=pl.when(pl.col("post_id").str.ends_with("0-1")).then(3),
    )
    store.replace("posts", posts)
    path = experiment_file(tmp_path, "answers", data={"project": str(chat)}, baselines=["first"])
    folder, found = measured(path, tmp_path / "out")
    assert found["first", "link_recall"] == 1
    assert found["ours", "link_recall"] == 2 / 20  # what is liked
    assert "20 threads, stage answers" in (folder / "report.md").read_text("utf-8")


def test_a_project_without_accepted_answers_says_so(chat: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no answer is marked as accepted"):
        prepare(experiment_file(tmp_path, "answers", data={"project": str(chat)}))


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


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mined(tmp_path_factory.mktemp("loop")).folder


def test_outcomes_are_told_of_halvings_and_seldom_of_nothing(loop: Path, tmp_path: Path) -> None:
    path = experiment_file(
        tmp_path, "outcomes", data={"project": str(loop)}, histories=12, seeds=[0, 1]
    )
    folder, found = measured(path, tmp_path / "out")
    assert found["ours", "false_alarm_rate"] <= 2 / 12 < found["ours", "power"]
    again = run.run(prepare(folder / "manifest.json"), tmp_path / "again")
    assert (again / run.RESULTS).read_bytes() == (folder / run.RESULTS).read_bytes()
    assert "24 days, stage outcomes" in (folder / "report.md").read_text("utf-8")


def test_a_project_without_topics_has_no_days_to_ask_about(loop: Path, tmp_path: Path) -> None:
    store, project = open_project(loop).store, tmp_path / "none"
    for name in READS:
        table = store.read(name)
        few = table.clear() if name in ("topics", "assignments") else table
        open_project(project).store.replace(name, few)
    path = experiment_file(tmp_path, "outcomes", data={"project": str(project)}, histories=2)
    with pytest.raises(InputError, match="no topic; `feedbackminer mine` finds some"):
        run.run(prepare(path), tmp_path / "out")


def test_more_days_than_can_be_asked_about_are_refused(loop: Path, tmp_path: Path) -> None:
    store = open_project(loop).store
    project = tmp_path / "few"
    for name in READS:
        few = store.read(name).clear() if name == "tags" else store.read(name)
        open_project(project).store.replace(name, few)
    open_project(project).store.replace("assignments", store.read("assignments").head(3))
    path = experiment_file(tmp_path, "outcomes", data={"project": str(project)}, histories=2)
    with pytest.raises(InputError, match="0 topics and days can be asked about, of 2"):
        run.run(prepare(path), tmp_path / "out")


CASES = [
    {"text": "Write to jane@example.org", "want": "Write to <email>", "kind": "email"},
    {"text": "Call 12, or ask Jim", "want": "Call 12, or ask <user>", "kind": "user"},
    {"text": "Nothing in it", "want": "Nothing in it", "kind": "none", "split": "held_out"},
]


def test_what_is_masked_is_held_to_what_should_be_and_no_text_is_kept(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "cases.jsonl", CASES)
    path = experiment_file(tmp_path, "masking", data={"path": "cases.jsonl"})
    folder, found = measured(path, tmp_path / "out")
    assert found == {("ours", "precision"): 1, ("ours", "recall"): 0.5, ("ours", "left_alone"): 1}
    given = pl.concat(map(pl.read_parquet, (folder / "cells").glob("*.parquet")))["given"]
    assert given.to_list() == ["email 9 to 25", "nothing", "nothing"]


def test_cases_of_one_split_are_asked_for_by_name(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "cases.jsonl", CASES)
    data = {"path": "cases.jsonl", "split": "held_out"}
    assert prepare(experiment_file(tmp_path, "masking", data=data)).gold == ["nothing"]
    with pytest.raises(InputError, match="no case of split 'other'; there is: held_out, tuned"):
        prepare(experiment_file(tmp_path, "masking", data=data | {"split": "other"}))


def test_a_split_that_is_named_stands_in_the_manifest(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "cases.jsonl", [*CASES, CASES[0] | {"split": "train"}])
    data = {"path": "cases.jsonl", "split": "train"}
    folder, _ = measured(experiment_file(tmp_path, "masking", data=data), tmp_path / "out")
    assert len(prepare(folder / "manifest.json").items.frame) == 1


def test_two_maskings_are_compared_without_what_is_masked(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "cases.jsonl", CASES)
    path = experiment_file(tmp_path, "masking", data={"path": "cases.jsonl"})
    folder, _ = measured(path, tmp_path / "out")
    (cell,) = (folder / "cells").glob("*.parquet")
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    given = pl.read_parquet(cell).with_columns(given=pl.lit("nothing"))
    given.write_parquet(other / "cells" / cell.name)
    compared = compare(folder, other)
    (moved,) = compared.moved
    assert (moved.text, moved.a, moved.b) == ("", "email 9 to 25", "nothing")


def test_a_case_that_is_no_masking_is_told_by_its_line_alone(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "cases.jsonl", [CASES[0], CASES[0] | {"want": "Call <email>"}])
    with pytest.raises(InputError, match=r"cases\.jsonl, line 2: `want` is not") as told:
        prepare(experiment_file(tmp_path, "masking", data={"path": "cases.jsonl"}))
    assert "jane" not in str(told.value)


@pytest.mark.parametrize("line", [
    {"text": 1, "want": "c <email>", "kind": "email"},
    {"text": "a b"},
    ["a"],
])  # fmt: skip
def test_a_file_of_other_things_than_cases_says_what_is_wanted(tmp_path: Path, line: Any) -> None:
    write_jsonl(tmp_path / "cases.jsonl", [line])
    with pytest.raises(InputError, match=r"cases\.jsonl.*; want lines of text, want"):
        prepare(experiment_file(tmp_path, "masking", data={"path": "cases.jsonl"}))


def test_a_post_may_have_several_kinds(tmp_path: Path) -> None:
    said = {
        "The export crashes whenever I press save. Could you please add an undo?":
            "bug|feature_request",
        "How do I change the colour of the toolbar?": "question",
        "We met on Tuesday and talked about boats.": "nothing",
        "It crashed.": "",
    }  # fmt: skip
    rows = [{"text": text, "label": label} for text, label in said.items()]
    write_jsonl(tmp_path / "posts.jsonl", rows)
    data = {"path": "posts.jsonl", "label": "label"}
    path = experiment_file(tmp_path, "kinds", data=data, baselines=["rules"])
    _, found = measured(path, tmp_path / "out")
    assert found["ours", "average_precision"] == 1
    assert found["rules", "recall"] == 1
    assert ("rules", "average_precision") not in found


def test_labels_of_other_names_are_read_by_what_they_are_called_here(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "posts.jsonl", [{"text": "It crashed.", "label": "wish|bug"}])
    data = {"path": "posts.jsonl", "label": "label", "labels": {"wish": "feature_request"}}
    assert prepare(experiment_file(tmp_path, "kinds", data=data)).gold == ["bug|feature_request"]


@pytest.mark.parametrize(("line", "message"), [
    ({"text": "no set is named"}, "KeyError: 'data'; want lines such as those of"),
    ({"data": "no_such_set", "id": "1"}, "KeyError: 'no_such_set'"),
    (None, "no post that was drawn evenly"),
])  # fmt: skip
def test_a_file_of_other_things_than_labels_says_what_is_wanted(
    tmp_path: Path, line: Any, message: str
) -> None:
    write_jsonl(tmp_path / "labels.jsonl", [line] if line else [])
    data = {"path": "labels.jsonl", "texts": "."}
    with pytest.raises(InputError, match=message):
        prepare(experiment_file(tmp_path, "kinds", data=data))


@pytest.mark.parametrize("stage", ["kinds", "masking"])
def test_other_data_leave_out_what_told_of_the_former(tmp_path: Path, stage: str) -> None:
    data = {"kinds": {"path": "p", "texts": "t"}, "masking": {"path": "p", "split": "x"}}[stage]
    spec = read_spec(experiment_file(tmp_path, stage, data=data), data="other.jsonl")
    assert spec.data.model_dump(exclude_defaults=True) == {"path": "other.jsonl"}


def test_a_label_that_is_no_kind_names_the_nearest(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "posts.jsonl", [{"text": "It crashed.", "label": "bug|questoin"}])
    data = {"path": "posts.jsonl", "label": "label"}
    with pytest.raises(InputError, match="'questoin' is no kind; did you mean 'question'"):
        prepare(experiment_file(tmp_path, "kinds", data=data))


@settings(max_examples=50)
@given(lists(tuples(frozensets(sampled_from("abc")), frozensets(sampled_from("abc"))), min_size=1))
def test_precision_and_recall_of_sets_are_those_of_scikit_learn(
    pairs: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    gold, given = ([[*one] for one in side] for side in zip(*pairs, strict=True))
    outcome = Outcome.of([*map(together, gold)], [*map(together, given)])
    rows = MultiLabelBinarizer(classes=list("abc"))
    truth, told = rows.fit_transform(gold), rows.transform(given)
    for name, score in (("precision", precision_score), ("recall", recall_score)):
        expected = score(truth, told, average="micro", zero_division=np.nan)
        np.testing.assert_allclose(MEASURES[name].of(outcome), expected)


@pytest.mark.parametrize(("stage", "data", "message"), [
    ("masking", {"path": "c", "limit": 5}, "data.path and split else; got limit, path"),
    ("topics", {"path": "c", "texts": "d"}, "data.texts is for kinds"),
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


@pytest.mark.parametrize("stage", [
    "links", "answers", "changes", "alerts", "key_points", "outcomes", "masking", "kinds",
])  # fmt: skip
def test_an_experiment_to_begin_with_can_be_read(tmp_path: Path, stage: str) -> None:
    path = tmp_path / "begin.toml"
    write_spec(path, data=str(tmp_path), stage=stage, text="text", label="")
    assert read_spec(path).stage == stage
