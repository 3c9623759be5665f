"""What a page shows of claims and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.shares import Share, Shares
from feedbackminer.digest.waves import Wave
from feedbackminer.vocabulary.claims import CLAIM_KINDS, METRICS, Listing
from feedbackminer.vocabulary.tags import KINDS

NEW, SETTLED = timedelta(days=30), timedelta(days=365)  # after a member's first post
LEAST_SHARE = 0.05  # of a topic's voices: where no more is sure, a kind is not listed


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """A claim, field by field as the table ``claims`` holds it, with what a page shows of it."""

    claim_id: str
    kind: str
    editions: Sequence[str]
    topic_id: str | None
    key_point_id: str | None
    subject: str
    since: datetime | None
    until: datetime | None
    metric: str
    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    p: float | None
    q: float | None
    n_posts: int
    n_voices: int
    effective_voices: float | None
    rank_score: float
    headline: str
    quoted: str
    quoted_from: str | None
    action: str
    evidence: Sequence[str]
    went_well: Sequence[str]
    status: str

    quotes: Sequence[Quote]
    posts: Sequence[Mapping[str, Any]]  # the newest behind it, with the sentence that says it
    endings: Sequence[Mapping[str, Any]]  # posts in which members behind it tell that it works
    told: tuple[datetime, datetime] | None  # first and last, where dates are known
    n_new: int  # members who said it within ``NEW`` of their first post
    n_settled: int  # and who did ``SETTLED`` or more after it
    waves: Sequence[Wave]  # of new accounts, each one of its voices
    is_experimental: bool  # rests on a label that is weak
    near: str | None  # the claim that it is shown with

    @property
    def title(self) -> str:
        """Return what its kind is called."""
        return CLAIM_KINDS[self.kind].title

    @property
    def is_estimate(self) -> bool:
        """Tell whether more members may say it than the posts behind it show."""
        return METRICS[self.metric].is_estimate

    @property
    def page(self) -> str:
        """Return the file of the claim's own page."""
        return f"claims/{self.claim_id}.html"

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is counted."""
        return _last_day(self.until)


@dataclass(frozen=True)
class Coverage:
    """How many of the members with a problem have one that a key point says."""

    n_said: int
    n_all: int | None  # an estimate; None: nobody knows


@dataclass(frozen=True, kw_only=True)
class TopicView:
    """A topic with its numbers, trend, claims and quotes."""

    topic_id: str
    label: str
    keywords: Sequence[str]
    theme: str  # empty: a topic by itself
    subtopics: Sequence[tuple[str, int]]  # with their posts
    stability: float | None  # how well it is found again, 0 to 1; None: too small to tell
    is_weak: bool  # too unstable for a headline
    n_posts: int
    n_partly: int  # posts mainly about something else, of which a part speaks of it
    n_voices: int
    effective_voices: float
    share: float
    shares: Shares  # of its voices
    problems: Coverage
    trend: Sequence[tuple[datetime, int]]
    claims: Sequence[ClaimView]
    quotes: Sequence[Quote]

    @property
    def page(self) -> str:
        """Return the file of the topic's own page."""
        return f"topics/{self.topic_id}.html"

    def share_of(self, label: str) -> Share:
        """Return which part of its voices does something."""
        return self.shares.get(label, Share(label))

    @property
    def said(self) -> ClaimView | None:
        """Return the key point on it that ranks first; None: it has none."""
        return next((claim for claim in self.claims if claim.key_point_id), None)

    @property
    def kinds(self) -> list[Share]:
        """Return the kinds of what its voices write, the most common first, without rare ones."""
        shares = [self.share_of(kind) for kind in KINDS]
        shown = [share for share in shares if share.low and share.low >= LEAST_SHARE]
        return sorted(shown, key=lambda share: -(share.value or 0))


@dataclass(frozen=True, kw_only=True)
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
    waves: Sequence[Wave]
    members: pl.DataFrame
    like_staff: Sequence[Mapping[str, Any]]  # of them: author_id, evidence, post
    labels: Sequence[Mapping[str, Any]]  # how common each is, how often given, how far known
    problems: Coverage
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
        themes: dict[str, list[TopicView]] = {}
        for topic in self.topics:
            if topic.theme:
                themes.setdefault(topic.theme, []).append(topic)
        return dict(sorted(themes.items(), key=lambda pair: -len(pair[1])))

    def of_kind(self, *kinds: str) -> list[ClaimView]:
        """Return the claims of some kinds, best first, without those shown with another."""
        return [claim for claim in self.claims if claim.kind in kinds and not claim.near]

    def near_to(self, claim: ClaimView) -> list[ClaimView]:
        """Return the claims that are shown with one, best first."""
        return [other for other in self.claims if other.near == claim.claim_id]

    def listed(self, page: str, *, headed: bool) -> list[tuple[Listing, list[ClaimView]]]:
        """Return what a page lists under headings of their own, or before any, with its claims."""
        listings = []
        for kind in CLAIM_KINDS.values():
            for listing in kind.listings:
                claims = self.of_kind(kind.name)[: listing.limit]
                is_here = listing.page == page and bool(listing.heading) == headed
                if is_here and (claims or listing.empty):
                    listings.append((listing, claims))
        return listings

    @property
    def quotes(self) -> list[tuple[str, Quote]]:
        """Return every quote with the id of the claim or topic it stands for."""
        of_claims = [(claim.claim_id, quote) for claim in self.claims for quote in claim.quotes]
        of_topics = [(topic.topic_id, quote) for topic in self.topics for quote in topic.quotes]
        return of_claims + of_topics


def _last_day(until: datetime | None) -> datetime | None:
    """Return a moment of the last day before ``until``, which itself does not count."""
    return until - timedelta(microseconds=1) if until else None


def is_weak(stability: float | None, least: float) -> bool:
    """Tell whether a topic is too unstable for a headline; one too small to tell is not."""
    return stability is not None and stability < least
