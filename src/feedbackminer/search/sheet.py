"""The panel sheet: who of the room speaks on a matter, for and against, in whose words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from feedbackminer.digest.quotes import Quote, distinct, legibility, quotable_sentences
from feedbackminer.insight.facts import headed
from feedbackminer.insight.measures import share
from feedbackminer.search import stance
from feedbackminer.search.corpus import Corpus
from feedbackminer.search.question import Question, covers
from feedbackminer.search.ranking import Evidence
from feedbackminer.tables import finite_or_none, single_spaced, words
from feedbackminer.text.words import on_one_line
from feedbackminer.vocabulary.tags import ASSERTED

QUOTES, POINTS = 3, 3  # of each side, at most
EXCERPT = 280  # characters of a post that stands for itself
FEELING = 0.5  # what the tone of a sentence weighs, beside a word of the question in it
LOUD = 0.5  # of the posts, from which one member wrote most


@dataclass(frozen=True)
class Part:
    """A part of some members, with its Wilson interval; nulls: of nobody."""

    n: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Point:
    """A key point, and how many members of a side say it."""

    key_point_id: str
    text: str
    post_id: str
    n_members: int


@dataclass(frozen=True, kw_only=True)
class Side:
    """Members who are of one mind.

    Attributes:
        members: how many, of those who speak on the matter.
        loudest: posts of the one who wrote most of ``post_ids``.
        post_ids: all that they wrote on it, first what puts them on the side.
    """

    name: str
    members: Part
    loudest: int
    points: tuple[Point, ...]
    quotes: tuple[Quote, ...]
    post_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A post, the best answer first; ``text`` is a sentence of it, or how it begins."""

    post_id: str
    url: str | None
    thread_id: str
    thread: str
    written_at: datetime | None
    text: str
    speaks: bool  # on the matter; else it is only nearest
    stance: str


@dataclass(frozen=True)
class Year:
    """Members who spoke on the matter in a year, of those who wrote in it."""

    year: int
    n_members: int
    n_active: int


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What the room says to a question.

    Attributes:
        verdict: whether enough members speak on it to say anything.
        members: who speak on it, of those who wrote in that time.
        since, until: of what was written, the first moment and the last.
        loudest: posts of the member who wrote most of ``n_posts``.
        sides: for, against, mixed, neither; none where there are too few.
        newest: when somebody spoke on it last.
        notes: what the sheet cannot know.
    """

    question: str
    verdict: Literal["answered", "too few to say"]
    members: Part
    n_posts: int
    n_threads: int
    loudest: int
    since: datetime | None
    until: datetime | None
    newest: datetime | None
    sides: tuple[Side, ...]
    posts: tuple[Found, ...]
    years: tuple[Year, ...]
    notes: tuple[str, ...]

    @property
    def is_loud(self) -> bool:
        """Tell whether one member wrote most of what there is."""
        return self.members.n > 1 and self.loudest > LOUD * self.n_posts


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of the room: within which time, and how much is to be shown.

    Attributes:
        least: members from which something is said of sides.
        limit: posts to show.
    """

    question: Question
    since: datetime | None = None
    until: datetime | None = None
    least: int = 3
    confidence: float = 0.95
    limit: int = 10


def panel(
    asked: Asked,
    evidence: Evidence,
    corpus: Corpus,
    tables: Mapping[str, pl.DataFrame],
    notes: Sequence[str] = (),
) -> Sheet:
    """Return the sheet of a question.

    Args:
        evidence: of the posts of the corpus.
        tables: tags, assignments, threads, repeats, posts, sentences, key_points and matches.
        notes: what is known already that the sheet cannot know.
    """
    posts = _within(asked, evidence, corpus)
    spoken = stance.of_posts(posts.filter("speaks"), tables["tags"], asked.question)
    members = stance.of_members(spoken)
    n_active = posts["voice"].drop_nulls().n_unique()
    is_enough = len(members) >= asked.least
    return Sheet(
        question=asked.question.text,
        verdict="answered" if is_enough else "too few to say",
        members=_part(len(members), n_active, asked.confidence),
        n_posts=len(spoken),
        n_threads=spoken["thread_id"].n_unique(),
        loudest=max(members["n_posts"], default=0),
        since=posts["created_at"].min(),  # type: ignore[arg-type]
        until=posts["created_at"].max(),  # type: ignore[arg-type]
        newest=spoken["created_at"].max(),  # type: ignore[arg-type]
        sides=tuple(_sides(asked, spoken, members, tables)) if is_enough else (),
        posts=tuple(_found(asked, posts, tables)),
        years=tuple(_years(posts)),
        notes=tuple(notes),
    )


def _within(asked: Asked, evidence: Evidence, corpus: Corpus) -> pl.DataFrame:
    """Return the posts of the time that is asked of, with what tells that they speak on it."""
    weighed = corpus.posts.with_columns(
        speaks=pl.Series(evidence.speaks),
        weight=pl.Series(evidence.score),
    )
    if asked.since is not None:
        weighed = weighed.filter((pl.col("created_at") >= asked.since).fill_null(value=False))
    if asked.until is not None:
        weighed = weighed.filter((pl.col("created_at") < asked.until).fill_null(value=False))
    return weighed


def _part(n: int, of: int, confidence: float) -> Part:
    value = share(n, of, confidence=confidence)
    return Part(n, of, *map(finite_or_none, (value.value, value.low, value.high)))


