"""Mails in threads: by what they refer to, and by subject where they refer to nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from feedbackminer.collect.formats.mail_authors import Sender, authors
from feedbackminer.collect.formats.thread_roots import root_of
from feedbackminer.collect.rows import BadRow, Row

_LEAD = re.compile(
    r"\s*(?:(?:re|aw|antw(?:ort)?|sv|vs|odp|回复)(?:\s?\[\d+\]|\s?\(\d+\))?\s?[:：]"
    r"|\[(?P<tag>[^\[\]]{1,40})\])",
    re.IGNORECASE,
)
_TAG = re.compile(r"(?:\s*re:)*\s*\[([^\[\]]{1,40})\]", re.IGNORECASE)
TAGGED_MAILS, TAGGED_SHARE = 10, 0.5  # a tag on so many, and such a share, is the list's own
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Mail:
    """A mail, before its thread is known; ids are without their angle brackets."""

    ref: str
    native: str  # empty: it has no id
    references: tuple[str, ...]  # from the thread's opener to the mail that is answered
    subject: str
    list_name: str
    sent_at: datetime | None
    sender: Sender
    values: dict[str, Any]


@dataclass(frozen=True)
class _Subject:
    text: str  # without "Re:" and the list's tag
    is_reply: bool


def threaded(mails: Iterable[Mail | BadRow]) -> Iterator[Row | BadRow]:
    """Yield mails as rows that know their thread; it is named after the mail that opens it.

    The order of the mails does not matter, and the opener itself may be missing.
    """
    everything = list(mails)
    readable = [mail for mail in everything if isinstance(mail, Mail)]
    tags = _list_tags(readable)
    subjects = {mail.ref: _subject(mail.subject, tags) for mail in readable}
    roots = _Roots(readable)
    joined = _joined_by_subject(readable, subjects, roots)
    called = authors(mail.sender for mail in readable)
    for mail in everything:
        if isinstance(mail, BadRow):
            yield mail
        else:
            root = roots.of(mail)
            thread = joined.get(_key(mail)) or joined.get(root, root)
            yield _row(mail, thread, subjects[mail.ref].text, called[mail.sender])


def _list_tags(mails: Sequence[Mail]) -> set[str]:
    """Return the words in brackets that a list puts before each subject, in small letters."""
    tags = Counter(match[1].casefold() for mail in mails if (match := _TAG.match(mail.subject)))
    enough = max(TAGGED_MAILS, TAGGED_SHARE * len(mails))
    return {mail.list_name.casefold() for mail in mails} | {
        tag for tag, count in tags.items() if count >= enough
    }


def _subject(text: str, tags: set[str]) -> _Subject:
    at, is_reply = 0, False
    while match := _LEAD.match(text, at):
        tag = match["tag"]
        if tag and tag.casefold() not in tags:
            break
        at, is_reply = match.end(), is_reply or not tag
    return _Subject(text[at:].strip(), is_reply)


class _Roots:
    """The openers of threads, as far as the headers of all mails tell."""

    def __init__(self, mails: Sequence[Mail]) -> None:
        self.parents: dict[str, str] = {}
        self.roots: dict[str, str] = {}
        ids = {mail.native for mail in mails}
        for mail in mails:
            for older, newer in pairwise(mail.references):
                if newer not in ids:  # a mail that is there speaks for itself
                    self.parents[newer] = min(older, self.parents.get(newer, older))
        for mail in reversed(mails):
            if mail.native and mail.references:
                self.parents[mail.native] = mail.references[-1]

    def of(self, mail: Mail) -> str:
        """Return the id of the opener, empty where a mail has no id and answers none."""
        start = mail.native or (mail.references[-1] if mail.references else "")
        return root_of(start, self.parents, self.roots)


def _joined_by_subject(
    mails: Sequence[Mail], subjects: Mapping[str, _Subject], roots: _Roots
) -> dict[str, str]:
    """Return mail -> thread for replies without any reference, whose subject was there before."""
    joined: dict[str, str] = {}
    latest: dict[str, str] = {}
    for mail in sorted(mails, key=lambda mail: (mail.sent_at or _NEVER, mail.native, mail.ref)):
        subject, root = subjects[mail.ref], roots.of(mail)
        thread = joined.get(root, root)
        key = subject.text.casefold()
        if subject.is_reply and not mail.references and key in latest:
            joined[_key(mail)] = thread = latest[key]
        if thread and key:
            latest[key] = thread
    return joined


def _key(mail: Mail) -> str:
    return mail.native or mail.ref


def _row(mail: Mail, thread: str, title: str, author: str) -> Row:
    return Row.given(
        mail.ref,
        {
            "post_id": mail.native or None,
            "thread_id": thread or None,
            "parent_id": mail.references[-1] if mail.references else None,
            "created_at": mail.sent_at,
            "title": title,
            "channel": mail.list_name,
            "author": author,
            "author_as_written": mail.sender.name,
            **mail.values,
        },
    )
