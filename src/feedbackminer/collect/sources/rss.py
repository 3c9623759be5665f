"""RSS and Atom feeds: what a forum, blog or comment server publishes without an interface.

A feed is one page with its newest entries. Replies name what they answer by ``thr:in-reply-to``
(RFC 4685). Nothing tells of deletions; but new entries push out the oldest, so one that is missing
between older and newer ones was taken out.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from feedbackminer.collect.http.answers import Answer, MissingError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.markup import to_text
from feedbackminer.collect.sources.helpers import as_rows, site
from feedbackminer.collect.sources.protocol import Page, Position, Whole, Window
from feedbackminer.errors import SourceError
from feedbackminer.settings.sections import SourceSettings

LONGEST_ID = 500
MOST_UNCHANGED = 24  # times that "not modified" is believed in a row
VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
_WEB_PAGE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)
_END = re.compile(rb"</(rss|feed|[\w-]+:RDF)\s*>\s*$")
_NAME_BEHIND_MAIL = re.compile(r"\S+@\S+\s+\((.+)\)\s*$")
Entry = dict[str, Any]
Entries = dict[str, tuple[str, str]]  # entry -> its thread, and its date when it was first read


class Reader:
    """Reads one feed (``url``) or several (``channels``).

    The secret is ``USER:PASSWORD``, where a feed asks for it; the site of ``url`` alone gets it.
    """

    withheld = (
        "a feed holds its newest entries only: what came before, and edits and deletions of "
        "entries that have left it, are not seen; entries without a date count from when they "
        "were first read"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.limits = name, settings, limits
        if not settings.channels:
            site(name, settings)
        self.channels = settings.channels or (settings.url,)
        self.secret = base64.b64encode(secret.encode()).decode() if secret else ""
        self.webs: dict[str, Web] = {}
        self.removed: set[str] = set()  # from the feed that was read last

    def pages(
        self,
        channel: str,
        position: Position,
        window: Window,  # noqa: ARG002 - there is but one page
    ) -> Iterator[Page]:
        """Yield the feed, if it has changed."""
        unchanged = position.get("unchanged", 0)
        headers = position["told"] if _is_believed(position) else {}
        answer = self._web(channel).get(channel, headers=headers, is_right=_is_whole)
        if answer.status == 304:
            yield Page((), {**position, "unchanged": unchanged + 1})
            return

        feed = _parsed(answer)
        before = {native: (thread, date) for native, thread, date in position.get("entries", [])}
        current = _threads_and_dates(feed.entries, before, answer)
        self.removed, pending = _missing(before, current)

        title = feed.feed.get("title") if len(self.channels) > 1 else None
        rows = as_rows(
            feed.entries,
            lambda entry: _row(entry, *current[_id(entry)], title, answer.url),
            lambda entry: f"{self.name}:{_id(entry)}",
        )
        entries = [[native, *values] for native, values in (current | pending).items()]
        whole = [Whole(before[native][0]) for native in self.removed]
        yield Page(rows, {**_validators(answer, position), "entries": entries}, whole)

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Return what has left the middle of the feed; where an id is a page, that is asked too."""
        return {native for native in native_ids if native in self.removed and self._is_lost(native)}

    def probe(self) -> str:
        """Read the first feed."""
        answer = self._web(self.channels[0]).get(self.channels[0], is_right=_is_whole)
        feed = _parsed(answer)
        return f"{feed.feed.get('title', 'a feed without a title')}: {len(feed.entries)} entries"

    def close(self) -> None:
        """Close the connections."""
        for web in self.webs.values():
            web.close()

    def _web(self, feed: str) -> Web:
        if feed not in self.webs:
            is_told = self.secret and urlsplit(feed).netloc == urlsplit(self.settings.url).netloc
            headers = {"Authorization": f"Basic {self.secret}"} if is_told else {}
            self.webs[feed] = Web(feed, headers, self.settings.private_network, self.limits)
        return self.webs[feed]

    def _is_lost(self, native: str) -> bool:
        feeds = [web for feed, web in self.webs.items() if native.startswith(urljoin(feed, "/"))]
        if not feeds or "#" in native:  # a place of a page, which stays
            return True
        try:
            feeds[0].get(native)
        except MissingError:
            return True
        except SourceError:
            pass
        return False


