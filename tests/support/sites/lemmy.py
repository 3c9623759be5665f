"""A Lemmy instance: lists of posts and comments, and each by its id, as version 0.19 has them.

Pinned posts stand above the others; deleted posts leave the list, deleted comments lose their
text; a comment list of a community that nobody knows has the comments of all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
COMMUNITIES = {"inkwren", "pens"}
Thing = dict[str, Any]


class Lemmy:
    """Two communities on an instance that is closed to guests."""

    secret = "token-of-a-session"  # noqa: S105

    def __init__(self, posts: int = 0) -> None:
        self.posts: dict[int, Thing] = {}
        self.comments: dict[int, Thing] = {}
        self.written = 0
        self.talk(posts)
        self.missing = (404, "not_found")  # older: (400, "couldnt_find_post")

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.secret}":
            return Reply({"error": "instance_is_private"}, 400)
        match request.path.strip("/").split("/")[2:]:
            case ["post", "list"]:
                return self._listed_posts(request)
            case ["comment", "list"]:
                return self._listed_comments(request)
            case ["post"] if (post := self.posts.get(int(request.get("id")))) and _is_there(post):
                return Reply({"post_view": post})
            case ["comment"] if comment := self.comments.get(int(request.get("id"))):
                return Reply({"comment_view": comment})
        status, error = self.missing
        return Reply({"error": error}, status)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="lemmy", url=url, channels=("inkwren", "pens@pens.example"), private_network=True
        )

    def ids(self) -> set[str]:
        posts = {f"p{i}" for i, post in self.posts.items() if _is_there(post)}
        return posts | {f"c{i}" for i, c in self.comments.items() if _is_there(c)}

    def talk(self, count: int) -> None:
        """Threads of five: a post, comments on it, and comments on these."""
        for _ in range(count):
            turn = self.written % 5
            if not turn or not self.posts:
                community = "pens" if self.written % 20 == 10 else "inkwren"
                self.write(community, f"Entry {self.written} is gone")
            elif turn % 2 and self.comments:
                self.comment(f"Entry {self.written} too.", above=list(self.comments.values())[-1])
            else:
                self.comment(f"Entry {self.written} is *back*.")

    def write(self, community: str, name: str, body: str | None = "Since the update.") -> int:
        """Let a member write a post; returns its id."""
        common = self._view(community)
        native = self.written
        post = common.pop("thing") | {
            "id": native,
            "name": name,
            "body": body,
            "featured_community": False,
            "featured_local": False,
        }
        self.posts[native] = {"post": post, **common}
        return native

    def comment(self, text: str, above: Thing | None = None) -> int:
        """Let a member comment on the latest post, or on a comment; returns its id."""
        post = above["post"] if above else list(self.posts.values())[-1]["post"]
        common = self._view(self.posts[post["id"]]["community"]["name"])
        native = self.written  # counted apart from posts, on a real instance
        path = above["comment"]["path"] if above else "0"
        comment = common.pop("thing") | {
            "id": native,
            "post_id": post["id"],
            "content": text,
            "path": f"{path}.{native}",
            "distinguished": False,
        }
        self.comments[native] = {"comment": comment, "post": post, **common}
        return native

    def edit(self) -> str:
        comment = list(self.comments.values())[-2]["comment"]
        comment["content"] += " (edited)"
        comment["updated"] = _iso(START + timedelta(days=90))
        return f"c{comment['id']}"

    def delete(self) -> str:
        native = max(self.comments)
        self.comments[native]["comment"] |= {"deleted": True, "content": ""}
        return f"c{native}"

    def _view(self, community: str) -> Thing:
        """Return what views of posts and of comments have in common."""
        self.written += 1
        n = self.written
        host = "lemmy.example" if n % 4 else "far.example"
        return {
            "thing": {
                "published": _iso(START + timedelta(minutes=n)),
                "deleted": False,
                "removed": False,
                "ap_id": f"https://{host}/{n}",
            },
            "creator": {
                "name": f"member_{n % 9}",
                "actor_id": f"https://{host}/u/member_{n % 9}",
                "local": bool(n % 4),
                "deleted": False,
                "bot_account": False,
            },
            "community": {"name": community},
            "counts": {"score": n % 5},
            "creator_is_moderator": n % 9 == 8,
            "creator_is_admin": False,
        }

    def _listed_posts(self, request: Request) -> Reply:
        if _community(request) not in COMMUNITIES:
            return Reply({"error": "not_found"}, 404)
        listed = [p for p in self.posts.values() if _is_there(p) and _is_in(p, request)]
        listed.sort(key=lambda p: (p["post"]["featured_community"], p["post"]["published"]))
        listed = listed[::-1]
        start, limit = _start(request), _limit(request)
        if cursor := request.get("page_cursor"):
            ids = [post["post"]["id"] for post in listed]
            start = ids.index(int(cursor[1:], 16)) + 1
        shown = listed[start : start + limit]
        following = {"next_page": f"P{shown[-1]['post']['id']:x}"} if shown else {}
        return Reply({"posts": shown, **following})

    def _listed_comments(self, request: Request) -> Reply:
        is_known = _community(request) in COMMUNITIES
        listed = [c for c in self.comments.values() if not is_known or _is_in(c, request)][::-1]
        return Reply({"comments": listed[_start(request) :][: _limit(request)]})


def _is_there(view: Thing) -> bool:
    thing = view["comment"] if "comment" in view else view["post"]
    return not (thing["deleted"] or thing["removed"])


def _is_in(view: Thing, request: Request) -> bool:
    assert request.get("sort") == "New", "this test has the newest first"
    return bool(view["community"]["name"] == _community(request))


def _community(request: Request) -> str:
    return request.get("community_name").partition("@")[0]


def _limit(request: Request) -> int:
    return min(int(request.get("limit", "10")), 50)


def _start(request: Request) -> int:
    return (int(request.get("page", "1")) - 1) * _limit(request)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
