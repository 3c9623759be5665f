"""A panel sheet as JSON: what members wrote stands under ``members_words``, and nowhere else.

The address of a post is one of these: forums spell the title of a thread in it.
"""

from __future__ import annotations

from typing import Any

from feedbackminer.search.sheet import Part, Sheet, Side


def document(sheet: Sheet, *, most_ids: int | None = None) -> dict[str, Any]:
    """Return the sheet as JSON holds it; who a member is, even by pseudonym, is not in it.

    Args:
        most_ids: of the posts of a side, no more are named.
    """
    return {
        "question": sheet.question,
        "verdict": sheet.verdict,
        "members_who_speak_on_it": _part(sheet.members),
        "n_posts": sheet.n_posts,
        "n_threads": sheet.n_threads,
        "posts_of_the_loudest_member": sheet.loudest,
        "since": sheet.since,
        "until": sheet.until,
        "newest": sheet.newest,
        "sides": [_side(side, most_ids) for side in sheet.sides],
        "posts": [
            {
                "post_id": post.post_id,
                "thread_id": post.thread_id,
                "written_at": post.written_at,
                "speaks_on_it": post.speaks,
                "stance": post.stance if post.speaks else None,
                "members_words": {"thread": post.thread, "text": post.text, "url": post.url},
            }
            for post in sheet.posts
        ],
        "years": [
            {"year": one.year, "n_members": one.n_members, "n_active": one.n_active}
            for one in sheet.years
        ],
        "notes": list(sheet.notes),
    }


def _side(side: Side, most_ids: int | None) -> dict[str, Any]:
    return {
        "side": side.name,
        "members": _part(side.members),
        "posts_of_the_loudest_member": side.loudest,
        "key_points": [
            {
                "key_point_id": point.key_point_id,
                "post_id": point.post_id,
                "n_members": point.n_members,
                "members_words": {"text": point.text},
            }
            for point in side.points
        ],
        "quotes": [
            {
                "post_id": quote.post_id,
                "written_at": quote.written_at,
                "members_words": {"thread": quote.thread, "text": quote.text, "url": quote.url},
            }
            for quote in side.quotes
        ],
        "n_posts": len(side.post_ids),
        "post_ids": list(side.post_ids[:most_ids]),
    }


def _part(part: Part) -> dict[str, Any]:
    return {"n": part.n, "of": part.of, "share": part.value, "low": part.low, "high": part.high}
