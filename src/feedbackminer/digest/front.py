"""The front page: which five claims come first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feedbackminer.digest.counts import Span
from feedbackminer.digest.views import ClaimView
from feedbackminer.vocabulary.claims import CLAIM_KINDS
from feedbackminer.vocabulary.tags import PERIOD

FRONT_PAGE, OF_A_KIND = 5, 2
SHORT = timedelta(days=100)
BROAD = 0.5  # of the best rank: what ranks lower is not shown for the variety of kinds


def alive_from(span: Span) -> datetime | None:
    """Return when the last quarter of a long period begins; in a short one all is recent."""
    since, until = span
    if since is None or until is None or until - since <= SHORT:
        return None
    return until - (until - since) / 4


def front_page(views: Sequence[ClaimView], *, recent: datetime | None = None) -> list[ClaimView]:
    """Pick the five things to know, best first: each about another topic.

    What members say goes before what is only counted, and what they still say before what nobody
    has said for long. No kind comes more than twice, unless there are less than five then. One of
    them is what members like, where one of them says so: who loves the product is in the room too.

    Args:
        views: the claims, best first.
        recent: what was told since then is still said; None: nobody knows.
    """

    def is_alive(view: ClaimView) -> bool:
        return recent is None or view.told is None or view.told[1] >= recent

    views = [v for v in views if v.scope == PERIOD and CLAIM_KINDS[v.kind].makes_front]
    said = [view for view in views if view.key_point_id]
    alive = [view for view in said if is_alive(view)]
    broad = [view for view in alive if view.rank_score >= BROAD * alive[0].rank_score]
    passes = (
        (broad, OF_A_KIND),
        (alive, FRONT_PAGE),
        (said, FRONT_PAGE),
        (views, OF_A_KIND),
        ([view for view in views if CLAIM_KINDS[view.kind].counts_voices], FRONT_PAGE),
    )
    chosen: list[ClaimView] = []
    for pool, limit in passes:
        for view in pool:
            kinds = [other.kind for other in chosen]
            taken = {name for other in chosen for name in (other.topic_id, other.key_point_id)}
            is_new = view not in chosen and not {view.topic_id, view.key_point_id} & taken - {None}
            if is_new and kinds.count(view.kind) < limit and len(chosen) < FRONT_PAGE:
                chosen.append(view)
    chosen = _with_what_they_like(chosen, views)
    return sorted(chosen, key=lambda v: (v.key_point_id is None, not is_alive(v), -v.rank_score))


def _with_what_they_like(chosen: list[ClaimView], views: Sequence[ClaimView]) -> list[ClaimView]:
    """Let what members like, in the words of one, take the last of five places."""
    others = chosen[: FRONT_PAGE - 1]
    taken = {view.topic_id for view in others} - {None}
    loved = [view for view in views if CLAIM_KINDS[view.kind].feeling > 0]
    first = next((v for v in loved if v.quoted and v.topic_id not in taken), None)
    has_some = any(view in loved for view in chosen)
    return chosen if has_some or first is None else [*others, first]
