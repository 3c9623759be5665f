"""Reddit: tokens of an app, listings of a subreddit, and lookups, as documented.

Listings end after a thousand items; what was deleted leaves them, and is still found by its name,
without text and author. Without ``raw_json``, texts have their &, < and > escaped.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
TOKEN = "token-of-an-app"  # noqa: S105
LONGEST = 1000  # items of a listing
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Thing = dict[str, Any]


class Reddit:
    """The subreddit r/InkWren, with eight times as many comments as submissions."""

    secret = "id-of-the-app:secret-of-the-app"  # noqa: S105

    def __init__(self, posts: int = 0) -> None:
        self.things: dict[str, Thing] = {}
        self.deleted: dict[str, Thing] = {}
        self.written = 0
        self.left = 600.0  # requests until the limit
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        self.left -= 1
        limits = {
            "X-Ratelimit-Used": str(int(600 - self.left)),
            "X-Ratelimit-Remaining": str(max(self.left, 0.0)),
            "X-Ratelimit-Reset": "1",
        }
        if self.left < 0:
            self.left = 600.0
            return Reply({"message": "Too Many Requests", "error": 429}, 429, limits)
        reply = self._answer(request)
        return Reply(reply.content, reply.status, limits)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(kind="reddit", url=url, channels=("InkWren",), private_network=True)

    def ids(self) -> set[str]:
        return set(self.things)

    def talk(self, count: int) -> None:
        """Threads of nine: a submission, comments on it, and comments on these."""
        for _ in range(count):
            names, turn = list(self.things), self.written % 9
            if not turn or not names:
                self.submit(f"Entry {self.written} of my calendar is gone")
            else:
                parent = names[-1] if turn % 3 == 2 else self.things[names[-1]].get("link_id")
                self.comment(f"Entry {self.written} is > back & fine.", parent or names[-1])

    def submit(self, title: str, text: str = "Since the update.") -> str:
        """Let a member write a submission; returns its name."""
        return self._add("t3", title=title, selftext=text, removed_by_category=None)

    def comment(self, text: str, parent: str) -> str:
        """Let a member answer something; returns the name of the comment."""
        link = self.things.get(parent, {}).get("link_id") or parent
        return self._add("t1", body=text, parent_id=parent, link_id=link)

    def edit(self) -> str:
        comment = [t for t in self.things.values() if "body" in t][-2]
        comment["body"] += " (edited)"
        comment["edited"] = (START + timedelta(days=90)).timestamp()
        return str(comment["name"])

    def delete(self) -> str:
        name = list(self.things)[-1]
        self.deleted[name] = self.things.pop(name) | {"author": "[deleted]"}
        removal = {"removed_by_category": "deleted"} if name.startswith("t3") else {}
        text = "selftext" if name.startswith("t3") else "body"
        self.deleted[name] |= {text: "[deleted]"} | removal
        return name

    def _add(self, kind: str, **values: Any) -> str:
        self.written += 1
        n = self.written
        native = _base36(1_000_000 + n // 2)  # comments and submissions have ids of their own
        name = f"{kind}_{native}{n % 2}"
        self.things[name] = {
            "id": name[3:],
            "name": name,
            "subreddit": "InkWren",
            "author": f"member_{n % 9}",
            "distinguished": "moderator" if n % 9 == 8 else None,
            "created_utc": (START + timedelta(minutes=n)).timestamp(),
            "edited": False,
            "permalink": f"/r/InkWren/comments/{n}/_/{name[3:]}/",
            "score": n % 5,
            **values,
        }
        return name

    def _answer(self, request: Request) -> Reply:
        if request.path == "/api/v1/access_token":
            return self._token(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        if "feedbackminer/" not in request.headers.get("User-Agent", ""):
            return Reply({"message": "Too Many Requests", "error": 429}, 429)
        match request.path.strip("/").split("/"):
            case ["r", subreddit, "new" | "comments" as part] if subreddit.lower() == "inkwren":
                kind = "t3" if part == "new" else "t1"
                return self._listing([t for n, t in self.things.items() if n[:2] == kind], request)
            case ["api", "info"]:
                things = self.things | self.deleted
                asked = request.get("id").split(",")
                return _listed([things[n] for n in asked[:100] if n in things], None, request)
        return Reply({"message": "Not Found", "error": 404}, 404)

    def _token(self, request: Request) -> Reply:
        basic = base64.b64encode(self.secret.encode()).decode()
        if request.method != "POST" or request.headers.get("Authorization") != f"Basic {basic}":
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        if parse_qs(request.body.decode()) != {"grant_type": ["client_credentials"]}:
            return Reply({"error": "unsupported_grant_type"})
        return Reply({"access_token": TOKEN, "token_type": "bearer", "expires_in": 86400})

    def _listing(self, things: list[Thing], request: Request) -> Reply:
        newest = things[::-1][:LONGEST]
        names = [thing["name"] for thing in newest]
        after, limit = request.get("after"), min(int(request.get("limit", "25")), 100)
        if after and after not in names:
            return _listed([], None, request)
        start = names.index(after) + 1 if after else 0
        shown = newest[start : start + limit]
        more = names[start + limit - 1] if start + limit < len(names) else None
        return _listed(shown, more, request)


def _listed(things: list[Thing], after: str | None, request: Request) -> Reply:
    if request.get("raw_json") != "1":
        things = [{k: escape(v) if isinstance(v, str) else v for k, v in t.items()} for t in things]
    children = [{"kind": thing["name"][:2], "data": thing} for thing in things]
    data = {"after": after, "before": None, "dist": len(things), "children": children}
    return Reply({"kind": "Listing", "data": data})


def _base36(number: int) -> str:
    return (_base36(number // 36) if number >= 36 else "") + DIGITS[number % 36]
