"""A Mastodon server: hashtag timelines, notifications, statuses and contexts, as documented.

Ids are snowflakes for statuses and plain numbers for notifications; content is HTML; all but the
root of a thread answer something; replies are counted; deleted statuses are not known any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ACCOUNT = {"id": "7", "username": "inkwren", "acct": "inkwren", "url": "https://social.example/@i"}
Status = dict[str, Any]


class Mastodon:
    """A server that shows nothing without a token ("limited preview")."""

    secret = "token-of-inkwren"  # noqa: S105

    def __init__(self, posts: int = 0) -> None:
        self.statuses: dict[str, Status] = {}
        self.mentions: list[tuple[int, str]] = []  # id of the notification, of the status
        self.left = 10_000  # requests until the limit
        self.written = 0
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.secret}":
            return Reply({"error": "The access token is invalid"}, 401)
        self.left -= 1
        reset = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        limits = {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": str(max(self.left, 0)),
            "X-RateLimit-Reset": reset,
        }
        if self.left < 0:
            self.left = 300
            return Reply({"error": "Too many requests"}, 429, limits)
        reply = self._answer(request)
        return Reply(reply.content, reply.status, {**limits, **reply.headers})

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="mastodon", url=url, channels=("#inkwren", "@inkwren"), private_network=True
        )

    def ids(self) -> set[str]:
        return {i for i, s in self.statuses.items() if s.get("visibility") == "public"}

    def talk(self, count: int) -> None:
        """Threads of four: a post with the tag, a reply without, one to that, one that mentions."""
        for _ in range(count):
            self.written += 1
            recent = list(self.statuses)
            turn = self.written % 4
            parent = None
            if turn and len(recent) >= turn:
                parent = recent[-1] if turn == 2 else recent[-turn]
            self.write(
                f"entry {self.written} of my calendar is gone",
                parent=parent,
                tags=("InkWren", "calendar") if turn in (0, 2) or not parent else (),
                is_mention=turn == 3,
            )

    def write(
        self,
        text: str,
        *,
        parent: str | None = None,
        tags: Sequence[str] = (),
        is_mention: bool = False,
        visibility: str = "public",
    ) -> str:
        """Let a member write a status; returns its id."""
        n = len(self.statuses) + len(self.mentions)
        at = START + timedelta(minutes=self.written, milliseconds=n)
        native = str((int(at.timestamp() * 1000) << 16) + n % 1000)
        links = "".join(
            f' <a href="https://social.example/tags/{tag}" class="mention hashtag">#<span>'
            f"{tag}</span></a>"
            for tag in tags
        )
        member = f"member_{n % 9}" if n % 4 else f"member_{n % 9}@remote.example"
        self.statuses[native] = {
            "id": native,
            "created_at": _iso(at),
            "edited_at": None,
            "in_reply_to_id": parent,
            "visibility": visibility,
            "spoiler_text": "",
            "url": f"https://social.example/@member/{native}",
            "content": f"<p>It&#39;s odd &amp; sad: {text}.{links}</p>",
            "account": {"acct": member, "bot": n % 9 == 8},
            "tags": [{"name": tag.lower()} for tag in tags],
            "mentions": [ACCOUNT] if is_mention else [],
            "replies_count": 0,
            "favourites_count": n % 3,
            "reblog": None,
            "language": None,
        }
        if parent:
            self.statuses[parent]["replies_count"] += 1
        if is_mention:
            self.mentions.append((10 + 3 * len(self.mentions), native))
        return native

    def edit(self) -> str:
        status = [s for s in self.statuses.values() if s["tags"]][-2]
        status["content"] = status["content"].replace("</p>", " (edited)</p>")
        status["edited_at"] = _iso(START + timedelta(days=90))
        return str(status["id"])

    def delete(self) -> str:
        native = list(self.statuses)[-1]
        parent = self.statuses.pop(native)["in_reply_to_id"]
        if parent:
            self.statuses[parent]["replies_count"] -= 1
        self.mentions = [(n, i) for n, i in self.mentions if i != native]
        return native

    def _answer(self, request: Request) -> Reply:
        match request.path.strip("/").split("/")[2:]:
            case ["timelines", "tag", tag]:
                statuses = [s for s in self.statuses.values() if self._is_in(s, tag)]
                return _page(request, [(int(s["id"]), s) for s in statuses])
            case ["notifications"]:
                if request.query.get("types[]") != ["mention"]:
                    return Reply({"error": "this test has mentions only"}, 422)
                return _page(request, [(n, self._notice(n, i)) for n, i in self.mentions])
            case ["statuses", native, *rest] if native in self.statuses:
                context = {
                    "ancestors": self._ancestors(native),
                    "descendants": self._descendants(native),
                }
                return Reply(context if rest == ["context"] else self.statuses[native])
        return Reply({"error": "Record not found"}, 404)

    def _is_in(self, status: Status, tag: str) -> bool:
        tags = {t["name"] for t in status["tags"]}
        return status.get("visibility") == "public" and tag.lower() in tags

    def _notice(self, number: int, native: str) -> dict[str, Any]:
        status = self.statuses[native]
        return {
            "id": str(number),
            "type": "mention",
            "created_at": status["created_at"],
            "account": status["account"],
            "status": status,
        }

    def _ancestors(self, native: str) -> list[Status]:
        parent = self.statuses.get(self.statuses[native]["in_reply_to_id"] or "")
        return [*self._ancestors(parent["id"]), parent] if parent else []

    def _descendants(self, native: str) -> list[Status]:
        statuses = []
        for status in list(self.statuses.values()):
            if status["in_reply_to_id"] == native:
                statuses += [status, *self._descendants(status["id"])]
        return statuses


def _page(request: Request, items: list[tuple[int, Any]]) -> Reply:
    """Page as Mastodon does: newest first, but ``min_id`` gives those that follow it at once."""
    limit = min(int(request.get("limit", "20")), 40)
    if lower := request.get("min_id"):
        chosen = [(n, item) for n, item in items if n > int(lower)][:limit]
    else:
        chosen = items[-limit:]
    shown = [item for _, item in reversed(chosen)]
    if not shown:
        return Reply([])
    here = f"https://social.example{request.path}"
    link = (
        f'<{here}?max_id={chosen[0][0]}>; rel="next", <{here}?min_id={chosen[-1][0]}>; rel="prev"'
    )
    return Reply(shown, 200, {"Link": link})


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
