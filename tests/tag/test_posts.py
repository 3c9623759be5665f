"""Tags: how a post sounds, and sentences that can be quoted word by word."""

import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tables import KINDS
from feedbackminer.tag.posts import MAX_SENTENCES, RuleTagger, Tag, in_context, quotable, tag_texts
from feedbackminer.tag.sentiment import label, mean, score
from tests.builders import texts

TAGGER = RuleTagger()


def tag(text: str) -> Tag:
    (found,) = TAGGER.tag([text])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "I love how quickly it syncs now.",
        "Works beautifully on my old tablet, thank you!",
        "Great job on the new search.",
        "This is the best notes app I have used.",
        "Happy with the export, it saved my week.",
        "The new theme is gorgeous.",
        "Super helpful, thanks a lot.",
        "Finally a version that is fast and pretty.",
        "The team has been wonderful to deal with.",
        "It’s not bad at all, I enjoy it.",
    ],
)
def test_a_friendly_text_is_positive(text: str) -> None:
    assert tag(text).sentiment == "positive"


@pytest.mark.parametrize(
    "text",
    [
        "I hate the new toolbar.",
        "The update is a disaster and support is useless.",
        "This is terrible, I lost all my work.",
        "It isn’t good, and it was never great.",
        "Very disappointed with the export.",
        "The sync is horribly unreliable.",
        "An awful experience from start to end.",
        "I am angry about the price.",
        "The search is worse than before.",
        "Nothing but problems since I paid, I regret it.",
    ],
)
def test_an_angry_text_is_negative(text: str) -> None:
    assert tag(text).sentiment == "negative"


@pytest.mark.parametrize("text", ["The file is in the folder.", "Version 2.4 came out in May."])
def test_a_text_without_feeling_is_neutral(text: str) -> None:
    assert (tag(text).sentiment, tag(text).score) == ("neutral", 0.0)


def test_the_score_is_the_mean_of_the_sentences_that_carry_feeling() -> None:
    told = ("I love it.", "It is blue.", "I hate it.")
    love, blue, hate = map(score, told)
    assert blue == 0 != love + hate
    assert tag(" ".join(told)).score == mean([love, hate]) == pytest.approx((love + hate) / 2)


@pytest.mark.parametrize(
    ("value", "want"),
    [(0.05, "positive"), (0.049, "neutral"), (-0.049, "neutral"), (-0.05, "negative")],
)
def test_a_faint_feeling_is_neutral(value: float, want: str) -> None:
    assert label(value) == want


@pytest.mark.parametrize(
    "sentence",
    [
        "The export cuts off the last page of every chapter.",
        "“Saving” takes a whole minute on my tablet.",
        "Même problème chez moi depuis la dernière version.",
        "同步功能在昨天更新之后完全不能用了。",
    ],
)
def test_a_plain_sentence_can_be_quoted(sentence: str) -> None:
    assert quotable(sentence)


@pytest.mark.parametrize(
    ("sentence", "because"),
    [
        ("It stops now.", "a stub"),
        ("word " * 46, "a wall"),
        ("Please write to <email> if the export stops again for you.", "something was masked"),
        ("Ask m_abcdefghij about the export, he knows it very well.", "it names somebody"),
        ("See https://example.org for how the export works these days.", "a link"),
        ("See www.example.org for how the export works these days.", "a link"),
        ("The line if (x == 1) { go } breaks the whole export.", "code"),
        ("Calling save_file before the export breaks the whole thing.", "code"),
        ("Calling save() before the export breaks the whole thing.", "code"),
        ("See [the guide] for how the export works these days.", "markup"),
        ("* the export stops on the last page of each chapter", "a list"),
        ("12 34 56 78 90 12 34 56 78 90 the readings of my six meters", "numbers"),
        ('He said that "the export stops on the last page.', "half a quotation"),
        ("The export \u202estops on the last page of each chapter.", "it turns the text around"),
    ],
)
def test_a_sentence_that_cannot_stand_alone_is_not_quoted(sentence: str, because: str) -> None:
    assert not quotable(sentence), because


