"""Stack Exchange: questions under tags, with all their answers and comments.

Questions are read upwards by their last activity, so that an old one with a new answer or an edit
comes again. ``query`` names the site, such as ``stackoverflow``; a channel is a tag, or several
(``inkwren;sync``) that a question must have together. The secret is the key of an app, which
raises the daily allowance from 300 requests to 10,000. https://api.stackexchange.com/docs
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from html import unescape
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.protocol import Page, Position, Whole, Window
from feedbackminer.errors import SourceError
from feedbackminer.settings.sections import SourceSettings

PAGE = 100  # the most that an answer holds
ASKED_ANEW = 4  # where an answer does not go on from the one before: a cache may repeat one
BEFORE = timedelta(days=30)  # a window: comments are no activity, and come after it
FIELDS = (
    "question.body;question.answers;question.comments;answer.body;answer.comments;answer.link;"
    "comment.body;comment.link"
)
Post = Mapping[str, Any]
Part = tuple[Post, Post, Post | None]  # a question, it or a post below it, what that stands under


class Reader:
    """Reads a site of Stack Exchange; the secret is the key of an app, and optional."""

    withheld = (
        "Stack Exchange does not tell of new comments on questions that have no other activity; "
        "late comments, and deleted questions, are seen among the hundred last active ones only"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.limits = name, settings, limits
        base = site(name, settings, "https://api.stackexchange.com/2.3")
        need(settings.query, name, "query", 'query = "stackoverflow", the site')
        need(settings.channels, name, "channels", 'channels = ["inkwren"], its tags')
        self.channels = settings.channels
        self.site, self.key = {"site": settings.query}, secret or None
        self.web = Web(base, {}, settings.private_network, limits)
        self.rested_until = 0.0

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield a hundred questions at a time, upwards, with all below them."""
        recent: dict[int, int] = dict(position.get("recent", []))
        lost, kept = set(recent), max(PAGE * self.settings.overlap_pages, 1)
        begin = int((window.since - BEFORE).timestamp()) if window.since else None
        after, page, has_more = min(recent.values(), default=begin), 1, True
        while has_more:
            questions, has_more = self._questions(channel, after, page, window, recent)
            activity = {q["question_id"]: at for q in questions if (at := _activity(q)) is not None}
            lost -= activity.keys()
            recent = _latest(recent | activity, kept)
            if not has_more:
                recent = {native: at for native, at in recent.items() if native not in lost}
            whole = [Whole(str(native)) for native in (*activity, *(() if has_more else lost))]
            yield Page(self._rows(channel, questions), {"recent": [*recent.items()]}, whole)
            latest = max(activity.values(), default=after)
            after, page = (after, page + 1) if latest == after else (latest, 1)

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Look posts and comments up, many at a time; those that are not there were deleted."""
        comments = [native for native in native_ids if native.startswith("c")]
        posts = [native for native in native_ids if not native.startswith("c")]
        there = self._there("posts", "post_id", posts)
        there |= {f"c{i}" for i in self._there("comments", "comment_id", [c[1:] for c in comments])}
        return set(native_ids) - there

    def probe(self) -> str:
        """Ask for the numbers of the site."""
        left = self._ask("info", self.site).get("quota_remaining")
        return f"{self.web.base}: {self.settings.query}, {left} requests are left for today"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    @cached_property
    def filter(self) -> str:
        """What names the fields that we ask for; it is made by asking, and never expires."""
        answer = self._ask(
            "filters/create",
            {"include": FIELDS, "base": "default"},
            lambda f: any("filter" in item for item in f["items"]),
        )
        return next(str(item["filter"]) for item in answer["items"] if "filter" in item)

    def _ask(
        self, path: str, params: Mapping[str, Any], is_right: Callable[[Any], bool] = lambda _: True
    ) -> Any:
        """Ask, not before the pause is over that an earlier answer has asked for."""
        wait = self.rested_until - time.monotonic()
        if wait > self.limits.longest_wait:
            raise SourceError(
                f"{self.web.base}: asks to wait {wait:.0f} s; what was read is kept, run the same "
                "command again after that"
            )
        time.sleep(max(0.0, wait))
        answer = self.web.json(
            path, {**params, "key": self.key}, is_right=lambda f: _is_wrapper(f) and is_right(f)
        )
        self.rested_until = time.monotonic() + answer.get("backoff", 0)
        return answer

    def _questions(
        self, channel: str, after: int | None, page: int, window: Window, recent: Mapping[int, int]
    ) -> tuple[list[Post], bool]:
        """Return what was active at or after a moment, oldest first, and whether there is more.

        It should begin with what is known, and have the tags; else it is asked for again.
        """
        asked = {
            **self.site,
            **{"tagged": channel, "sort": "activity", "order": "asc", "min": after},
            **{"page": page, "pagesize": PAGE, "filter": self.filter},
            "todate": int(window.until.timestamp()) if window.until else None,
        }
        tags = set(channel.split(";"))
        answer: dict[str, Any] = {}
        for _ in range(ASKED_ANEW):
            answer = self._ask("questions", asked, lambda f: _is_after(f["items"], after))
            ids = {question.get("question_id") for question in answer["items"]}
            has_tags = all(tags <= set(q.get("tags") or tags) for q in answer["items"])
            if has_tags and (not recent or ids & recent.keys()):  # a synonym of a tag is no tag
                break
        return answer["items"], bool(answer.get("has_more"))

    def _there(self, path: str, field_name: str, ids: Sequence[str]) -> set[str]:
        there: set[str] = set()
        for start in range(0, len(ids), PAGE):
            asked = ";".join(ids[start : start + PAGE])
            answer = self._ask(f"{path}/{asked}", {**self.site, "pagesize": PAGE})
            there |= {str(item.get(field_name)) for item in answer["items"]}
        return there

    def _rows(self, channel: str, questions: Sequence[Post]) -> list[Row | BadRow]:
        parts = [part for question in questions for part in _parts(question)]
        return as_rows(
            parts, lambda p: self._row(channel, *p), lambda p: f"{self.name}:{_native(p[1])}"
        )

    def _row(self, channel: str, question: Post, post: Post, above: Post | None) -> dict[str, Any]:
        if above is None and question.get("answer_count") and "answers" not in question:
            raise KeyError("answers")
        owner = post.get("owner") or {}
        name = owner.get("display_name")

        return {
            "post_id": _native(post),
            "thread_id": _native(question),
            "parent_id": _native(above) if above else None,
            "author": unescape(name) if name else None,
            "author_role": "staff" if owner.get("user_type") == "moderator" else None,
            "created_at": post.get("creation_date"),
            "edited_at": post.get("last_edit_date"),
            "title": None if above else post.get("title"),
            "body": f"<div>{post['body']}</div>",
            "url": post.get("link"),
            "score": post.get("score"),
            "accepted": post.get("is_accepted", False),
            "channel": channel,
        }


def _parts(question: Post) -> Iterator[Part]:
    """Yield a question and all below it, each with what it stands under."""
    yield question, question, None
    for post in (question, *(question.get("answers") or [])):
        if post is not question:
            yield question, post, question
        for comment in post.get("comments") or []:
            yield question, comment, post


def _native(post: Post) -> str:
    """Return the id of a post; those of comments are counted apart."""
    if "comment_id" in post:
        return f"c{post['comment_id']}"
    return str(post["answer_id"] if "answer_id" in post else post["question_id"])


def _activity(question: Post) -> int | None:
    at = question.get("last_activity_date")
    return at if isinstance(at, int) and "question_id" in question else None


def _latest(activity: Mapping[int, int], count: int) -> dict[int, int]:
    return dict(sorted(activity.items(), key=lambda item: item[::-1])[-count:])


def _is_after(questions: Sequence[Post], after: int | None) -> bool:
    return after is None or all((_activity(q) or after) >= after for q in questions)


def _is_wrapper(answer: Any) -> bool:
    items = answer.get("items") if isinstance(answer, dict) else None
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)
