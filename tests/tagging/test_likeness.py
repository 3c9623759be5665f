"""Texts that are unlike what the heads know are told to be so, and labelled without its priors."""

from dataclasses import replace

import pytest

from feedbackminer.embed.load import encoder_name
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.tagging.head_tagger import HeadTagger, load_tagger
from feedbackminer.tagging.likeness import FEWEST, UNLIKE, fitted_to
from feedbackminer.tagging.rule_tagger import RuleTagger

PLACES = ("Madrid", "Leeds", "Ohio", "Perth", "Lagos", "Turin", "Quito", "Kyoto", "Cork", "Bonn")
SHOWS = (
    "derby",
    "finale",
    "gig",
    "debate",
    "premiere",
    "match",
    "encore",
    "parade",
    "vote",
    "gala",
)
POSTS = (
    "I tried to install {} on my server and get an error when it connects to the {}.",
    "How can I configure the {} so that it sends its readings to the {}?",
    "Thanks, that worked. I had to update the driver of the {} and restart the {}.",
    "The {} does not show up after the upgrade. Which version of the {} do you use?",
)


def tweets(count: int) -> list[str]:
    return [
        f"@{PLACES[i % 10].lower()}fan{i} cant wait for the {SHOWS[i // 10 % 10]} tomorrow "
        f"night in {PLACES[i % 7]} lol #{SHOWS[i % 9]} 2015"
        for i in range(count)
    ]


def posts(count: int) -> list[str]:
    return [POSTS[i % 4].format(f"module {i}", f"gateway {i // 4}") for i in range(count)]


@pytest.fixture(scope="module")
def tagger() -> HeadTagger:
    return load_tagger(encoder_name(EmbedSettings()))


def test_posts_of_a_forum_are_like_what_the_heads_know(tagger: HeadTagger) -> None:
    assert fitted_to(tagger, posts(FEWEST)) == (tagger, ())


def test_tweets_are_told_and_labelled_by_even_priors(tagger: HeadTagger) -> None:
    fitted, (notice,) = fitted_to(tagger, tweets(FEWEST))
    assert notice.startswith(UNLIKE)
    assert isinstance(fitted, HeadTagger)
    assert fitted.name != tagger.name
    assert not fitted.heads["sentiment"].weights.thresholds.any()


def test_of_few_texts_nobody_can_say(tagger: HeadTagger) -> None:
    assert fitted_to(tagger, tweets(FEWEST - 1)) == (tagger, ())


def test_a_head_that_was_fitted_to_labels_from_there_stays(tagger: HeadTagger) -> None:
    head = tagger.heads["sentiment"]
    own = replace(head, card=dict(head.card) | {"adapted": {"examples": 40}})
    adapted = replace(tagger, heads={**tagger.heads, "sentiment": own})
    fitted, notices = fitted_to(adapted, tweets(FEWEST))
    assert (fitted, notices) == (adapted, (UNLIKE,))


def test_rules_know_no_sites() -> None:
    rules = RuleTagger()
    assert fitted_to(rules, tweets(FEWEST)) == (rules, ())
