"""Literal tables for tests: say what matters, the rest has a default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.digest.views import ClaimView
from feedbackminer.embed.encoder import Encoded
from feedbackminer.tables import (
    Aspects,
    Assignments,
    Claims,
    Decisions,
    Events,
    KeyPoints,
    Lineage,
    Matches,
    Members,
    Needs,
    Periods,
    Posts,
    Repeats,
    Replies,
    Segments,
    Sentences,
    Shares,
    TagLabels,
    Tags,
    Texts,
    Threads,
    Topics,
    check,
    column_types,
)
from feedbackminer.tagging.stage import read_texts
from feedbackminer.tagging.tagger import Text
from feedbackminer.vocabulary.tags import ASSERTED, HEADLINES, KINDS

DAY_ONE = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
Row = Mapping[str, Any]


def day(number: float) -> datetime:
    """Return a moment ``number`` days after the first."""
    return DAY_ONE + timedelta(days=number)


def posts(*rows: Row) -> pl.DataFrame:
    """Build ``posts``; without a thread of its own a post opens one."""
    return _table(Posts, [_post(row, number) for number, row in enumerate(rows)])


def texts(*rows: Row | str) -> pl.DataFrame:
    """Build ``texts``; a plain string is a reply of that text."""
    full = [{"text": row} if isinstance(row, str) else row for row in rows]
    return _table(Texts, [_text(row, number) for number, row in enumerate(full)])


def tags(*rows: Row) -> pl.DataFrame:
    """Build ``tags``; every post is neutral and of no kind unless it says so."""
    plain: dict[str, Any] = {
        "sentiment": "neutral",
        "sentiment_score": 0.0,
        "sentiment_chances": [],
        "kinds": [],
        "kind_chances": [],
        "kind_statuses": [""] * len(KINDS),
        "experience": "none",
        "experience_chances": [],
        "unsure": [],
        "by_human": False,
        "spans": [],
        "sentences": [],
        "tagger": "by hand",
        "read_as": "",
    }
    full = [plain | dict(row) for row in rows]
    return _table(Tags, [_of_sentences(len(row["sentences"])) | row for row in full])


def _of_sentences(count: int) -> dict[str, Any]:
    return {
        "sentence_kinds": [""] * count,
        "sentence_statuses": [ASSERTED] * count,
        "sentence_scores": [0.0] * count,
        "sentence_chances": [1.0] * count,
    }


def read(*passages: str) -> list[Text]:
    """Return texts as a tagger reads them, without vectors."""
    none = np.zeros((len(passages), 0), np.float32)
    return read_texts(texts(*passages), Encoded(none, none), [False] * len(passages))


def aspects(*rows: Row) -> pl.DataFrame:
    """Build ``aspects``."""
    plain = {
        "number": 1,
        "found_by": "settings",
        "text": "It.",
        "status": ASSERTED,
        "sentiment": "neutral",
        "score": 0.0,
        "read_as": "",
    }
    return _table(Aspects, [plain | dict(row) for row in rows])


def needs(*rows: Row) -> pl.DataFrame:
    """Build ``needs``."""
    plain = {"number": 1, "text": "do it", "sentence": "I want to do it.", "group": 0}
    full = plain | {"label": "do it", "vector": b"", "encoder": ""}
    return _table(Needs, [full | dict(row) for row in rows])


def tag_labels(*rows: Row) -> pl.DataFrame:
    """Build ``tag_labels``; a person said nothing unless the row says so."""
    plain = {"sentiment": None, "kinds": None, "severity": None, "made_at": day(60)}
    return _table(TagLabels, [plain | dict(row) for row in rows])


def sentences(*rows: Row) -> pl.DataFrame:
    """Build ``sentences``; each does nothing for sure unless it says so."""
    plain = {"number": 1, "chances": [0.0] * len(HEADLINES), "vector": b"", "read_as": ""}
    return _table(Sentences, [plain | dict(row) for row in rows])


def key_points(*rows: Row) -> pl.DataFrame:
    """Build ``key_points``."""
    plain = {"says": "problem", "post_id": "p0", "number": 1, "n_voices": 3}
    return _table(KeyPoints, [plain | dict(row) for row in rows])


def matches(*rows: Row) -> pl.DataFrame:
    """Build ``matches``; each is as good as certain."""
    return _table(Matches, [{"number": 1, "chance": 0.9} | dict(row) for row in rows])


def events(**days: float) -> pl.DataFrame:
    """Build ``events``, releases, from names and days."""
    rows = [
        {"event_id": name, "at": day(when), "name": name, "kind": "release", "source": "test"}
        for name, when in days.items()
    ]
    return _table(Events, rows)


def undecided() -> dict[str, pl.DataFrame]:
    """Build the tables that what was decided is read from, with nothing in them."""
    return {"decisions": Decisions.create_empty(), "lineage": Lineage.create_empty()}


def periods(
    since: datetime | None = None, until: datetime | None = None, **more: Any
) -> pl.DataFrame:
    """Build ``periods``: all that there is, unless told otherwise; nothing was tested."""
    row = {
        "name": "all", "since": since, "until": until, "history_since": since, "n_before": 0,
        "n_shuffles": 0, "false_alarms": None, "usual": [], "seen_from": [], **more,
    }  # fmt: skip
    return _table(Periods, [row])


def topics(**labels: str) -> pl.DataFrame:
    """Build ``topics`` from ids and labels."""
    return topic_rows(
        *({"topic_id": i, "label": label, "found_label": label} for i, label in labels.items())
    )


def topic_rows(*rows: Row) -> pl.DataFrame:
    """Build ``topics`` from rows; each is an active topic unless it says so."""
    plain = {
        "level": "topic",
        "named_by": "model",
        "found_by": "model",
        "keywords": [],
        "representatives": [],
        "size": 1,
        "centroid": b"",
        "floor": -1.0,
        "typical": 1.0,
        "part_floor": 1.0,
        "words": [],
        "ratios": [],
        "fitted_as": "by hand",
        "fitted_in": "r1",
        "fitted_on": 1,
        "born_in": "r1",
        "status": "active",
    }
    return _table(Topics, [plain | dict(row) for row in rows])


def assignments(**topic_of: str) -> pl.DataFrame:
    """Build ``assignments`` from post ids and topic ids."""
    plain = {"score": 0.5, "rank": 1}
    rows = [{"post_id": p, "topic_id": t, "found_id": t} for p, t in topic_of.items()]
    return _table(Assignments, [plain | row for row in rows])


def repeats(**first_of: str) -> pl.DataFrame:
    """Build ``repeats`` from post ids and the first post that says the same; others' voices."""
    return _table(Repeats, [{"post_id": p, "first_id": f} for p, f in first_of.items()])


