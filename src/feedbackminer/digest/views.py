"""What a page shows of claims and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.digest.answers import Answer
from feedbackminer.digest.kinship import Turn
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.room import Room
from feedbackminer.digest.shares import Share, Shares
from feedbackminer.digest.standing import Standing
from feedbackminer.digest.waves import Wave
from feedbackminer.vocabulary.claims import (
    CHANGE_METRIC,
    CLAIM_KINDS,
    FOUND_OF_MEMBERS,
    METRICS,
    SURGE_METRIC,
    Listing,
)
from feedbackminer.vocabulary.decisions import NOTE, Decision, Insight
from feedbackminer.vocabulary.editions import Edition
from feedbackminer.vocabulary.goals import MeasureName
from feedbackminer.vocabulary.moments import last_day, word_of
from feedbackminer.vocabulary.tags import HISTORY, KINDS, PERIOD

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
class PeriodView:
    """What a digest is of, and how far it was tested whether anything changed."""

    name: str
    since: datetime | None
    until: datetime | None
    history_since: datetime | None
    n_before: int
    n_shuffles: int
    false_alarms: float | None
    usual: Sequence[int]
    seen_from: Sequence[int]

    @property
    def is_all(self) -> bool:
        """Tell whether it is the whole history."""
        return self.since == self.history_since

    @property
    def history(self) -> tuple[datetime | None, datetime | None]:
        """Return where the history begins, and where the period ends."""
        return self.history_since, self.until

    @property
    def before(self) -> tuple[datetime, datetime] | None:
        """Return a time as long that ends where it begins; None: the history has none."""
        if self.since is None or self.until is None or not self.n_before:
            return None
        return self.since - (self.until - self.since), self.since

    @property
    def word(self) -> str:
        """Return what it is called: ``month``; ``period`` where it is no such length."""
        return word_of(self.name)


@dataclass(frozen=True)
class Mark:
    """An event on a timeline."""

    at: datetime
    name: str
    kind: str


@dataclass(frozen=True)
class Trend:
    """Members by week or month, and what happened in that time."""

    points: Sequence[tuple[datetime, int]]
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """A claim, field by field as the table ``claims`` holds it."""

    claim_id: str
    kind: str
    scope: str
    editions: Sequence[str]
    topic_id: str | None
    key_point_id: str | None
    subject: str
    does: str
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
    verdict: str | None


@dataclass(frozen=True, kw_only=True)
class ClaimView(ClaimRow):
    """A claim with what a page shows of it."""

    quotes: Sequence[Quote]
    posts: Sequence[Mapping[str, Any]]  # the newest behind it, with the sentence that says it
    endings: Sequence[Mapping[str, Any]]  # posts in which members behind it tell that it works
    answers: Sequence[Answer]  # that helped members behind it
    told: tuple[datetime, datetime] | None  # first and last, where dates are known
    n_new: int | None  # members who said it within ``NEW`` of their first post; None: not told
    n_settled: int | None  # and who did ``SETTLED`` or more after it
    waves: Sequence[Wave]  # of new accounts, each one of its voices
    is_experimental: bool  # rests on a label that is weak
    near: str | None  # the claim that it is shown with
    in_all: str  # how many say it with the windows before; empty: it is of one time only

    @property
    def title(self) -> str:
        """Return what its kind is called."""
        return CLAIM_KINDS[self.kind].title

    @property
    def is_estimate(self) -> bool:
        """Tell whether more members may say it than the posts behind it show."""
        return METRICS[self.metric].is_estimate

    @property
    def is_fall(self) -> bool:
        """Tell whether fewer say it than usual: the posts behind it are of the time before."""
        is_change = self.metric == CHANGE_METRIC and CLAIM_KINDS[self.kind].makes_front
        return is_change and self.value is not None and self.value < 1

    @property
    def page(self) -> str:
        """Return the file of the claim's own page."""
        return f"claims/{self.claim_id}.html"

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is counted."""
        return last_day(self.until)


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
    trend: Trend  # in the whole history
    n_voices_ever: int
    claims: Sequence[ClaimView]
    quotes: Sequence[Quote]
    lineage: Sequence[Turn]
    near: Sequence[str]  # ids of the topics nearest to it of those that are shown

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


@dataclass(frozen=True)
class EditionView:
    """An edition: the things to know first, and all else that is routed to it, by section."""

    edition: Edition
    front: Sequence[ClaimView]
    sections: Sequence[tuple[str, Sequence[ClaimView]]]


@dataclass(frozen=True, kw_only=True)
class DecidedView:
    """An insight with what was decided, and what became of it.

    Attributes:
        about: what it is called today; empty: no topic or key point of today is it.
        topic_ids: topics of today that have its posts.
        outcome: the claim that tells what is said since it was shipped; None: nothing is.
    """

    insight: Insight
    about: str
    topic_ids: Sequence[str]
    outcome: ClaimView | None

    @property
    def title(self) -> str:
        """Return what the kind of its claims is called."""
        return CLAIM_KINDS[self.insight.kind].title

    @property
    def last(self) -> Decision | None:
        """Return what made it what it is; None: nothing but notes."""
        return self.insight.last

    @property
    def notes(self) -> list[Decision]:
        """Return what was noted beside it, earliest first."""
        return [one for one in self.insight.decisions if one.action == NOTE]


@dataclass(frozen=True, kw_only=True)
class Digest:
    """Everything a digest says."""

    title: str
    period: PeriodView
    standing: Standing
    totals: Mapping[str, int]
    front: Sequence[ClaimView]
    editions: Sequence[EditionView]
    room: Room
    goals: Mapping[MeasureName, float]  # what to reach
    topics: Sequence[TopicView]
    claims: Sequence[ClaimView]
    decided: Sequence[DecidedView]
    activity: Trend  # in the whole history
    waves: Sequence[Wave]
    members: pl.DataFrame
    like_staff: Sequence[Mapping[str, Any]]  # of them: author_id, evidence, post
    labels: Sequence[Mapping[str, Any]]  # how common each is, how often given, how far known
    problems: Coverage
    severities: Sequence[tuple[int, int, int]]  # level: voices whose worst it is, posts
    unanswered: Sequence[Mapping[str, Any]]
    quoted_posts: Sequence[Mapping[str, Any]]
    provenance: Provenance
    account: Account
    alert_levels: Mapping[str, Any] | None = None  # the row of that table; None: not measured

    @property
    def since(self) -> datetime | None:
        """Return where the period begins."""
        return self.period.since

    @property
    def until(self) -> datetime | None:
        """Return where it ends; that moment itself does not count."""
        return self.period.until

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is covered."""
        return last_day(self.until)

    @property
    def themes(self) -> dict[str, list[TopicView]]:
        """Return the topics that are shown under their themes, largest theme first."""
        themes: dict[str, list[TopicView]] = {}
        for topic in self.topics:
            if topic.theme:
                themes.setdefault(topic.theme, []).append(topic)
        return dict(sorted(themes.items(), key=lambda pair: -len(pair[1])))

    def of_kind(self, *kinds: str) -> list[ClaimView]:
        """Return the claims of some kinds on the period, best first, each with those near it."""
        return [
            claim
            for claim in self.claims
            if claim.kind in kinds and claim.scope == PERIOD and not claim.near
        ]

    @property
    def long_view(self) -> list[ClaimView]:
        """Return what members say in the whole history, best first; of the period, if it is all."""
        scope = PERIOD if self.period.is_all else HISTORY
        return [c for c in self.claims if c.key_point_id and c.scope == scope and not c.near
                and c.metric == FOUND_OF_MEMBERS]  # fmt: skip

    @property
    def outbreaks(self) -> list[ClaimView]:
        """Return what broke out ever, latest first."""
        found = [claim for claim in self.claims if claim.metric == SURGE_METRIC]
        return sorted(found, key=lambda claim: str(claim.since), reverse=True)

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

    @property
    def answers(self) -> list[tuple[str, Answer]]:
        """Return every answer that helped with the id of the claim that it is shown with."""
        return [(claim.claim_id, answer) for claim in self.claims for answer in claim.answers]


def is_weak(stability: float | None, least: float) -> bool:
    """Tell whether a topic is too unstable for a headline; one too small to tell is not."""
    return stability is not None and stability < least
