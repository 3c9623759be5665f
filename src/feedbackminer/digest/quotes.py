"""Choose verbatim quotes: sentences that are exact substrings of their post and on topic."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

SAME = 0.6  # Jaccard similarity of words from which two quotes say the same
_WORD = re.compile(r"[^\W\d_]{3,}")
# A sentence that opens like this needs the one before it to be understood.
_LEANS_BACK = (
    r"^(?i:also|and|but|so|or|that|this|it|it's|its|they|them|he|she|these|those|which|then|there|"
    r"otherwise|however|or|yes|yeah|no|same|maybe|because|though|if so|in that case|agreed?|what|"
    r"second|apologies|sorry|who|neither|either|instead|exactly|well|ah|oh|ok|okay|sure|thanks|"
    r"thank you|hi|hello)\b"
)
# Which kinds a sentence should have to stand for a claim of this kind.
WANTED: Mapping[str, frozenset[str]] = {
    "problem": frozenset({"bug", "complaint", "usability", "performance", "documentation"}),
    "love": frozenset({"praise"}),
    "request": frozenset({"feature_request"}),
    "churn": frozenset({"churn"}),
    "newcomers": frozenset({"question", "bug", "usability", "documentation"}),
    "unanswered": frozenset({"question", "bug"}),
}
UNWANTED: Mapping[str, frozenset[str]] = {
    "love": frozenset({"bug", "complaint", "question"}),
    "problem": frozenset({"praise"}),
}


@dataclass(frozen=True)
class Quote:
    """A sentence as its author wrote it; ``text in post.body`` holds."""

    post_id: str
    text: str
    url: str | None
    voice: str
    said_at: datetime | None
    thread: str


def quotable_posts(
    posts: pl.DataFrame, tags: pl.DataFrame, assignments: pl.DataFrame, threads: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per quotable sentence of a member's post."""
    titles = threads.select("thread_id", thread=pl.col("title").fill_null(""))
    sentences = tags.select("post_id", "sentences", "sentence_kinds", "sentiment_score").explode(
        "sentences", "sentence_kinds"
    )
    nearness = assignments.select("post_id", "score")
    return (
        sentences.drop_nulls("sentences")
        .join(posts, on="post_id", how="inner")
        .filter(pl.col("author_role").is_in(["member", "unknown"]))
        .join(titles, on="thread_id", how="left")
        .join(nearness, on="post_id", how="left")
        .filter(pl.col("body").str.contains(pl.col("sentences"), literal=True))
        .select(
            "post_id", "url", "thread", "created_at", "sentiment_score",
            voice=pl.col("author_id").fill_null(""),
            text="sentences",
            kinds=pl.col("sentence_kinds").str.split(" "),
            score=pl.col("score").fill_null(0.0),
        )
    )  # fmt: skip


def choose(
    sentences: pl.DataFrame,
    evidence: Iterable[str],
    *,
    kind: str,
    keywords: Iterable[str],
    count: int,
    avoid: Iterable[str] = (),
) -> list[Quote]:
    """Return up to ``count`` quotes for a claim: near the topic, of its kind, each another voice.

    Args:
        sentences: what :func:`quotable_posts` returns.
        evidence: ids of the posts that the claim counted.
        keywords: the topic's words; a quote that names one shows that it belongs.
        avoid: texts that are quoted elsewhere.
    """
    if not count:
        return []
    wanted, unwanted = WANTED.get(kind, frozenset()), UNWANTED.get(kind, frozenset())
    fits = sentences.join(
        pl.DataFrame({"post_id": list(evidence)}, schema={"post_id": pl.String}),
        on="post_id",
        how="semi",
    )
    if wanted:
        fits = fits.filter(pl.col("kinds").list.set_intersection(list(wanted)).list.len() > 0)
    if unwanted:
        fits = fits.filter(pl.col("kinds").list.set_intersection(list(unwanted)).list.len() == 0)
    fits = fits.with_columns(on_topic=_on_topic(list(keywords)))
    if (fits["on_topic"] > 0).any():
        fits = fits.filter(pl.col("on_topic") > 0)
    ranked = fits.with_columns(rank=_rank(kind)).sort(
        "rank", "post_id", "text", descending=[True, False, False]
    )
    return _distinct(ranked, count, set(avoid))


def _on_topic(keywords: list[str]) -> pl.Expr:
    """Say how well a sentence names its topic: 0 to 1, its first keywords counting most."""
    named = pl.lit(0.0)
    for place, word in enumerate(keywords, start=1):
        pattern = rf"(?i)\b{re.escape(word)}"
        named += pl.col("text").str.contains(pattern).cast(pl.Float64) / math.sqrt(place)
    return pl.min_horizontal(named, pl.lit(1.0))


_TO_SOMEBODY = r"^\p{Lu}\p{Ll}{2,11}, "  # "Ian, I think …"
_OWN = r"\b(I|my|me|we|our|I'm|I've|i|i'm|i've)\b"
_BUT = r"(?i)\b(but|however|although|though|except|not|struggling)\b|n't\b"
_ADVICE = r"^(If|To|You|Your|Try|Check|Have you|Make sure|Please|Just|Use|Did you|Do you|As)\b"


def _rank(kind: str) -> pl.Expr:
    leans = pl.col("text").str.contains(f"{_LEANS_BACK}|{_TO_SOMEBODY}") | pl.col(
        "text"
    ).str.ends_with(":")
    length = pl.col("text").str.len_chars().cast(pl.Float64)
    stubby = pl.when(length < 50).then(0.1).when(length > 260).then(0.15).otherwise(0.0)
    feeling = pl.col("sentiment_score") * {"love": 0.4, "problem": -0.1, "churn": -0.1}.get(kind, 0)
    own = pl.col("text").str.contains(_OWN) & ~pl.col("text").str.contains(_ADVICE)
    asks = pl.col("text").str.ends_with("?") & (kind in ("newcomers", "unanswered"))
    bonus = 0.15 * own.cast(pl.Float64) + 0.2 * asks.cast(pl.Float64)
    on_topic = 0.4 * pl.col("on_topic")
    torn = pl.col("text").str.contains(_BUT) & (kind == "love")
    malus = stubby + 0.2 * leans.cast(pl.Float64) + 0.3 * torn.cast(pl.Float64)
    return pl.col("score") + on_topic + feeling + bonus - malus


def _distinct(ranked: pl.DataFrame, count: int, avoid: set[str]) -> list[Quote]:
    chosen: list[Quote] = []
    word_sets = [_words(text) for text in avoid]
    voices: set[str] = set()
    for row in ranked.iter_rows(named=True):
        words = _words(row["text"])
        if row["voice"] in voices or any(_same(words, other) for other in word_sets):
            continue
        chosen.append(
            Quote(
                row["post_id"],
                row["text"],
                row["url"],
                row["voice"],
                row["created_at"],
                row["thread"],
            )
        )
        word_sets.append(words)
        voices |= {row["voice"]} - {""}
        if len(chosen) == count:
            break
    return chosen


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return one == other or len(one & other) / len(one | other) >= SAME