def test_advice_to_another_member_reports_nothing() -> None:
    assert in_context({"bug", "praise"}, "Your log says that it fails.") == {"praise"}
    assert "bug" not in tag("Your log says that the import fails with an error.").kinds
    assert "bug" in tag("My log says that the import fails with an error.").kinds


def test_praise_inside_thanks_is_praise_of_a_helper() -> None:
    assert in_context({"praise"}, "Thanks, that is a great idea.") == set()
    assert in_context({"praise"}, "That is a great idea.") == {"praise"}


@pytest.mark.parametrize(
    "sentence",
    [
        "If this helps the battery, perfect!",
        "That would be a great feature.",
        "It used to be nice.",
    ],
)
def test_what_is_only_supposed_is_not_praised(sentence: str) -> None:
    assert in_context({"praise"}, sentence) == set()


def test_only_who_speaks_of_themselves_talks_of_leaving() -> None:
    assert in_context({"churn"}, "We are moving away from this app.") == {"churn"}
    assert in_context({"churn"}, "Tell me why you've moved away from it.") == set()
    assert in_context({"churn"}, "Uninstalling it fixes the path.") == set()


def test_a_question_mark_asks() -> None:
    assert in_context(set(), "You have an old tablet?") == {"question"}


def test_each_sentence_has_the_kinds_it_speaks_of() -> None:
    found = tag("I love this app more than any other. Sync crashes on my tablet every morning.")
    assert dict(zip(found.sentences, found.sentence_kinds, strict=True)) == {
        "I love this app more than any other.": "praise",
        "Sync crashes on my tablet every morning.": "bug",
    }
    assert found.kinds == ("bug", "praise")
    assert found.rules == ("bug", "praise")


@given(st.text(alphabet="aB é’'\".?!\n\t,<_\u202e同", max_size=80))
@settings(max_examples=60, deadline=None)
def test_sentences_stand_in_the_text_word_by_word(noise: str) -> None:
    text = f"The export doesn’t keep my page numbers. {noise}\nSync is slow on my old tablet today."
    found = tag(text)
    assert all(sentence in text and "\n" not in sentence for sentence in found.sentences)
    assert len(found.sentences) == len(found.sentence_kinds) == len(found.sentence_scores)
    assert set(found.kinds) <= set(KINDS)


def test_a_curly_apostrophe_changes_nothing_but_the_quote() -> None:
    curly = tag("It doesn’t save my changes on the tablet.")
    plain = tag("It doesn't save my changes on the tablet.")
    assert (curly.kinds, curly.score) == (plain.kinds, plain.score) == (("bug",), plain.score)
    assert curly.sentences == ("It doesn’t save my changes on the tablet.",)


def test_the_same_texts_get_the_same_tags_in_any_order() -> None:
    told = ["I love it.", "Sync crashes.", "How do I export?", "I love it."]
    assert list(TAGGER.tag(told)) == list(TAGGER.tag(told[::-1]))[::-1]


def test_a_text_of_twenty_thousand_words_is_tagged_in_seconds() -> None:
    long = (
        "lost all of my own many " * 2_000 + "My notes are gone after the sync, all of them. " * 800
    )
    began = time.perf_counter()
    found = tag(long)
    assert time.perf_counter() - began < 10
    assert found.kinds == ("bug",)
    assert len(found.sentences) <= MAX_SENTENCES


def test_every_text_gets_one_row_and_its_title_counts() -> None:
    table = texts(
        {"title": "Sync crashes", "text": "Since monday, on my tablet."}, "I love this app."
    )
    done: list[int] = []
    result = tag_texts(table, tagger=TAGGER, progress=done.append)
    assert result.tags.select("post_id", pl.col("kinds").list.join(",")).rows() == [
        ("p0", "bug"),
        ("p1", "praise"),
    ]
    assert (result.account.rows_in, result.account.rows_out, sum(done)) == (2, 2, 2)


def test_no_texts_get_no_tags() -> None:
    assert tag_texts(texts(), tagger=TAGGER).tags.is_empty()