def _sides(
    asked: Asked, spoken: pl.DataFrame, members: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> Iterator[Side]:
    """Yield each side, those without anybody too."""
    sentences = _sentences(asked.question, spoken, tables)
    said, own = (
        tables[name].join(spoken, on="post_id", how="semi") for name in ("matches", "sentences")
    )
    points = headed(tables["key_points"], said, _standing(own, tables["posts"]))
    for name in stance.STANCES:
        of_side = members.filter(pl.col("stance") == name)
        takes_side = pl.col("stance") != stance.NEITHER  # what made them one comes first
        posts = spoken.join(of_side.select("voice"), on="voice", how="semi").sort(
            takes_side, "weight", "post_id", descending=[True, True, False]
        )
        yield Side(
            name=name,
            members=_part(len(of_side), len(members), asked.confidence),
            loudest=max(of_side["n_posts"], default=0),
            points=tuple(_points(posts, points, tables["matches"])),
            quotes=tuple(_quotes(name, posts, sentences)),
            post_ids=tuple(posts["post_id"]),
        )


def _sentences(
    question: Question, spoken: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return the sentences of what was said on the matter that assert something."""
    ids = spoken.select("post_id")
    of_posts = {
        name: tables[name].join(ids, on="post_id", how="semi")
        for name in ("posts", "tags", "assignments", "repeats")
    }
    sentences = quotable_sentences({"threads": tables["threads"], **of_posts})
    return sentences.filter(pl.col("status") == ASSERTED).with_columns(
        covers=covers(question, "text")
    )


def _quotes(name: str, posts: pl.DataFrame, sentences: pl.DataFrame) -> Iterator[Quote]:
    """Yield what shows a side best: it names the matter, and sounds like the side."""
    own = posts if name == stance.MIXED else posts.filter(pl.col("stance") == name)
    tone = {
        stance.FOR: pl.col("sentiment"),
        stance.AGAINST: -pl.col("sentiment"),
        stance.MIXED: pl.col("sentiment").abs(),
    }.get(name, pl.lit(1.0))
    fits = sentences.join(own.select("post_id", "weight"), on="post_id", how="inner")
    for wanted in (pl.col("covers") > 0, tone >= stance.SOUNDS):
        fits = kept if len(kept := fits.filter(wanted)) else fits
    named = pl.col("covers").clip(upper_bound=2) * FEELING
    ranked = fits.with_columns(
        rank=named + FEELING * 2 * tone + legibility() + pl.col("weight") / 2
    ).sort("rank", "post_id", "text", descending=[True, False, False])
    yield from distinct(ranked, QUOTES)


def _points(posts: pl.DataFrame, points: pl.DataFrame, matches: pl.DataFrame) -> Iterator[Point]:
    """Yield the key points that most members of a side say; one of a single member is none."""
    said = matches.join(posts.select("post_id", "voice"), on="post_id", how="inner")
    n_members = said.group_by("key_point_id").agg(n_members=pl.col("voice").n_unique())
    ranked = (
        points.join(n_members.filter(pl.col("n_members") > 1), on="key_point_id", how="inner")
        .sort("n_members", "key_point_id", descending=[True, False])
        .head(POINTS)
    )
    for row in ranked.iter_rows(named=True):
        yield Point(row["key_point_id"], row["text"], row["post_id"], row["n_members"])


def _found(
    asked: Asked, posts: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> Iterator[Found]:
    """Yield the posts that answer best, or are nearest."""
    ranked = posts.filter(pl.col("weight") > 0).sort("weight", "post_id", descending=[True, False])
    best = stance.of_posts(ranked.head(asked.limit), tables["tags"], asked.question)
    read = (
        tables["tags"]
        .join(best, on="post_id", how="semi")
        .select("post_id", text="sentences")
        .explode("text")
        .drop_nulls("text")
    )
    sentences = (
        _standing(read, tables["posts"])
        .with_columns(covers=covers(asked.question, "text"))
        .filter(pl.col("covers") > 0)
        .sort("covers", descending=True, maintain_order=True)
        .unique("post_id", keep="first", maintain_order=True)
    )
    texts = dict(sentences.select("post_id", "text").iter_rows())
    for row in best.iter_rows(named=True):
        yield Found(
            post_id=row["post_id"],
            url=row["url"],
            thread_id=row["thread_id"],
            thread=row["thread"],
            written_at=row["created_at"],
            text=_excerpt(texts.get(row["post_id"]) or row["body"]),
            speaks=row["speaks"],
            stance=row["stance"],
        )


def _standing(sentences: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Keep sentences that stand in their post as it is: it may have been changed since `mine`."""
    of_sentences = posts.join(sentences, on="post_id", how="semi")
    own = of_sentences.select("post_id", stands_in=single_spaced(words()))
    return (
        sentences.join(own, on="post_id", how="inner", maintain_order="left")
        .filter(pl.col("stands_in").str.contains(single_spaced(pl.col("text")), literal=True))
        .drop("stands_in")
    )


def _excerpt(text: str) -> str:
    plain = on_one_line(text)
    return plain if len(plain) <= EXCERPT else f"{plain[:EXCERPT].rsplit(' ', 1)[0]} …"


def _years(posts: pl.DataFrame) -> Iterator[Year]:
    dated = posts.drop_nulls(["voice", "created_at"]).with_columns(
        year=pl.col("created_at").dt.year()
    )
    rows = (
        dated.group_by("year")
        .agg(
            n_members=pl.col("voice").filter("speaks").n_unique(),
            n_active=pl.col("voice").n_unique(),
        )
        .sort("year")
    )
    yield from (Year(*row) for row in rows.iter_rows())
