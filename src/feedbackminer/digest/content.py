"""What a digest says, before any format: built once, rendered as HTML, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.digest.quotes import Quote, choose, quotable_posts
from feedbackminer.settings import DigestSettings
from feedbackminer.tables import Account

FRONT_PAGE, OF_A_KIND = 5, 2
EVIDENCE_SHOWN = 40  # posts printed on a claim's page; digest.json names all
UNANSWERED_SHOWN = 60
QUOTES_PER_CLAIM = 3


@dataclass(frozen=True)
class Provenance:
    """What a digest was computed from."""

    run_id: str
    made_at: datetime
    code_version: str
    models: Mapping[str, str]
    versions: Mapping[str, int | None]
    settings: Mapping[str, Any]
    accounts: Sequence[Account]
    seconds: Mapping[str, float]
    notices: Sequence[str]


@dataclass(frozen=True)
class ClaimView:
    """A claim with what a page shows of it."""

    row: Mapping[str, Any]
    quotes: Sequence[Quote]
    posts: Sequence[Mapping[str, Any]]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.row[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def page(self) -> str:
        """Return the file of the claim's own page."""
        return f"claims/{self.row['claim_id']}.html"


@dataclass(frozen=True)
class TopicView:
    """A topic with its numbers, trend, claims and quotes."""

    topic_id: str
    label: str
    keywords: Sequence[str]
    theme: str  # empty: a topic by itself
    parts: Sequence[tuple[str, int]]  # subtopics, with their posts
    stability: float | None  # how well it is found again, 0 to 1; None: too small to tell
    is_weak: bool  # too unstable for a headline
    n_posts: int
    n_partly: int  # posts mainly about something else, of which a part speaks of it
    n_voices: int
    effective_voices: float
    share: float
    trend: Sequence[tuple[datetime, int]]
    claims: Sequence[ClaimView]
    quotes: Sequence[Quote]

    @property
    def page(self) -> str:
        """Return the file of the topic's own page."""
        return f"topics/{self.topic_id}.html"

    def voices_of(self, kind: str) -> int:
        """Return the voices behind the topic's claim of a kind; 0 where there is none."""
        return next(
            (claim.row["n_voices"] for claim in self.claims if claim.row["kind"] == kind), 0
        )


@dataclass(frozen=True)
class Digest:
    """Everything a digest says."""

    title: str
    since: datetime | None
    until: datetime | None
    totals: Mapping[str, int]
    front: Sequence[ClaimView]
    topics: Sequence[TopicView]
    claims: Sequence[ClaimView]
    activity: Sequence[tuple[datetime, int]]
    members: pl.DataFrame
    unanswered: Sequence[Mapping[str, Any]]
    quoted_posts: Sequence[Mapping[str, Any]]
    provenance: Provenance
    account: Account

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is covered; ``until`` is the day after."""
        return self.until - timedelta(days=1) if self.until else None

    @property
    def themes(self) -> dict[str, list[TopicView]]:
        """Return the topics that are shown under their themes, largest theme first."""
        found: dict[str, list[TopicView]] = {}
        for topic in self.topics:
            if topic.theme:
                found.setdefault(topic.theme, []).append(topic)
        return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))

    def of_kind(self, *kinds: str) -> list[ClaimView]:
        """Return the claims of some kinds, best first."""
        return [claim for claim in self.claims if claim.row["kind"] in kinds]

    @property
    def quotes(self) -> list[tuple[str, Quote]]:
        """Return every quote with the id of the claim or topic it stands for."""
        found = [(view.row["claim_id"], quote) for view in self.claims for quote in view.quotes]
        return found + [(topic.topic_id, quote) for topic in self.topics for quote in topic.quotes]


def build_digest(
    tables: Mapping[str, pl.DataFrame], *, settings: DigestSettings, provenance: Provenance
) -> Digest:
    """Choose what is shown and where.

    Args:
        tables: posts, topics, assignments, tags, threads, members, repeats and claims.
    Returns:
        a digest whose account says which claims are not shown, and why.
    """
    posts = _fit_to_show(tables["posts"], tables["members"])
    further = tables["assignments"].filter(pl.col("rank") > 1)
    tables = {**tables, "posts": posts, "assignments": tables["assignments"].filter(rank=1)}
    claims = tables["claims"].sort("rank_score", "claim_id", descending=[True, False])
    shown_topics = _shown_topics(claims, settings.max_topics)
    visible = claims.filter(pl.col("topic_id").is_null() | pl.col("topic_id").is_in(shown_topics))
    hidden = len(claims) - len(visible)
    sentences = quotable_posts(
        *(tables[name] for name in ("posts", "tags", "assignments", "threads", "repeats"))
    )
    keywords = dict(tables["topics"].select("topic_id", "keywords").iter_rows())
    bodies = _shown_posts(tables["posts"], tables["threads"])
    views = [_claim_view(row, sentences, keywords, bodies) for row in visible.iter_rows(named=True)]
    spans = visible.select(pl.col("since").min(), pl.col("until").max()).row(0)
    partly = _partly(further, tables, spans)
    topics = [
        _topic_view(topic_id, tables, views, sentences, settings, spans, partly.get(topic_id, 0))
        for topic_id in shown_topics
    ]
    weak = {topic.topic_id for topic in topics if topic.is_weak}
    quoted = {quote.post_id for view in views for quote in view.quotes}
    quoted |= {quote.post_id for topic in topics for quote in topic.quotes}
    return Digest(
        title=settings.product or "Community",
        since=spans[0],
        until=spans[1],
        totals=_totals(tables, claims) | {"unsorted": _unsorted(provenance.accounts)},
        front=front_page([view for view in views if view.row["topic_id"] not in weak]),
        topics=topics,
        claims=views,
        activity=_trend(tables["posts"], spans),
        members=tables["members"],
        unanswered=_unanswered(tables),
        quoted_posts=[bodies[post_id] for post_id in sorted(quoted)],
        provenance=provenance,
        account=Account(
            "digest",
            len(claims),
            len(visible),
            {"beyond_the_topics_shown": hidden} if hidden else {},
        ),
    )


def _fit_to_show(posts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return posts with the roles that their writers turned out to have, and only web links."""
    roles = members.select("author_id", role=pl.col("role").cast(pl.String))
    is_link = pl.col("url").str.contains(r"^(?i:https?)://[^\s<>\"']+$")
    return posts.join(roles, on="author_id", how="left", maintain_order="left").with_columns(
        author_role=pl.coalesce("role", pl.col("author_role").cast(pl.String)),
        url=pl.when(is_link).then("url"),
    )


