"""Bluesky: sessions, handles, the search of posts and lookups, as the lexicons say.

The search gives the newest first, by the earlier of when a post says it was made and when it was
found; an account that nobody knows makes it forget the filter, as has happened.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HANDLE, DID = "inkwren.example", "did:plc:inkwren"
TOKEN = "token-of-a-session"  # noqa: S105
DEEPEST = 10_000  # results that a cursor leads to
Post = dict[str, Any]


class Bluesky:
    """A service where nothing is searched without an account."""

    secret = f"{HANDLE}:abcd-efgh-ijkl-mnop"

    def __init__(self, posts: int = 0) -> None:
        self.posts: dict[str, Post] = {}
        self.written = 0
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        method = request.path.removeprefix("/xrpc/")
        limits = {
            "RateLimit-Limit": "3000",
            "RateLimit-Remaining": "2999",
            "RateLimit-Reset": str(int(time.time()) + 300),
            "RateLimit-Policy": "3000;w=300",
        }
        reply = self._answer(method, request)
        return Reply(reply.content, reply.status, limits)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="bluesky", url=url, channels=("#inkwren", f"@{HANDLE}"), private_network=True
        )

    def ids(self) -> set[str]:
        return set(self.posts)

    def talk(self, count: int) -> None:
        """Threads of four; all have the hashtag or mention the account, some do both."""
        for _ in range(count):
            self.written += 1
            recent = list(self.posts)
            turn = self.written % 4
            replies = bool(turn) and len(recent) >= turn
            self.write(
                f"Entry {self.written} of my calendar is gone.",
                root=recent[-turn] if replies else "",
                parent=recent[-1] if replies else "",
                tag="InkWren" if turn != 2 else "",
                mentions=turn >= 2,
            )

    def write(
        self,
        text: str,
        *,
        root: str = "",
        parent: str = "",
        tag: str = "",
        mentions: bool = False,
        handle: str = "",
        labels: tuple[str, ...] = (),
    ) -> str:
        """Let a member write a post; returns its id."""
        n = len(self.posts) + self.written
        at = START + timedelta(minutes=self.written)
        did = f"did:plc:member{n % 9}"
        uri = f"at://{did}/app.bsky.feed.post/3k{n:08}{self.written:05}"
        features = [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}] if tag else []
        mention = {"$type": "app.bsky.richtext.facet#mention", "did": DID}
        facets: list[dict[str, Any]] = [{"features": [f]} for f in features]
        facets += [{"features": [mention]}] if mentions else []
        words = f"{text}{f' #{tag}' if tag else ''}{f' @{HANDLE}' if mentions else ''}"
        record: Post = {"$type": "app.bsky.feed.post", "text": words, "createdAt": _iso(at)}
        if facets:
            record["facets"] = facets
        if root:
            record["reply"] = {"root": self._ref(root), "parent": self._ref(parent)}
        self.posts[uri] = {
            "uri": uri,
            "cid": f"bafy{n}",
            "author": {
                "did": did,
                "handle": handle or f"member{n % 9}.example",
                "labels": [{"val": label} for label in labels],
            },
            "record": record,
            "indexedAt": _iso(at + timedelta(seconds=2)),
            "likeCount": n % 3,
        }
        return uri

    def edit(self) -> str:
        return ""  # there are no edits

    def delete(self) -> str:
        return self.posts.pop(list(self.posts)[-1])["uri"]  # type: ignore[no-any-return]

    def _answer(self, method: str, request: Request) -> Reply:
        if method == "com.atproto.server.createSession":
            asked = request.json()
            if f"{asked['identifier']}:{asked['password']}" != self.secret:
                return _error(401, "AuthenticationRequired", "Invalid identifier or password")
            return Reply({"accessJwt": TOKEN, "refreshJwt": "-", "handle": HANDLE, "did": DID})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "AuthMissing", "Authentication Required")
        if method == "com.atproto.identity.resolveHandle":
            if request.get("handle") != HANDLE:
                return _error(400, "InvalidRequest", "Unable to resolve handle")
            return Reply({"did": DID})
        if method == "app.bsky.feed.getPosts":
            asked = request.query["uris"]
            if len(asked) > 25:
                return _error(400, "InvalidRequest", "uris must not have more than 25 elements")
            return Reply({"posts": [self.posts[uri] for uri in asked if uri in self.posts]})
        if method == "app.bsky.feed.searchPosts":
            return self._search(request)
        return _error(501, "MethodNotImplemented", "Method Not Implemented")

    def _search(self, request: Request) -> Reply:
        limit, start = int(request.get("limit", "25")), int(request.get("cursor", "0"))
        if limit > 100 or request.get("sort") != "latest":
            return _error(400, "InvalidRequest", "this test has pages of 100, the latest first")
        posts = sorted(filter(lambda p: _fits(p, request), self.posts.values()), key=_order)[::-1]
        shown = posts[start : start + limit]
        more = {"cursor": str(start + limit)} if start + limit < min(len(posts), DEEPEST) else {}
        return Reply({"posts": shown, "hitsTotal": len(posts)} | more)

    def _ref(self, uri: str) -> dict[str, str]:
        return {"uri": uri, "cid": self.posts[uri]["cid"]}


def _fits(post: Post, request: Request) -> bool:
    words, mentioned, at = request.get("q"), request.get("mentions"), _order(post)
    features = [f for facet in post["record"].get("facets", []) for f in facet["features"]]
    if mentioned == DID and not any(f.get("did") == DID for f in features):
        return False
    if words.startswith("#") and words[1:].lower() not in {
        f.get("tag", "").lower() for f in features
    }:
        return False
    if words[0] not in "*#" and words.lower() not in post["record"]["text"].lower():
        return False
    return not request.get("until") or at < request.get("until")


def _order(post: Post) -> str:
    return min(post["record"]["createdAt"], post["indexedAt"])  # type: ignore[no-any-return]


def _error(status: int, error: str, message: str) -> Reply:
    return Reply({"error": error, "message": message}, status)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
