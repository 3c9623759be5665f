"""Who wrote what about which topic: the one frame that every claim is counted from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise

import polars as pl

from feedbackminer.insight.events import Event, events_of
from feedbackminer.insight.labels import chance_column, chance_of, headline_chance
from feedbackminer.insight.matter import pattern_of, who_name_it
from feedbackminer.insight.period import Period
from feedbackminer.tables import count_once, of_members
from feedbackminer.text.headline import LONGEST, headline
from feedbackminer.vocabulary.tags import FIT, SHARES

CHANCES = tuple(map(chance_column, SHARES))
BY_PEOPLE = "people"  # who labelled a post


@dataclass(frozen=True)
class Subject:
    """What can rise, fall or break out: a topic, or a key point."""

    key: str  # its id
    label: str
    posts: pl.DataFrame
    topic_id: str | None  # of a key point: the topic that at least half of its posts are about
    keywords: tuple[str, ...] = ()  # of a topic
    # Of a key point: one of SAYS, a sentence of a member that says it, and the post of that.
    says: str = ""
    quoted: str = ""
    quoted_from: str | None = None
    first_at: datetime | None = None  # when it was first found, in the period or before
    does: str = ""  # of what posts do: one of SHARES

    @property
    def key_point_id(self) -> str | None:
        """Return its id, where it is a key point."""
        return self.key if self.says else None

    @property
    def n_voices(self) -> int:
        """Count the distinct members behind it."""
        return count_voices(self.posts)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Posts of the period as voices on topics; those of staff and bots, and copies, are left out.

    ``posts``: post_id, thread_id, voice (a member's id; null where nobody knows who wrote),
    created_at, topic_id and label (null: unsorted), kinds, experience, sentiment, sentiment_score,
    severity, is_first (a member's first post), source, labelled_by (which tagger, or a person), and
    ``p_…``, the chance of each of ``SHARES`` (null: nobody knows). ``topics`` and ``points`` have
    their posts among these, ``texts`` has the words of all posts there are. ``sentences``,
    ``aspects`` and ``needs`` are those of these posts, the last two with their voice. ``n_active``:
    the members who wrote in the period. ``usual``: by id of a topic or key point, how many members
    there were on average in each of the windows before; empty where there is none.
    """

    posts: pl.DataFrame
    texts: pl.DataFrame
    n_active: int
    topics: tuple[Subject, ...]
    points: tuple[Subject, ...]
    sentences: pl.DataFrame
    replies: pl.DataFrame
    threads: pl.DataFrame
    members: pl.DataFrame
    aspects: pl.DataFrame
    needs: pl.DataFrame
    period: Period
    events: tuple[Event, ...] = ()
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Return topics, then key points."""
        return self.topics + self.points

    def naming(self, subject: Subject) -> pl.DataFrame:
        """Return the posts that a subject's name can speak for: of a topic, those that name it."""
        if not subject.keywords:
            return subject.posts
        return subject.posts.filter(pl.col("post_id").is_in(self._naming[subject.key].implode()))

    @cached_property
    def _naming(self) -> dict[str, pl.Series]:
        patterns = {t.key: pattern_of(t.label, t.keywords) for t in self.topics if t.keywords}
        return who_name_it(self.posts, patterns, self.texts)


def count_voices(posts: pl.DataFrame) -> int:
    """Count distinct members."""
    return posts["voice"].drop_nulls().n_unique()


def usual_voices(history: Facts, period: Period) -> dict[str, float]:
    """Return how many members spoke of each subject in an average window before a period."""
    if not period.n_before:
        return {}
    return {
        subject.key: sum(
            count_voices(subject.posts.filter(pl.col("created_at").is_between(*window, "left")))
            for window in pairwise(period.edges[:-1])
        )
        / period.n_before
        for subject in history.subjects
    }


def build_facts(tables: Mapping[str, pl.DataFrame], period: Period) -> Facts:
    """Join the tables into one frame of who wrote what, within the period; copies count once.

    Args:
        tables: by name, those that ``insight.stage.READS`` names.
        period: outside of which nothing counts.
    """
    posts = _members_posts(tables, period)
    voices = posts.select("post_id", "voice", "created_at")
    aspects, needs = (
        tables[name].join(voices, on="post_id", how="inner", maintain_order="left")
        for name in ("aspects", "needs")
    )
    return Facts(
        posts=posts,
        texts=tables["posts"],
        n_active=count_voices(posts),
        topics=tuple(_topics(posts, tables["topics"])),
        points=tuple(_points(tables, posts)),
        sentences=tables["sentences"].join(posts, on="post_id", how="semi"),
        replies=tables["replies"],
        threads=tables["threads"].filter(_is_within(period, "opened_at")),
        members=tables["members"],
        aspects=aspects,
        needs=needs,
        period=period,
        events=events_of(tables["events"]),
    )


def _topics(posts: pl.DataFrame, topics: pl.DataFrame) -> Iterator[Subject]:
    """Yield topics, in order of id."""
    keywords = dict(topics.select("topic_id", "keywords").iter_rows())
    for topic_id, label, of_topic in by_topic(posts):
        yield Subject(topic_id, label, of_topic, topic_id, tuple(keywords[topic_id]))