def _partly(
    further: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    spans: tuple[datetime | None, datetime | None],
) -> dict[str, int]:
    """Return for each topic how many of members' posts are partly about it, copies left out."""
    copies = tables["repeats"].filter(pl.col("copy_of").is_not_null())
    counted = _by_members(tables["posts"], spans).join(copies, on="post_id", how="anti")
    return dict(further.join(counted, on="post_id").group_by("topic_id").len().iter_rows())


def front_page(views: Sequence[ClaimView]) -> list[ClaimView]:
    """Pick the five things to know, best first: each about another topic, no kind more than twice.

    Where a community gives less than five of them, more of the same kind follow.
    """
    chosen: list[ClaimView] = []
    for limit in (OF_A_KIND, FRONT_PAGE):
        for view in views:
            kinds = [other.row["kind"] for other in chosen]
            topics = {other.row["topic_id"] for other in chosen} - {None}
            is_new = view not in chosen and view.row["topic_id"] not in topics
            if is_new and kinds.count(view.row["kind"]) < limit and len(chosen) < FRONT_PAGE:
                chosen.append(view)
    return sorted(chosen, key=lambda view: -view.row["rank_score"])


def _shown_topics(claims: pl.DataFrame, limit: int) -> list[str]:
    """Rank topics by distinct voices, then by posts."""
    sizes = claims.filter(pl.col("kind") == "topic").sort(
        "n_voices", "n_posts", "topic_id", descending=[True, True, False]
    )
    return sizes["topic_id"].head(limit).to_list()


def _claim_view(
    row: Mapping[str, Any],
    sentences: pl.DataFrame,
    keywords: Mapping[str, list[str]],
    bodies: Mapping[str, Mapping[str, Any]],
) -> ClaimView:
    quotes = choose(
        sentences,
        row["evidence"],
        kind=row["kind"],
        keywords=keywords.get(row["topic_id"], []),
        count=0 if row["kind"] == "community" else QUOTES_PER_CLAIM,
    )
    newest = sorted(row["evidence"], key=lambda i: (str(bodies[i]["created_at"]), i), reverse=True)
    return ClaimView(row, quotes, [bodies[i] for i in newest[:EVIDENCE_SHOWN]])


def _topic_view(
    topic_id: str,
    tables: Mapping[str, pl.DataFrame],
    views: Sequence[ClaimView],
    sentences: pl.DataFrame,
    settings: DigestSettings,
    spans: tuple[datetime | None, datetime | None],
    n_partly: int,
) -> TopicView:
    own = [view for view in views if view.row["topic_id"] == topic_id]
    size = next(view for view in own if view.row["kind"] == "topic")
    topic = tables["topics"].row(by_predicate=pl.col("topic_id") == topic_id, named=True)
    said = tables["posts"].join(
        pl.DataFrame({"post_id": size.row["evidence"]}, schema={"post_id": pl.String}),
        on="post_id",
        how="semi",
    )
    quotes = choose(
        sentences,
        size.row["evidence"],
        kind="topic",
        keywords=topic["keywords"],
        count=settings.quotes_per_topic,
    )
    return TopicView(
        topic_id=topic_id,
        label=topic["label"],
        keywords=topic["keywords"],
        theme=_label(tables["topics"], topic["parent_id"]),
        parts=_parts(tables["topics"], topic_id),
        stability=topic["stability"],
        is_weak=(topic["stability"] or 1.0) < settings.min_stability,
        n_posts=size.row["n_posts"],
        n_partly=n_partly,
        n_voices=size.row["n_voices"],
        effective_voices=size.row["effective_voices"] or 0.0,
        share=size.row["value"] or 0.0,
        trend=_trend(said, spans),
        claims=[view for view in own if view.row["kind"] != "topic"],
        quotes=quotes,
    )


