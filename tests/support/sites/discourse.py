"""A Discourse forum: ``/posts.json``, ``/site.json`` and ``/posts/by_number``, as documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATEGORIES = {4: "Support", 5: "Ideas"}


class Discourse:
    """A forum whose ids have holes, as private messages and system posts leave them."""

    secret = ""

    def __init__(self, posts: int = 0, *, is_old: bool = False) -> None:
        self.is_old = is_old  # it gives the ids of a window of fifty, its bound included
        self.posts: list[dict[str, Any]] = []
        self.next_id = 1
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.path == "/posts.json":
            return Reply({"latest_posts": self._page(int(request.get("before") or 0))})
        if request.path == "/site.json":
            listed = [
                {"id": i, "name": name, "slug": name.lower()} for i, name in CATEGORIES.items()
            ]
            return Reply({"categories": listed})
        if request.path.startswith("/posts/by_number/"):
            topic, number = request.path.removesuffix(".json").split("/")[-2:]
            posts = [
                p
                for p in self.posts
                if (str(p["topic_id"]), str(p["post_number"])) == (topic, number)
            ]
            return Reply(posts[0]) if posts else Reply({"errors": ["not found"]}, 404)
        return Reply({"errors": ["not found"]}, 404)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(kind="discourse", url=url, private_network=True)

    def ids(self) -> set[str]:
        return {_native(post) for post in self.posts}

    def talk(self, count: int) -> None:
        for _ in range(count):
            self._write()

    def edit(self) -> str:
        post = self.posts[-2]
        post["raw"] += " (edited)"
        post["version"], post["updated_at"] = 2, _iso(START + timedelta(days=90))
        return _native(post)

    def delete(self) -> str:
        return _native(self.posts.pop())

    def _page(self, before: int) -> list[dict[str, Any]]:
        """Return the newest fifty posts before an id; of an old version, up to it."""
        if self.is_old and before:
            wanted = [p for p in self.posts if before - 50 < p["id"] <= before]
        else:
            wanted = [p for p in self.posts if not before or p["id"] < before]
        return wanted[-50:][::-1]

    def _write(self) -> None:
        n = len(self.posts) + 1
        topic = 1 + n // 4
        number = 1 + sum(post["topic_id"] == topic for post in self.posts[-6:])
        self.posts.append(
            {
                "id": self.next_id,
                "topic_id": topic,
                "post_number": number,
                "reply_to_post_number": 1 if number > 2 else None,
                "topic_slug": f"topic-{topic}",
                "topic_title": f"The calendar forgets entry {topic}",
                "category_id": 4 + topic % 2,
                "username": f"member_{n % 9}",
                "staff": n % 9 == 0,
                "created_at": _iso(START + timedelta(minutes=n)),
                "updated_at": _iso(START + timedelta(minutes=n)),
                "version": 1,
                "raw": f"Entry {n} of my calendar is gone since then, as member_{n % 7} said.",
                "actions_summary": [{"id": 2, "count": n % 3}],
                "post_type": 1,
            }
        )
        self.next_id += 1 if n % 5 else 2


def _native(post: dict[str, Any]) -> str:
    return f"{post['topic_id']}-{post['post_number']}"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
