"""A comment server's Atom feed: the newest entries, threaded, with validators, as RFC 4685 says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass
class Entry:
    """One comment."""

    number: int
    parent: int
    text: str
    author: str
    updated: datetime | None = None

    @property
    def native(self) -> str:
        return f"tag:blog.example,2026:/comments/{self.number}"


class Feed:
    """Holds its newest entries only; a comment that was answered is never removed here."""

    secret = ""

    def __init__(self, posts: int = 0, size: int = 300) -> None:
        self.entries: dict[int, Entry] = {}
        self.size, self.written = size, 0
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.path != "/comments.atom":
            return Reply(b"<!DOCTYPE html><title>Not found</title>", 404)
        body = self.text().encode()
        headers = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Content-Type": "application/atom+xml; charset=utf-8",
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Reply(b"", 304, headers)
        return Reply(body, 200, headers)

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(kind="rss", url=f"{url}/comments.atom", private_network=True)

    def ids(self) -> set[str]:
        return {entry.native for entry in self.entries.values()}

    def talk(self, count: int) -> None:
        """Threads of four: one answers what was said just before, the others the opener."""
        for _ in range(count):
            self.written += 1
            n, turn = self.written, self.written % 4
            parent = 0 if turn == 0 or n <= turn else (n - 1 if turn == 2 else n - turn)
            text = f"<p>Entry {n} of my calendar is gone &amp; nobody cares.</p>"
            self.entries[n] = Entry(n, parent, text, f"Member {n % 9}")

    def edit(self) -> str:
        entry = list(self.entries.values())[-2]
        entry.text = entry.text.replace("</p>", " (edited)</p>")
        entry.updated = START + timedelta(days=90)
        return entry.native

    def delete(self) -> str:
        answered = {entry.parent for entry in self.entries.values()}
        alone = [n for n in list(self.entries)[:-1] if n not in answered]
        return self.entries.pop(alone[-1]).native

    def text(self) -> str:
        """Return the feed as Atom."""
        shown = list(self.entries.values())[-self.size :][::-1]
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
            'xmlns:thr="http://purl.org/syndication/thread/1.0"><title>Comments</title>'
            f"<id>tag:blog.example,2026:/comments</id>{''.join(map(self._entry, shown))}</feed>"
        )

    def _entry(self, entry: Entry) -> str:
        at = (START + timedelta(minutes=entry.number)).isoformat()
        updated = entry.updated.isoformat() if entry.updated else at
        parent = f"tag:blog.example,2026:/comments/{entry.parent}"
        answers = f'<thr:in-reply-to ref="{parent}"/>' if entry.parent else ""
        return (
            f"<entry><id>{entry.native}</id><title>Comment #{entry.number}</title>"
            f"<published>{at}</published><updated>{updated}</updated>"
            f"<author><name>{entry.author}</name></author>{answers}"
            f'<link href="https://blog.example/post#comment-{entry.number}"/>'
            f'<content type="html">{escape(entry.text)}</content></entry>'
        )
