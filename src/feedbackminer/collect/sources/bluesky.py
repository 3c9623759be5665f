"""Bluesky: posts with a hashtag (``#tag``), that mention an account (``@handle``), or with words.

The search gives the newest first, so a reading walks down from the top to what an earlier one has
reached; where it is cut off, the next goes on with the walk before it begins one of its own.
Each page begins with the last post of the one before, so that no gap stays unseen.
https://docs.bsky.app/docs/api/app-bsky-feed-search-posts
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.protocol import Page, Position, Whole, Window, moment
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.sections import SourceSettings

PAGE = 100  # the most that the search gives
LOOKED_UP = 25  # posts that one lookup may ask for
ASKED_ANEW = 4  # where a page does not go on from the one before: a cache may give an earlier one
TICK = timedelta(milliseconds=1)
UNKNOWN = "handle.invalid"  # what stands for a handle that leads nowhere
MEMBERS_ONLY = "!no-unauthenticated"  # an author's wish to be shown to those logged in only
Post = Mapping[str, Any]


@dataclass(frozen=True)
class Walk:
    """How far down a reading has come; times as ISO 8601."""

    top: str = ""  # the newest that it has seen
    until: str | None = None  # where to go on: posts before this
    last: str = ""  # the post that was the oldest so far

    def is_before(self, post: Post) -> bool:
        """Tell whether a post may stand on the next page."""
        at = _moment(post)
        return self.until is None or at is None or at < moment(self.until)

    def after(self, posts: Sequence[tuple[datetime, str]]) -> Walk:
        """Return the walk after a page: moments and ids, the newest first."""
        top = max(self.top, _iso(posts[0][0]))
        oldest, last = posts[-1]
        until = _iso(oldest + TICK)
        if until == self.until:  # a page full of one moment: step over it
            return Walk(top, _iso(oldest))
        return Walk(top, until, last)


class Reader:
    """Reads the search of Bluesky; the secret is ``HANDLE:APP-PASSWORD``."""

    withheld = (
        "the search of Bluesky finds replies only where they hold the hashtag, mention or words "
        "themselves, no posts that were dated back, and deletions only among the newest posts; "
        "posts of members who show them to logged-in readers only are left out"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.limits = name, settings, limits
        self.base = site(name, settings, "https://bsky.social")
        words = (settings.query,) if settings.query else ()
        self.channels = (*settings.channels, *words)
        need(self.channels, name, "channels", 'channels = ["#inkwren", "@inkwren.example"]')
        self.account, _, self.password = secret.rpartition(":")
        if not (self.account and self.password):
            raise SettingsError(
                f"sources.{name}: Bluesky's search needs an account; set "
                f"{SECRET_PREFIX}{name.upper()} to HANDLE:APP-PASSWORD"
            )

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield a hundred posts at a time, downwards, and say only at the end how far up it is."""
        search = self._search(channel, position)
        kept = {"did": search["mentions"]} if "mentions" in search else {}
        reached = position.get("newest", "")
        walks = [Walk(**position["walk"])] if "walk" in position else []
        until = _iso(window.until) if window.until else None
        for walk in (*walks, Walk(reached, until)):
            for page in self._walk(channel, search, walk, reached, window):
                yield replace(page, position={**kept, **page.position})
            reached = page.position["newest"]

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Look posts up, many at a time; what is not there was deleted or taken down."""
        there: set[str] = set()
        for start in range(0, len(native_ids), LOOKED_UP):
            asked = list(native_ids[start : start + LOOKED_UP])
            answer = self._ask("app.bsky.feed.getPosts", {"uris": asked}, _is_list_of_posts)
            there |= {post["uri"] for post in answer["posts"]}
        return set(native_ids) - there

    def probe(self) -> str:
        """Search the first channel."""
        posts, _ = self._page(self._search(self.channels[0], {}), Walk())
        return f"{self.base}: {len(posts)} newest posts of {self.channels[0]} can be read"

    def close(self) -> None:
        """Close the connections."""
        if "web" in self.__dict__:
            self.web.close()

    @cached_property
    def web(self) -> Web:
        """The connection, once logged in."""
        asked = {"identifier": self.account, "password": self.password}
        with Web(self.base, {}, self.settings.private_network, self.limits) as web:
            try:
                session = web.json(
                    "xrpc/com.atproto.server.createSession", body=asked, is_right=_is_session
                )
            except SourceError as error:  # a server may repeat what it was sent
                error.args = (str(error).replace(self.password, "…"),)
                raise
        headers = {"Authorization": f"Bearer {session['accessJwt']}"}
        return Web(self.base, headers, self.settings.private_network, self.limits)

    def _ask(self, method: str, params: Mapping[str, Any], is_right: Callable[[Any], bool]) -> Any:
        return self.web.json(f"xrpc/{method}", params, is_right=is_right)

    def _search(self, channel: str, position: Position) -> dict[str, Any]:
        """Return what to search for. An account that does not exist must not mean all posts."""
        search = {"q": channel, "sort": "latest", "limit": PAGE}
        if not channel.startswith("@"):
            return search
        did = position.get("did") or self._ask(
            "com.atproto.identity.resolveHandle", {"handle": channel[1:]}, _is_account
        )["did"]  # fmt: skip
        return search | {"q": "*", "mentions": did}

    def _walk(
        self, channel: str, search: Mapping[str, Any], walk: Walk, reached: str, window: Window
    ) -> Iterator[Page]:
        """Go down to what was reached before, some pages further, and to where the window begins.

        The positions hold ``newest``, all before which is stored, and the ``walk`` that goes on.
        """
        overlap = self.settings.overlap_pages
        while True:
            posts, is_last = self._page(search, walk)
            dated = sorted(((m, p["uri"]) for p in posts if (m := _moment(p))), reverse=True)
            whole = []
            if dated:
                oldest = dated[-1][0]
                overlap -= bool(reached) and _iso(oldest) <= reached
                is_last |= overlap < 0 or (window.since is not None and oldest < window.since)
                whole = [Whole(None, channel, oldest, dated[0][0] if walk.until else None)]
                walk = walk.after(dated)
            going_on = {"newest": reached, "walk": asdict(walk)}
            yield Page(
                self._rows(channel, posts), {"newest": walk.top} if is_last else going_on, whole
            )
            if is_last:
                return

    def _page(self, search: Mapping[str, Any], walk: Walk) -> tuple[list[Post], bool]:
        """Return a page that goes on from the one before, and whether it is the last."""
        answer: Mapping[str, Any] = {}
        for _ in range(ASKED_ANEW):
            answer = self._ask(
                "app.bsky.feed.searchPosts",
                {**search, "until": walk.until},
                lambda f: _is_list_of_posts(f) and all(map(walk.is_before, f["posts"])),
            )
            uris = {post["uri"] for post in answer["posts"]}
            if not walk.last or walk.last in uris:
                break
        return answer["posts"], not answer.get("cursor") or uris <= {walk.last}

    def _rows(self, channel: str, posts: Sequence[Post]) -> list[Row | BadRow]:
        shown = [post for post in posts if not _is_for_members(post)]
        return as_rows(shown, lambda p: self._row(channel, p), lambda p: f"{self.name}:{p['uri']}")

    def _row(self, channel: str, post: Post) -> dict[str, Any]:
        record, handle = post["record"], post["author"].get("handle", UNKNOWN)
        did, _, key = post["uri"].removeprefix("at://").split("/")
        reply = record.get("reply") or {}
        return {
            "post_id": post["uri"],
            "thread_id": (reply.get("root") or post)["uri"],
            "parent_id": (reply.get("parent") or {}).get("uri"),
            "author": did if handle == UNKNOWN else handle,
            "created_at": _moment(post),
            "body": record["text"],
            "url": f"https://bsky.app/profile/{did}/post/{key}",
            "score": post.get("likeCount"),
            "channel": self._channel_of(post, channel),
        }

    def _channel_of(self, post: Post, channel: str) -> str:
        """Return one channel of a post, the same however it was found: hashtags come first."""
        facets = post["record"].get("facets") or []
        features = [f for facet in facets for f in facet.get("features") or []]
        tags = [*(post["record"].get("tags") or []), *(f.get("tag", "") for f in features)]
        parts = {f"#{tag}".casefold() for tag in tags} | {channel.casefold()}
        channels = [c for c in self.channels if c.casefold() in parts]
        return str(min(channels, key=lambda c: not c.startswith("#")))


def _moment(post: Post) -> datetime | None:
    """Return the moment by which the search orders posts; None where it cannot be read."""
    try:
        times = (post["record"].get("createdAt"), post.get("indexedAt"))
        return min((moment(time) for time in times if time), default=None)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_for_members(post: Post) -> bool:
    author = post.get("author")
    labels = author.get("labels") or [] if isinstance(author, dict) else []
    return any(label.get("val") == MEMBERS_ONLY for label in labels)


def _is_list_of_posts(answer: Any) -> bool:
    posts = answer.get("posts") if isinstance(answer, dict) else None
    return isinstance(posts, list) and all(isinstance(p, dict) and "uri" in p for p in posts)


def _is_session(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("accessJwt"), str)


def _is_account(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("did"), str)
