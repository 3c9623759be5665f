"""The stage: everything known to claims, ranked, with those that do not hold held back."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Speech, listen
from feedbackminer.insight.finders.answers import unanswered
from feedbackminer.insight.finders.change import (
    MIN_EXPOSURE,
    changes,
    comparable,
    newcomer_hurdles,
    surges,
)
from feedbackminer.insight.finders.community import community
from feedbackminer.insight.finders.product import components, wants
from feedbackminer.insight.finders.topics import loud_members, sayings
from feedbackminer.insight.measures import false_discovery
from feedbackminer.insight.period import period_of
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import Claims, Dropped, check, column_types
from feedbackminer.vocabulary.claims import COUNTED_OTHERWISE

STAGE = "insight"
FINDERS: tuple[Callable[[Speech, InsightSettings], Iterator[Claim]], ...] = (
    sayings,
    changes,
    surges,
    newcomer_hurdles,
    unanswered,
    loud_members,
    components,
    wants,
    community,
)


@dataclass(frozen=True)
class Mined:
    """Claims that hold, those held back with the reason, and notices."""

    claims: dy.DataFrame[Claims]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def mine_claims(
    posts: pl.DataFrame,
    topics: pl.DataFrame,
    assignments: pl.DataFrame,
    tags: pl.DataFrame,
    threads: pl.DataFrame,
    members: pl.DataFrame,
    repeats: pl.DataFrame,
    aspects: pl.DataFrame,
    needs: pl.DataFrame,
    *,
    settings: InsightSettings,
) -> Mined:
    """Count, compare, rank.

    Returns:
        claims and the candidates dropped with a reason; their counts sum to the candidates.
    """
    period = period_of(posts["created_at"].drop_nulls(), settings)
    speech = listen(
        posts, topics, assignments, tags, threads, members, repeats, period, aspects, needs
    )
    candidates = [claim for finder in FINDERS for claim in finder(speech, settings)]
    q_values = _q_values(candidates)
    rows, dropped = [], []
    for claim in candidates:
        q = q_values.get(_claim_id(claim), math.nan)
        reason = _why_not(claim, q, settings)
        if reason:
            dropped.append(DroppedRow(_claim_id(claim), reason, claim.headline))
        else:
            rows.append(_row(claim, q))
    frame = pl.DataFrame(rows, schema=column_types(Claims))
    ordered = frame.sort("rank_score", "claim_id", descending=[True, False])
    ranked = check(ordered, Claims, where=STAGE)
    dropped_table = dropped_frame(STAGE, dropped)
    balance = account(STAGE, len(candidates), ranked, dropped_table)
    return Mined(ranked, dropped_table, balance, _notices(posts, speech))


def _notices(posts: pl.DataFrame, speech: Speech) -> tuple[str, ...]:
    period = speech.period
    if period.since is None:
        return ()
    notices = []
    if undated := posts["created_at"].null_count():
        notices.append(f"posts without a date, which no claim can count: {undated}")
    if not comparable(speech):
        notices.append(
            f"the last two windows of {period.window.days} days cannot be compared: each wants "
            f"{MIN_EXPOSURE} active members (--until or insight.window_days move them)"
        )
    return tuple(notices)


def _q_values(candidates: list[Claim]) -> dict[str, float]:
    """Correct p for the number of comparisons, each kind of claim being one family."""
    q_values: dict[str, float] = {}
    for kind in {claim.kind for claim in candidates if claim.p == claim.p}:
        family = [claim for claim in candidates if claim.kind == kind]
        q_values.update(
            zip(map(_claim_id, family), false_discovery([c.p for c in family]), strict=True)
        )
    return q_values


def _why_not(claim: Claim, q: float, settings: InsightSettings) -> str:
    """Return the reason a claim is held back, or nothing."""
    if not len(claim.posts):
        return "nobody_said_it"
    if claim.kind not in COUNTED_OTHERWISE and claim.n_voices < settings.min_voices:
        return "too_few_voices"
    if not claim.is_large:
        return "small_effect"
    if q == q and q > settings.false_discovery:
        return "could_be_chance"
    return ""


def _claim_id(claim: Claim) -> str:
    digest = hashlib.sha256(f"{claim.kind}|{claim.key}|{claim.since}|{claim.until}".encode())
    return f"{claim.kind}-{digest.hexdigest()[:10]}"


def _row(claim: Claim, q: float) -> dict[str, Any]:
    return {
        "claim_id": _claim_id(claim),
        "kind": claim.kind,
        "editions": list(claim.editions),
        "topic_id": claim.topic_id,
        "since": claim.since,
        "until": claim.until,
        "metric": claim.metric,
        "value": _known(claim.value.value),
        "low": _known(claim.value.low),
        "high": _known(claim.value.high),
        "baseline": _known(claim.baseline),
        "p": _known(claim.p),
        "q": _known(q),
        "n_posts": len(claim.posts),
        "n_voices": claim.n_voices,
        "effective_voices": _known(claim.effective_voices),
        "rank_score": claim.rank_score,
        "headline": claim.headline,
        "action": claim.action,
        "evidence": claim.posts["post_id"].to_list(),
        "status": "shown",
    }


def _known(value: float) -> float | None:
    """Tables hold null where a measure is undefined or unbounded."""
    return value if math.isfinite(value) else None
