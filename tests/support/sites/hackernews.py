"""Algolia's search of Hacker News: the newest first, a thousand hits, and items by id.

What was deleted has left the index, so that neither knows it. Texts are HTML whose first paragraph
stands without a tag.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LONGEST = 1000  # hits that pages lead to
FILTER = re.compile(r"created_at_i(<=|>=|<|>)(\d+)")
Hit = dict[str, Any]


class HackerNews:
    """Stories about InkWren, comments that name it, and others that do not."""

    secret = ""

    def __init__(self, posts: int = 0) -> None:
        self.hits: dict[str, Hit] = {}
        self.written = 0
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        match request.path.strip("/").split("/")[2:]:
            case ["search_by_date"]:
                return self._search(request)
            case ["items", native] if native in self.hits:
                return Reply({"id": int(native), "children": [], **self.hits[native]})
        return Reply({"status": 404, "error": "ObjectID does not exist"}, 404)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="hackernews", url=f"{url}/api/v1", query="inkwren", private_network=True
        )

    def ids(self) -> set[str]:
        return {i for i, hit in self.hits.items() if _has_words(hit, "inkwren")}

    def talk(self, count: int) -> None:
        """Threads of four: a story, comments on it, one of them an answer; then a stray word."""
        for _ in range(count):
            turn, recent = self.written % 4, list(self.hits)
            if not turn or not recent:
                self.tell(f"Show HN: InkWren keeps entry {self.written}", "show_hn")
                continue
            parent = recent[-1] if turn == 2 else str(self.hits[recent[-1]]["story_id"])
            self.answer(f"InkWren lost entry {self.written} &amp; mine.<p>It&#x27;s odd.", parent)
        if count:
            self.answer("Pens are better.", recent[-1])

    def tell(self, title: str, *tags: str, text: str | None = None) -> str:
        """Let a member post a story; returns its id."""
        native = self._next()
        values = {"title": title, "url": "https://inkwren.example", "points": 5}
        return self._add(native, native, "story", *tags, **values, story_text=text, num_comments=0)

    def answer(self, text: str, parent: str) -> str:
        """Let a member comment on something; returns the id of the comment."""
        story = str(self.hits[parent]["story_id"])
        values = {"comment_text": text, "parent_id": int(parent), "points": None}
        return self._add(self._next(), story, "comment", **values)

    def edit(self) -> str:
        hit = [h for i, h in self.hits.items() if "comment_text" in h and i in self.ids()][-2]
        hit["comment_text"] += " (edited)"
        return str(hit["objectID"])

    def delete(self) -> str:
        native = max(self.ids(), key=int)
        del self.hits[native]
        return native

    def _next(self) -> str:
        self.written += 1
        return str(40_000_000 + 7 * self.written)

    def _add(self, native: str, story: str, *tags: str, **values: Any) -> str:
        n = self.written
        at = START + timedelta(minutes=n)
        author = f"member_{n % 9}"
        self.hits[native] = {
            "objectID": native,
            "author": author,
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "created_at_i": int(at.timestamp()),
            "story_id": int(story),
            "_tags": [*tags, f"author_{author}", f"story_{story}"],
            **values,
        }
        return native

    def _search(self, request: Request) -> Reply:
        hits = [hit for hit in self.hits.values() if _fits(hit, request)][::-1]
        size, page = int(request.get("hitsPerPage", "20")), int(request.get("page", "0"))
        shown = hits[:LONGEST][page * size : (page + 1) * size]
        pages = -(-min(len(hits), LONGEST) // size)
        return Reply(
            {"hits": shown, "nbHits": len(hits), "page": page, "nbPages": pages}
            | {"hitsPerPage": size, "exhaustiveNbHits": True, "query": request.get("query")}
        )


def _fits(hit: Hit, request: Request) -> bool:
    tags = set(hit["_tags"])
    for part in re.findall(r"\([^)]*\)|[^,]+", request.get("tags")):
        if not set(part.strip("()").split(",")) & tags:
            return False
    at, is_in = hit["created_at_i"], True
    for sign, moment in FILTER.findall(request.get("numericFilters")):
        is_in &= at <= int(moment) if sign == "<=" else at >= int(moment)
    return is_in and _has_words(hit, request.get("query"))


def _has_words(hit: Hit, words: str) -> bool:
    text = " ".join(str(hit.get(part) or "") for part in ("title", "story_text", "comment_text"))
    return all(word in text.lower() for word in words.lower().split())
