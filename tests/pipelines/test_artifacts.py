"""Prefect's database is no place that an erasure reaches: what members wrote stays out of it."""

from __future__ import annotations

import polars as pl
import pytest

from feedbackminer.insight.facts import build_facts
from feedbackminer.insight.finders.product import need_claims
from feedbackminer.insight.period import period_of
from feedbackminer.insight.stage import READS
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import TABLES
from pipelines.artifacts import headline_for_prefect
from tests.support import builders

WORDS = "move my “old” notes to another device"


def test_a_headline_that_quotes_a_member_is_told_without_the_words() -> None:
    posts = builders.posts({"post_id": "x:1", "body": f"I want to {WORDS}."})
    needs = builders.needs({"post_id": "x:1", "text": WORDS, "label": WORDS})
    empty = {name: TABLES[name].create_empty() for name in READS}
    tables: dict[str, pl.DataFrame] = {**empty, "posts": posts, "needs": needs}
    settings = InsightSettings()
    facts = build_facts(tables, period_of(posts, settings))
    (claim,) = need_claims(facts, settings)
    assert WORDS in claim.headline
    shown = headline_for_prefect({"headline": claim.headline, "quoted": claim.quoted})
    assert WORDS not in shown
    assert shown.startswith("“…”")


@pytest.mark.parametrize(
    ("headline", "told"),
    [
        (f"“{WORDS}”: 3 members", "“…”: 3 members"),
        (
            f"Sync: 3 of 5 members report problems, such as “{WORDS}”",
            "Sync: 3 of 5 members report problems, such as “…”",
        ),
    ],
)
def test_what_members_say_is_told_by_how_many_alone(headline: str, told: str) -> None:
    assert headline_for_prefect({"headline": headline, "quoted": WORDS}) == told


def test_other_headlines_are_told_as_they_are() -> None:
    claim = {
        "headline": "Sync: 3 members tell of a problem with it, 1 speak well of it",
        "quoted": "",
    }
    assert headline_for_prefect(claim) == claim["headline"]
