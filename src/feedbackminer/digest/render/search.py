"""What the search of a digest finds, as a script of data alone: whatever the digest says or quotes.

Pages open from disk, where a script may read no file, so the entries are a script themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from feedbackminer.digest import wording
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.render.anchors import anchor
from feedbackminer.digest.views import Digest

# Nothing in a string can end it, a line or a script then, whatever reads the file.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


class Entry(NamedTuple):
    """Something to find; in the order of the columns that ``search.js`` reads."""

    kind: str
    text: str
    place: str  # what it belongs to; words of it are found too
    page: str


def entries(digest: Digest) -> list[Entry]:
    """Return what a digest shows, once each: statements before topics and quotes."""
    return [*_statements(digest), *_topics(digest), *_quotes(digest), *_answers(digest)]


def script(entries: Sequence[Entry]) -> str:
    """Return the script that holds them, an entry a line."""
    lines = (json.dumps(entry, ensure_ascii=False).translate(_ESCAPES) for entry in entries)
    return "const ENTRIES = [\n" + ",\n".join(lines) + "\n];\n"


def _statements(digest: Digest) -> Iterator[Entry]:
    labels = {topic.topic_id: topic.label for topic in digest.topics}
    for claim in digest.claims:
        yield Entry(claim.title, claim.headline, labels.get(claim.topic_id or "", ""), claim.page)


def _topics(digest: Digest) -> Iterator[Entry]:
    for topic in digest.topics:
        yield Entry("Topic", topic.label, ", ".join(topic.keywords), topic.page)


def _quotes(digest: Digest) -> Iterator[Entry]:
    distinct = {(quote.post_id, quote.text): quote for _, quote in digest.quotes}
    for quote in distinct.values():
        page = f"quoted.html#{anchor(quote.post_id)}"
        yield Entry("Quote", f"“{quote.text}”", _where(quote), page)


def _answers(digest: Digest) -> Iterator[Entry]:
    distinct = {answer.quote.post_id: answer.quote for _, answer in digest.answers}
    for quote in distinct.values():
        page = f"quoted.html#{anchor(quote.post_id)}"
        yield Entry("Answer", f"“{quote.text}”", _where(quote), page)


def _where(quote: Quote) -> str:
    """Write when and in which thread something was written."""
    when = wording.day(quote.written_at) if quote.written_at else ""
    return " · ".join(filter(None, (when, quote.thread)))
