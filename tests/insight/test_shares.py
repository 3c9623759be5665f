"""How many members do something: the sum of what is likely, never less than what is sure."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from feedbackminer.insight.measures import expected_share
from feedbackminer.insight.stage import mine_claims
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import EVERYTHING
from feedbackminer.vocabulary.tags import KINDS, SHARES, UNSURE
from tests.support.builders import (
    aspects,
    assignments,
    copies,
    day,
    events,
    key_points,
    matches,
    members,
    needs,
    posts,
    replies,
    sentences,
    tags,
    threads,
    topics,
    undecided,
)

Post = Mapping[str, Any]


def post(who: str | None, topic: str = "sync", **tag: Any) -> Post:
    """One post: who wrote it, on what; chances of kinds by their names, or fields of its tag."""
    likely = {name: tag.pop(name) for name in KINDS if name in tag}
    if likely:
        tag["kind_chances"] = [likely.get(kind, 0.0) for kind in KINDS]
    return {"who": who, "topic": topic, "tag": tag}


def shares(
    written: Sequence[Post], *, copied: Mapping[str, str] | None = None, **settings: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of the table by topic and label."""
    ids = [f"p{i}" for i in range(len(written))]
    rows = list(zip(ids, written, strict=True))
    tables = {
        "posts": posts(
            *({"post_id": i, "author_id": p["who"], "created_at": day(0)} for i, p in rows)
        ),
        "topics": topics(sync="Sync", export="Export"),
        "assignments": assignments(**{i: p["topic"] for i, p in rows}),
        "tags": tags(*({"post_id": i} | p["tag"] for i, p in rows)),
        "replies": replies(),
        "threads": threads(),
        "members": members(),
        "repeats": copies(**(copied or {})),
        "aspects": aspects(),
        "needs": needs(),
        "sentences": sentences(),
        "key_points": key_points(),
        "matches": matches(),
        "events": events(),
        **undecided(),
    }
    mined = mine_claims(tables, settings=InsightSettings(**settings))
    return {(row["topic_id"], row["label"]): row for row in mined.shares.to_dicts()}


def test_chances_of_members_add_up() -> None:
    row = shares([post("ann", bug=0.9), post("ben", bug=0.5), post("cat", bug=0.1)])["sync", "bug"]
    want = expected_share(1.5, 3)
    assert (row["value"], row["low"], row["high"]) == pytest.approx(
        (want.value, want.low, want.high)
    )
    assert row["n_voices"] == 3


def test_a_member_says_it_if_any_of_their_posts_does() -> None:
    row = shares([post("ann", bug=0.5), post("ann", bug=0.5), post("ben", bug=0.0)])["sync", "bug"]
    assert (row["value"], row["n_voices"]) == (pytest.approx(0.75 / 2), 2)


def test_what_is_sure_of_all_is_all() -> None:
    row = shares([post("ann", kinds=["bug"]), post("ben", kinds=["bug"])])["sync", "any_problem"]
    assert (row["value"], row["high"]) == (1, 1)


def test_a_share_is_no_less_than_what_is_sure() -> None:
    doubtful = [post(f"m{i}", kinds=["bug"], bug=0.8) for i in range(4)]
    assert shares(doubtful)["sync", "bug"]["value"] == 1


def test_who_counts_is_who_is_a_voice_and_a_copy_counts_once() -> None:
    written = [post("ann", bug=0.5), post("ann", bug=0.5), post(None, bug=1.0)]
    row = shares(written, copied={"p1": "p0"})["sync", "bug"]
    assert (row["value"], row["n_voices"]) == (0.5, 1)


def test_whom_no_head_could_read_is_left_out() -> None:
    unread = post("zoe", unsure=[*KINDS], experience=UNSURE)
    rows = shares([post("ann", bug=0.5, experience="bad"), unread])
    assert (rows["sync", "bug"]["value"], rows["sync", "bug"]["n_voices"]) == (0.5, 1)
    assert rows["sync", "bad"]["value"] == 1
    of_nobody = shares([unread])["sync", "bug"]
    assert (of_nobody["value"], of_nobody["low"], of_nobody["n_voices"]) == (None, None, 0)


def test_every_topic_and_everything_have_a_share_of_every_label() -> None:
    rows = shares([post("ann", bug=0.5), post("ann", "export", bug=0.5)])
    assert set(rows) == {(t, s) for t in (EVERYTHING, "sync", "export") for s in SHARES}
    assert rows["sync", "bug"]["value"] == rows["export", "bug"]["value"] == 0.5
    assert rows[EVERYTHING, "bug"]["value"] == pytest.approx(0.75)


def test_more_confidence_widens_every_interval() -> None:
    written = [post(f"m{i}", bug=0.3) for i in range(9)]
    narrow, wide = (shares(written, confidence=c)["sync", "bug"] for c in (0.8, 0.99))
    assert wide["low"] < narrow["low"] < narrow["value"] < narrow["high"] < wide["high"]


def test_without_posts_nothing_is_known() -> None:
    rows = pl.DataFrame(list(shares([]).values()))
    assert rows["value"].null_count() == len(rows) == len(SHARES)