def _is_whole(answer: Answer) -> bool:
    """Tell whether a feed came to its end; one that is not quite XML is read all the same.

    Raises:
        SourceError: it declares entities or a document type, as attacks do.
    """
    if answer.status == 304:
        return True
    if _WEB_PAGE.match(answer.body):
        return False
    try:
        fromstring(answer.body.lstrip(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceError(
            f"{_where(answer)}: the feed holds a {type(error).__name__}; refused, for such "
            "declarations can fill the memory or fetch files; ask its publisher for a plain feed"
        ) from None
    except (ParseError, ValueError, LookupError):
        return _END.search(answer.body) is not None
    return True


def _parsed(answer: Answer) -> Any:
    """Return the feed; feedparser is given the bytes only, and fetches and opens nothing."""
    headers = {"content-type": answer.headers.get("content-type", "application/xml")}
    feed = feedparser.parse(io.BytesIO(answer.body), response_headers=headers)
    if not feed.version:
        raise SourceError(
            f"{_where(answer)}: is neither RSS nor Atom; want the address of a feed, often linked "
            "from the page as an orange sign or named /feed, /rss or /atom.xml"
        )
    return feed


def _is_believed(position: Position) -> bool:
    return bool(position.get("is_true")) and position.get("unchanged", 0) < MOST_UNCHANGED


def _validators(answer: Answer, position: Position) -> dict[str, Any]:
    """Return what to ask with the next time, so that an unchanged feed is not sent again.

    ``is_true`` says whether the validators have changed with the feed; there are servers that
    tell the same ones for ever, or forget replies.
    """
    sent = answer.headers
    validators = {asked: sent[name] for name, asked in VALIDATORS.items() if name in sent}
    digest = hashlib.sha256(answer.body).hexdigest()
    is_true = position.get("is_true")
    if position.get("digest", digest) != digest:
        is_true = is_true is not False and validators != position["told"]
    return {"told": validators, "digest": digest, "is_true": is_true}


def _threads_and_dates(listed: Sequence[Entry], before: Entries, answer: Answer) -> Entries:
    """Return thread and date of the entries that are listed."""
    entries = {_id(entry): entry for entry in listed}
    return {
        native: before.get(native) or (_thread(native, entries, before), _date(entry, answer))
        for native, entry in entries.items()
    }


def _thread(native: str, entries: Mapping[str, Entry], before: Entries) -> str:
    """Follow what an entry answers, as far up as is known."""
    passed: set[str] = set()
    while native in entries and native not in before and native not in passed:
        passed.add(native)
        native = _parent(entries[native]) or native
    return before[native][0] if native in before else native


def _missing(before: Entries, current: Entries) -> tuple[set[str], Entries]:
    """Return which entries were taken out of a feed, and which of the missing to look at again.

    Nothing is said of the newest, which an older copy of the feed lacks, nor where new entries
    came and the feed is not in order of time: it may list what is popular.
    """
    missing = {native: values for native, values in before.items() if native not in current}
    dates = [date for _, date in current.values()]
    if not dates:
        return set(), missing
    between = {i for i, (_, date) in missing.items() if min(dates) < date < max(dates)}
    pending = {i: values for i, values in missing.items() if values[1] >= max(dates)}
    is_ordered = dates in (sorted(dates), sorted(dates, reverse=True))
    return between if is_ordered or current.keys() <= before.keys() else set(), pending


def _row(entry: Entry, thread: str, date: str, channel: str | None, base: str) -> dict[str, Any]:
    native, (body, is_html) = _id(entry), _content(entry)
    created = _moment(entry, "published") or date
    updated = _moment(entry, "updated")
    return {
        "post_id": native,
        "thread_id": thread,
        "parent_id": _parent(entry) or None,
        "author": _author(entry),
        "created_at": created,
        "edited_at": updated if updated > created else None,
        "title": to_text(entry.get("title", "")) if thread == native or not body else None,
        "body": f"<div>{body}</div>" if is_html else body,
        "url": urljoin(base, entry["link"]) if entry.get("link") else None,
        "channel": channel,
    }


def _id(entry: Entry) -> str:
    """Return the id of an entry; one without is known by its link, date and, without one, title."""
    given = str(entry.get("id") or "").strip()
    if given and len(given) <= LONGEST_ID:
        return given
    when = dict.get(entry, "published") or dict.get(entry, "updated") or entry.get("title", "")
    parts = (given, entry.get("link", ""), when)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _parent(entry: Entry) -> str:
    return str((entry.get("thr_in-reply-to") or {}).get("ref", ""))


def _content(entry: Entry) -> tuple[str, bool]:
    """Return the whole text, else the summary, and whether it is HTML."""
    whole = [part for part in entry.get("content") or [] if part.get("value")]
    part = whole[0] if whole else entry.get("summary_detail") or {}
    return part.get("value") or "", part.get("type") != "text/plain"


def _author(entry: Entry) -> str:
    name = str((entry.get("author_detail") or {}).get("name") or "")
    behind = _NAME_BEHIND_MAIL.search(entry.get("author") or "")
    return behind[1] if behind else name or str(entry.get("author") or "")


def _date(entry: Entry, answer: Answer) -> str:
    """Return when an entry was published; where it does not say, when the feed was read."""
    date = _moment(entry, "published") or _moment(entry, "updated")
    if date or "date" not in answer.headers:
        return date
    return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC).isoformat()


def _moment(entry: Entry, name: str) -> str:
    """Return one of the times of an entry as ISO 8601 in UTC, or nothing."""
    given, parsed = dict.get(entry, name), dict.get(entry, f"{name}_parsed")  # get() guesses
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        at = None
    try:
        if at is None or at.tzinfo is None:
            at = datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
        return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _where(answer: Answer) -> str:
    parts = urlsplit(answer.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
