"""A part of the user's own takes the place of ours, and one that fails is told by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import feedbackminer as fm
from feedbackminer.api.community import Community
from feedbackminer.errors import InputError, ModelError, SettingsError
from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.topic_set import Provenance
from tests.support.experiment_files import SUBJECTS, write_texts

pytestmark = pytest.mark.slow
OWN = "tests.support.own_parts"
STATIC = {"embed": {"backend": "static"}}


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    texts = pl.read_csv(write_texts(tmp_path_factory.mktemp("texts") / "t.csv"))
    numbers = pl.int_range(pl.len())
    return texts.with_columns(
        id=numbers.cast(pl.String), author=pl.format("member {}", numbers % 60)
    )


def mined(posts: pl.DataFrame, **settings: Any) -> Community:
    return fm.mine(posts.drop("subject"), columns={"body": "body"}, settings=STATIC | settings)


def purity(community: Community, posts: pl.DataFrame) -> float:
    from feedbackminer.research.metrics.topics import purity as of

    main = community.assignments.filter(rank=1).select("post_id", "topic_id")
    both = community.posts.sort("post_id").join(main, on="post_id", how="left")
    by_text = dict(posts.select("body", "subject").iter_rows())
    gold = np.unique([by_text[body] for body in both["body"]], return_inverse=True)[1]
    found = np.unique(both["topic_id"].fill_null(""), return_inverse=True)[1]
    return of(gold, found)


def test_an_encoder_of_ones_own_groups_texts(posts: pl.DataFrame) -> None:
    settings = {"embed": {"model": f"{OWN}:HashingEncoder"}}
    community = mined(posts, **settings)
    [encoder] = community.project.store.read("vectors")["encoder"].unique()
    assert encoder.startswith(f"{OWN}:HashingEncoder#")
    assert purity(community, posts) > 0.8


def test_a_clusterer_of_ones_own_groups_texts_behind_our_ids_and_names(posts: pl.DataFrame) -> None:
    community = mined(posts, topics={"clusterer": f"{OWN}:FourGroups"})
    topics = community.topics.filter(level="topic")
    assert 2 <= len(topics) <= 4
    assert topics["topic_id"].str.starts_with("t").all()
    assert topics["label"].n_unique() == len(topics)


def test_bertopic_is_a_clusterer(posts: pl.DataFrame) -> None:
    community = mined(posts, topics={"clusterer": "bertopic"})
    assert len(community.topics.filter(level="topic")) >= 2
    assert purity(community, posts) > 0.8


def test_a_tagger_of_ones_own_is_asked(posts: pl.DataFrame) -> None:
    rows = [
        {"id": "x", "body": "This editor is like molasses.", "author": "ann"},
        *posts.head(40).to_dicts(),
    ]
    settings = STATIC | {"tag": {"tagger": f"{OWN}:SlowIsPerformance"}}
    tags = fm.mine(rows, settings=settings).tags
    assert tags["kinds"].explode().to_list().count("performance") == 1


def test_texts_without_a_project_are_tagged_by_it_too() -> None:
    settings = {"tag": {"tagger": f"{OWN}:SlowIsPerformance"}}
    row = fm.tag(["This editor is like molasses."], settings=settings).row(0, named=True)
    assert row["kinds"] == ["performance"]
    assert row["p_bug"] is None


def test_topics_are_found_anew_where_the_code_of_their_clusterer_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = tmp_path / "parts_that_change.py"
    module.write_text(f"from {OWN} import FourGroups\n\n\nclass Mine(FourGroups):\n    pass\n")
    settings = TopicSettings(clusterer="parts_that_change:Mine")
    before = Provenance("encoder", "run").fitted_as(settings)
    module.write_text(f"{module.read_text()}    # other groups\n")
    assert Provenance("encoder", "run").fitted_as(settings) != before
    assert Provenance("encoder", "run").fitted_as(TopicSettings()).count("#") == 0


def test_a_namer_of_ones_own_names_topics(posts: pl.DataFrame) -> None:
    community = mined(posts, naming={"namer": f"{OWN}:LoudNamer"})
    labels = community.topics.filter(level="topic")["label"]
    assert labels.str.ends_with(" again").any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embed": {"model": f"{OWN}:Broken"}}, "RuntimeError: the weights are gone"),
        ({"embed": {"model": f"{OWN}:OneTooFew"}}, "want a row of finite numbers for each of"),
        ({"topics": {"clusterer": f"{OWN}:Broken"}}, "RuntimeError: too many dimensions"),
        ({"topics": {"clusterer": f"{OWN}:OneTooFew"}}, "want a whole number for each of"),
        ({"tag": {"tagger": f"{OWN}:Broken"}}, "RuntimeError: no labels"),
        ({"tag": {"tagger": f"{OWN}:OneTooFew"}}, "want a Tag for each of"),
    ],
)
def test_a_part_that_fails_is_told_by_its_name(
    settings: dict[str, Any], message: str, posts: pl.DataFrame
) -> None:
    with pytest.raises(ModelError, match=message) as told:
        mined(posts, **settings)
    assert OWN in str(told.value)


def test_a_namer_that_fails_leaves_the_plain_names(posts: pl.DataFrame) -> None:
    plain = mined(posts).topics["label"].to_list()
    community = mined(posts, naming={"namer": f"{OWN}:Broken"})
    assert community.topics["label"].to_list() == plain
    assert any("RuntimeError: no words" in notice for notice in community.notices)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"topics": {"clusterer": "no_such_module:Thing"}}, "cannot be imported: ModuleNotFound"),
        ({"topics": {"clusterer": f"{OWN}:Nothing"}}, "no 'Nothing' in tests.support.own_parts"),
        ({"topics": {"clusterer": f"{OWN}:LoudNamer"}}, "want a class with a method 'fit'"),
        ({"topics": {"clusterer": "kmeans"}}, "topics.clusterer"),
        ({"embed": {"model": "no_such_module:Thing"}}, r"\[embed\] model = 'no_such_module:Thing'"),
    ],
)
def test_a_part_that_there_is_not_is_told(
    settings: dict[str, Any], message: str, posts: pl.DataFrame
) -> None:
    with pytest.raises(SettingsError, match=message):
        mined(posts, **settings)


def test_a_module_of_the_working_directory_is_found(
    posts: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"from {OWN} import FourGroups\n\n\nclass Mine(FourGroups):\n    pass\n"
    (tmp_path / "parts_of_mine.py").write_text(code, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(mined(posts, topics={"clusterer": "parts_of_mine:Mine"}).topics)


def test_what_was_mined_is_a_bertopic_model(posts: pl.DataFrame, tmp_path: Path) -> None:
    from bertopic import BERTopic

    community = mined(posts)
    model = community.to_bertopic()
    topics = community.topics.filter(level="topic")
    info = model.get_topic_info()
    sizes = dict(info.filter(items=["CustomName", "Count"]).to_numpy().tolist())
    ours = dict(topics.select("label", "size").iter_rows())
    assert {name: n for name, n in sizes.items() if name in ours} == ours
    numbers, _ = model.transform([f"The {' and the '.join(SUBJECTS['sync'])}"])
    sync = [n for n in model.get_topics() if "sync" in dict(model.get_topic(n))]
    assert numbers[0] in sync

    model.save(tmp_path / "model", serialization="safetensors", save_ctfidf=True)
    assert BERTopic.load(tmp_path / "model").get_topics().keys() == model.get_topics().keys()


def test_a_project_without_topics_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no topics"):
        fm.open_project(tmp_path).to_bertopic()
