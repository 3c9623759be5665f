"""Topics of small communities: every post has a topic or a reason, and topics outlive a run."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.tables import Topics, check
from feedbackminer.topics.corpus import TopicInput
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import Naming, find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix, unit
from tests.support.builders import texts
from tests.support.topic_community import tables_of

pytestmark = pytest.mark.slow  # importing BERTopic alone takes ten seconds

SUBJECTS = (
    "The battery drains overnight on my phone {}",
    "PDF export loses my footnotes {}",
    "I want a darker theme for reading {}",
    "Sync stops whenever the tablet sleeps {}",
)
ENDINGS = ("since Tuesday", "every time", "on both devices", "and I checked twice", "again")


def written(subjects: int, posts: int, *, first: int = 0) -> list[str]:
    told = SUBJECTS[first : first + subjects]
    return [told[i // posts].format(ENDINGS[i % 5]) + f" {i}" for i in range(subjects * posts)]


def near(subjects: int, posts: int, *, first: int = 0, seed: int = 0) -> Matrix:
    """Return vectors of posts on some subjects, each subject along an axis of its own."""
    middle = np.repeat(np.eye(8, dtype=np.float32)[first : first + subjects], posts, axis=0)
    noise = np.random.default_rng(seed).normal(0, 0.05, middle.shape)
    return unit((middle + noise).astype(np.float32))


def find(
    passages: list[str],
    vectors: Matrix,
    before: TopicResult | None = None,
    *,
    run_id: str = "r1",
    ignore: tuple[str, ...] = (),
    ids: str = "p",
) -> TopicResult:
    table = texts(*({"post_id": f"{ids}{i}", "text": text} for i, text in enumerate(passages)))
    threads = pl.Series([f"thread {i}" for i in range(len(passages))], dtype=pl.String)
    return find_topics(
        TopicInput(table, vectors, threads),
        tables_of(before),
        settings=TopicSettings(),
        provenance=Provenance("axes", run_id),
        naming=Naming(ignore_words=ignore),
    )


def events(found: TopicResult) -> list[tuple[str, str, str]]:
    return sorted(found.lineage.select("event", "from_id", "to_id").iter_rows())


def test_each_subject_is_a_topic_with_a_name_of_its_own() -> None:
    found = find(written(4, 8), near(4, 8))
    labels = " ".join(found.topics["label"]).lower()
    assert found.topics["size"].to_list() == [8] * 4
    assert all(word in labels for word in ("battery", "export", "theme", "sync"))


def test_every_post_has_a_topic_or_a_reason() -> None:
    lonely = np.vstack([near(3, 10), np.eye(8, dtype=np.float32)[7:]])
    found = find([*written(3, 10), "The moon is full tonight"], lonely)
    assert found.dropped.select("ref", "reason").rows() == [("p30", "unsorted")]
    assert found.account.rows_in == 31 == found.account.rows_out + 1
    assert found.topics["size"].sum() == len(found.assignments) == 30


def test_a_score_is_the_cosine_of_the_post_to_its_topic() -> None:
    found = find(written(2, 5), near(2, 5))
    assert found.assignments["score"].is_between(0.9, 1.0).all()


def test_no_posts_give_no_topics() -> None:
    found = find([], np.zeros((0, 0), dtype=np.float32))
    assert found.topics.is_empty()
    assert found.assignments.is_empty()
    assert found.account.rows_in == 0


def test_one_post_is_a_topic() -> None:
    found = find(["The battery drains overnight"], near(1, 1))
    assert found.topics.select("topic_id", "size", "born_in").rows() == [("t001", 1, "r1")]
    assert "attery" in found.topics["label"][0]


@pytest.mark.parametrize("posts", [10, 200])
def test_posts_that_are_all_the_same_are_one_topic_named_by_it(posts: int) -> None:
    found = find(["The battery drains overnight"] * posts, np.repeat(near(1, 1), posts, axis=0))
    assert found.topics["size"].to_list() == [posts]
    assert "attery" in found.topics["label"][0]


@pytest.mark.parametrize("told", [["hi, thanks"] * 3, ["😀 😀", "🎉 🎉", "👍 👍"]])
def test_posts_without_a_single_telling_word_are_a_topic_too(told: list[str]) -> None:
    assert find(told, near(1, 3)).topics["label"].to_list() == ["Miscellaneous"]


def test_posts_in_another_script_are_named_in_it() -> None:
    found = find(["同步 不 工作", "同步 很 慢", "我 的 同步 坏 了"], near(1, 3))
    assert "同步" in found.topics["label"][0]


def test_the_product_names_no_topic() -> None:
    told = [f"Inkwell battery drains {i}" for i in range(5)]
    told += [f"Inkwell export breaks {i}" for i in range(5)]
    found = find(told, near(2, 5), ignore=("Inkwell",))
    assert not any("inkwell" in label.lower() for label in found.topics["label"])


def test_the_same_posts_give_the_same_topics_again() -> None:
    one, other = (find(written(4, 8), near(4, 8)) for _ in range(2))
    assert one.topics.equals(other.topics)
    assert one.assignments.equals(other.assignments)


def test_in_a_second_run_topics_keep_their_ids_labels_and_birth() -> None:
    first = find(written(3, 8), near(3, 8))
    again = find(written(3, 12)[::-1], near(3, 12, seed=1)[::-1], first, run_id="r2")
    kept = ["topic_id", "label", "born_in"]
    assert set(again.topics.select(kept).rows()) == set(first.topics.select(kept).rows())
    assert again.topics["size"].to_list() == [12] * 3
    assert events(again) == []


def test_the_first_run_says_what_was_born() -> None:
    found = find(written(2, 5), near(2, 5))
    assert events(found) == [("birth", "", "t001"), ("birth", "", "t002")]


def test_a_new_subject_gets_an_id_and_a_name_that_nobody_has() -> None:
    first = find(written(2, 8), near(2, 8))
    names = pl.Series(["Darker theme", "Theme, reading"])
    topics = check(first.topics.with_columns(found_label=names), Topics, where="test")
    renamed = replace(first, topics=topics)
    again = find(written(3, 8), near(3, 8), renamed, run_id="r2")
    assert events(again) == [("birth", "", "t003")]
    assert again.topics["label"].str.to_lowercase().n_unique() == 3
    labels = dict(again.topics.select("topic_id", "label").iter_rows())
    assert [labels["t001"], labels["t002"]] == ["Darker theme", "Theme, reading"]


def test_a_subject_that_nobody_speaks_of_any_more_is_retired() -> None:
    first = find(written(3, 8), near(3, 8))
    again = find(written(2, 8), near(2, 8), first, run_id="r2")
    assert sorted(again.topics["status"]) == ["active", "active", "retired"]
    ((event, gone, _),) = events(again)
    assert event == "retirement"
    assert gone not in again.assignments["topic_id"]


def test_the_id_of_a_retired_topic_is_not_used_again() -> None:
    first = find(written(1, 5), near(1, 5))
    second = find(written(1, 5, first=1), near(1, 5, first=1), first, ids="q")
    third = find(written(1, 5, first=2), near(1, 5, first=2), second, ids="r")
    assert sorted(third.topics.select("topic_id", "status").rows()) == [
        ("t001", "retired"),
        ("t002", "retired"),
        ("t003", "active"),
    ]
    assert events(third) == [("birth", "", "t003"), ("retirement", "t002", "")]


def test_a_reply_goes_with_its_thread() -> None:
    """ "That fixed it" lies between two subjects; its thread decides."""
    told = [*written(2, 5), "That fixed it, cheers"]
    between = unit(np.eye(8, dtype=np.float32)[:1] + 1.1 * np.eye(8, dtype=np.float32)[1:2])
    threads = pl.Series([*(f"thread {i}" for i in range(10)), "thread 0"])
    found = find_topics(
        TopicInput(texts(*told), np.vstack([near(2, 5), between]), threads),
        settings=TopicSettings(),
        provenance=Provenance("axes", "r1"),
    )
    topic_of = dict(found.assignments.select("post_id", "topic_id").iter_rows())
    assert topic_of["p10"] == topic_of["p0"] != topic_of["p9"]
