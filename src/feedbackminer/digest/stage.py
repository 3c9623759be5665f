"""What a digest says, before any format: built once, rendered as HTML, Markdown and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.digest import counts
from feedbackminer.digest.answers import best_of
from feedbackminer.digest.decided import decided_views, marks_of
from feedbackminer.digest.editions import edition_views
from feedbackminer.digest.front import alive_from, front_page
from feedbackminer.digest.kinship import lineage_of, neighbours
from feedbackminer.digest.material import Material, gather
from feedbackminer.digest.proof import standing
from feedbackminer.digest.quotes import Quote, choose, saying
from feedbackminer.digest.room import room_of
from feedbackminer.digest.shares import Share, Shares
from feedbackminer.digest.small_groups import without_small
from feedbackminer.digest.views import (
    NEW,
    SETTLED,
    ClaimView,
    Coverage,
    Digest,
    PeriodView,
    Provenance,
    TopicView,
    is_weak,
)
from feedbackminer.settings.sections import DigestSettings
from feedbackminer.tables import EVERYTHING, Claims
from feedbackminer.vocabulary.claims import (
    CLAIM_KINDS,
    FOUND_OF_MEMBERS,
    OUTCOME,
    TOPIC_SIZE,
    ClaimKind,
    quantity,
)
from feedbackminer.vocabulary.tags import ANY_PROBLEM, HISTORY, PERIOD, PROBLEMS

EVIDENCE_SHOWN = 40  # posts printed on a claim's page; digest.json names all
ANSWERS_SHOWN = 3
ENDINGS_SHOWN = 3  # posts in which members tell that it works


def build_digest(
    tables: Mapping[str, pl.DataFrame],
    *,
    settings: DigestSettings,
    provenance: Provenance,
    like_staff: Sequence[Mapping[str, Any]] = (),
) -> Digest:
    """Choose what is shown and where.

    Args:
        tables: posts, topics, assignments, tags, threads, members, repeats, dropped, shares,
            sentences, key_points, matches, claims, periods, alert_levels, events, lineage,
            decisions and runs.
        like_staff: members who look like staff: author_id, example_id and evidence.
    Returns:
        a digest whose account says which claims are not shown, and why.
    """
    visible, topic_ids, account = _visible(tables, settings.max_topics)
    period = PeriodView(**tables["periods"].row(0, named=True))
    span = period.since, period.until

    material = gather(tables, period, settings, provenance)
    tables = material.tables
    views = [_claim_view(row, material) for row in visible.iter_rows(named=True)]
    decided = decided_views(tables, views)
    material = replace(material, shipped=marks_of(decided))
    shown = tables["topics"].filter(pl.col("topic_id").is_in(topic_ids))
    near = neighbours(shown)
    topics = [_topic_view(topic_id, views, material, near) for topic_id in topic_ids]
    # What no words mark has no name that would tell anybody what the matter is.
    weak = {topic.topic_id for topic in topics if topic.is_weak or not topic.keywords}
    fit = [v for v in views if not v.near and (v.key_point_id or v.topic_id not in weak)]
    recent = alive_from(span)
    totals, shares = counts.totals(tables, span), material.shares.get(EVERYTHING, {})
    return Digest(
        title=settings.product or "Community",
        period=period,
        standing=material.standing,
        totals=totals | {"claims": account.rows_in},
        front=front_page(fit, recent=recent),
        editions=edition_views(views, fit, recent=recent),
        room=room_of(tables, span, period.before),
        goals=settings.goals,
        topics=topics,
        claims=views,
        decided=decided,
        activity=material.trend(counts.counted(tables, period.history)),
        waves=material.waves,
        members=tables["members"],
        like_staff=[{**row, "post": material.posts[row["example_id"]]} for row in like_staff],
        labels=counts.labels(tables, span, provenance.heads, shares),
        problems=_coverage(views, shares, totals["members"], material),
        severities=counts.severities(tables, span),
        unanswered=counts.unanswered(tables, span),
        quoted_posts=[material.posts[post_id] for post_id in _quoted(views, topics)],
        provenance=provenance,
        account=account,
        alert_levels=next(tables["alert_levels"].iter_rows(named=True), None),
    )


def _visible(
    tables: Mapping[str, pl.DataFrame], max_topics: int
) -> tuple[pl.DataFrame, list[str], Account]:
    """Return the claims that are shown, the topics with a page, and why other claims are not."""
    claims = tables["claims"].select(Claims.column_names())
    of_all_time = pl.col("scope") == HISTORY  # what the digest is of comes before the long view
    said = pl.col("key_point_id").is_not_null()  # these tell what it is, so they come first
    order = [of_all_time, said, "rank_score", "claim_id"]
    claims = claims.sort(order, descending=[False, True, True, False])
    # What nobody spoke of in the period may be of the long view, or the change that is told.
    ranked = _topics_by_size(claims)
    topic_ids, beyond = ranked[:max_topics], ranked[max_topics:]
    is_shown = ~pl.col("topic_id").is_in(beyond).fill_null(value=False) | (
        pl.col("kind") == OUTCOME
    )
    stands = standing(claims, tables["posts"])
    visible = claims.filter(said | is_shown, stands)
    n_changed = int((~stands).sum())
    reasons = {
        "beyond_the_topics_shown": len(claims) - len(visible) - n_changed,
        "words_changed_since": n_changed,
    }
    dropped = {why: n for why, n in reasons.items() if n}
    return visible, topic_ids, Account("digest", len(claims), len(visible), dropped)


def _quoted(views: Sequence[ClaimView], topics: Sequence[TopicView]) -> list[str]:
    """Return the ids of all posts that are quoted somewhere."""
    quotes = [quote for view in views for quote in view.quotes]
    quotes += [quote for topic in topics for quote in topic.quotes]
    quotes += [answer.quote for view in views for answer in view.answers]
    headed = {view.quoted_from for view in views if view.quoted_from}
    return sorted({quote.post_id for quote in quotes} | headed)


def _topics_by_size(claims: pl.DataFrame) -> list[str]:
    """Rank the topics of the period by distinct voices, then by posts."""
    is_size = (pl.col("kind") == TOPIC_SIZE) & (pl.col("scope") == PERIOD)
    sizes = claims.filter(is_size).sort(
        "n_voices", "n_posts", "topic_id", descending=[True, True, False]
    )
    return sizes["topic_id"].to_list()


def _claim_view(row: Mapping[str, Any], material: Material) -> ClaimView:
    said = _said(row, material)
    surest = dict(said.sort("chance", "number", descending=[False, True])["post_id", "text"].rows())
    posts = [material.posts[post_id] for post_id in row["evidence"]]
    newest = sorted(posts, key=lambda p: (str(p["created_at"]), p["post_id"]), reverse=True)
    moments = [post["created_at"] for post in posts if post["created_at"]]
    tenure = _tenure(posts, material.first_posts)
    kind, evidence = CLAIM_KINDS[row["kind"]], set(row["evidence"])
    if material.standing.is_quiet and kind.action_when_quiet:
        row = {**row, "action": kind.action_when_quiet}
    return ClaimView(
        **row,
        quotes=_quotes(row, kind, said, material),
        posts=[{**post, "says": surest.get(post["post_id"])} for post in newest[:EVIDENCE_SHOWN]],
        endings=[material.posts[post_id] for post_id in row["went_well"][:ENDINGS_SHOWN]],
        answers=best_of(material.answers, row["evidence"], ANSWERS_SHOWN if said.height else 0),
        told=(min(moments), max(moments)) if moments else None,
        n_new=tenure["new"],
        n_settled=tenure["settled"],
        waves=[wave for wave in material.waves if not evidence.isdisjoint(wave.post_ids)],
        is_experimental=kind.rests_on in material.weak_labels,
        near=material.near.get(row["claim_id"]),
        in_all=_in_all(row, material.period),
    )


def _in_all(row: Mapping[str, Any], period: PeriodView) -> str:
    """Write how many say a key point in the windows before and in the period together."""
    is_longer = row["since"] and period.since and row["since"] < period.since
    if row["metric"] != FOUND_OF_MEMBERS or row["scope"] != PERIOD or not is_longer:
        return ""
    return f"{quantity(row['n_voices'], 'member')} since {row['since']:%-d %B %Y}"


def _tenure(
    posts: Sequence[Mapping[str, Any]], first_posts: Mapping[str, datetime]
) -> dict[str, int | None]:
    """Count the members behind some posts by how long they had been there when they wrote."""
    ages = _ages(posts, first_posts)
    n_new, n_settled = sum(age < NEW for age in ages), sum(age >= SETTLED for age in ages)
    between = len(ages) - n_new - n_settled
    return without_small({"new": n_new, "between": between, "settled": n_settled})


def _ages(
    posts: Sequence[Mapping[str, Any]], first_posts: Mapping[str, datetime]
) -> list[timedelta]:
    """Return how long after their first post members wrote the earliest of some posts."""
    earliest: dict[str, datetime] = {}
    for post in posts:
        who, when = post["author_id"], post["created_at"]
        if who in first_posts and when:
            earliest[who] = min(when, earliest.get(who, when))
    return [when - first_posts[who] for who, when in earliest.items()]


def _said(row: Mapping[str, Any], material: Material) -> pl.DataFrame:
    """Return the sentences that say the key point of a claim; none where it has none."""
    if not row["key_point_id"]:
        return material.said.clear()
    return material.said.filter(
        pl.col("key_point_id") == row["key_point_id"], pl.col("post_id").is_in(row["evidence"])
    )


def _quotes(
    row: Mapping[str, Any], kind: ClaimKind, said: pl.DataFrame, material: Material
) -> list[Quote]:
    """Return sentences that say what a claim says."""
    if row["key_point_id"]:
        return saying(
            said.drop_nulls("first_id"),
            headline=row["quoted"],
            headed_by=row["quoted_from"],
            count=kind.n_quotes,
            since=material.period.since if row["scope"] == PERIOD else None,
        )
    return choose(
        material.sentences,
        row["evidence"],
        kind=kind.name,
        keywords=_keywords(row, material.keywords),
        count=kind.n_quotes,
        does=row["does"],
    )


def _keywords(row: Mapping[str, Any], of_topics: Mapping[str, list[str]]) -> list[str]:
    """Return words that show that a sentence is about what the claim is about."""
    if not row["subject"]:
        return of_topics.get(row["topic_id"], [])
    if CLAIM_KINDS[row["kind"]].is_subject_a_name:
        return [row["subject"]]
    return re.findall(r"[^\W\d_]{4,}", row["subject"])


def _topic_view(
    topic_id: str,
    views: Sequence[ClaimView],
    material: Material,
    near: Mapping[str, Sequence[str]],
) -> TopicView:
    """Return a topic with those of ``views`` that are about it."""
    tables, settings = material.tables, material.settings
    claims = [view for view in views if view.topic_id == topic_id]
    sizes = {claim.scope: claim for claim in claims if claim.kind == TOPIC_SIZE}
    size, ever = sizes[PERIOD], sizes.get(HISTORY, sizes[PERIOD])
    topic = tables["topics"].row(by_predicate=pl.col("topic_id") == topic_id, named=True)
    evidence = pl.DataFrame({"post_id": ever.evidence}, schema={"post_id": pl.String})
    shares = material.shares.get(topic_id, {})
    return TopicView(
        topic_id=topic_id,
        label=topic["label"],
        keywords=topic["keywords"],
        theme=_theme(tables["topics"], topic["parent_id"]),
        subtopics=counts.subtopics(tables, size.evidence),
        stability=topic["stability"],
        is_weak=is_weak(topic["stability"], settings.min_stability),
        n_posts=size.n_posts,
        n_partly=material.n_partly.get(topic_id, 0),
        n_voices=size.n_voices,
        effective_voices=size.effective_voices or 0.0,
        share=size.value or 0.0,
        shares=shares,
        problems=_coverage(views, shares, size.n_voices, material, within=size.evidence),
        trend=material.trend(
            tables["posts"].join(evidence, on="post_id", how="semi"),
            material.shipped.get(topic_id, ()),
        ),
        n_voices_ever=ever.n_voices,
        claims=[claim for claim in claims if claim.scope == PERIOD and claim is not size],
        quotes=choose(
            material.sentences,
            size.evidence,
            kind=TOPIC_SIZE,
            keywords=topic["keywords"],
            count=settings.quotes_per_topic,
        ),
        lineage=lineage_of(topic_id, tables),
        near=near.get(topic_id, []),
    )


def _coverage(
    views: Sequence[ClaimView],
    shares: Shares,
    n_voices: int,
    material: Material,
    within: Sequence[str] | None = None,
) -> Coverage:
    """Count the members whose problem a key point says, beside all who are likely to have one."""
    problems = [
        view for view in views
        if view.key_point_id and view.scope == PERIOD
        and CLAIM_KINDS[view.kind].wants >= set(PROBLEMS)
    ]  # fmt: skip
    since = material.period.since
    said = {
        post_id
        for view in problems
        for post_id in view.evidence
        if since is None or (material.posts[post_id]["created_at"] or since) >= since
    }
    posts = said if within is None else said.intersection(within)
    share = shares.get(ANY_PROBLEM, Share(ANY_PROBLEM)).value
    n_said = len({material.posts[post_id]["author_id"] for post_id in posts})
    return Coverage(n_said, None if share is None else max(n_said, round(share * n_voices)))


def _theme(topics: pl.DataFrame, topic_id: str | None) -> str:
    """Return the label of a theme; nothing where the topic is under none."""
    themes = topics.filter(pl.col("level") == "theme").select("topic_id", "label")
    return str(dict(themes.iter_rows()).get(topic_id, ""))
