"""The digest as Markdown, for mail, wikis and chat; community text is escaped, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from feedbackminer.digest import wording
from feedbackminer.digest.decided import news
from feedbackminer.digest.panel import panel
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.views import ClaimView, DecidedView, Digest, EditionView
from feedbackminer.vocabulary.claims import sections, topic_columns

TOPICS_LISTED, CLAIMS_LISTED, THREADS_LISTED = 15, 6, 10  # claims: of each section
DECIDED_LISTED = 10
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # turn the direction of what follows


def render(digest: Digest) -> str:
    """Return the whole digest as one Markdown text."""
    return "\n".join(_lines(digest)) + "\n"


def render_edition(digest: Digest, view: EditionView) -> str:
    """Return an edition as Markdown."""
    return "\n".join(_edition(digest, view)) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown and HTML show as it is: one line, nothing special in it."""
    flat = " ".join(_TURNING.sub("", text).split())
    entities = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"([\\`*_{}\[\]()#|~@])", r"\\\1", entities)
    return re.sub(r"(?i)(://|\bwww\.)", lambda mark: f"{mark[0][0]}\u200b{mark[0][1:]}", escaped)


def _lines(digest: Digest) -> Iterator[str]:
    yield f"# {escape(digest.title)}: what the community is telling us"
    yield ""
    yield from (f"**{escape(line)}**\n" for line in digest.standing.lines())
    yield f"{wording.written(digest)}, {wording.period(digest)}."
    yield from _front(digest.front)
    yield from _decided(digest.decided)
    yield from _topics(digest)
    yield from _shares(digest)
    for title, kinds in sections().items():
        yield from ("", f"## {title}", "")
        yield from _claims(digest, digest.of_kind(*kinds)[:CLAIMS_LISTED])
    yield from _method(digest)


def _edition(digest: Digest, view: EditionView) -> Iterator[str]:
    yield f"# {escape(digest.title)} for {view.edition.title.lower()}"
    yield ""
    yield from (f"**{escape(line)}**\n" for line in digest.standing.lines())
    yield f"{view.edition.asks} {wording.written(digest)}, {wording.period(digest)}."
    yield from ("", "## The panel", "")
    for heading, lines in panel(digest):
        yield f"- **{heading}**: {' · '.join(escape(line.text) for line in lines)}"
    yield from _front(view.front)
    if view.edition.lists_decided:
        yield from _decided(news(digest.decided, digest.since))
    if view.edition.lists_unanswered and digest.unanswered:
        yield from ("", f"## {wording.to_answer(digest)}", "")
        for thread in digest.unanswered[:THREADS_LISTED]:
            title = escape(thread["title"] or thread["body"][:90])
            link = f" [thread](<{thread['url']}>)" if thread["url"] else ""
            yield f"- {title} ({wording.asked(thread, digest)}){link}"
    for title, claims in view.sections:
        yield from ("", f"## {title}", "")
        yield from _claims(digest, claims)


def _front(front: Sequence[ClaimView]) -> Iterator[str]:
    yield from ("", f"## {wording.things_to_know(len(front))}", "")
    if not front:
        yield "No statement holds yet: too few have written the like."
    for number, claim in enumerate(front, start=1):
        yield f"{number}. **{escape(claim.headline)}** ({claim.title})"
        yield from (f"   {line}  " for line in filter(None, (wording.brief(claim), claim.action)))
        yield from _answers(claim, "   ")


def _decided(decided: Sequence[DecidedView]) -> Iterator[str]:
    """Yield what was done about what was said before; nothing where nothing was decided."""
    if not decided:
        return
    yield from ("", f"## {wording.WHAT_WE_DID}", "", wording.NO_PROOF, "")
    for view in decided[:DECIDED_LISTED]:
        why = f": {escape(view.last.text)}" if view.last and view.last.text else ""
        yield f"- **{view.title}: {escape(wording.about(view))}**"
        yield f"  {escape(wording.decided(view))}{why}  "
        became = wording.became(view)
        told = [f"{became}."] if became else []
        told += [escape(view.outcome.headline)] if view.outcome else []
        if told:
            yield f"  {' '.join(told)}  "
        for note in view.notes:
            yield f"  {wording.day(note.at)}, {escape(note.by)}: {escape(note.text)}  "


def _topics(digest: Digest) -> Iterator[str]:
    columns = topic_columns()
    yield from ("", "## What they talk about", "")
    yield _table_row("topic", "voices", "posts", *(column.short for column in columns))
    yield _table_row(*("---" for _ in range(3 + len(columns))))
    for topic in digest.topics[:TOPICS_LISTED]:
        shares = (wording.per_cent(topic.share_of(column.share)) for column in columns)
        yield _table_row(escape(topic.label), str(topic.n_voices), str(topic.n_posts), *shares)
    if n_unsorted := digest.totals["unsorted"]:
        yield from ("", f"Unsorted: {n_unsorted:,} posts are near none of the topics.")


def _shares(digest: Digest) -> Iterator[str]:
    """Say of each topic how it goes for its writers, and how many of them write what."""
    yield from ("", "## How it goes, and what they write", "")
    if not digest.topics:
        yield "No topic has been found."
    for topic in digest.topics[:TOPICS_LISTED]:
        kinds = ", ".join(f"{wording.label(k.label)} {wording.share(k)}" for k in topic.kinds)
        parts = "; ".join(filter(None, (wording.experience(topic), kinds)))
        yield f"- **{escape(topic.label)}**: {parts or 'not known'}"


def _claims(digest: Digest, claims: Sequence[ClaimView]) -> Iterator[str]:
    if not claims:
        yield "Nothing that holds."
    for claim in claims:
        yield f"- **{escape(claim.headline)}**: {wording.trust(claim)}"
        yield from (f"  {line}" for line in _quotes(claim.quotes[:2]))
        yield from _answers(claim, "  ")
        if near := " · ".join(escape(other.headline) for other in digest.near_to(claim)):
            yield from (f"  Close to it: {near}", "")


def _answers(claim: ClaimView, indent: str) -> Iterator[str]:
    """Yield the answer that helped most with what a claim says."""
    for given in claim.answers[:1]:
        yield f"{indent}An answer that helped ({wording.answer(given)}):"
        yield ""
        yield from (f"{indent}{line}" for line in _quotes([given.quote]))


def _quotes(quotes: Sequence[Quote]) -> Iterator[str]:
    for quote in quotes:
        source = f" [post](<{quote.url}>)" if quote.url else f" ({escape(quote.post_id)})"
        voices = f" (said by {quote.n_voices} members)" if quote.n_voices > 1 else ""
        yield f"> “{escape(quote.text)}”{voices}{source}"
        yield ""


def _method(digest: Digest) -> Iterator[str]:
    yield from ("", "## Method", "")
    yield _table_row("stage", "rows in", "rows out", "dropped")
    yield _table_row(*("---" for _ in range(4)))
    for account in (*digest.provenance.accounts, digest.account):
        dropped = ", ".join(f"{reason} {n:,}" for reason, n in account.dropped.items())
        rows = f"{account.rows_in:,}", f"{account.rows_out:,}"
        yield _table_row(account.stage, *rows, escape(dropped or "none"))
    yield ""
    yield from (f"- {escape(line)}" for line in wording.tests(digest))
    yield from (f"- {escape(line)}" for line in wording.alerts_of(digest))
    yield from (f"- {escape(notice)}" for notice in digest.provenance.notices)


def _table_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
