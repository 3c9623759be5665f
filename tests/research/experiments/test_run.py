"""Experiments are done once, go on where they stopped, and give the same tables again."""

from __future__ import annotations

import codecs
import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.utils import Bunch

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.project.project import open_project
from feedbackminer.research.experiments import methods, run
from feedbackminer.research.experiments.cache import Remembering
from feedbackminer.research.experiments.cells import CELLS
from feedbackminer.research.experiments.data import read_items
from feedbackminer.research.experiments.manifest import FILE, manifest_id
from feedbackminer.research.experiments.measures import NO_LABEL
from feedbackminer.research.experiments.run import Experiment, prepare
from feedbackminer.research.experiments.spec import DataSpec
from feedbackminer.research.experiments.task import Task
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN
from tests.support.command import write_jsonl
from tests.support.experiment_files import write_experiment, write_texts

pytestmark = pytest.mark.slow


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return prepare(write_experiment(tmp_path))


def results(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / run.RESULTS)


def test_every_variant_and_baseline_is_measured_with_every_seed(
    experiment: Experiment, tmp_path: Path
) -> None:
    told: list[str] = []
    folder = run.run(experiment, tmp_path / "out", told.append)
    table = results(folder)
    assert {*table.select("method", "variant", "seed").unique().iter_rows()} == {
        *(("feedbackminer", f"topics.max_topics={n}", s) for n in (20, 40) for s in (0, 1, -1)),
        *(("nmf", "", seed) for seed in (0, 1, -1)),
    }
    ours = table.filter(pl.col("variant") == "topics.max_topics=20", measure="nmi")
    assert all(value > 0.5 for value in ours["value"])
    assert {"nmi", "c_v", "coverage", "diversity", "stability"} <= {*table["measure"]}
    assert len(told) == 6
    assert table.filter(measure="nmi")["n"].unique().to_list() == [240]


