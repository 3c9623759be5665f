"""The stage: tables to shares and claims, ranked, with those that do not hold set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.insight.chance import LEAST_ACTIVE
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts, build_facts, usual_voices
from feedbackminer.insight.finders.answers import unanswered_claims
from feedbackminer.insight.finders.change import Tested, find_changes
from feedbackminer.insight.finders.community import community_claims
from feedbackminer.insight.finders.key_points import key_point_claims
from feedbackminer.insight.finders.newcomers import newcomer_claims
from feedbackminer.insight.finders.outcomes import outcome_claims
from feedbackminer.insight.finders.product import component_claims, need_claims
from feedbackminer.insight.finders.rivals import rival_claims
from feedbackminer.insight.finders.staying import staying_claims
from feedbackminer.insight.finders.topics import count_claims, loud_claims, share_claims
from feedbackminer.insight.period import Period, period_of
from feedbackminer.insight.shares import estimate_shares
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import (
    TABLES,
    Claims,
    Dropped,
    Periods,
    Shares,
    check,
    column_types,
    finite_or_none,
    of_members,
)
from feedbackminer.vocabulary.claims import TOPIC_SIZE
from feedbackminer.vocabulary.tags import HISTORY, PERIOD

STAGE = "insight"
READS = (
    "posts", "topics", "assignments", "tags", "replies", "threads", "members", "repeats",
    "aspects", "needs", "sentences", "key_points", "matches", "events", "lineage", "decisions",
)  # fmt: skip
FINDERS: tuple[Callable[[Facts, InsightSettings], Iterator[Claim]], ...] = (
    count_claims,
    share_claims,
    newcomer_claims,
    unanswered_claims,
    loud_claims,
    component_claims,
    need_claims,
    community_claims,
)
# What the long view tells of all time, where a period is shorter.
LONG_VIEW = (count_claims, key_point_claims)


@dataclass(frozen=True)
class Mined:
    """Shares, claims that hold, those held back with the reason, and what they are of."""

    periods: dy.DataFrame[Periods]
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
    period = period_of(of_members(checked["posts"], checked["members"]), settings)
    history = facts = span = build_facts(checked, period.history)
    if not period.is_all:
        facts = span = build_facts(checked, period)
    if period.n_before:
        usual = usual_voices(history, period)
        span = replace(build_facts(checked, period.span), usual=usual)
    candidates = [claim for finder in FINDERS for claim in finder(facts, settings)]
    candidates += key_point_claims(span, settings)
    if not period.is_all:
        candidates += [
            replace(claim, scope=HISTORY)
            for finder in LONG_VIEW
            for claim in finder(history, settings)
            if claim.kind == TOPIC_SIZE or claim.key_point_id
        ]
    candidates += rival_claims(facts, checked["tags"], settings)
    candidates += staying_claims(history, settings)
    changes, tested = find_changes(history, period, settings)
    candidates += changes
    candidates += outcome_claims(history, checked, settings)

    rows, dropped = [], []
    for claim in candidates:
        reason = _reason_to_drop(claim, settings)
        if reason:
            dropped.append(DroppedRow(_claim_id(claim), reason, claim.headline))
        else:
            rows.append(_row(claim, settings))

    frame = pl.DataFrame(rows, schema=column_types(Claims))
    ordered = frame.sort("rank_score", "claim_id", descending=[True, False])
    ranked = check(ordered, Claims, where=STAGE)
    dropped_table = dropped_frame(STAGE, dropped)
    balance = account(STAGE, len(candidates), ranked, dropped_table)
    return Mined(
        periods=check(_period_row(period, tested), Periods, where=STAGE),
        shares=check(estimate_shares(facts, settings), Shares, where=STAGE),
        claims=ranked,
        dropped=dropped_table,
        account=balance,
        notices=_notices(checked["posts"], period, facts.n_active),
    )


def _notices(posts: pl.DataFrame, period: Period, n_active: int) -> tuple[str, ...]:
    if period.since is None or period.until is None:
        return ()
    notices = []
    if n_undated := posts["created_at"].null_count():
        notices.append(f"posts without a date, which no claim can count: {n_undated}")
    if not posts["created_at"].is_between(period.since, period.until, "left").any():
        notices.append(f"nobody wrote from {period.since:%-d %B %Y} to {period.until:%-d %B %Y}")
    if period.n_before and n_active < LEAST_ACTIVE:
        notices.append(
            f"too few members wrote to tell whether anything changed: {n_active}, it wants "
            f"{LEAST_ACTIVE} (--period and --until choose another time)"
        )
    if not period.n_before:
        notices.append(
            "nothing is said of change in the latest time: it wants a period, and another as long "
            "before it (--period and --until choose one)"
        )
    return tuple(notices)


def _period_row(period: Period, tested: Tested) -> pl.DataFrame:
    row = {
        "name": period.name,
        "since": period.since,
        "until": period.until,
        "history_since": period.history_since,
        "n_before": period.n_before,
        **asdict(tested),
    }
    return pl.DataFrame([row], schema=column_types(Periods))


def _reason_to_drop(claim: Claim, settings: InsightSettings) -> str:
    """Return the reason a claim is held back, or nothing."""
    if not len(claim.posts):
        return "nobody_said_it"
    if claim.kind_row.counts_voices and claim.n_voices < settings.min_voices:
        return "too_few_voices"
    if not claim.is_large:
        return "small_effect"
    return "could_be_chance" if claim.is_chance else ""


def _claim_id(claim: Claim) -> str:
    what = f"{claim.kind}|{claim.key}|{claim.since}|{claim.until}"
    if claim.scope != PERIOD:
        what += f"|{claim.scope}"
    digest = hashlib.sha256(what.encode())
    return f"{claim.kind}-{digest.hexdigest()[:10]}"


def _row(claim: Claim, settings: InsightSettings) -> dict[str, Any]:
    """Return a claim as a row of the table, with what holds for all of its kind."""
    of_kind = settings.routing.get(claim.kind, claim.kind_row.editions)
    return {
        "claim_id": _claim_id(claim),
        "kind": claim.kind,
        "scope": claim.scope,
        "editions": list(settings.routing.get(claim.topic_id or "", of_kind)),
        "topic_id": claim.topic_id,
        "key_point_id": claim.key_point_id,
        "subject": claim.subject,
        "does": claim.does,
        "since": claim.since,
        "until": claim.until,
        "metric": claim.metric,
        "value": finite_or_none(claim.value.value),
        "low": finite_or_none(claim.value.low),
        "high": finite_or_none(claim.value.high),
        "baseline": finite_or_none(claim.baseline),
        "p": finite_or_none(claim.p),
        "q": finite_or_none(claim.q),
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
        "verdict": claim.verdict,
    }
