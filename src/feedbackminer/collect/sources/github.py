"""GitHub: issues and discussions of repositories (``owner/name``) with their comments, by GraphQL.

Threads are read by their last activity, which a comment or an edit renews: from the newest down to
what was read before. The secret is a personal access token; public repositories need no
permission, private ones "Issues" and "Discussions", read-only.
https://docs.github.com/graphql
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.answers import MissingError, RefusedError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.graphql import GraphQL, Node
from feedbackminer.collect.sources.helpers import as_rows, need, site, with_notice
from feedbackminer.collect.sources.protocol import Page, Position, Whole, Window
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.sections import SourceSettings

MOST = 100  # nodes that one connection gives
STAFF = {"OWNER", "MEMBER", "COLLABORATOR"}
PARTS = {"issues": "Issue", "discussions": "Discussion"}
TYPES = {"owner": "String!", "name": "String!", "after": "String", "id": "ID!", "ids": "[ID!]!"}

_PAGE = "pageInfo { hasNextPage endCursor }"
_POST = (
    "id url body createdAt lastEditedAt authorAssociation author { __typename login } "
    "reactions { totalCount }"
)
_REPLY = f"{_POST} upvoteCount isAnswer deletedAt"
_ANSWERS = {  # to an object of a type: their connection, and what to ask of each
    "Issue": ("comments", _POST),
    "Discussion": (
        "comments",
        f"{_REPLY} replies(first: 10) {{ {_PAGE} nodes {{ {_REPLY} }} }}",
    ),
    "DiscussionComment": ("replies", _REPLY),
}
_THREAD = f"{_POST} updatedAt title labels(first: 20) {{ nodes {{ name }} }}"
_THREADS = {  # what may be in a page is what it costs: at most 17 and 49 points of 5,000 per hour
    "Issue": (50, f"{_THREAD} comments(first: 30)"),
    "Discussion": (20, f"{_THREAD} upvoteCount category {{ name }} comments(first: 20)"),
}
_RELEASES = (
    f"releases(first: {MOST}, after: $after) {{ {_PAGE} "
    "nodes { name tagName publishedAt isDraft } }"
)
Activity = Mapping[str, Sequence[Any]]  # thread -> its last activity, its number of comments
Talk = list[tuple[Node, str | None]]  # posts, each with what it answers
WITHHELD = (
    "GitHub's pull requests are not read, and what was deleted is noticed only while its "
    "thread is among those with the latest activity"
)


class Reader:
    """Reads repositories of GitHub or a GitHub Enterprise Server (``url = "https://HOST/api"``)."""

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings = name, settings
        need(settings.channels, name, "channels", 'channels = ["owner/repository"]')
        for channel in settings.channels:
            if channel.count("/") != 1:
                raise SettingsError(
                    f"sources.{name}.channels: want owner/repository, got {channel!r}"
                )

        if not secret:
            raise SettingsError(
                f"sources.{name}: GitHub answers only with a personal access token; set "
                f"{SECRET_PREFIX}{name.upper()}"
            )

        self.channels, self.withheld = settings.channels, WITHHELD
        base = site(name, settings, "https://api.github.com")
        self.web = Web(
            base, {"Authorization": f"Bearer {secret}"}, settings.private_network, limits
        )
        self.server = GraphQL(self.web, name, TYPES)

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield the threads that were active since the position, issues first.

        Raises:
            RefusedError: neither issues nor discussions may be read.
            SourceError: an answer lacks what was asked for, or as :meth:`GraphQL.ask` says.
        """
        refused = []
        for part in PARTS:
            try:
                for page in self._part(channel, part, position.get(part, {}), window):
                    position = {**position, part: page.position}
                    yield Page(page.rows, position, page.whole)
            except RefusedError as error:
                refused.append(error)
                notice = f"the {part} of {channel} are closed to the token, or not there"
                self.withheld = with_notice(self.withheld, notice)
            except (KeyError, TypeError) as error:
                raise SourceError(
                    f"{self.name}: an answer of GitHub lacks {error}, which was asked for; has it "
                    "changed its interface?"
                ) from None
        if len(refused) == len(PARTS):
            raise refused[0]

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Ask for all of them by their ids; deleted ones cannot be resolved."""
        missing = set()
        for start in range(0, len(native_ids), MOST):
            ids = list(native_ids[start : start + MOST])
            _, errors = self.server.ask("nodes(ids: $ids) { id }", ids=ids)
            missing |= {ids[e["path"][1]] for e in errors if e.get("type") == "NOT_FOUND"}
        return missing

    def releases(self) -> Iterator[tuple[datetime, str]]:
        """Yield when each release was published, and its name; drafts are left out."""
        for channel in self.channels:
            after: str | None = None
            while True:
                found = self._repository(channel, _RELEASES, after=after)["releases"]
                for node in found["nodes"]:
                    if node["publishedAt"] and not node["isDraft"]:
                        name = node["name"] or node["tagName"]
                        yield datetime.fromisoformat(node["publishedAt"]), name
                after = found["pageInfo"]["endCursor"]
                if not found["pageInfo"]["hasNextPage"]:
                    break

    def probe(self) -> str:
        """Count the threads of each repository."""
        return "; ".join(
            f"{channel}: " + ", ".join(self._count(channel, part) for part in PARTS)
            for channel in self.channels
        )

    def _count(self, channel: str, part: str) -> str:
        try:
            node = self._repository(channel, f"{part} {{ totalCount }}")
        except RefusedError:
            return f"{part} are closed to the token"
        return f"{node[part]['totalCount']:,} {part}"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _part(self, channel: str, part: str, position: Position, window: Window) -> Iterator[Page]:
        walks = [position["walk"], {}] if "walk" in position else [{}]
        for walk in walks:
            for page in self._walk(channel, part, position, walk, window):
                position = page.position
                yield page

    def _walk(
        self, channel: str, part: str, position: Position, walk: Position, window: Window
    ) -> Iterator[Page]:
        """Read from the newest thread, or from where a walk was cut off, down to the mark."""
        previous: Activity = position.get("known", {})
        since = window.since.strftime("%Y-%m-%dT%H:%M:%SZ") if window.since else ""
        mark = max(position.get("mark", ""), since)
        after, top = walk.get("after"), walk.get("top", "")
        seen: dict[str, Sequence[Any]] = {}
        newest: Activity = previous
        number = 0

        while True:
            threads, after_next = self._threads(channel, part, after)
            rows, wholes = self._read(channel, part, threads, previous)
            seen |= {t["id"]: [t["updatedAt"], t["comments"]["totalCount"]] for t in threads}
            top = top or max((t["updatedAt"] for t in threads), default=mark)
            low = min((t["updatedAt"] for t in threads), default="")
            number += 1
            if number <= max(self.settings.overlap_pages, 1) and not walk:
                newest = dict(seen)

            if not after_next or (number >= self.settings.overlap_pages and low < mark):
                lost = [] if walk else _unseen(previous, seen, low if after_next else "")
                yield Page(rows, {"mark": top, "known": newest}, [*wholes, *lost])
                return
            after = after_next
            yield Page(rows, {**position, "walk": {"after": after, "top": top}}, wholes)

    def _threads(self, channel: str, part: str, after: str | None) -> tuple[list[Node], str | None]:
        """Return some threads, the last active first, and where the next ones begin."""
        kind = PARTS[part]
        size, thread = _THREADS[kind]
        repository = self._repository(
            channel,
            f"threads: {part}(first: {size}, after: $after, "
            f"orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ {_PAGE} "
            f"nodes {{ {thread} {{ totalCount {_PAGE} nodes {{ {_ANSWERS[kind][1]} }} }} }} }}",
            after=after,
        )["threads"]
        page = repository["pageInfo"]
        threads = [t for t in repository["nodes"] if t]  # null: deleted while GitHub answered
        return threads, page["endCursor"] if page["hasNextPage"] else None

    def _read(
        self, channel: str, part: str, threads: Sequence[Node], previous: Activity
    ) -> tuple[list[Row | BadRow], list[Whole]]:
        rows: list[Row | BadRow] = []
        wholes = []
        for thread in threads:
            state = [thread["updatedAt"], thread["comments"]["totalCount"]]
            is_known = list(previous.get(thread["id"], [])) == state
            talk: Talk = [(thread, None)]
            is_whole = self._follow(PARTS[part], thread, talk, is_known)
            if is_whole:
                wholes.append(Whole(thread["id"]))

            items = [(post, parent, thread["id"]) for post, parent in talk]
            rows += as_rows(
                items,
                lambda item: self._row(item, channel),
                lambda item: f"{self.name}:{item[0]['id']}",
            )
        return rows, wholes

    def _follow(self, kind: str, node: Node, talk: Talk, is_known: bool) -> bool:
        """Add what answers a node, and what answers that; tell whether it is all.

        What goes beyond the page is left out where it is known and has not changed.
        """
        field, fields = _ANSWERS[kind]
        connection, is_whole = node[field], True
        parent = None if kind == "Issue" else node["id"]  # comments on issues just follow

        while True:
            for answer in connection["nodes"]:
                talk.append((answer, parent))
                if answer and "replies" in answer:
                    is_whole &= self._follow("DiscussionComment", answer, talk, is_known)
            if not connection["pageInfo"]["hasNextPage"]:
                return is_whole
            if is_known:
                return False

            more = f"more: {field}(first: {MOST}, after: $after) {{ {_PAGE} nodes {{ {fields} }} }}"
            try:
                rest, _ = self.server.ask(
                    f"node(id: $id) {{ ... on {kind} {{ {more} }} }}",
                    id=node["id"],
                    after=connection["pageInfo"]["endCursor"],
                )
            except MissingError:  # deleted in between
                return False
            connection = rest["more"]

    def _row(self, item: tuple[Node, str | None, str], channel: str) -> dict[str, Any]:
        post, parent, thread = item
        author = post.get("author") or {}  # null: the account was deleted
        is_staff = post.get("authorAssociation") in STAFF
        is_bot = author.get("__typename") == "Bot"
        labels = (post.get("labels") or {}).get("nodes") or []

        return {
            "post_id": post["id"],
            "thread_id": thread,
            "parent_id": parent,
            "author": author["login"] if author else None,
            "author_role": "bot" if is_bot else "staff" if is_staff else None,
            "created_at": post.get("createdAt"),
            "edited_at": post.get("lastEditedAt"),
            "title": post.get("title"),
            "body": "[deleted]" if post.get("deletedAt") else post["body"],
            "url": post.get("url"),
            "score": (post.get("reactions") or {}).get("totalCount", 0)
            + post.get("upvoteCount", 0),
            "accepted": post.get("isAnswer", False),
            "channel": channel,
            "label": ", ".join(label["name"] for label in labels),
            "tags": (post.get("category") or {}).get("name"),
        }

    def _repository(self, channel: str, fields: str, **variables: Any) -> Node:
        owner, _, name = channel.partition("/")
        try:
            repository, _ = self.server.ask(
                f"repository(owner: $owner, name: $name) {{ {fields} }}",
                owner=owner, name=name, **variables,
            )  # fmt: skip
        except MissingError:
            raise SourceError(
                f"{self.name}: GitHub knows no repository {channel!r}, or its token may not read "
                "it; check channels, and the repositories that the token is for"
            ) from None
        return dict(repository)


def _unseen(previous: Activity, seen: Mapping[str, Any], low: str) -> list[Whole]:
    """Return threads that should be among those above ``low``, and are not: deleted ones."""
    unseen = {thread: state for thread, state in previous.items() if thread not in seen}
    return [Whole(thread) for thread, (active_at, *_) in unseen.items() if active_at > low]
