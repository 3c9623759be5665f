"""Choose verbatim quotes: sentences that are exact substrings of their post and on topic."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.vocabulary.claims import FEELING, UNWANTED, WANTED

SAME = 0.6  # Jaccard similarity of words from which two quotes say the same
_WORD = re.compile(r"[^\W\d_]{3,}")


# What makes a sentence a better or worse witness for claims of some kinds (none named: of all).
TRAITS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    # It needs the sentence before it to be understood, or speaks to somebody, or is cut short.
    (
        r"^(?i:also|and|but|so|or|that|this|it|it's|its|they|them|he|she|these|those|which|then|"
        r"there|otherwise|however|yes|yeah|no|same|maybe|because|though|if so|in that case|"
        r"agreed?|what|second|apologies|sorry|who|neither|either|instead|exactly|well|ah|oh|ok|"
        r"okay|sure|thanks|thank you|hi|hello)\b",
        -0.3,
        (),
    ),
    (r"^\p{Lu}\p{Ll}{2,11}, |^(?i:you|you're|you’re|your)\b", -0.2, ()),
    (r"^\p{Ll}|[^.!?…)\"”’]$|\($", -0.15, ()),
    # Its writer tells of themselves; or tells others what to do.
    (r"\b(I|my|me|we|our|I'm|I've|I’m|I’ve|i|i'm|i've|i’m|i’ve)\b", 0.15, ()),
    (r"^(If|To|Try|Check|Have you|Make sure|Please|Just|Use|Did you|Do you|As)\b", -0.15, ()),
    (r"\?$", 0.2, ("newcomers", "unanswered")),
    # Praise that takes some of it back; a problem that says nothing of itself, or is over.
    (
        r"(?i)\b(but|however|although|though|except|not|missing|lacks?|struggling|used to|"
        r"should)\b|n['’]t\b",
        -0.5,
        ("love",),
    ),
    (r"(?i)\b(same|similar|this|the) (problem|issue|error|thing)s?\b", -0.15, ("problem",)),
    (
        r"(?i)\b(solved|fixed|my (own )?(mistake|fault)|i (forgot|made a mistake)|works? now|"
        r"working (now|fine|on))\b",
        -0.3,
        ("problem", "newcomers"),
    ),
)


@dataclass(frozen=True)
class Quote:
    """A sentence as its author wrote it; ``text in post.body`` holds."""

    post_id: str
    text: str
    url: str | None
    voice: str
    said_at: datetime | None
    thread: str
    n_voices: int = 1  # members who said it in nearly the same words


def quotable_posts(
    posts: pl.DataFrame,
    tags: pl.DataFrame,
    assignments: pl.DataFrame,
    threads: pl.DataFrame,
    repeats: pl.DataFrame,
) -> pl.DataFrame:
    """Return one row per quotable sentence of a member's post."""
    titles = threads.select("thread_id", thread=pl.col("title").fill_null(""))
    columns = ["sentences", "sentence_kinds", "sentence_scores"]
    sentences = tags.select("post_id", *columns).explode(columns)
    nearness = assignments.select("post_id", near="score")  # a post has a score of its own: likes
    alike = repeats.select("post_id", "first_id")
    return (
        sentences.drop_nulls("sentences")
        .join(posts, on="post_id", how="inner")
        .filter(pl.col("author_role").is_in(["member", "unknown"]))
        .join(titles, on="thread_id", how="left")
        .join(nearness, on="post_id", how="left")
        .join(alike, on="post_id", how="left")
        .filter(pl.col("body").str.contains(pl.col("sentences"), literal=True))
        .select(
            "post_id", "url", "thread", "created_at",
            voice=pl.col("author_id").fill_null(""),
            text="sentences",
            kinds=pl.col("sentence_kinds").str.split(" "),
            near=pl.col("near").fill_null(0.0),
            feeling="sentence_scores",
            said_first=pl.coalesce("first_id", "post_id"),
            opens_thread=pl.col("post_id").is_in(threads["opener_post_id"].to_list()),
        )
    )  # fmt: skip


def choose(
    sentences: pl.DataFrame,
    evidence: Iterable[str],
    *,
    kind: str,
    keywords: Iterable[str],
    count: int,
) -> list[Quote]:
    """Return up to ``count`` quotes for a claim: near the topic, of its kind, each another voice.

    Args:
        sentences: what :func:`quotable_posts` returns.
        evidence: ids of the posts that the claim counted.
        keywords: the topic's words; a quote that names one shows that it belongs.
    """
    if not count:
        return []
    wanted, unwanted = WANTED.get(kind, frozenset()), UNWANTED.get(kind, frozenset())
    fits = sentences.join(
        pl.DataFrame({"post_id": list(evidence)}, schema={"post_id": pl.String}),
        on="post_id",
        how="semi",
    )
    said_by = dict(
        fits.group_by("said_first")
        .agg(pl.col("voice").filter(pl.col("voice") != "").n_unique())
        .iter_rows()
    )
    if wanted:
        fits = fits.filter(pl.col("kinds").list.set_intersection(list(wanted)).list.len() > 0)
    if unwanted:
        fits = fits.filter(pl.col("kinds").list.set_intersection(list(unwanted)).list.len() == 0)
    fits = fits.with_columns(on_topic=_on_topic(list(keywords)))
    if (fits["on_topic"] > 0).any() and kind != "love":  # "it" is what people love
        fits = fits.filter(pl.col("on_topic") > 0)
    ranked = fits.with_columns(rank=_rank(kind)).sort(
        "rank", "post_id", "text", descending=[True, False, False]
    )
    return _distinct(ranked, count, said_by)


def _on_topic(keywords: list[str]) -> pl.Expr:
    """Say how well a sentence names its topic: 0 to 1, its first keywords counting most."""
    named = pl.lit(0.0)
    for place, word in enumerate(keywords, start=1):
        pattern = rf"(?i)\b{re.escape(word)}"
        named += pl.col("text").str.contains(pattern).cast(pl.Float64) / math.sqrt(place)
    return pl.min_horizontal(named, pl.lit(1.0))


def _rank(kind: str) -> pl.Expr:
    """Weigh how well a sentence speaks for a claim: near its topic, whole, first-hand, telling."""
    text = pl.col("text")
    length = text.str.len_chars()
    rank = pl.col("near") + 0.4 * pl.col("on_topic") + 0.1 * pl.col("opens_thread")
    rank += pl.col("feeling") * FEELING.get(kind, 0.0)
    rank -= pl.when(length < 50).then(0.1).when(length > 260).then(0.15).otherwise(0.0)
    for pattern, weight, kinds in TRAITS:
        if kind in kinds or not kinds:
            rank += weight * text.str.contains(pattern)
    return rank


def _distinct(ranked: pl.DataFrame, count: int, said_by: Mapping[str, int]) -> list[Quote]:
    chosen: list[Quote] = []
    word_sets: list[frozenset[str]] = []
    voices: set[str] = set()
    told: set[str] = set()  # a text that was posted again is quoted once
    for row in ranked.iter_rows(named=True):
        words = _words(row["text"])
        is_copy = row["said_first"] in told or any(_same(words, other) for other in word_sets)
        if row["voice"] in voices or is_copy:
            continue
        chosen.append(
            Quote(
                row["post_id"],
                row["text"],
                row["url"],
                row["voice"],
                row["created_at"],
                row["thread"],
                max(1, said_by[row["said_first"]]),
            )
        )
        word_sets.append(words)
        told.add(row["said_first"])
        voices |= {row["voice"]} - {""}
        if len(chosen) == count:
            break
    return chosen


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return one == other or len(one & other) / len(one | other) >= SAME
