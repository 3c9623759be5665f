"""Discourse: ``/posts.json`` gives all public posts of a forum, by id.

Ids only grow, so history is read upwards in windows of fifty ids, each with a place to go on.
A post is known by its topic and its number there, which is what replies refer to.
https://docs.discourse.org
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feedbackminer.collect.http.answers import MissingError, RefusedError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, site, span_of, with_notice
from feedbackminer.collect.sources.protocol import Page, Position, Window, moment
from feedbackminer.errors import SourceError
from feedbackminer.settings.sections import SourceSettings

STEP = 49  # ids that one answer surely covers: of fifty, the highest may be left out
LISTS_OF_CATEGORIES = ("site.json", "categories.json?include_subcategories=true")
ASKED_WHERE_EMPTY = 4  # a cache that answers with an earlier page looks just like that
LIKE = 2  # the id of that action
Post = Mapping[str, Any]


class Reader:
    """Reads a Discourse forum; the secret is ``USER:KEY`` or a key, where it is not public."""

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.withheld = name, settings, ""
        self.base = site(name, settings)
        self.channels = ("",)
        user, _, key = secret.rpartition(":")
        headers = {"Api-Key": key, "Api-Username": user or "system"} if key else {}
        self.web = Web(self.base, headers, settings.private_network, limits)

    def pages(
        self,
        channel: str,  # noqa: ARG002 - the site is read as one
        position: Position,
        window: Window,
    ) -> Iterator[Page]:
        """Yield fifty ids at a time, from the position (less the overlap) to the newest post."""
        newest = self._latest()
        top = max((post["id"] for post in newest), default=0)
        categories = self._categories()
        begin = position.get("last_id", 0) - STEP * self.settings.overlap_pages
        start = max(begin, 0) if position else self._first_id(window, top)

        edge = None  # the moment up to which everything was seen
        while start < top:
            end = min(start + STEP, top)
            is_covered = end == top and self._covers(newest, start)
            posts = newest if is_covered else self._window(start, end)
            posts = sorted(
                (p for p in posts if start < p["id"] <= end), key=lambda post: post["id"]
            )
            wanted = [p for p in posts if self._is_wanted(p, categories)]
            rows = as_rows(wanted, lambda p: self._row(p, categories), self._ref)
            whole = span_of(posts, "created_at", since=edge, is_newest=end == top)
            yield Page(rows, {"last_id": end}, whole)
            start, edge = end, whole[0].until if whole else edge

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Ask for each post; deleted ones are not there, or say so."""
        return {native for native in native_ids if self._is_deleted(native)}

    def probe(self) -> str:
        """Read the newest posts."""
        return f"{self.base}: {len(self._latest())} newest posts can be read"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _latest(self, before: int | None = None) -> list[Post]:
        answer = self.web.json("posts.json", {"before": before}, is_right=_is_list_of_posts)
        return list(answer["latest_posts"])

    def _window(self, start: int, end: int) -> list[Post]:
        """Return the posts of a window; where it looks empty, that is asked again."""
        posts: list[Post] = []
        for _ in range(ASKED_WHERE_EMPTY):
            posts = self._latest(end + 1)  # whether the bound counts depends on the version
            if any(start < post["id"] <= end for post in posts):
                break
        return posts

    def _covers(self, newest: Sequence[Post], start: int) -> bool:
        """Tell whether the newest posts go back to ``start``, so that nothing need be asked."""
        return min((post["id"] for post in newest), default=0) <= start + 1

    def _first_id(self, window: Window, top: int) -> int:
        """Find, by halving, an id before which all posts are older than the window."""
        low, high = 0, top if window.since else 0
        while window.since and high - low > STEP:
            halfway = (low + high) // 2
            posts = self._latest(halfway)
            moments = [moment(p["created_at"]) for p in posts if p.get("created_at")]
            is_old = bool(moments) and max(moments) < window.since
            low, high = (halfway, high) if is_old else (low, halfway)
        return low

    def _categories(self) -> dict[int, str]:
        """Return the name of each category by id; one closed to us has none.

        Raises:
            SourceError: the forum shows none to us, and the settings ask for some of them.
        """
        for path in LISTS_OF_CATEGORIES:
            try:
                return _names(self.web.json(path, is_right=lambda s: isinstance(s, dict)))
            except (MissingError, RefusedError):
                continue
            except SourceError:  # it does not answer, and would not to the other question
                break
        if self.settings.channels:
            raise SourceError(
                f"{self.name}: the forum does not show its categories, so posts of those in "
                "channels cannot be told from others; leave out channels, or set a key that may "
                "read them"
            )
        self.withheld = with_notice(
            self.withheld,
            "the forum did not show its categories, so what was read now has none; read it again "
            "(--since) once it does",
        )
        return {}

    def _is_wanted(self, post: Post, categories: Mapping[int, str]) -> bool:
        name = categories.get(post.get("category_id") or 0, "")
        wanted = {channel.casefold() for channel in self.settings.channels}
        return not wanted or name.casefold() in wanted

    def _ref(self, post: Post) -> str:
        return f"{self.name}:{post['topic_id']}-{post['post_number']}"

    def _row(self, post: Post, categories: Mapping[int, str]) -> dict[str, Any]:
        topic, number = post["topic_id"], post["post_number"]
        answered = post.get("reply_to_post_number")
        is_staff = post.get("staff") or post.get("admin") or post.get("moderator")
        actions = post.get("actions_summary") or []
        likes = [a.get("count") or 0 for a in actions if a.get("id") == LIKE]

        return {
            "post_id": f"{topic}-{number}",
            "thread_id": str(topic),
            "parent_id": f"{topic}-{answered}" if answered else None,
            "post_number": number,
            "author": post.get("username"),
            "author_role": "staff" if is_staff else None,
            "created_at": post.get("created_at"),
            "edited_at": post.get("updated_at") if (post.get("version") or 1) > 1 else None,
            "title": post.get("topic_title") if number == 1 else None,
            "body": post["cooked"] if post.get("raw") is None else post["raw"],
            "url": f"{self.base}/t/{post.get('topic_slug') or '-'}/{topic}/{number}",
            "score": sum(likes),
            "accepted": post.get("accepted_answer", False),
            "post_type": post.get("post_type"),
            "channel": categories.get(post.get("category_id") or 0),
        }

    def _is_deleted(self, native: str) -> bool:
        topic, _, number = native.rpartition("-")
        try:
            post = self.web.json(f"posts/by_number/{topic}/{number}.json")
        except MissingError:
            return True
        except RefusedError:  # moved to where we may not look: is it deleted? who knows
            return False
        return isinstance(post, dict) and bool(post.get("deleted_at") or post.get("user_deleted"))


def _names(answer: Mapping[str, Any]) -> dict[int, str]:
    """Return the names of categories by id, as the site or the list of categories has them."""
    listed = answer.get("categories")
    if listed is None:
        listed = (answer.get("category_list") or {}).get("categories")
    return {c["id"]: c["name"] for c in listed or [] if "id" in c and "name" in c}


def _is_list_of_posts(answer: Any) -> bool:
    posts = answer.get("latest_posts") if isinstance(answer, dict) else None
    return isinstance(posts, list) and all(
        isinstance(post, dict) and isinstance(post.get("id"), int) for post in posts
    )
