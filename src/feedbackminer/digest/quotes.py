"""Choose verbatim quotes: sentences that stand in their post, whatever its spaces, on topic."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import polars as pl

from feedbackminer.tables import single_spaced
from feedbackminer.vocabulary.claims import CLAIM_KINDS, ClaimKind
from feedbackminer.vocabulary.tags import ANY_PROBLEM, ASSERTED, PROBLEMS, SIDES

SURE = 0.7  # probability of saying a key point from which a sentence is quoted for it
NOT_COUNTED: Mapping[str, int] = {}
SAME = 0.6  # Jaccard similarity of words from which two quotes say the same
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Trait:
    """What makes a sentence a better witness for a claim, or a worse one."""

    pattern: str
    weight: float
    always: bool = False  # for claims of every kind, not only of those that name it


@dataclass(frozen=True)
class Quote:
    """A sentence as its author wrote it, with a space for each line break within it."""

    post_id: str
    text: str
    url: str | None
    voice: str
    written_at: datetime | None
    thread: str
    n_voices: int = 1  # members who said it in nearly the same words


def quotable_sentences(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return one row per quotable sentence of a member's post.

    Args:
        tables: by name: posts, tags, assignments (of main topics), threads and repeats.
    """
    threads = tables["threads"]
    posts = tables["posts"].with_columns(body=single_spaced(pl.col("body")))
    titles = threads.select("thread_id", thread=pl.col("title").fill_null(""))
    columns = ["sentences", "sentence_kinds", "sentence_statuses", "sentence_scores"]
    sentences = tables["tags"].select("post_id", *columns).explode(columns)
    nearness = tables["assignments"].select("post_id", near="score")  # a post's own are its likes
    first_ids = tables["repeats"].select("post_id", "first_id")
    return (
        sentences.drop_nulls("sentences")
        .join(posts, on="post_id", how="inner")
        .filter(pl.col("author_role").is_in(["member", "unknown"]))
        .join(titles, on="thread_id", how="left")
        .join(nearness, on="post_id", how="left")
        .join(first_ids, on="post_id", how="left")
        .filter(pl.col("body").str.contains(single_spaced(pl.col("sentences")), literal=True))
        .select(
            "post_id", "url", "thread", "created_at",
            voice=pl.col("author_id").fill_null(""),
            text="sentences",
            kinds=pl.col("sentence_kinds").str.split(" "),
            status="sentence_statuses",
            near=pl.col("near").fill_null(0.0),
            sentiment="sentence_scores",
            first_id=pl.coalesce("first_id", "post_id"),
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
    does: str = "",
) -> list[Quote]:
    """Return up to ``count`` quotes for a claim: near the topic, of its kind, each another voice.

    Args:
        sentences: what :func:`quotable_sentences` returns.
        evidence: ids of the posts that the claim counted.
        kind: of the claim; its row says what a quote should be like.
        keywords: the topic's words; a quote that names one shows that it belongs.
        count: how many at most.
        does: one of SHARES, what the posts do, where the claim is about that; a quote does it, too,
            where any sentence does.
    """
    if not count:
        return []
    claim_kind = CLAIM_KINDS[kind]
    counted = sentences.join(
        pl.DataFrame({"post_id": list(evidence)}, schema={"post_id": pl.String}),
        on="post_id",
        how="semi",
    )
    is_named = pl.col("voice") != ""
    voices = pl.col("voice").filter(is_named).n_unique()
    n_voices = dict(counted.group_by("first_id").agg(voices).iter_rows())

    fits = counted.filter(_is_of_kind(claim_kind)).with_columns(on_topic=_on_topic(list(keywords)))
    if does and len(doing := fits.filter(_does(does))):
        fits = doing
    if claim_kind.names_topic and (fits["on_topic"] > 0).any():
        fits = fits.filter(pl.col("on_topic") > 0)
    ranked = fits.with_columns(rank=_rank(claim_kind)).sort(
        "rank", "post_id", "text", descending=[True, False, False]
    )
    return distinct(ranked, count, n_voices)


def saying(
    said: pl.DataFrame,
    *,
    headline: str,
    headed_by: str | None,
    count: int,
    since: datetime | None = None,
) -> list[Quote]:
    """Return up to ``count`` sentences that surely say a key point, the surest first.

    Args:
        said: rows of :func:`quotable_sentences` that say it, with their ``chance``.
        headline: what it is told with, which is not quoted again.
        headed_by: id of the post that this is of.
        since: what was written from then on goes before what was written earlier.
    """
    others = said.filter(pl.col("post_id") != headed_by) if headed_by else said
    sure = others.filter(pl.col("chance") >= SURE)
    ranked = sure.sort("chance", "post_id", "text", descending=[True, False, False])
    if since:
        is_of_now = pl.col("created_at") >= since
        ranked = ranked.sort(is_of_now, descending=True, nulls_last=True, maintain_order=True)
    return distinct(ranked, count, dict.fromkeys(ranked["first_id"], 1), (headline,))


@cache
def read_traits() -> Mapping[str, Trait]:
    """Return the traits of ``traits.toml`` by name, in its order."""
    text = files(__package__).joinpath("traits.toml").read_text("utf-8")
    return {name: Trait(**row) for name, row in tomllib.loads(text).items()}


def _is_of_kind(claim_kind: ClaimKind) -> pl.Expr:
    """Return whether a sentence says what the claim wants, as the claim wants it said."""
    is_wanted = _is_one_of(claim_kind.wants) if claim_kind.wants else pl.lit(value=True)
    is_clean = ~_is_one_of(claim_kind.unwanted) if claim_kind.unwanted else pl.lit(value=True)
    is_said = pl.col("status") == ASSERTED if claim_kind.is_asserted else pl.lit(value=True)
    return is_wanted & is_clean & is_said


def _does(label: str) -> pl.Expr:
    """Return whether a sentence does what a label says of posts."""
    if label in SIDES:
        is_bad = label == SIDES[0]
        return pl.col("sentiment") < 0 if is_bad else pl.col("sentiment") > 0
    kinds = PROBLEMS if label == ANY_PROBLEM else (label,)
    return _is_one_of(kinds) & (pl.col("status") == ASSERTED)


def _is_one_of(kinds: Collection[str]) -> pl.Expr:
    return pl.col("kinds").list.set_intersection(list(kinds)).list.len() > 0


def _on_topic(keywords: Sequence[str]) -> pl.Expr:
    """Say how well a sentence names its topic: 0 to 1, its first keywords counting most."""
    score = pl.lit(0.0)
    for rank, word in enumerate(keywords, start=1):
        pattern = rf"(?i)\b{re.escape(word)}"
        score += pl.col("text").str.contains(pattern).cast(pl.Float64) / math.sqrt(rank)
    return pl.min_horizontal(score, pl.lit(1.0))


def _rank(claim_kind: ClaimKind) -> pl.Expr:
    """Weigh how well a sentence speaks for a claim: near its topic, whole, first-hand, telling."""
    rank = pl.col("near") + 0.4 * pl.col("on_topic") + 0.1 * pl.col("opens_thread")
    return rank + pl.col("sentiment") * claim_kind.feeling + legibility(claim_kind.traits)


def legibility(traits: Collection[str] = ()) -> pl.Expr:
    """Weigh how well a sentence can be quoted: neither short nor long, understood by itself.

    Args:
        traits: that count beside those that always do.
    """
    text = pl.col("text")
    length = text.str.len_chars()
    weight = pl.when(length < 50).then(-0.1).when(length > 260).then(-0.15).otherwise(0.0)
    for name, trait in read_traits().items():
        if trait.always or name in traits:
            weight += trait.weight * text.str.contains(trait.pattern)
    return weight


def distinct(
    ranked: pl.DataFrame,
    count: int,
    n_voices: Mapping[str, int] = NOT_COUNTED,
    shown: Sequence[str] = (),
) -> list[Quote]:
    """Return the first ``count`` sentences that repeat neither a voice nor, nearly, a text.

    Args:
        n_voices: members who posted a text, by the first post that has it.
        shown: texts that are told already.
    """
    chosen: list[Quote] = []
    word_sets = [_words(text) for text in shown]
    voices: set[str] = set()
    first_ids: set[str] = set()  # a text that was posted again is quoted once
    for row in ranked.iter_rows(named=True):
        words = _words(row["text"])
        is_copy = row["first_id"] in first_ids or any(_is_same(words, w) for w in word_sets)
        if row["voice"] in voices or is_copy:
            continue

        chosen.append(
            Quote(
                post_id=row["post_id"],
                text=row["text"],
                url=row["url"],
                voice=row["voice"],
                written_at=row["created_at"],
                thread=row["thread"],
                n_voices=max(1, n_voices.get(row["first_id"], 1)),
            )
        )
        word_sets.append(words)
        first_ids.add(row["first_id"])
        voices |= {row["voice"]} - {""}
        if len(chosen) == count:
            break
    return chosen


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _is_same(words: frozenset[str], others: frozenset[str]) -> bool:
    return words == others or len(words & others) / len(words | others) >= SAME
