"""A panel sheet in words, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.digest import wording
from feedbackminer.search.sheet import Found, Sheet, Side
from feedbackminer.text.visible import visible
from feedbackminer.vocabulary.claims import quantity

MEANS = {  # of one member, and of more
    "for": ("speaks well of it", "speak well of it"),
    "against": ("speaks ill of it", "speak ill of it"),
    "mixed": ("does both", "do both"),
    "neither": ("only speaks of it", "only speak of it"),
}


def lines(sheet: Sheet) -> Iterator[str]:
    """Yield the sheet as text; an empty line parts its paragraphs."""
    for line in _lines(sheet):
        indent = len(line) - len(line.lstrip(" "))
        yield " " * indent + visible(line)


def _lines(sheet: Sheet) -> Iterator[str]:
    yield sheet.question
    yield ""
    yield who(sheet)
    yield from (f"Note: {note}" for note in sheet.notes)
    for side in sheet.sides:
        yield from _side(side)
    if sheet.posts:
        yield ""
        yield "Posts that answer best" if sheet.sides else "What is nearest, and may be of else"
        for post in sheet.posts:
            yield from _post(post)
    if sheet.sides:
        yield ""
        yield _by_year(sheet)


def who(sheet: Sheet) -> str:
    """Write how many speak on it, of how many, and in which time."""
    members = sheet.members
    if not members.of:
        return "Too few to say: no member who is known wrote in that time."
    time = (
        f"from {wording.day(sheet.since)} to {wording.day(sheet.until)}"
        if sheet.since and sheet.until
        else "at a time that nobody knows"
    )
    wrote = f"{quantity(members.of, 'member')} who wrote {time}"
    if not sheet.sides:
        n = f"{members.n:,}" if members.n else "nobody"
        verb = "speak" if members.n > 1 else "speaks"
        return f"Too few to say: {n} of {wrote} {verb} on it, as far as can be told."
    threads = f"{quantity(sheet.n_posts, 'post')} of {quantity(sheet.n_threads, 'thread')}"
    last = f", last on {wording.day(sheet.newest)}" if sheet.newest else ""
    text = (
        f"{members.n:,} of {wrote} were found to speak on it: {wording.share(members)}, in "
        f"{threads}{last}. Others may have, in other words."
    )
    if sheet.is_loud:
        text += f" One of them wrote {sheet.loudest:,} of these posts."
    return text


def _side(side: Side) -> Iterator[str]:
    yield ""
    n, does = side.members.n, MEANS[side.name]
    yield f"{side.name}: {n:,} {does[n != 1]}, {wording.share(side.members)}"
    for point in side.points:
        yield f"  {quantity(point.n_members, 'member')}: “{point.text}” ({point.post_id})"
    for quote in side.quotes:
        when = f", {wording.day(quote.written_at)}" if quote.written_at else ""
        yield f"  “{quote.text}” ({quote.post_id}{when}) {quote.url or ''}".rstrip()


def _post(post: Found) -> Iterator[str]:
    when = wording.day(post.written_at) if post.written_at else "undated"
    says = post.stance if post.speaks else "near"
    thread = f"{post.thread}: " if post.thread else ""
    yield f"  {post.post_id} ({says}, {when}) {thread}{post.text} {post.url or ''}".rstrip()


def _by_year(sheet: Sheet) -> str:
    years = (f"{one.year}: {one.n_members:,} of {one.n_active:,}" for one in sheet.years)
    return f"Members who spoke on it, of those who wrote: {' · '.join(years)}"