def _label(topics: pl.DataFrame, topic_id: str | None) -> str:
    themes = topics.filter(pl.col("level") == "theme").select("topic_id", "label")
    return str(dict(themes.iter_rows()).get(topic_id, ""))


def _parts(topics: pl.DataFrame, topic_id: str) -> list[tuple[str, int]]:
    """Return the subtopics of a topic that hold posts, largest first."""
    is_part = (pl.col("parent_id") == topic_id) & (pl.col("level") == "subtopic")
    own = topics.filter(is_part, pl.col("status") == "active", pl.col("size") > 0)
    return list(own.sort("size", descending=True).select("label", "size").iter_rows())


def _unsorted(accounts: Sequence[Account]) -> int:
    return sum(account.dropped.get("unsorted", 0) for account in accounts)


def _trend(
    posts: pl.DataFrame, spans: tuple[datetime | None, datetime | None]
) -> list[tuple[datetime, int]]:
    """Count distinct voices per week, or per month where the period is long."""
    since, until = spans
    if since is None or until is None:
        return []
    step = "1w" if (until - since).days <= 400 else "1mo"
    counts = (
        _by_members(posts, spans)
        .group_by(bin=pl.col("created_at").dt.truncate(step))
        .agg(n=pl.col("author_id").drop_nulls().n_unique())
    )
    axis = pl.DataFrame({"bin": [since, until]}).select(pl.col("bin").dt.truncate(step))
    full = pl.datetime_range(axis["bin"][0], axis["bin"][1], step, eager=True).alias("bin")
    full = full.filter(full < until)
    rows = pl.DataFrame([full]).join(counts, on="bin", how="left").fill_null(0).sort("bin")
    return [(row[0], row[1]) for row in rows.iter_rows()]


def _by_members(
    posts: pl.DataFrame, spans: tuple[datetime | None, datetime | None]
) -> pl.DataFrame:
    """Return the posts of the period that neither staff nor bots wrote."""
    own = posts.filter(pl.col("author_role").is_in(["member", "unknown"]))
    since, until = spans
    if since is None or until is None:
        return own
    return own.filter(pl.col("created_at") >= since, pl.col("created_at") < until)


def _shown_posts(posts: pl.DataFrame, threads: pl.DataFrame) -> dict[str, Mapping[str, Any]]:
    titles = threads.select("thread_id", thread="title")
    rows = posts.join(titles, on="thread_id", how="left").select(
        "post_id", "thread_id", "thread", "author_id", "author_role", "created_at", "body", "url"
    )
    return {row["post_id"]: row for row in rows.iter_rows(named=True)}


def _unanswered(tables: Mapping[str, pl.DataFrame]) -> list[Mapping[str, Any]]:
    """Return question threads without a reply from another person, newest first."""
    silent = _questions(tables).filter(pl.col("answered_by").is_null())
    topics = tables["assignments"].join(tables["topics"], on="topic_id").select("post_id", "label")
    bodies = tables["posts"].select("post_id", "body", "url")
    rows = (
        silent.join(bodies, left_on="opener_post_id", right_on="post_id", how="left")
        .join(topics, left_on="opener_post_id", right_on="post_id", how="left")
        .sort("opened_at", "thread_id", descending=[True, False], nulls_last=True)
    )
    return list(rows.head(UNANSWERED_SHOWN).iter_rows(named=True))


def _questions(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the threads in which a member asks; none where the export knows no replies."""
    threads = tables["threads"]
    asked_by_member = tables["posts"].filter(pl.col("author_role").is_in(["member", "unknown"]))
    asked = threads.filter("is_question").join(
        asked_by_member, left_on="opener_post_id", right_on="post_id", how="semi"
    )
    return asked if (threads["n_posts"] > 1).any() else asked.clear()


def _totals(tables: Mapping[str, pl.DataFrame], claims: pl.DataFrame) -> dict[str, int]:
    threads = tables["threads"]
    questions = _questions(tables)
    return {
        "posts": len(tables["posts"]),
        "members": len(tables["members"].filter(pl.col("role").is_in(["member", "unknown"]))),
        "staff": len(tables["members"].filter(pl.col("role") == "staff")),
        "bots": len(tables["members"].filter(pl.col("role") == "bot")),
        "threads": len(threads),
        "questions": len(questions),
        "unanswered": len(questions.filter(pl.col("answered_by").is_null())),
        "topics": len(
            tables["topics"].filter(pl.col("status") == "active", pl.col("level") == "topic")
        ),
        "claims": len(claims),
    }