def copies(**original_of: str) -> pl.DataFrame:
    """Build ``repeats`` from post ids and the post that each counts once with."""
    rows = [{"post_id": p, "first_id": o, "copy_of": o} for p, o in original_of.items()]
    return _table(Repeats, rows)


def segments(*rows: tuple[str, str]) -> pl.DataFrame:
    """Build ``segments`` from post ids and the text of a part."""
    parts = [
        {"post_id": p, "number": n, "text": text, "content_hash": f"part {text}".ljust(16, ".")}
        for n, (p, text) in enumerate(rows, 1)
    ]
    return _table(Segments, parts)


def replies(*rows: Row) -> pl.DataFrame:
    """Build ``replies``: each post answers another, by the order unless it says so."""
    return _table(Replies, [{"by": "order", **row} for row in rows])


def threads(*rows: Row) -> pl.DataFrame:
    """Build ``threads``."""
    plain = {"n_posts": 1, "n_voices": 1, "is_question": False, "resolved": False}
    full = [{"opener_post_id": row["thread_id"], **plain, **row} for row in rows]
    return _table(Threads, full)


def members(*rows: Row) -> pl.DataFrame:
    """Build ``members``."""
    counts = [name for name in Members.column_names() if name.startswith("n_")]
    plain = dict.fromkeys(counts, 0) | {
        "role": "member",
        "n_posts": 1,
        "segment": "occasional",
        "advocate": False,
        "example_id": "p0",
    }
    return _table(Members, [plain | dict(row) for row in rows])


def claims(*rows: Row) -> pl.DataFrame:
    """Build ``claims``."""
    return _table(Claims, [_claim(row) for row in rows])


def shares(*rows: Row) -> pl.DataFrame:
    """Build ``shares``."""
    plain = {"topic_id": "", "value": 0.4, "low": 0.3, "high": 0.5, "n_voices": 10}
    return _table(Shares, [plain | dict(row) for row in rows])


def claim_view(*, told: tuple[datetime, datetime] | None = None, **row: Any) -> ClaimView:
    """Build what a page shows of a claim, without quotes and posts."""
    (claim,) = claims({"claim_id": "c1"} | row).to_dicts()
    return ClaimView(
        **claim,
        quotes=[],
        posts=[],
        endings=[],
        answers=[],
        told=told,
        n_new=0,
        n_settled=0,
        waves=[],
        is_experimental=False,
        near=None,
        in_all="",
    )


def _claim(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "kind": "topic",
        "scope": "period",
        "editions": [],
        "subject": "",
        "does": "",
        "metric": "share_of_members",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n_posts": len(row.get("evidence", [])),
        "went_well": [],
        "n_voices": 3,
        "effective_voices": 3.0,
        "rank_score": 1.0,
        "headline": "A headline",
        "quoted": "",
        "action": "",
        "evidence": [],
        "status": "shown",
    }
    return plain | dict(row)


def _post(row: Row, number: int) -> dict[str, Any]:
    post_id = row.get("post_id", f"p{number}")
    plain = {
        "post_id": post_id,
        "source": "forum",
        "thread_id": post_id,
        "author_id": "ann",
        "author_role": "member",
        "created_at": day(number / 24),
        "body": "The sync stops after an hour.",
        "accepted": False,
        "meta": "{}",
        "collected_at": day(400),
    }
    return plain | dict(row)


def _text(row: Row, number: int) -> dict[str, Any]:
    text = row["text"]
    plain = {
        "post_id": f"p{number}",
        "language": "en",
        "n_words": max(1, len(text.split())),
        "truncated": False,
        "content_hash": f"{row.get('title')}|{text}".ljust(16, "."),
    }
    return plain | dict(row)


def _table(schema: type[dy.Schema], rows: list[dict[str, Any]]) -> pl.DataFrame:
    return check(pl.DataFrame(rows, schema=column_types(schema)), schema, where="test")