def by_topic(posts: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield (topic_id, label, its posts), in order of topic id."""
    sorted_posts = posts.drop_nulls("topic_id").sort("topic_id", maintain_order=True)
    for (topic_id,), group in sorted_posts.group_by("topic_id", maintain_order=True):
        yield str(topic_id), str(group["label"][0]), group


def _points(tables: Mapping[str, pl.DataFrame], posts: pl.DataFrame) -> Iterator[Subject]:
    """Yield key points with the posts that say them, in order of id."""
    said = tables["matches"].join(posts.select("post_id"), on="post_id", how="semi")
    heads = headed(tables["key_points"], said, tables["sentences"]).rows_by_key(
        "key_point_id", named=True, unique=True
    )
    dated = tables["matches"].join(tables["posts"], on="post_id", how="inner")
    first_at = dict(dated.group_by("key_point_id").agg(pl.col("created_at").min()).iter_rows())
    pairs = said.select("key_point_id", "post_id").unique().sort("key_point_id", "post_id")
    rows = pairs.join(posts, on="post_id", how="inner", maintain_order="left")
    for (key_point_id,), of_point in rows.group_by("key_point_id", maintain_order=True):
        head = heads[key_point_id]
        yield Subject(
            key=str(key_point_id),
            label=f"“{head['text']}”",
            posts=of_point,
            topic_id=_main_topic(of_point),
            says=head["says"],
            quoted=head["text"],
            quoted_from=head["post_id"],
            first_at=first_at[key_point_id],
        )


def headed(points: pl.DataFrame, matches: pl.DataFrame, sentences: pl.DataFrame) -> pl.DataFrame:
    """Return key points as sentences of some posts head them; those that none says are left out.

    A point keeps its own sentence where that is among them. Else the fittest does, of those that
    are short enough where there are some.

    Args:
        points: the ``key_points`` table.
        matches: the rows of ``matches`` that count.
        sentences: the ``sentences`` table.
    """
    key = ["post_id", "number"]
    fit = headline_chance(FIT).fill_null(0)
    is_short = pl.col("sentence").str.count_matches(r"\S+") <= LONGEST
    is_own = (pl.col("post_id") == pl.col("own_id")) & (pl.col("number") == pl.col("own_number"))
    own = points.select("key_point_id", "says", own_id="post_id", own_number="number", own="text")
    ranked = (
        matches.join(sentences.select(*key, "chances", sentence="text"), on=key)
        .join(own, on="key_point_id")
        .sort(
            "key_point_id", is_own, is_short, pl.col("chance") * fit, *key,
            descending=[False, True, True, True, False, False],
        )
        .unique("key_point_id", keep="first", maintain_order=True)
    )  # fmt: skip
    anew = pl.col("sentence").map_elements(headline, return_dtype=pl.String)
    return ranked.with_columns(text=pl.when(is_own).then("own").otherwise(anew)).select(
        "key_point_id", pl.col("says").cast(pl.String), *key, "text"
    )


def _main_topic(posts: pl.DataFrame) -> str | None:
    """Return the topic that at least half of the posts are about; None: there is none."""
    topics = posts["topic_id"].drop_nulls().value_counts()
    ranked = topics.sort("count", "topic_id", descending=[True, False])
    mostly = ranked.filter(2 * pl.col("count") >= len(posts))["topic_id"].to_list()
    return next(iter(mostly), None)


def _members_posts(tables: Mapping[str, pl.DataFrame], period: Period) -> pl.DataFrame:
    """Return members' posts of the period with their topics and tags; of copies, the first."""
    labels = tables["topics"].filter(pl.col("status") == "active").select("topic_id", "label")
    topic_of_post = (
        tables["assignments"]
        .filter(pl.col("rank") == 1)
        .join(labels, on="topic_id", how="inner")
        .select("post_id", "topic_id", "label")
    )
    tags = tables["tags"].select(
        "post_id", "kinds", "experience", "sentiment", "sentiment_score", "severity",
        labelled_by=pl.when("by_human").then(pl.lit(BY_PEOPLE)).otherwise("tagger"),
        **{chance_column(label): chance_of(label) for label in SHARES},
    )  # fmt: skip
    first_post = pl.col("post_id").sort_by("created_at", "post_id", nulls_last=True).first()

    posts = (
        of_members(tables["posts"], tables["members"])
        .join(tags, on="post_id", how="left")
        .join(topic_of_post, on="post_id", how="left")
        # Before the period is cut out: who wrote earlier is no newcomer in it.
        .with_columns(
            voice="author_id",
            kinds=pl.col("kinds").fill_null([]),
            is_first=pl.col("created_at").is_not_null()
            & (pl.col("post_id") == first_post.over("author_id")),
        )
        .filter(_is_within(period))
        .select(
            "post_id", "thread_id", "voice", "created_at", "topic_id", "label",
            "kinds", "experience", "sentiment", "sentiment_score", "severity", "is_first", "source",
            "labelled_by", *CHANCES,
        )
    )  # fmt: skip

    return count_once(posts, tables["repeats"])


def _is_within(period: Period, column: str = "created_at") -> pl.Expr:
    if period.since is None:
        return pl.lit(value=True)
    moment = pl.col(column)
    return ((moment >= period.since) & (moment < period.until)).fill_null(value=False)
