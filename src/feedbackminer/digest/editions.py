"""Editions: which claims a department reads, and in which order; their numbers stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from feedbackminer.digest.front import front_page
from feedbackminer.digest.views import ClaimView, EditionView
from feedbackminer.vocabulary.claims import CLAIM_KINDS, sections
from feedbackminer.vocabulary.editions import EDITIONS, Edition
from feedbackminer.vocabulary.tags import PERIOD

FIRST = 2.0  # times its rank: what an edition is for comes before what others read too
LISTED = 6  # claims of a section


def edition_views(
    views: Sequence[ClaimView], fit: Sequence[ClaimView], *, recent: datetime | None
) -> list[EditionView]:
    """Build every edition.

    Args:
        views: all claims, best first.
        fit: those of them that can be things to know.
        recent: what was told since then is still said; None: nobody knows.
    """
    return [_view(edition, views, fit, recent) for edition in EDITIONS.values()]


def _view(
    edition: Edition,
    views: Sequence[ClaimView],
    fit: Sequence[ClaimView],
    recent: datetime | None,
) -> EditionView:
    routed = [view for view in fit if edition.name in view.editions]
    weighed = [replace(view, rank_score=_rank(view, edition)) for view in routed]
    ranked = sorted(weighed, key=lambda view: (view.key_point_id is None, -view.rank_score))
    by_id = {view.claim_id: view for view in routed}
    front = [by_id[view.claim_id] for view in front_page(ranked, recent=recent)]
    return EditionView(edition, front, list(_sections(edition, views, front)))


def _rank(view: ClaimView, edition: Edition) -> float:
    is_first = edition.name in CLAIM_KINDS[view.kind].first_in
    return view.rank_score * (FIRST if is_first else 1.0)


def _sections(
    edition: Edition, views: Sequence[ClaimView], front: Sequence[ClaimView]
) -> Iterator[tuple[str, list[ClaimView]]]:
    """Yield what is not among the things to know, first what the edition is for."""
    is_for = {
        title: any(edition.name in CLAIM_KINDS[kind].first_in for kind in kinds)
        for title, kinds in sections().items()
    }
    for title, kinds in sorted(sections().items(), key=lambda entry: not is_for[entry[0]]):
        if edition.is_brief and not is_for[title]:
            continue
        listed = [
            view
            for view in views
            if view.kind in kinds
            and edition.name in view.editions
            and view.scope == PERIOD
            and not view.near
            and view not in front
        ]
        if edition.lists_unanswered:
            listed.sort(key=_has_its_answer)
        if listed:
            yield title, listed[:LISTED]


def _has_its_answer(view: ClaimView) -> bool:
    return CLAIM_KINDS[view.kind].unanswered_first and bool(view.answers)
