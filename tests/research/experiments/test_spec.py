"""An experiment as a file: what it says, and what is told of one that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedbackminer.errors import InputError, SettingsError
from feedbackminer.research.experiments.spec import read_spec
from feedbackminer.research.experiments.write import write_spec
from tests.support.experiment_files import write_experiment, write_texts


def test_a_matrix_is_every_combination_in_its_order(tmp_path: Path) -> None:
    matrix = {"embed.backend": ["int8", "static"], "topics.max_topics": [20, 40]}
    spec = read_spec(write_experiment(tmp_path, matrix=matrix))
    variants = list(spec.variants())
    assert [variant.name for variant in variants] == [
        "embed.backend=int8, topics.max_topics=20",
        "embed.backend=int8, topics.max_topics=40",
        "embed.backend=static, topics.max_topics=20",
        "embed.backend=static, topics.max_topics=40",
    ]
    assert variants[1].settings.embed.backend == "int8"
    assert variants[1].settings.topics.small_community == 50


def test_without_a_matrix_there_is_one_variant(tmp_path: Path) -> None:
    [variant] = read_spec(write_experiment(tmp_path, matrix={})).variants()
    assert variant.name == "ours"


def test_what_the_command_line_sets_no_longer_varies(tmp_path: Path) -> None:
    spec = read_spec(write_experiment(tmp_path), overrides={"topics.max_topics": 30})
    [variant] = spec.variants()
    assert variant.settings.topics.max_topics == 30


def test_other_data_take_the_place_of_those_of_the_file(tmp_path: Path) -> None:
    path = write_experiment(tmp_path)
    assert read_spec(path, data="new.csv").data.path == "new.csv"
    (tmp_path / "p" / "tables").mkdir(parents=True)
    data = read_spec(path, data=str(tmp_path / "p")).data
    assert (data.project, data.path) == (str(tmp_path / "p"), "")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stage": "topic"}, "unknown stage 'topic'; did you mean 'topics'"),
        ({"measures": ["nmii"]}, "unknown measure 'nmii'; did you mean 'nmi'"),
        ({"measures": ["macro_f1"]}, "unknown measure 'macro_f1'; want one of nmi"),
        ({"baselines": ["bertopics"]}, "unknown baseline 'bertopics'; did you mean 'bertopic'"),
        ({"seeds": [1, 2, 1]}, "seed 1 stands there twice"),
        ({"seeds": []}, "seeds"),
        ({"quesion": "?"}, "unknown key 'quesion'; did you mean 'question'"),
        (
            {"data": {"path": "a", "project": "b"}},
            "want one of path, project, loader; got path and",
        ),
        ({"data": {"path": "a", "txt": "b"}}, "unknown key 'data.txt'; did you mean 'text'"),
        ({"settings": {"topics": {"seed": 3}}}, "topics.seed is set by `seeds`"),
        ({"settings": 3}, "settings"),
        ({"matrix": 3}, "matrix"),
        ({"data": None}, "data"),
        ({"samples": 1}, "want two samples at least"),
        ({"moments": 3}, "moments want data.time"),
        (
            {"stage": "kind", "samples": 3, "baselines": [], "settings": {}, "matrix": {}},
            "samples and moments are for topics; got stage kind",
        ),
        ({"matrix": {"topics.max_topics": []}}, "matrix.topics.max_topics"),
    ],
)
def test_what_is_wrong_is_told_with_the_nearest_name(
    changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as told:
        read_spec(write_experiment(tmp_path, **changed))
    assert message in str(told.value)
    assert "fineness.toml" in str(told.value)


@pytest.mark.parametrize("changed", [{"matrix": 3}, {"settings": 3}, {"data": 3}])
def test_what_is_no_table_is_told_before_anything_in_it_is_exchanged(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    path = write_experiment(tmp_path, **changed)
    with pytest.raises(InputError, match=r"fineness\.toml: "):
        read_spec(path, data="new.csv", overrides={"topics.max_topics": 3})


def test_stability_is_a_measure_of_topics_like_any_other(tmp_path: Path) -> None:
    assert read_spec(write_experiment(tmp_path, measures=["stability"])).measures == ("stability",)


def test_a_section_that_is_no_table_is_told(tmp_path: Path) -> None:
    spec = read_spec(write_experiment(tmp_path, settings={"topics": 3}, matrix={}))
    with pytest.raises(SettingsError, match="topics"):
        list(spec.variants())


def test_a_setting_that_there_is_not_is_told(tmp_path: Path) -> None:
    spec = read_spec(write_experiment(tmp_path, matrix={"topics.max_topic": [1]}))
    with pytest.raises(SettingsError, match=r"unknown setting 'topics.max_topic'; did you mean"):
        list(spec.variants())


def test_a_file_that_there_is_not_or_that_is_no_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such experiment; `feedbackminer experiment init`"):
        read_spec(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("stage = ", "utf-8")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        read_spec(tmp_path / "bad.toml")


def test_an_experiment_to_begin_with_is_written_and_is_not_overwritten(tmp_path: Path) -> None:
    texts, path = write_texts(tmp_path / "t.csv", 10), tmp_path / "encoders.toml"
    write_spec(path, data=str(texts), stage="topics", text="body", label="subject")
    spec = read_spec(path)
    assert [v.settings.embed.backend for v in spec.variants()] == ["auto", "static"]
    assert spec.data.label == "subject"
    tags = tmp_path / "tags.toml"
    write_spec(tags, data=str(texts), stage="sentiment", text="body", label="subject")
    spec = read_spec(tags)
    assert [v.settings.embed.backend for v in spec.variants()] == ["int8", "fp32"]  # heads know
    assert spec.seeds == (0,)
    with pytest.raises(InputError, match="is there already"):
        write_spec(path, data=str(texts), stage="topics", text="body", label="")