def test_two_runs_of_one_manifest_are_equal_to_the_last_byte(
    experiment: Experiment, tmp_path: Path
) -> None:
    folder = run.run(experiment, tmp_path / "one")
    again = run.run(prepare(folder / FILE), tmp_path / "other")
    assert folder.name == again.name
    tables = [FILE, run.RESULTS, "report.md", "report.html"]
    tables += [f"{CELLS}/{path.name}" for path in (folder / CELLS).glob("*.parquet")]
    assert len(tables) == 10
    for name in tables:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_an_interrupted_matrix_goes_on_where_it_was(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Task) -> Any:
        raise KeyboardInterrupt

    ours = methods.METHODS["topics"]["feedbackminer"]
    done: list[int] = []

    def counted(task: Task) -> Any:
        done.append(task.seed)
        return ours(task)

    with monkeypatch.context() as first:
        first.setitem(methods.METHODS["topics"], "feedbackminer", counted)
        first.setitem(methods.METHODS["topics"], "nmf", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.run(experiment, tmp_path / "out")
    assert len(done) == 4
    told: list[str] = []
    folder = run.run(experiment, tmp_path / "out", told.append)
    assert [line.partition(":")[0] for line in told] == ["5 of 6", "6 of 6"]
    assert results(folder).equals(results(run.run(experiment, tmp_path / "whole")))


class Counting:
    """An encoder that counts what it is asked for."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Any) -> Any:
        from feedbackminer.embed.encoder import Encoded

        self.asked += texts
        vectors = np.random.default_rng(0).normal(size=(len(texts), 8)).astype(np.float32)
        states = tuple(np.full((n % 3, 32), n, np.float32) for n in range(len(texts)))
        return Encoded(vectors, vectors * 2, states)


def test_each_text_is_encoded_once_per_encoder(tmp_path: Path) -> None:
    encoder, texts = Counting(), ["a", "b", "c", "d"]
    first = Remembering(encoder, tmp_path).encode(texts)
    later = Remembering(encoder, tmp_path)
    again = later.encode(["c", "e", "c", "a"])
    assert encoder.asked == [*texts, "e"]
    assert later.n_encoded == 1
    assert np.array_equal(again.vectors[[0, 2, 3]], first.vectors[[2, 2, 0]])
    assert [len(states) for states in again.sentences] == [2, 0, 2, 0]
    assert again.sentences[0][0, 0] == 2


def test_a_matrix_encodes_each_text_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders: list[Remembering] = []
    made = Remembering.__init__

    def noted(self: Remembering, *args: Any) -> None:
        made(self, *args)
        encoders.append(self)

    monkeypatch.setattr(Remembering, "__init__", noted)
    matrix = {"topics.max_topics": [20, 40], "topics.accept_quantile": [0.0, 0.02]}
    experiment = prepare(write_experiment(tmp_path, matrix=matrix, seeds=[0, 1, 2], baselines=[]))
    run.run(experiment, tmp_path / "out")
    assert [encoder.n_encoded for encoder in encoders] == [240]


def test_labels_for_half_of_the_texts_are_told_and_counted(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts.csv", labelled=0.5)
    experiment = prepare(write_experiment(tmp_path, seeds=[0], matrix={}, baselines=[]))
    assert "texts without a label" in experiment.notices[0]
    labelled = len([label for label in experiment.gold if label != NO_LABEL])
    table = results(run.run(experiment, tmp_path / "out"))
    assert table.filter(measure="nmi")["n"].to_list() == [labelled]
    assert table.filter(measure="coverage")["n"].to_list() == [240]


def test_one_label_for_all_is_told(tmp_path: Path) -> None:
    lines = ["body,subject", *(f"text {n} of this,same" for n in range(5)), " ,same"]
    (tmp_path / "one.csv").write_text("\n".join(lines), "utf-8")
    items = read_items(DataSpec(path="one.csv", text="body", label="subject"), tmp_path)
    assert len(items.frame) == 5
    assert items.notices == (
        "rows without a text, left out: 1",
        "all labels are 'same': measures against labels tell nothing of one label alone",
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"path": "none.csv"}, "none.csv"),
        ({"path": "texts.csv", "text": "words"}, "no row has a column 'words'"),
        ({"path": "texts.csv", "text": "body", "label": "topic"}, "no row has a column 'topic'"),
        ({"project": "nowhere"}, "no mined project"),
        ({"loader": "news"}, "want 20newsgroups, or hf:NAME"),
    ],
)
def test_texts_that_cannot_be_read_are_told(
    spec: dict[str, Any], message: str, tmp_path: Path
) -> None:
    write_texts(tmp_path / "texts.csv", 8)
    with pytest.raises(InputError, match=message):
        read_items(DataSpec(**spec), tmp_path)


def test_newsgroups_are_read_as_scikit_learn_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["sci.space", "rec.autos"]
    said = ["From: jane\nSubject: Orbits\n\nHow high is a low orbit?", "From: jim\n\n\n"]
    both = {"data": said, "target_names": names, "filenames": np.array(["a", "b"])}
    splits = {"train": [0, 1], "test": [1, 0]}
    kept = {split: Bunch(target=np.array(of), **both) for split, of in splits.items()}
    file = tmp_path / "20news-bydate_py3.pkz"  # its own cache, which it unpickles
    file.write_bytes(codecs.encode(pickle.dumps(kept), "zlib_codec"))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))

    items = read_items(DataSpec(loader="20newsgroups", split="test"), tmp_path)
    told = items.frame.select("text", "label").rows()
    assert told == [("How high is a low orbit?", "rec.autos")]
    assert items.notices[0] == "rows without a text, left out: 1"


def test_what_is_drawn_is_always_the_same(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts.csv")
    spec = DataSpec(path="texts.csv", text="body", limit=50)
    one, other = read_items(spec, tmp_path), read_items(spec, tmp_path)
    assert len(one.frame) == 50
    assert one.hash == other.hash
    assert one.hash != read_items(spec.model_copy(update={"limit": 51}), tmp_path).hash


@pytest.fixture
def done(experiment: Experiment, tmp_path: Path) -> Path:
    return run.run(experiment, tmp_path / "out")


def test_a_manifest_whose_model_or_texts_are_gone_is_not_repeated(done: Path) -> None:
    manifest = json.loads((done / FILE).read_text("utf-8"))
    changed = manifest | {"models": dict.fromkeys(manifest["models"], "static+00000000@128")}
    (done / "other.json").write_text(json.dumps(changed), "utf-8")
    with pytest.raises(InputError, match=r"not all is as it was:\nmodels.*was 'static\+00000000"):
        prepare(done / "other.json")
    write_texts(Path(manifest["folder"]) / "texts.csv", 100)
    with pytest.raises(InputError, match=r"data.n: was 240, is 100"):
        prepare(done / FILE)


def test_a_manifest_is_repeated_as_it_was_and_not_otherwise(done: Path) -> None:
    for other in ({"data": "new.csv"}, {"overrides": {"topics.max_topics": 9}}):
        with pytest.raises(InputError, match="is repeated as it was, without --data and --set"):
            prepare(done / FILE, **other)


def test_results_of_another_version_are_told_and_stay(done: Path) -> None:
    text = (done / FILE).read_text("utf-8")
    (done / FILE).write_text(text.replace('"format": 1', '"format": 0'), "utf-8")
    with pytest.raises(InputError, match="results of format 0, and this version reads 1"):
        prepare(done)
    assert results(done).height


def test_what_decides_the_outcome_decides_the_folder(tmp_path: Path) -> None:
    path = write_experiment(tmp_path)
    same, other = prepare(path), prepare(path, overrides={"topics.thread_weight": 0.4})
    assert manifest_id(same.manifest) == manifest_id(prepare(path).manifest)
    assert manifest_id(same.manifest) != manifest_id(other.manifest)


def test_settings_of_the_environment_decide_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_experiment(tmp_path)
    before = manifest_id(prepare(path).manifest)
    monkeypatch.setenv("FEEDBACKMINER_TOPICS__THREAD_WEIGHT", "0.9")
    assert manifest_id(prepare(path).manifest) != before


def test_a_window_of_a_project_is_read(tmp_path: Path) -> None:
    rows = [
        {"id": str(day), "body": f"The sync lost my notes on day {day}.", "author": "ann",
         "created_at": f"2026-03-{day:02d}T12:00:00+00:00"}
        for day in range(1, 9)
    ]  # fmt: skip
    project = open_project(tmp_path / "community")
    run_ = Run(project)
    collect_exports(run_, [str(write_jsonl(tmp_path / "forum.jsonl", rows))])
    run_.step(CLEAN)
    spec = DataSpec(project="community", since=date(2026, 3, 3), until=date(2026, 3, 6))
    items = read_items(spec, tmp_path)
    assert items.frame["item"].to_list() == [f"forum:{day}" for day in (3, 4, 5)]
    assert items.versions["texts"] is not None


def test_a_tagger_of_ones_own_is_measured_like_ours(tmp_path: Path) -> None:
    lines = ["body,kind", *(f"Like molasses {n},performance\nIt crashes {n},bug" for n in range(4))]
    (tmp_path / "tags.csv").write_text("\n".join(lines), "utf-8")
    own = "tests.support.own_parts:SlowIsPerformance"
    experiment = prepare(
        write_experiment(
            tmp_path,
            stage="kind",
            data={"path": "tags.csv", "text": "body", "label": "kind"},
            settings={},
            matrix={"tag.tagger": ["", own]},
            baselines=["rules"],
        )
    )
    ours, theirs = experiment.manifest["models"].values()
    assert theirs[1].startswith(f"{own}#")
    assert ours[0] == theirs[0]
    table = results(run.run(experiment, tmp_path / "out")).filter(measure="macro_recall")
    recall = dict(table.select("variant", "value").iter_rows())
    assert recall[f"tag.tagger={own}"] > recall[""]


def test_topics_are_held_to_those_of_samples_and_of_earlier_times(tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts.csv").read_text("utf-8").splitlines()
    days = [f"{line},2026-{1 + n // 28:02d}-{1 + n % 28:02d}" for n, line in enumerate(texts[1:])]
    (tmp_path / "dated.csv").write_text("\n".join([f"{texts[0]},day", *days[::-1]]), "utf-8")
    data = {"path": "dated.csv", "text": "body", "label": "subject", "time": "day"}
    told: list[str] = []
    experiment = prepare(
        write_experiment(tmp_path, data=data, samples=2, moments=1, seeds=[0, 1], matrix={})
    )
    folder = run.run(experiment, tmp_path / "out", told.append)
    assert experiment.items.frame["item"][0] == "240"  # the earliest, which is the last of the file
    assert [line.split(", ")[-1] for line in told[4:7]] == [
        *("sample 1 of 2 …", "sample 2 of 2 …", "up to moment 1 of 2 …"),
    ]
    table = results(folder)
    for name in ("stability_samples", "stability_time"):
        values = table.filter(measure=name)
        assert values["variant"].to_list() == ["ours", ""]
        assert (values["value"] > 0.3).all(), values
    assert len(table.filter(measure="nmi")) == 4  # of all texts alone
    assert run.run(experiment, tmp_path / "out", told.append) == folder
    assert len(told) == 4 + 2 * 3


def test_texts_whose_time_cannot_be_read_are_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,day\nlate,2026-03-02\nnever,soon\nearly,2026-03-01\n")
    items = read_items(DataSpec(path="a.csv", time="day"), tmp_path)
    assert items.frame["text"].to_list() == ["early", "late"]
    assert items.notices == ("texts without a time that can be read, left out: 1",)
    with pytest.raises(InputError, match="no row has a text and a time that can be read"):
        read_items(DataSpec(path="a.csv", time="text"), tmp_path)


@pytest.mark.parametrize(("stage", "label"), [("sentiment", "feeling"), ("kind", "kind")])
def test_tags_are_measured_beside_their_baselines(stage: str, label: str, tmp_path: Path) -> None:
    rows = [
        ("I love how quick the editor is, great work.", "positive", "praise"),
        ("The app crashes whenever I open the calendar.", "negative", "bug"),
        ("How do I export a chapter to PDF?", "neutral", "question"),
        ("Please add a dark theme to the board.", "neutral", "feature_request"),
    ]
    lines = [
        "body,feeling,kind",
        *(f'"{text} ({n})",{a},{b}' for n in range(5) for text, a, b in rows),
    ]
    (tmp_path / "tags.csv").write_text("\n".join(lines), "utf-8")
    baselines = ["majority", "rules", *(["vader"] if stage == "sentiment" else [])]
    experiment = prepare(
        write_experiment(
            tmp_path,
            stage=stage,
            data={"path": "tags.csv", "text": "body", "label": label},
            settings={},
            matrix={},
            baselines=baselines,
        )
    )
    assert "has no seed" in experiment.notices[-1]
    table = results(run.run(experiment, tmp_path / "out")).filter(measure="macro_f1")
    f1 = dict(table.select("method", "value").iter_rows())
    assert set(f1) == {"feedbackminer", *baselines}
    assert f1["feedbackminer"] > 0.5 > f1["majority"]


def test_a_report_tells_the_figures_and_runs_nothing(
    experiment: Experiment, tmp_path: Path
) -> None:
    hostile = experiment.spec.model_copy(update={"question": "<script>alert(1)</script>"})
    folder = run.run(
        Experiment(
            experiment.name, hostile, experiment.items, experiment.manifest, ("a <b>note</b>",)
        ),
        tmp_path / "out",
    )
    page = (folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>note" not in page
    values = results(folder).filter(pl.col("seed") >= 0, method="nmf", measure="nmi")["value"]
    assert f"{np.mean(values.to_list()):.3f} ±" in (folder / "report.md").read_text("utf-8")
