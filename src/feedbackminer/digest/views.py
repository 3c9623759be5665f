"""What a page shows of claims and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.digest.quotes import Quote


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
    heads: Mapping[str, Mapping[str, Any]]  # the cards of the heads that tagged


@dataclass(frozen=True)
class ClaimView:
    """A claim with what a page shows of it."""

    row: Mapping[str, Any]
    quotes: Sequence[Quote]
    posts: Sequence[Mapping[str, Any]]
    is_experimental: bool = False  # rests on a label that is weak

    def __getattr__(self, name: str) -> Any:
        try:
            return self.row[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def page(self) -> str:
        """Return the file of the claim's own page."""
        return f"claims/{self.row['claim_id']}.html"

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is counted."""
        return _last_day(self.row["until"])


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
    sounds: Mapping[str, int]  # posts by sentiment
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
    labels: Sequence[Mapping[str, Any]]  # how often each tag was given, and how far it is known
    severities: Sequence[tuple[int, int, int]]  # at least so severe: voices, posts
    unanswered: Sequence[Mapping[str, Any]]
    quoted_posts: Sequence[Mapping[str, Any]]
    provenance: Provenance
    account: Account

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is covered."""
        return _last_day(self.until)

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


def _last_day(until: datetime | None) -> datetime | None:
    """Return a moment of the last day before ``until``, which itself does not count."""
    return until - timedelta(microseconds=1) if until else None


def is_weak(stability: float | None, least: float) -> bool:
    """Tell whether a topic is too unstable for a headline; one too small to tell is not."""
    return stability is not None and stability < least
