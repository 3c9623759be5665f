"""Sentences that are told as examples, beside what is only counted."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from feedbackminer.insight.facts import Subject
from feedbackminer.insight.labels import chance_column, headline_chance
from feedbackminer.text.headline import headline
from feedbackminer.vocabulary.tags import ANY_PROBLEM, FIT

LONGEST = 20  # words of a sentence that is told as an example
KEYWORDS = 8  # of a topic that an example may name, the strongest
DENIES = r"(?i)\b(?:do|does|did|has|have)(?: not|n['’]t) "  # "it does not crash" on crashes
TURNS = r"(?i)\b(?:but|however|although|though)\b"  # what then qualifies praise
SAYS_SO = 0.7  # probability of a sentence that is told as an example
# And that it says so, times that it is fit as a headline; praise is short.
FITS = {"praise": 0.15}
FITS_ELSE = 0.25


# What posts do, by the label that tells it: what sentence is told as an example, and in words.
DOES = {
    ANY_PROBLEM: ("problem", "mostly problems"),
    "praise": ("praise", "mostly praise"),
    "question": ("question", "mostly questions"),
    "feature_request": ("request", "mostly wishes"),
}


class Example(NamedTuple):
    """A sentence of a member, and the post that it is of."""

    text: str
    post_id: str

    @property
    def such_as(self) -> str:
        """Return how a headline ends that tells it."""
        return f", such as “{self.text}”"


def example_of(
    topic: Subject, posts: pl.DataFrame, says: str, sentences: pl.DataFrame
) -> Example | None:
    """Return the sentence of the posts that is fittest to say it, of those on the topic's matter.

    A post on a topic also tells of other things: a sentence has to name a part of the topic's
    label, or, where none does, one of its keywords.
    """
    text, chance = pl.col("text").str, headline_chance(says)
    of_posts = (
        sentences.join(posts, on="post_id", how="semi")
        .filter(chance >= SAYS_SO)
        .with_columns(fitness=chance * headline_chance(FIT), sentence="text")
    )
    if says == "praise":
        of_posts = of_posts.filter(~text.contains(TURNS))
    for names in filter(None, (topic.label.split(", "), topic.keywords[:KEYWORDS])):
        choice = "|".join(map(pl.escape_regex, names))
        is_on_topic = text.contains(rf"(?i)\b(?:{choice})s?\b")
        is_denied = text.contains(rf"{DENIES}(?:{choice})")
        on_topic = of_posts.filter(is_on_topic, ~is_denied)
        if example := fittest(on_topic, FITS.get(says, FITS_ELSE)):
            return example
    return None


def fittest(sentences: pl.DataFrame, least: float = FITS_ELSE) -> Example | None:
    """Return the sentence that is fittest to be told as an example, where one is fit.

    Args:
        sentences: post_id, number, sentence and fitness.
        least: fitness of one that is fit.
    """
    is_short = pl.col("sentence").str.count_matches(r"\S+") <= LONGEST
    ranked = sentences.filter(is_short, pl.col("fitness") >= least).sort(
        "fitness", "post_id", "number", descending=[True, False, False]
    )
    rows = ranked.select("sentence", "post_id").head(1).iter_rows()
    return next((Example(headline(text), post_id) for text, post_id in rows), None)


def what_is_said(
    topic: Subject, posts: pl.DataFrame, sentences: pl.DataFrame
) -> tuple[str, Example | None]:
    """Say what posts on a topic mostly do, if half of them do it, and give an example.

    By the label whose chances sum to most; the example is of the first that has a fit one.
    """
    sums = {label: posts[chance_column(label)].fill_null(0).sum() for label in DOES}
    ranked = sorted(DOES, key=lambda label: -sums[label])
    examples = (example_of(topic, posts, DOES[label][0], sentences) for label in ranked)
    mostly = f", {DOES[ranked[0]][1]}" if 2 * sums[ranked[0]] >= len(posts) else ""
    return mostly, next(filter(None, examples), None)
