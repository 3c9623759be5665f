"""Topics that last: new posts join them, dense newcomers found new ones, people have the last word.

A community of 240 posts on six subjects, and what happens to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.tables import Assignments, Topics, check
from feedbackminer.topics import corrections
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import to_bytes, unit
from tests.support.topic_community import (
    EVERYBODY,
    community,
    corrected,
    find,
    posts_of,
    tables_of,
    topic_of,
)

pytestmark = pytest.mark.slow  # importing BERTopic alone takes ten seconds

PARTS = ("t101", "t102")


def events(found: TopicResult) -> list[str]:
    return found.lineage["event"].to_list()


@pytest.fixture(scope="module")
def first() -> TopicResult:
    return find(community(0, 1, 2, 3, 4, 5))


def test_each_subject_is_a_topic(first: TopicResult) -> None:
    topics = first.topics.filter(pl.col("level") == "topic")
    assert len(topics) == 6
    assert len(first.assignments) / 240 >= 0.95
    assert first.how.startswith("found anew")


def test_posts_of_next_week_join_the_topics_there_are_and_nothing_else_moves(
    first: TopicResult,
) -> None:
    again = find(EVERYBODY, community(0, 3, each=10, seed=9), before=first)
    now, before = topic_of(again), topic_of(first)
    assert all(now[post_id] == topic_id for post_id, topic_id in before.items())
    assert now["p0240"] == before["p0000"]
    assert now["p0255"] == before["p0120"]
    assert again.how == f"{len(now) - len(before)} posts joined known topics, 0 topics were born"
    assert events(again) == []


def test_what_fits_nowhere_waits_and_is_a_topic_once_it_is_dense_enough(first: TopicResult) -> None:
    few = find(EVERYBODY, community(20, each=6, seed=3), before=first)
    assert {f"p{n:04d}" for n in range(240, 246)} <= set(few.dropped["ref"])
    many = find(EVERYBODY, community(20, each=30, seed=3), before=few)
    born = {topic_of(many).get(f"p{n:04d}") for n in range(240, 270)}
    assert len(born - {None}) == 1
    assert not born & set(topic_of(first).values())
    assert events(many) == ["birth"]


def test_one_long_thread_about_something_else_is_no_topic_yet(first: TopicResult) -> None:
    passages, vectors = EVERYBODY
    more, lie = community(20, each=30, seed=3)
    for n_threads, born in ((4, 0), (6, 1)):
        threads = [f"p{n:04d}" for n in range(240)] + [f"th{n % n_threads}" for n in range(30)]
        grown = find_topics(
            posts_of([*passages, *more], np.vstack([vectors, lie]), threads),
            tables_of(first),
            settings=TopicSettings(seed=1),
            provenance=Provenance("axes", "later"),
        )
        assert events(grown) == ["birth"] * born


def test_scattered_newcomers_are_no_topic(first: TopicResult) -> None:
    noise = np.random.default_rng(4).normal(size=(60, 32)).astype(np.float32)
    noise[:, :6] = 0
    again = find(EVERYBODY, (["something else entirely"] * 60, unit(noise)), before=first)
    assert events(again) == []
    assert len(again.dropped) >= 55


def test_a_refit_with_another_seed_keeps_ids_names_and_posts(first: TopicResult) -> None:
    again = find(EVERYBODY, before=first, seed=2)
    assert again.how == "found anew: settings or encoder have changed"
    now, before = topic_of(again), topic_of(first)
    assert np.mean([now.get(i) == t for i, t in before.items()]) > 0.95
    labels = [dict(f.topics.select("topic_id", "label").iter_rows()) for f in (first, again)]
    assert labels[0] == labels[1]


def test_a_community_that_has_doubled_is_read_anew(first: TopicResult) -> None:
    again = find(EVERYBODY, community(0, 1, 2, 3, 4, 5, seed=5), before=first)
    assert again.how == "found anew: the community has doubled"
    assert events(again) == []


def test_topics_of_another_encoder_keep_their_ids_by_their_posts(first: TopicResult) -> None:
    said, vectors = EVERYBODY
    turned = vectors[:, ::-1].copy()
    again = find((said, turned), before=first, encoder="mirror")
    now, before = topic_of(again), topic_of(first)
    assert np.mean([now.get(i) == t for i, t in before.items()]) > 0.95


def test_topics_that_are_not_found_are_retired_and_their_ids_stay_theirs(
    first: TopicResult,
) -> None:
    fewer = find(community(0, 1, 2, 3), before=first, refit=True)
    status = fewer.topics.filter(pl.col("level") == "topic")["status"].to_list()
    assert sorted(status) == ["active"] * 4 + ["retired"] * 2
    assert sorted(events(fewer)) == ["retirement", "retirement"]


def test_an_interrupted_refit_is_done_again(first: TopicResult) -> None:
    newer = find(community(0, 1, 2, 3, each=61))
    again = find(EVERYBODY, before=replace(first, vocabulary=newer.vocabulary))
    assert again.how == "found anew: the last fit was interrupted"
    assert topic_of(again) == topic_of(first)


def test_a_stable_topic_says_so(first: TopicResult) -> None:
    stability = first.topics.filter(pl.col("level") == "topic")["stability"]
    assert stability.min() > 0.9  # type: ignore[operator]


def test_no_two_topics_of_any_level_have_the_same_name(first: TopicResult) -> None:
    assert first.topics["label"].str.to_lowercase().is_unique().all()


def test_a_name_that_people_gave_survives_a_refit_with_another_seed(first: TopicResult) -> None:
    said = corrected({"action": "rename", "topic_id": "t002", "to": "Our own name"})
    again = find(EVERYBODY, before=first, seed=2, corrections=said)
    row = again.topics.row(by_predicate=pl.col("topic_id") == "t002", named=True)
    assert (row["label"], row["named_by"]) == ("Our own name", "human")
    assert row["found_label"] != "Our own name"


def test_a_merge_holds_for_posts_to_come_and_after_a_refit(first: TopicResult) -> None:
    pair = {"topic_id": topic_of(first)["p0000"], "to": topic_of(first)["p0040"]}
    said = corrected({"action": "merge"} | pair)
    grown = find(EVERYBODY, community(0, each=10, seed=9), before=first, corrections=said)
    refitted = find(EVERYBODY, before=grown, seed=2, corrections=said)
    for found in (grown, refitted):
        now = topic_of(found)
        assert now["p0001"] == now["p0041"] == topic_of(first)["p0040"]
    assert topic_of(grown)["p0241"] == topic_of(first)["p0040"]


def test_a_merge_that_is_undone_gives_the_posts_back(first: TopicResult) -> None:
    pair = {"topic_id": topic_of(first)["p0000"], "to": topic_of(first)["p0040"]}
    merged = find(EVERYBODY, before=first, corrections=corrected({"action": "merge"} | pair))
    assert topic_of(merged)["p0000"] == pair["to"]
    back = corrected({"action": "merge", "undone": True} | pair)
    assert topic_of(find(EVERYBODY, before=merged, corrections=back)) == topic_of(first)


def test_a_split_stays_after_a_refit_and_takes_new_posts(first: TopicResult) -> None:
    own = topic_of(first)["p0000"]
    _, vectors = EVERYBODY
    middle = corrections.divide(vectors[:40], 2, seed=0)
    parts = {"parts": list(PARTS), "centroids": to_bytes(middle)}
    said = corrected({"action": "split", "topic_id": own} | parts)
    split = find(EVERYBODY, community(0, each=10, seed=9), before=first, corrections=said)
    assert own not in topic_of(split).values()
    now = topic_of(split)
    assert {now[i] for i, topic_id in topic_of(first).items() if topic_id == own} == set(PARTS)
    assert now["p0241"] in PARTS
    refitted = topic_of(find(EVERYBODY, before=split, seed=2, corrections=said))
    inside = [i for i, topic_id in now.items() if topic_id in PARTS and i in refitted]
    assert len(inside) > 30
    assert np.mean([refitted[post_id] == now[post_id] for post_id in inside]) > 0.9


def test_a_pinned_topic_is_made_again_where_a_refit_misses_it(first: TopicResult) -> None:
    own = topic_of(first)["p0000"]
    said, vectors = EVERYBODY
    scattered = vectors.copy()
    scattered[:40] = vectors[40:].reshape(5, 40, 32)[np.arange(40) % 5, np.arange(40)]
    pinned = corrected({"action": "pin", "topic_id": own})
    without = find((said, scattered), before=first, refit=True)
    kept = find((said, scattered), before=first, refit=True, corrections=pinned)
    assert own not in topic_of(without).values()
    held = {post_id for post_id, topic_id in topic_of(first).items() if topic_id == own}
    assert {post_id for post_id, t in topic_of(kept).items() if t == own} == held


def split_of(found: TopicResult, parts: tuple[str, ...] = PARTS) -> dict[str, Any]:
    middle = corrections.divide(EVERYBODY[1][:40], 2, seed=0)
    lie = {"parts": list(parts), "centroids": to_bytes(middle)}
    return {"action": "split", "topic_id": topic_of(found)["p0000"]} | lie


def test_a_topic_that_is_born_never_takes_the_id_of_a_part(first: TopicResult) -> None:
    said = corrected(split_of(first, ("t007", "t008")))
    split = find(EVERYBODY, before=first, corrections=said)
    grown = find(EVERYBODY, community(20, each=30, seed=3), before=split, corrections=said)
    assert events(grown) == ["birth"]
    assert topic_of(grown)["p0250"] == "t009"


def test_parts_of_a_split_have_posts_of_their_own_and_the_theme_of_the_whole(
    first: TopicResult,
) -> None:
    split = find(EVERYBODY, before=first, corrections=corrected(split_of(first)))
    rows = {row["topic_id"]: row for row in split.topics.to_dicts()}
    whole = rows[topic_of(first)["p0000"]]
    for part in PARTS:
        stand = rows[part]["representatives"]
        assert stand
        assert {topic_of(split)[post_id] for post_id in stand} == {part}
        assert rows[part]["parent_id"] == whole["parent_id"]
    assert rows[PARTS[0]]["label"] != rows[PARTS[1]]["label"]


def test_a_split_of_an_ignored_topic_stays_ignored(first: TopicResult) -> None:
    own = topic_of(first)["p0000"]
    said = corrected({"action": "ignore", "topic_id": own}, split_of(first))
    split = find(EVERYBODY, before=first, corrections=said)
    assert set(split.topics.filter(pl.col("topic_id").is_in(PARTS))["status"]) == {"ignored"}


def test_a_name_that_is_taken_back_is_the_model_s_again(first: TopicResult) -> None:
    name = {"action": "rename", "topic_id": "t002", "to": "Our own name"}
    named = find(EVERYBODY, before=first, corrections=corrected(name))
    back = find(EVERYBODY, before=named, corrections=corrected(name | {"undone": True}))
    row = back.topics.row(by_predicate=pl.col("topic_id") == "t002", named=True)
    assert (row["label"], row["named_by"]) == (row["found_label"], "model")


def test_a_topic_that_is_gone_does_not_come_back_because_it_was_ignored(first: TopicResult) -> None:
    gone = topic_of(first)["p0000"]
    said = corrected({"action": "ignore", "topic_id": gone})
    rest = community(1, 2, 3, 4, 5)
    told = find(rest, before=first, refit=True)
    later = find(rest, before=told, corrections=said)
    again = find(rest, before=later, corrections=said)
    assert gone not in topic_of(told).values()
    assert later.notices == (f"correction 1 (ignore {gone}) waits: topic {gone} is gone",)
    assert "joined known topics" in again.how


def test_no_topic_without_a_post_is_left_where_a_pinned_one_takes_theirs(
    first: TopicResult,
) -> None:
    """The pinned topic was coarse: a refit finds two in it, and both lose their posts to it."""
    own, other = topic_of(first)["p0000"], topic_of(first)["p0040"]
    both = first.assignments.with_columns(pl.col("topic_id", "found_id").replace(other, own))
    coarse = replace(first, assignments=check(both, Assignments, where="test"))
    rest = coarse.topics.filter(pl.col("topic_id") != other)
    coarse = replace(coarse, topics=check(rest, Topics, where="test"))
    pinned = corrected({"action": "pin", "topic_id": own})
    found = find(EVERYBODY, before=coarse, refit=True, corrections=pinned)
    topics = found.topics.filter(pl.col("status") == "active", level="topic")
    assert topics["size"].min() > 0  # type: ignore[operator]
    assert topics["label"].is_unique().all()


def test_an_ignored_topic_keeps_its_posts_and_is_marked(first: TopicResult) -> None:
    said = corrected({"action": "ignore", "topic_id": "t001"})
    found = find(EVERYBODY, before=first, corrections=said)
    assert topic_of(found) == topic_of(first)
    row = found.topics.row(by_predicate=pl.col("topic_id") == "t001", named=True)
    assert row["status"] == "ignored"


def test_a_correction_of_a_topic_that_is_gone_waits_and_says_so(first: TopicResult) -> None:
    found = find(
        EVERYBODY,
        before=first,
        corrections=corrected({"action": "rename", "topic_id": "t099", "to": "Nobody"}),
    )
    assert found.notices == ("correction 1 (rename t099) waits: topic t099 is gone",)
    assert topic_of(found) == topic_of(first)


def test_a_split_made_with_another_encoder_waits_and_says_so(first: TopicResult) -> None:
    parts = {"parts": ["t101", "t102"], "centroids": [b"", b""], "encoder": "older"}
    said = corrected({"action": "split", "topic_id": "t001"} | parts)
    found = find(EVERYBODY, before=first, corrections=said)
    assert "waits: its parts were told apart with older" in found.notices[0]
    assert topic_of(found) == topic_of(first)


def test_a_theme_of_the_settings_names_the_topic_it_means() -> None:
    theme = {"Energy": np.eye(32, dtype=np.float32)[:1]}
    found = find(EVERYBODY, themes=theme)
    row = found.topics.row(by_predicate=pl.col("label") == "Energy", named=True)
    assert row["named_by"] == "human"
    assert topic_of(found)["p0001"] == row["topic_id"]
    assert len(found.topics.filter(pl.col("level") == "topic")) == 6


def test_a_theme_that_nobody_speaks_of_is_told_of() -> None:
    found = find(EVERYBODY, themes={"Bicycles": np.eye(32, dtype=np.float32)[25:26]})
    assert found.notices == ("no posts are near the theme 'Bicycles' ([topics.themes])",)
    assert "Bicycles" not in found.topics["label"]


def test_five_thousand_posts_of_one_sentence_are_one_topic() -> None:
    said, vectors = community(0, each=1)
    found = find((said * 5000, np.repeat(vectors, 5000, axis=0)))
    assert found.topics.select("level", "size").rows() == [("topic", 5000)]


def test_a_topic_smaller_than_asked_for_is_still_shown() -> None:
    """There are 60 documents a topic may not be smaller than, and six subjects of 40."""
    found = find(EVERYBODY, settings={"min_threads": 60})
    assert len(found.assignments) > 0
    assert found.account.rows_in == 240


def test_a_community_of_one_subject_is_one_stable_topic() -> None:
    found = find(community(0, each=200, wide=0.05))
    assert found.topics.select("level", "stability").rows() == [("topic", 1.0)]


def test_posts_without_a_single_word_still_fall_into_topics() -> None:
    _, vectors = EVERYBODY
    found = find((["😀 🎉"] * 240, vectors))
    again = find((["😀 🎉"] * 240, vectors), community(0, each=5, seed=9), before=found)
    assert found.topics.filter(pl.col("level") == "topic").height == 6
    assert topic_of(again)["p0240"] == topic_of(found)["p0001"]
    assert found.topics["label"].is_unique().all()
