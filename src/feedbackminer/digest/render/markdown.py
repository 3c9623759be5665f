"""The digest as Markdown, for mail, wikis and chat; community text is escaped, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from feedbackminer.digest import wording
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.views import ClaimView, Digest
from feedbackminer.vocabulary.claims import KIND_NAMES

TOPICS_LISTED = 15
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # turn the direction of what follows


def render(digest: Digest) -> str:
    """Return the whole digest as one Markdown text."""
    return "\n".join(_lines(digest)) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown and HTML show as it is: one line, nothing special in it."""
    flat = " ".join(_TURNING.sub("", text).split())
    entities = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"([\\`*_{}\[\]()#|~@])", r"\\\1", entities)
    return re.sub(r"(?i)(://|\bwww\.)", lambda mark: f"{mark[0][0]}\u200b{mark[0][1:]}", escaped)


def _lines(digest: Digest) -> Iterator[str]:
    totals = digest.totals
    yield f"# {escape(digest.title)}: what the community is telling us"
    yield ""
    yield (
        f"{_day(digest.since)} to {_day(digest.last_day)}: {totals['posts']:,} posts by "
        f"{totals['members']:,} members in {totals['threads']:,} threads."
    )
    yield from ("", "## Five things to know", "")
    if not digest.front:
        yield "No statement holds yet: nobody has written enough."
    for place, claim in enumerate(digest.front, start=1):
        yield f"{place}. **{escape(claim.headline)}** ({KIND_NAMES[claim.kind]})"
        yield f"   {wording.sentence(claim.row)}; {wording.trust(claim.row)}."
        yield from (f"   {line}" for line in _quotes(claim.quotes[:1]))
        yield f"   Next: {claim.action}" if claim.action else ""
    yield from ("", "## What they talk about", "", "| topic | voices | posts | problems | praise |")
    yield "| --- | --- | --- | --- | --- |"
    for topic in digest.topics[:TOPICS_LISTED]:
        yield (
            f"| {escape(topic.label)} | {topic.n_voices} | {topic.n_posts} "
            f"| {topic.voices_of('problem')} | {topic.voices_of('love')} |"
        )
    if totals["unsorted"]:
        yield from ("", f"Unsorted: {totals['unsorted']:,} posts are near none of the topics.")
    for title, kinds in (
        ("What is wrong with the product", ("problem", "churn")),
        ("Worst first", ("severe", "component")),
        ("What people love", ("love",)),
        ("What changed", ("change", "surge")),
        ("Where newcomers get stuck", ("newcomers",)),
        ("What they came to do", ("need",)),
        ("What they ask for", ("request",)),
        ("Who is talking", ("community", "loud")),
        ("Unanswered", ("unanswered",)),
    ):
        yield from ("", f"## {title}", "")
        yield from _claims(digest.of_kind(*kinds)[:6])
    yield from (
        "",
        "## Method",
        "",
        "| stage | rows in | rows out | dropped |",
        "| --- | --- | --- | --- |",
    )
    for account in (*digest.provenance.accounts, digest.account):
        dropped = ", ".join(f"{reason} {n:,}" for reason, n in account.dropped.items())
        rows = f"{account.rows_in:,} | {account.rows_out:,}"
        yield f"| {account.stage} | {rows} | {escape(dropped or 'none')} |"
    yield ""
    yield from (f"- {escape(notice)}" for notice in digest.provenance.notices)


def _claims(claims: Sequence[ClaimView]) -> Iterator[str]:
    if not claims:
        yield "Nothing that holds."
    for claim in claims:
        told = f"{wording.sentence(claim.row)}; {wording.trust(claim.row)}"
        yield f"- **{escape(claim.headline)}**: {told}"
        yield from (f"  {line}" for line in _quotes(claim.quotes[:2]))


def _quotes(quotes: Sequence[Quote]) -> Iterator[str]:
    for quote in quotes:
        source = f" [post](<{quote.url}>)" if quote.url else f" ({escape(quote.post_id)})"
        many = f" (said by {quote.n_voices} members)" if quote.n_voices > 1 else ""
        yield f"> “{escape(quote.text)}”{many}{source}"
        yield ""


def _day(moment: object) -> str:
    return f"{moment:%-d %B %Y}" if moment else "undated"
