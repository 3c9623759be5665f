"""Tags by rules and lexicon: what is left where the heads do not know the encoder."""

import time

import pytest

from feedbackminer.tagging.lexicon import label, mean, score
from feedbackminer.tagging.rule_tagger import RuleTagger, in_context
from feedbackminer.tagging.tagger import Tag
from tests.support.builders import read

TAGGER = RuleTagger()


def tag(text: str) -> Tag:
    (tagged,) = TAGGER.tag(read(text))
    return tagged


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
    assert tag(text).sentiment.label == "positive"


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
    assert tag(text).sentiment.label == "negative"


@pytest.mark.parametrize("text", ["The file is in the folder.", "Version 2.4 came out in May."])
def test_a_text_without_feeling_is_neutral(text: str) -> None:
    assert (tag(text).sentiment.label, tag(text).sentiment.score) == ("neutral", 0.0)


def test_the_score_is_the_mean_of_the_sentences_that_carry_feeling() -> None:
    sentences = ("I love it.", "It is blue.", "I hate it.")
    love, blue, hate = map(score, sentences)
    assert blue == 0 != love + hate
    whole = tag(" ".join(sentences)).sentiment.score
    assert whole == mean([love, hate]) == pytest.approx((love + hate) / 2)


@pytest.mark.parametrize(
    ("value", "want"),
    [(0.05, "positive"), (0.049, "neutral"), (-0.049, "neutral"), (-0.05, "negative")],
)
def test_a_faint_feeling_is_neutral(value: float, want: str) -> None:
    assert label(value) == want


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
    whole = tag("I love this app more than any other. Sync crashes on my tablet every morning.")
    assert {sentence.text: " ".join(sentence.kinds) for sentence in whole.sentences} == {
        "I love this app more than any other.": "praise",
        "Sync crashes on my tablet every morning.": "bug",
    }
    assert whole.kinds == ("bug", "praise")


def test_a_curly_apostrophe_changes_nothing_but_the_quote() -> None:
    curly = tag("It doesn’t save my changes on the tablet.")
    plain = tag("It doesn't save my changes on the tablet.")
    assert curly.kinds == plain.kinds == ("bug",)
    assert curly.sentiment == plain.sentiment
    assert curly.sentences[0].text == "It doesn’t save my changes on the tablet."


def test_the_same_texts_get_the_same_tags_in_any_order() -> None:
    texts = ["I love it.", "Sync crashes.", "How do I export?", "I love it."]
    assert list(TAGGER.tag(read(*texts))) == list(TAGGER.tag(read(*texts[::-1])))[::-1]


@pytest.mark.timing
def test_a_text_of_twenty_thousand_words_is_tagged_in_seconds() -> None:
    long = (
        "lost all of my own many " * 2_000 + "My notes are gone after the sync, all of them. " * 800
    )
    began = time.process_time()
    whole = tag(long)
    assert time.process_time() - began < 10
    assert whole.kinds == ("bug",)
