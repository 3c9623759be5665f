"""Tags by the shipped heads: given where sure, unsure in between, nothing of other languages."""

import numpy as np
import polars as pl
import pytest

from feedbackminer.embed.encoder import Encoder
from feedbackminer.embed.load import load_encoder
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.tagging import features
from feedbackminer.tagging.head_tagger import (
    RULED_OUT,
    Batch,
    HeadTagger,
    load_tagger,
)
from feedbackminer.tagging.stage import read_texts
from feedbackminer.tagging.tagger import Tag
from feedbackminer.vocabulary.tags import KINDS, PROBLEMS, UNSURE
from tests.support.builders import texts

pytestmark = pytest.mark.slow
POSTS = (
    "The app crashes every time I open the settings since the last update.",
    "How can I export all my notes to PDF?",
    "I love this app, it is excellent and works perfectly.",
    "The docs are wrong here: the page on pairing is outdated and nowhere says so.",
    "We meet on Tuesday at the library, as always.",
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(EmbedSettings())


@pytest.fixture(scope="module")
def tagger(encoder: Encoder) -> HeadTagger:
    return load_tagger(encoder.name)


def tags(
    tagger: HeadTagger, encoder: Encoder, *passages: str, reviews: bool = False, **more: str
) -> list[Tag]:
    encoded = encoder.encode(passages)
    table = texts(*passages).with_columns(**{k: pl.lit(v) for k, v in more.items()})
    read = read_texts(table, encoded, [reviews] * len(passages))
    return list(tagger.tag(read))


def test_what_is_given_is_likely_enough_and_what_is_unsure_is_not(
    tagger: HeadTagger, encoder: Encoder
) -> None:
    limits = tagger.heads["kinds"].weights.thresholds[0]
    for tag in tags(tagger, encoder, *POSTS):
        for kind, chance, limit in zip(KINDS, tag.kind_chances, limits, strict=True):
            if kind in tag.kinds:
                assert chance >= limit
            assert (kind in tag.unsure) == (RULED_OUT < chance < limit and kind not in tag.kinds)


def test_a_bug_a_question_and_plain_talk(tagger: HeadTagger, encoder: Encoder) -> None:
    bug, question, _, _, talk = tags(tagger, encoder, *POSTS)
    assert "bug" in bug.kinds
    assert bug.severity is not None
    assert question.kinds == ("question",)
    assert (talk.kinds, talk.severity) == ((), None)


def test_praise_is_likelier_in_a_review(tagger: HeadTagger, encoder: Encoder) -> None:
    praise = KINDS.index("praise")
    (post,) = tags(tagger, encoder, POSTS[2])
    (review,) = tags(tagger, encoder, POSTS[2], reviews=True)
    assert review.kind_chances[praise] > post.kind_chances[praise]
    assert "praise" in review.kinds
    assert review.sentiment.label == "positive"


def test_only_problems_are_severe(tagger: HeadTagger, encoder: Encoder) -> None:
    for tag in tags(tagger, encoder, *POSTS):
        if not set(tag.kinds) & set(PROBLEMS):
            assert tag.severity is None
            assert "severity" not in tag.unsure


def test_what_the_rules_find_makes_a_kind_likelier(tagger: HeadTagger, encoder: Encoder) -> None:
    documentation = KINDS.index("documentation")
    batch = Batch.of(read_texts(texts(POSTS[3]), encoder.encode([POSTS[3]]), [False]))
    assert batch.by_rules[0, documentation] == 1

    weights = tagger.heads["kinds"].weights.dense
    first = len(weights) - features.MANNER - features.STARS - len(KINDS)
    assert weights[first + documentation, documentation] > 0


@pytest.mark.parametrize(
    ("passage", "kind", "status"),
    [
        ("It has not crashed once since the update.", "bug", "negated"),
        ("The crash on start is fixed in 4.2, thanks.", "bug", "over"),
        ("If it crashes again, I will send a log.", "bug", "hypothetical"),
        ("A colleague says that it crashes on his phone.", "bug", "another"),
    ],
)
def test_what_is_not_asserted_is_no_report_and_how_it_is_spoken_of_is_kept(
    tagger: HeadTagger, encoder: Encoder, passage: str, kind: str, status: str
) -> None:
    (tag,) = tags(tagger, encoder, passage)
    assert kind not in tag.kinds
    assert tag.statuses[KINDS.index(kind)] in (status, "")


def test_how_it_goes_is_told_beside_how_it_sounds(tagger: HeadTagger, encoder: Encoder) -> None:
    crash, _, love, _, talk = tags(tagger, encoder, *POSTS)
    assert crash.experience.label == "bad"
    assert talk.experience.chances[3] > 0.5 > crash.experience.chances[3]
    assert love.experience.chances[1] > crash.experience.chances[1]
    for tag in (crash, love, talk):
        assert sum(tag.experience.chances) == pytest.approx(1, abs=1e-5)


def test_praise_with_one_star_is_meant_to_hurt(tagger: HeadTagger, encoder: Encoder) -> None:
    passage = "Great update, I love it."
    encoded, table = encoder.encode([passage]), texts(passage)
    (five,) = tagger.tag(read_texts(table, encoded, [True], [5.0]))
    (one,) = tagger.tag(read_texts(table, encoded, [True], [1.0]))
    assert "praise" in five.kinds
    assert "praise" not in one.kinds


def test_at_even_odds_nothing_that_was_given_is_taken_back(
    tagger: HeadTagger, encoder: Encoder
) -> None:
    for sure, even in zip(
        tags(tagger, encoder, *POSTS), tags(tagger.at_even_odds(), encoder, *POSTS), strict=True
    ):
        assert set(sure.kinds) <= set(even.kinds)


@pytest.mark.parametrize(
    "passage",
    [
        "word " * 3_000,
        "🙄🙄🙄",
        "/s",
        "error: if (x) { return error; } // error",
        "> It crashes all the time.\n\nNot for me.",
        "It crashes. Es stürzt ab. Ça plante.",
    ],
)
def test_any_text_has_a_tag(tagger: HeadTagger, encoder: Encoder, passage: str) -> None:
    (tag,) = tags(tagger, encoder, passage)
    assert len(tag.statuses) == len(tag.kind_chances) == len(KINDS)
    assert all(0 <= chance <= 1 for chance in tag.kind_chances)


def test_of_other_languages_nothing_is_said(tagger: HeadTagger, encoder: Encoder) -> None:
    (tag,) = tags(tagger, encoder, POSTS[0], language="de")
    assert (tag.kinds, tag.sentiment.label, tag.severity) == ((), UNSURE, None)
    assert set(tag.unsure) == {"sentiment", "experience", *KINDS}


def test_a_kind_is_seen_in_the_sentence_that_speaks_for_it(
    tagger: HeadTagger, encoder: Encoder
) -> None:
    passages = f"We went to the lake. {POSTS[0]} It was sunny."
    (tag,) = tags(tagger, encoder, passages)
    assert "bug" in tag.kinds
    assert [s.text for s in tag.sentences if "bug" in s.kinds] == [POSTS[0]]


def test_clauses_sound_as_their_words_do(tagger: HeadTagger) -> None:
    love, hate = tagger.sentence_sentiment(["I love the editor", "I hate the sync"])
    assert (love.label, love.score > 0.5) == ("positive", True)
    assert hate.score < 0 < love.score
    assert tagger.sentence_sentiment([]) == []


def test_the_same_texts_get_the_same_tags_in_any_order(
    tagger: HeadTagger, encoder: Encoder
) -> None:
    forth, back = tags(tagger, encoder, *POSTS), tags(tagger, encoder, *POSTS[::-1])[::-1]
    assert [tag.kinds for tag in forth] == [tag.kinds for tag in back]
    for one, other in zip(forth, back, strict=True):
        np.testing.assert_allclose(one.kind_chances, other.kind_chances, atol=1e-3)


def test_posts_that_nothing_crashed_hardly_count_as_bugs(
    tagger: HeadTagger, encoder: Encoder
) -> None:
    passages = (
        "It has not crashed once since the update.",
        "No crashes here since the update.",
        "Not one crash in two weeks with the new version.",
        "Running it for a month now without any crash.",
        "It doesn't crash any more, the fix works.",
    )
    told = tags(tagger, encoder, *passages)
    assert not any(set(tag.kinds) & set(PROBLEMS) for tag in told)
    assert sum(tag.kind_chances[KINDS.index("bug")] for tag in told) < 1


@pytest.mark.parametrize(
    ("title", "severity"),
    [("Data lost", 4), ("My notes are gone", 4), ("I have not lost any data", None)],
)
def test_a_problem_whose_title_says_that_data_was_lost_is_of_the_worst(
    tagger: HeadTagger, encoder: Encoder, title: str, severity: int | None
) -> None:
    body = "The app crashes every time I open the settings since the last update."
    (tag,) = tags(tagger, encoder, f"{title}\n{body}")
    assert tag.severity is not None
    assert tag.severity == (severity or min(tag.severity, 3))
