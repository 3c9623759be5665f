"""GitHub's GraphQL interface: a part of its public schema, executed by a real GraphQL engine.

Connections want ``first`` from 1 to 100, cursors are opaque, errors come with status 200, deleted
objects cannot be resolved, deleted accounts are null, a deleted comment with replies stays as an
empty one.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

SCHEMA = build_schema(
    """
    scalar DateTime
    scalar URI
    enum CommentAuthorAssociation {
      COLLABORATOR CONTRIBUTOR FIRST_TIMER FIRST_TIME_CONTRIBUTOR MANNEQUIN MEMBER NONE OWNER
    }
    enum OrderDirection { ASC DESC }
    enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
    enum DiscussionOrderField { CREATED_AT UPDATED_AT }
    input IssueOrder { direction: OrderDirection!, field: IssueOrderField! }
    input DiscussionOrder { direction: OrderDirection!, field: DiscussionOrderField! }
    interface Node { id: ID! }
    interface Actor { login: String!, url: URI! }
    type User implements Actor & Node { id: ID!, login: String!, url: URI! }
    type Bot implements Actor & Node { id: ID!, login: String!, url: URI! }
    type PageInfo { endCursor: String, hasNextPage: Boolean! }
    type ReactionConnection { totalCount: Int! }
    type Label { name: String! }
    type LabelConnection { nodes: [Label], pageInfo: PageInfo!, totalCount: Int! }
    type DiscussionCategory { name: String!, isAnswerable: Boolean! }
    type Issue implements Node {
      id: ID!, url: URI!, title: String!, body: String!, author: Actor
      authorAssociation: CommentAuthorAssociation!
      createdAt: DateTime!, lastEditedAt: DateTime, updatedAt: DateTime!
      reactions(first: Int, after: String): ReactionConnection!
      labels(first: Int, after: String): LabelConnection
      comments(first: Int, after: String): IssueCommentConnection!
    }
    type IssueConnection { nodes: [Issue], pageInfo: PageInfo!, totalCount: Int! }
    type IssueComment implements Node {
      id: ID!, url: URI!, body: String!, author: Actor
      authorAssociation: CommentAuthorAssociation!
      createdAt: DateTime!, lastEditedAt: DateTime, updatedAt: DateTime!
      reactions(first: Int, after: String): ReactionConnection!
    }
    type IssueCommentConnection { nodes: [IssueComment], pageInfo: PageInfo!, totalCount: Int! }
    type Discussion implements Node {
      id: ID!, url: URI!, title: String!, body: String!, author: Actor
      authorAssociation: CommentAuthorAssociation!
      createdAt: DateTime!, lastEditedAt: DateTime, updatedAt: DateTime!
      upvoteCount: Int!, category: DiscussionCategory!
      reactions(first: Int, after: String): ReactionConnection!
      labels(first: Int, after: String): LabelConnection
      comments(first: Int, after: String): DiscussionCommentConnection!
    }
    type DiscussionConnection { nodes: [Discussion], pageInfo: PageInfo!, totalCount: Int! }
    type DiscussionComment implements Node {
      id: ID!, url: URI!, body: String!, author: Actor
      authorAssociation: CommentAuthorAssociation!
      createdAt: DateTime!, lastEditedAt: DateTime, updatedAt: DateTime!, deletedAt: DateTime
      upvoteCount: Int!, isAnswer: Boolean!
      reactions(first: Int, after: String): ReactionConnection!
      replies(first: Int, after: String): DiscussionCommentConnection!
    }
    type DiscussionCommentConnection {
      nodes: [DiscussionComment], pageInfo: PageInfo!, totalCount: Int!
    }
    type Release implements Node {
      id: ID!, name: String, tagName: String!, publishedAt: DateTime, isDraft: Boolean!
    }
    type ReleaseConnection { nodes: [Release], pageInfo: PageInfo!, totalCount: Int! }
    type Repository implements Node {
      id: ID!
      releases(first: Int, after: String): ReleaseConnection!
      issues(first: Int, after: String, orderBy: IssueOrder): IssueConnection!
      discussions(first: Int, after: String, orderBy: DiscussionOrder): DiscussionConnection!
    }
    type Query {
      repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
    }
    """
)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ROLES = ("NONE", "CONTRIBUTOR", "NONE", "MEMBER", "NONE", "OWNER", "NONE", "NONE", "NONE")
Item = dict[str, Any]


class GitHub:
    """One repository, with issues and discussions."""

    secret = "github_pat_of_inkwren"  # noqa: S105

    def __init__(self, posts: int = 0) -> None:
        self.items: dict[str, Item] = {}  # by id, in order of creation
        self.threads: list[str] = []
        self.releases: list[Item] = []
        self.answers: dict[str, list[str]] = {}  # id -> what answers it
        self.written = 0
        self.left = 5_000  # points of the hour
        self.reset = 3_600  # seconds to the next hour
        self.refusals: list[Reply] = []  # that come first
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.secret}":
            return Reply({"message": "Bad credentials", "status": "401"}, 401)
        if request.path != "/graphql" or request.method != "POST":
            return Reply({"message": "Not Found", "status": "404"}, 404)
        self.left -= 1
        limits = {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": str(max(self.left, 0)),
            "X-RateLimit-Reset": str(int(time.time()) + self.reset),
        }
        if self.refusals:
            refusal = self.refusals.pop(0)
            return Reply(refusal.content, refusal.status, {**limits, **refusal.headers})
        if self.left < 0:
            self.left = 5_000 if self.reset < 10 else 0
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return Reply({"errors": [error]}, 200, limits)
        return Reply(self._answer(request.json()), 200, limits)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="github", url=url, channels=("inkwren/app",), private_network=True
        )

    def ids(self) -> set[str]:
        return {i for i, item in self.items.items() if not item["deletedAt"]}

    def talk(self, count: int) -> None:
        """Threads of four: an issue with comments, or a discussion with a comment and replies."""
        for _ in range(count):
            turn = self.written % 4
            text = f"Entry {self.written} of my calendar is gone"
            if not turn:
                self.open("Discussion" if self.written % 8 else "Issue", text)
                continue
            thread = self.threads[-1]
            if self.items[thread]["__typename"] == "Issue" or turn == 1:
                self.answer(thread, text)
            else:
                self.answer(self.answers[thread][0], text)

    def release(self, tag: str, day: str | None, name: str | None = None) -> None:
        """Publish a release; without a day it is a draft."""
        at = f"{day}T10:00:00Z" if day else None
        self.releases.append(
            {"id": f"RE_{tag}", "tagName": tag, "name": name, "publishedAt": at, "isDraft": not day}
        )

    def open(self, kind: str, text: str) -> str:
        native = self._write(kind, "I_kwDO" if kind == "Issue" else "D_kwDO", text)
        self.threads.append(native)
        return native

    def answer(self, parent: str, text: str) -> str:
        """Let somebody answer a thread or, in a discussion, a comment; returns the id."""
        is_issue = self.items[parent]["__typename"] == "Issue"
        kind = "IssueComment" if is_issue else "DiscussionComment"
        native = self._write(kind, "IC_kwDO" if is_issue else "DC_kwDO", text)
        self.answers[parent].append(native)
        self.touch(native)
        return native

    def touch(self, native: str) -> None:
        """Renew the last activity of the thread of a post, as comments and edits do."""
        for parent in [p for p, answers in self.answers.items() if native in answers]:
            self.touch(parent)
        self.items[native]["updatedAt"] = self._now()

    def edit(self) -> str:
        native = list(self.items)[-2]
        self.written += 1
        self.items[native] |= {
            "body": self.items[native]["body"] + " (edited)",
            "lastEditedAt": self._now(),
        }
        self.touch(native)
        return native

    def delete(self) -> str:
        native = list(self.items)[-1]
        self.remove(native)
        return native

    def remove(self, native: str) -> None:
        """Delete a post and, of a thread, what is in it; a comment with replies stays, empty."""
        is_comment = self.items[native]["__typename"] == "DiscussionComment"
        if is_comment and self.answers[native]:
            self.items[native] |= {"body": "", "author": None, "deletedAt": self._now()}
            return
        for answer in self.answers.pop(native):
            self.remove(answer)
        for answers in self.answers.values():
            if native in answers:
                answers.remove(native)
        self.threads = [t for t in self.threads if t != native]
        del self.items[native]

    def _write(self, kind: str, prefix: str, text: str) -> str:
        self.written += 1
        n = self.written
        native = f"{prefix}{n:06}"
        at = self._now()
        author = {"__typename": "User", "login": f"member_{n % 9}"} if n % 11 else None
        if n % 9 == 8:
            author = {"__typename": "Bot", "login": "triage-app"}
        self.answers[native] = []
        self.items[native] = {
            "__typename": kind,
            "id": native,
            "url": f"https://github.example/inkwren/app/issues/{n}",
            "title": text,
            "body": f"{text}, says `v{n % 5}` &amp; I.\r\n\r\n- [ ] look",
            "author": author,
            "authorAssociation": ROLES[n % 9],
            "createdAt": at,
            "lastEditedAt": None,
            "updatedAt": at,
            "deletedAt": None,
            "upvoteCount": 1,
            "isAnswer": kind == "DiscussionComment" and n % 8 == 6,
            "category": {"name": "Q&A", "isAnswerable": True},
            "reactions": {"totalCount": n % 3},
            "labels": _paged(lambda: [{"name": "bug"}, {"name": "calendar"}]),
            "comments": _paged(lambda: self._items(self.answers[native])),
            "replies": _paged(lambda: self._items(self.answers[native])),
        }
        return native

    def _now(self) -> str:
        return (START + timedelta(minutes=self.written)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _items(self, ids: Sequence[str]) -> list[Item]:
        return [self.items[i] for i in ids]

    def _answer(self, asked: Item) -> Item:
        root = {"repository": self._repository, "node": self._node, "nodes": self._nodes}
        done = graphql_sync(SCHEMA, asked["query"], root, variable_values=asked["variables"])
        answer: Item = {"data": done.data}
        if done.errors:
            answer["errors"] = [
                {"type": (e.extensions or {}).get("type"), "path": e.path, "message": e.message}
                for e in done.errors
            ]
        return answer

    def _repository(self, _: Any, owner: str, name: str, **__: Any) -> Item:
        if (owner, name) != ("inkwren", "app"):
            raise _not_found(f"a Repository with the name '{owner}/{name}'")
        return {
            "id": "R_kwDO1",
            "releases": _paged(lambda: self.releases),
            "issues": _paged(lambda: self._listed("Issue"), "updatedAt"),
            "discussions": _paged(lambda: self._listed("Discussion"), "updatedAt"),
        }

    def _listed(self, kind: str) -> list[Item]:
        return [self.items[t] for t in self.threads if self.items[t]["__typename"] == kind]

    def _node(self, _: Any, id: str) -> Item:
        if id not in self.items:
            raise _not_found(f"a node with the global id of '{id}'")
        return self.items[id]

    def _nodes(self, _: Any, ids: Sequence[str]) -> list[Any]:
        return [self.items.get(i) or _not_found(f"a node with the global id of '{i}'") for i in ids]


def _not_found(what: str) -> GraphQLError:
    return GraphQLError(f"Could not resolve to {what}.", extensions={"type": "NOT_FOUND"})


def _paged(items: Callable[[], list[Item]], order: str = "") -> Callable[..., Item]:
    """Return the resolver of a connection; one in an order goes on after what its cursor says."""

    def connection(_: Any, first: int | None = None, after: str | None = None, **more: Any) -> Item:
        every = items()
        if first is None:
            return {"totalCount": len(every), "nodes": _refuse, "pageInfo": _refuse}
        if not 1 <= first <= 100:
            raise GraphQLError("`first` must be within 1-100", extensions={"type": "EXCESSIVE"})
        keyed = [
            ([item[order], item["id"]] if order else [n], item) for n, item in enumerate(every)
        ]
        if order:
            assert more["orderBy"] == {"field": "UPDATED_AT", "direction": "DESC"}
            keyed.sort(key=lambda entry: entry[0], reverse=True)
        if after:
            last = json.loads(base64.b64decode(after).partition(b"v2:")[2])
            keyed = [e for e in keyed if (e[0] < last if order else e[0] > last)]
        page = keyed[:first]
        end = base64.b64encode(b"cursor:v2:" + json.dumps(page[-1][0]).encode()) if page else b""
        return {
            "totalCount": len(every),
            "nodes": [item for _, item in page],
            "pageInfo": {"endCursor": end.decode() or None, "hasNextPage": len(keyed) > first},
        }

    return connection


def _refuse(*_: Any) -> None:
    raise GraphQLError(
        "You must provide a `first` or `last` value to properly paginate the connection.",
        extensions={"type": "MISSING_PAGINATION_BOUNDARIES"},
    )
