"""What claims and topics are shown with: prepared once for a digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from feedbackminer.digest import counts
from feedbackminer.digest.answers import Answer, find_answers
from feedbackminer.digest.counts import Span
from feedbackminer.digest.quotes import quotable_sentences
from feedbackminer.digest.shares import Shares, by_topic
from feedbackminer.digest.standing import Standing, standing_of
from feedbackminer.digest.views import Mark, PeriodView, Provenance, Trend
from feedbackminer.digest.waves import Wave, find_waves
from feedbackminer.settings.sections import DigestSettings
from feedbackminer.tables import single_spaced, words
from feedbackminer.vocabulary.claims import FOUND_OF_MEMBERS


@dataclass(frozen=True, kw_only=True)
class Material:
    """What each claim and each topic of a digest is shown with."""

    tables: Mapping[str, pl.DataFrame]
    period: PeriodView
    standing: Standing
    marks: Sequence[Mark]
    sentences: pl.DataFrame  # those that can be quoted
    said: pl.DataFrame  # those that say a key point; of what cannot be quoted no more is known
    keywords: Mapping[str, list[str]]  # of topics, by id
    posts: Mapping[str, Mapping[str, Any]]  # by id
    n_partly: Mapping[str, int]  # by topic: posts mainly about something else
    shares: Mapping[str, Shares]  # by topic
    waves: Sequence[Wave]
    weak_labels: Collection[str]
    first_posts: Mapping[str, datetime]  # by member
    answers: Mapping[str, Answer]  # that helped, by the post that opens their thread
    near: Mapping[str, str]  # by claim: the claim that it is shown with
    settings: DigestSettings
    shipped: Mapping[str, Sequence[Mark]] = field(default_factory=dict)  # by topic

    @property
    def span(self) -> Span:
        """Return where the period begins and ends."""
        return self.period.since, self.period.until

    def trend(self, posts: pl.DataFrame, shipped: Sequence[Mark] = ()) -> Trend:
        """Count members of the whole history, and mark what happened, and what was shipped."""
        since, until = self.period.history
        within = [one for one in shipped if since and until and since <= one.at < until]
        marks = sorted([*self.marks, *within], key=lambda mark: mark.at)
        return Trend(counts.trend(posts, self.period.history), marks)


def gather(
    tables: Mapping[str, pl.DataFrame],
    period: PeriodView,
    settings: DigestSettings,
    source: Provenance,
) -> Material:
    """Prepare what all claims and topics are shown with; a post counts for its main topic.

    Args:
        tables: those that ``build_digest`` wants.
        source: what the digest is computed from.
    """
    assignments, span = tables["assignments"], (period.since, period.until)
    tables = {
        **tables,
        "posts": fit_to_show(tables["posts"], tables["members"]),
        "assignments": assignments.filter(rank=1),
    }
    sentences = quotable_sentences(tables)
    matches = tables["matches"].join(
        tables["sentences"].select("post_id", "number", "text"), on=["post_id", "number"]
    )
    return Material(
        tables=tables,
        period=period,
        standing=_standing(tables, period, source),
        marks=_marks(tables["events"], period),
        sentences=sentences,
        said=_still_there(matches, tables["posts"]).join(
            sentences, on=["post_id", "text"], how="left"
        ),
        keywords=dict(tables["topics"].select("topic_id", "keywords").iter_rows()),
        posts=_posts_by_id(tables["posts"], tables["threads"]),
        n_partly=counts.n_partly(assignments.filter(pl.col("rank") > 1), tables, span),
        shares=by_topic(tables["shares"]),
        waves=find_waves(tables, span),
        weak_labels=counts.experimental(source.heads),
        first_posts=dict(
            tables["members"].drop_nulls("first_at").select("author_id", "first_at").iter_rows()
        ),
        answers=find_answers({**tables, "posts": counts.within(tables["posts"], period.history)}),
        near=_near(tables["claims"], tables["key_points"]),
        settings=settings,
    )


def _standing(
    tables: Mapping[str, pl.DataFrame], period: PeriodView, source: Provenance
) -> Standing:
    """Look at the end of all that was written up to the end of the period."""
    return standing_of(
        counts.within(tables["posts"], period.history),
        counts.within(tables["threads"], period.history, "opened_at"),
        until=period.until,
        made_at=source.made_at,
        is_chosen=_ends_before(tables["posts"], period),
    )


def _ends_before(posts: pl.DataFrame, period: PeriodView) -> bool:
    """Tell whether posts go on after the end of the period, which somebody chose then."""
    last = posts["created_at"].max()
    return bool(period.until and isinstance(last, datetime) and last >= period.until)


def _marks(events: pl.DataFrame, period: PeriodView) -> list[Mark]:
    """Return the events of the whole history, earliest first."""
    within = counts.within(events, period.history, "at").sort("at", "event_id")
    return [Mark(*row) for row in within.select("at", "name", "kind").iter_rows()]


def _near(claims: pl.DataFrame, points: pl.DataFrame) -> dict[str, str]:
    """Return for claims on points that are shown with another the claim on that."""
    said = claims.filter(metric=FOUND_OF_MEMBERS).select("claim_id", "scope", "key_point_id")
    others = said.join(points.select("key_point_id", "near"), on="key_point_id")
    roots = said.rename({"claim_id": "root", "key_point_id": "near"})
    return dict(others.join(roots, on=["near", "scope"]).select("claim_id", "root").iter_rows())


def _still_there(matches: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Return matches whose text stands in its post as it is now."""
    of_posts = posts.join(matches, on="post_id", how="semi")
    of_posts = of_posts.select("post_id", now=single_spaced(words()))
    is_there = pl.col("now").str.contains(single_spaced(pl.col("text")), literal=True)
    return matches.join(of_posts, on="post_id").filter(is_there).drop("now")


def fit_to_show(posts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return posts with the roles that their writers turned out to have, and only web links."""
    roles = members.select("author_id", role=pl.col("role").cast(pl.String))
    is_link = pl.col("url").str.contains(r"^(?i:https?)://[^\s<>\"']+$")
    return posts.join(roles, on="author_id", how="left", maintain_order="left").with_columns(
        author_role=pl.coalesce("role", pl.col("author_role").cast(pl.String)),
        url=pl.when(is_link).then("url"),
    )


def _posts_by_id(posts: pl.DataFrame, threads: pl.DataFrame) -> dict[str, Mapping[str, Any]]:
    titles = threads.select("thread_id", thread="title")
    rows = posts.join(titles, on="thread_id", how="left").select(
        "post_id",
        "thread_id",
        "thread",
        "author_id",
        "author_role",
        "created_at",
        "body",
        "url",
        says=pl.lit(None),  # the sentence of it that says a key point, where it is shown for one
    )
    return {row["post_id"]: row for row in rows.iter_rows(named=True)}
