"""The digest as JSON: every claim with all its evidence, every quote, the row account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from feedbackminer.accounts import Account
from feedbackminer.digest.answers import Answer
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.shares import Share
from feedbackminer.digest.views import ClaimView, DecidedView, Digest, TopicView
from feedbackminer.digest.waves import Wave
from feedbackminer.tables import Claims
from feedbackminer.vocabulary.tags import ANY_PROBLEM, KINDS, SIDES


def render(digest: Digest) -> str:
    """Return the digest as JSON text; times are ISO 8601 in UTC."""
    source = digest.provenance
    content = {
        "title": digest.title,
        "since": digest.since,
        "until": digest.until,
        "period": asdict(digest.period),
        "standing": list(digest.standing.lines()),
        "events": [asdict(mark) for mark in digest.activity.marks],
        "totals": dict(digest.totals),
        "front": [claim.claim_id for claim in digest.front],
        "editions": {
            view.edition.name: [claim.claim_id for claim in view.front] for view in digest.editions
        },
        "room": asdict(digest.room),
        "claims": [_claim(claim) for claim in digest.claims],
        "decisions": [_decided(view) for view in digest.decided],
        "labels": [_label(row) for row in digest.labels],
        "problems": asdict(digest.problems),
        "severities": [
            {"level": level, "n_voices": voices, "n_posts": posts}
            for level, voices, posts in digest.severities
        ],
        "topics": [_topic(topic) for topic in digest.topics],
        "waves": [_wave(wave) for wave in digest.waves],
        "quotes": [_quote(quote, stands_for) for stands_for, quote in digest.quotes],
        "answers": [_answer(answer, claim_id) for claim_id, answer in digest.answers],
        "account": [_account(account) for account in (*source.accounts, digest.account)],
        "run_id": source.run_id,
        "made_at": source.made_at,
        "code_version": source.code_version,
        "models": dict(source.models),
        "table_versions": dict(source.versions),
        "settings": dict(source.settings),
        "seconds": dict(source.seconds),
        "notices": list(source.notices),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=_iso)


def _claim(claim: ClaimView) -> dict[str, Any]:
    """Return a claim with the columns of its table, in their order."""
    columns = {name: getattr(claim, name) for name in Claims.column_names()}
    return columns | {
        "experimental": claim.is_experimental,
        "waves": [wave.wave_id for wave in claim.waves],
        "near": claim.near,
    }


def _decided(view: DecidedView) -> dict[str, Any]:
    """Return an insight, what was decided on it in order, and the claim on what became of it."""
    insight = view.insight
    return {
        "insight_id": insight.insight_id,
        "kind": insight.kind,
        "about": view.about,
        "topics": list(view.topic_ids),
        "key_point_id": insight.key_point_id,
        "status": insight.status,
        "owner": insight.owner,
        "decisions": [asdict(decision) for decision in insight.decisions],
        "verdict": view.outcome.verdict if view.outcome else None,
        "outcome_id": view.outcome.claim_id if view.outcome else None,
    }


def _topic(topic: TopicView) -> dict[str, Any]:
    return {
        "topic_id": topic.topic_id,
        "label": topic.label,
        "keywords": list(topic.keywords),
        "theme": topic.theme or None,
        "subtopics": [{"label": label, "n_posts": n} for label, n in topic.subtopics],
        "stability": topic.stability,
        "n_posts": topic.n_posts,
        "n_posts_partly": topic.n_partly,
        "n_voices": topic.n_voices,
        "effective_voices": topic.effective_voices,
        "experience": {side: _share(topic.share_of(side)) for side in SIDES},
        "any_problem": _share(topic.share_of(ANY_PROBLEM)),
        "problems": asdict(topic.problems),
        "kinds": {kind: _share(topic.share_of(kind)) for kind in KINDS},
        "near": list(topic.near),
        "lineage": [asdict(turn) for turn in topic.lineage],
        "trend": [{"from": when, "voices": n} for when, n in topic.trend.points],
    }


def _share(share: Share) -> dict[str, Any]:
    return {"value": share.value, "low": share.low, "high": share.high}


def _label(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a label, its share in place."""
    others = {name: value for name, value in row.items() if name not in ("label", "share")}
    return {"label": row["label"], **_share(row["share"]), **others}


def _wave(wave: Wave) -> dict[str, Any]:
    return {
        "wave_id": wave.wave_id,
        "n_accounts": wave.n_accounts,
        "first_at": wave.since,
        "last_at": wave.until,
        "post_ids": list(wave.post_ids),
    }


def _quote(quote: Quote, stands_for: str) -> dict[str, Any]:
    return {
        "post_id": quote.post_id,
        "text": quote.text,
        "url": quote.url,
        "n_voices": quote.n_voices,
        "stands_for": stands_for,
    }


def _answer(answer: Answer, stands_with: str) -> dict[str, Any]:
    return {
        "post_id": answer.quote.post_id,
        "text": answer.quote.text,
        "url": answer.quote.url,
        "helped": answer.helped,
        "by_staff": answer.is_by_staff,
        "stands_with": stands_with,
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "stage": account.stage,
        "in": account.rows_in,
        "out": account.rows_out,
        "dropped": dict(account.dropped),
    }


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
