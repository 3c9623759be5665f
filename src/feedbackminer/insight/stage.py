"""The stage: tables to shares and claims, ranked, with those that do not hold set aside."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts, build_facts
from feedbackminer.insight.finders.answers import unanswered_claims
from feedbackminer.insight.finders.change import (
    MIN_EXPOSURE,
    change_claims,
    is_comparable,
    newcomer_claims,
    surge_claims,
)
from feedbackminer.insight.finders.community import community_claims
from feedbackminer.insight.finders.key_points import key_point_claims
from feedbackminer.insight.finders.product import component_claims, need_claims
from feedbackminer.insight.finders.topics import count_claims, loud_claims, share_claims
from feedbackminer.insight.measures import false_discovery
from feedbackminer.insight.period import period_of
from feedbackminer.insight.shares import estimate_shares
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import (
    TABLES,
    Claims,
    Dropped,
    Shares,
    check,
    column_types,
    finite_or_none,
)

STAGE = "insight"
READS = (
    "posts", "topics", "assignments", "tags", "threads", "members", "repeats", "aspects", "needs",
    "sentences", "key_points", "matches",
)  # fmt: skip
FINDERS: tuple[Callable[[Facts, InsightSettings], Iterator[Claim]], ...] = (
    count_claims,
    key_point_claims,
    share_claims,
    change_claims,
    surge_claims,
    newcomer_claims,
    unanswered_claims,
    loud_claims,
    component_claims,
    need_claims,
    community_claims,
)


@dataclass(frozen=True)
class Mined:
    """Shares, claims that hold, those held back with the reason, and notices."""

    shares: dy.DataFrame[Shares]
    claims: dy.DataFrame[Claims]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def mine_claims(tables: Mapping[str, pl.DataFrame], *, settings: InsightSettings) -> Mined:
    """Count, compare, rank.

    Args:
        tables: by name, those that ``READS`` names; others are not looked at.
        settings: the period, and what a claim must reach.
    Returns:
        shares of members, claims and the candidates dropped with a reason; the counts of these two
        sum to the candidates.
    Raises:
        TableError: a table breaks its contract.
    """
    checked = {name: check(tables[name], TABLES[name], where=STAGE) for name in READS}
    period = period_of(checked["posts"]["created_at"].drop_nulls(), settings)
    facts = build_facts(checked, period)
    candidates = [claim for finder in FINDERS for claim in finder(facts, settings)]
    q_values = _q_values(candidates)

    rows, dropped = [], []
    for claim in candidates:
        q = q_values.get(_claim_id(claim), math.nan)
        reason = _reason_to_drop(claim, q, settings)
        if reason:
            dropped.append(DroppedRow(_claim_id(claim), reason, claim.headline))
        else:
            rows.append(_row(claim, q))

    frame = pl.DataFrame(rows, schema=column_types(Claims))
    ordered = frame.sort("rank_score", "claim_id", descending=[True, False])
    ranked = check(ordered, Claims, where=STAGE)
    dropped_table = dropped_frame(STAGE, dropped)
    balance = account(STAGE, len(candidates), ranked, dropped_table)
    return Mined(
        shares=check(estimate_shares(facts, settings), Shares, where=STAGE),
        claims=ranked,
        dropped=dropped_table,
        account=balance,
        notices=_notices(checked["posts"], facts),
    )


def _notices(posts: pl.DataFrame, facts: Facts) -> tuple[str, ...]:
    period = facts.period
    if period.since is None:
        return ()
    notices = []
    if n_undated := posts["created_at"].null_count():
        notices.append(f"posts without a date, which no claim can count: {n_undated}")
    if not is_comparable(facts):
        notices.append(
            f"the last two windows of {period.window.days} days cannot be compared: each wants "
            f"{MIN_EXPOSURE} active members (--until or insight.window_days move them)"
        )
    return tuple(notices)


def _q_values(candidates: Sequence[Claim]) -> dict[str, float]:
    """Correct p for the number of comparisons, each kind of claim being one family."""
    q_values: dict[str, float] = {}
    for kind in {claim.kind for claim in candidates if not math.isnan(claim.p)}:
        family = [claim for claim in candidates if claim.kind == kind]
        corrected = false_discovery([claim.p for claim in family])
        q_values.update(zip(map(_claim_id, family), corrected, strict=True))
    return q_values


def _reason_to_drop(claim: Claim, q: float, settings: InsightSettings) -> str:
    """Return the reason a claim is held back, or nothing."""
    if not len(claim.posts):
        return "nobody_said_it"
    if claim.kind_row.counts_voices and claim.n_voices < settings.min_voices:
        return "too_few_voices"
    if not claim.is_large:
        return "small_effect"
    if q > settings.false_discovery:  # never where nothing was compared: q is nan
        return "could_be_chance"
    return ""


def _claim_id(claim: Claim) -> str:
    digest = hashlib.sha256(f"{claim.kind}|{claim.key}|{claim.since}|{claim.until}".encode())
    return f"{claim.kind}-{digest.hexdigest()[:10]}"


def _row(claim: Claim, q: float) -> dict[str, Any]:
    """Return a claim as a row of the table, with what holds for all of its kind."""
    return {
        "claim_id": _claim_id(claim),
        "kind": claim.kind,
        "editions": list(claim.kind_row.editions),
        "topic_id": claim.topic_id,
        "key_point_id": claim.key_point_id,
        "subject": claim.subject,
        "since": claim.since,
        "until": claim.until,
        "metric": claim.metric,
        "value": finite_or_none(claim.value.value),
        "low": finite_or_none(claim.value.low),
        "high": finite_or_none(claim.value.high),
        "baseline": finite_or_none(claim.baseline),
        "p": finite_or_none(claim.p),
        "q": finite_or_none(q),
        "n_posts": len(claim.posts),
        "n_voices": claim.n_voices,
        "effective_voices": finite_or_none(claim.effective_voices),
        "rank_score": claim.rank_score,
        "headline": claim.headline,
        "quoted": claim.quoted,
        "quoted_from": claim.quoted_from,
        "action": claim.action or claim.kind_row.action,
        "evidence": claim.posts["post_id"].to_list(),
        "went_well": list(claim.went_well),
        "status": "shown",
    }
