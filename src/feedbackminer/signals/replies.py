"""Whom a post answers: by its link, else by what it quotes, whom it addresses, and the order.

Forums, mail and chats differ in one thing. Posts of a thread come hours apart, and one without a
sign answers the one before it. In a room where several talk at once, messages come within minutes,
and one without a sign goes on with what its writer was saying, or with whoever had just addressed
them; where there is neither, it begins something. Exports of chats often have no threads but where
somebody used "reply": the rest of a channel is such a room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter

import polars as pl

from feedbackminer.signals.phrases import own_words
from feedbackminer.text.words import PSEUDONYM_PATTERN

LIVE_GAP = timedelta(minutes=2)  # the median between messages of a room is shorter
LIVE_POSTS = 10  # fewer do not tell
WITHIN, TURN_WITHIN = 100, 30  # posts back that may still be meant: by a sign, by the turn
QUOTED_CHARS = 15  # a shorter quotation may stand anywhere
_COMPARED = 60  # characters of a quotation that are looked for
_ADDRESS = 60  # characters at the beginning of a post that say whom it addresses

_QUOTE_LINES = re.compile(r"(?:^[ \t]*(?:>|&gt;).*\n?)+", re.MULTILINE)
_QUOTE_BOX = re.compile(r"\[quote[^\]]{0,200}\](.{0,5000}?)\[/quote\]", re.IGNORECASE | re.DOTALL)
_QUOTED_AUTHOR = re.compile(
    rf"\[quote=[\"“]?({PSEUDONYM_PATTERN})|\b({PSEUDONYM_PATTERN}) (?:wrote|said)\b", re.IGNORECASE
)
_MEMBER = re.compile(rf"\b{PSEUDONYM_PATTERN}\b")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class _Post:
    """A post of a thread or room, as whoever looks for what is answered sees it."""

    position: int
    post_id: str
    author_id: str | None
    body: str
    own: str
    linked: int | None  # position of the post that a link names

    @cached_property
    def addressed(self) -> str | None:
        """Return the member whom it begins with."""
        found = _MEMBER.search(self.own[:_ADDRESS])
        return found[0] if found else None

    @cached_property
    def words(self) -> str:
        """Return its words, to find a quotation among; folded once, however many quote."""
        return _words(self.body)


def find_replies(posts: pl.DataFrame) -> pl.DataFrame:
    """Find the earlier post of its thread, or of its room, that each post answers.

    A link counts where the post that it names is there and earlier, so cycles and missing parents
    cannot matter.

    Args:
        posts: post_id, parent_id, thread_id, room (null: none), author_id, created_at and body.
    Returns:
        post_id, answers (a post's id) and by (link, quote, mention, turn or order) of the posts
        that answer one.
    """
    body = pl.col("body").fill_null("")
    placed = (
        posts.with_columns(body, place=pl.coalesce("room", "thread_id"), own=own_words(body))
        .sort("place", "created_at", "post_id", nulls_last=True)
        .with_columns(position=pl.int_range(pl.len()).over("place"))
    )
    parents = placed.select("place", parent_id="post_id", linked="position")
    is_earlier = pl.col("linked") < pl.col("position")
    rows = (
        placed.join(parents, on=["place", "parent_id"], how="left", maintain_order="left")
        .with_columns(linked=pl.when(is_earlier).then("linked"))
        .filter(pl.len().over("place") > 1)
        .select("place", "position", "post_id", "author_id", "body", "own", "linked")
    )
    live = _live(placed, "place")
    found: list[tuple[str, str, str]] = []
    for place, group in groupby(rows.iter_rows(), key=itemgetter(0)):
        turns = [_Post(*row) for _, *row in group]
        found += _answers(turns, is_room=place in live)
    return pl.DataFrame(found, schema=["post_id", "answers", "by"], orient="row").cast(pl.String)


def rooms(posts: pl.DataFrame) -> pl.Series:
    """Return of each post the room in which it is said; null: it stands in a thread.

    What is alone in its thread is said in the room of its channel, where several talk at once.

    Args:
        posts: thread_id, source, channel and created_at.
    """
    is_alone = pl.len().over("thread_id") == 1
    channel = pl.format("{} in {}", "channel", "source")
    said = posts.select("created_at", room=pl.when(is_alone).then(channel))
    live = _live(said.drop_nulls("room").sort("created_at", nulls_last=True), "room")
    return said.select(pl.when(pl.col("room").is_in(list(live))).then("room")).to_series()


def _live(posts: pl.DataFrame, place: str) -> set[str]:
    """Return the places in which several talk at once."""
    gap = pl.col("created_at").diff().median()
    gaps = posts.group_by(place, maintain_order=True).agg(gap=gap, n=pl.len())
    return set(gaps.filter(pl.col("n") >= LIVE_POSTS, pl.col("gap") < LIVE_GAP)[place])


def _answers(turns: Sequence[_Post], *, is_room: bool) -> Iterator[tuple[str, str, str]]:
    for post in turns:
        earlier = turns[max(post.position - WITHIN, 0) : post.position]
        if post.linked is not None:
            found: tuple[_Post, str] | None = turns[post.linked], "link"
        else:
            found = _signed(post, earlier) or (_turn if is_room else _before)(post, earlier)
        if found:
            yield post.post_id, found[0].post_id, found[1]


def _signed(post: _Post, earlier: Sequence[_Post]) -> tuple[_Post, str] | None:
    """Return the post that another one shows to answer, and by which sign."""
    for words in _quotations(post.body):
        for one in reversed(earlier):
            if words in one.words:
                return one, "quote"
    quoted = _QUOTED_AUTHOR.search(post.body)
    named = (quoted[1] or quoted[2]) if quoted else post.addressed
    sign = "quote" if quoted else "mention"
    theirs = (one for one in reversed(earlier) if named and named == one.author_id)
    return next(((one, sign) for one in theirs), None)


def _before(_: _Post, earlier: Sequence[_Post]) -> tuple[_Post, str] | None:
    """Return the post before; nothing where a thread begins."""
    return (earlier[-1], "order") if earlier else None


def _turn(post: _Post, earlier: Sequence[_Post]) -> tuple[_Post, str] | None:
    """Return what somebody who gives no sign was saying, or who had addressed them, just before."""
    if post.author_id is None:
        return None
    recent = reversed(earlier[-TURN_WITHIN:])
    mine = (one for one in recent if post.author_id in (one.author_id, one.addressed))
    return next(((one, "turn") for one in mine), None)


def _quotations(body: str) -> Iterator[str]:
    """Yield the words of what a body quotes, the longest quotation first."""
    if ">" not in body and "&gt;" not in body and "[/quote]" not in body.lower():
        return
    passages = [match[0] for match in _QUOTE_LINES.finditer(body)]
    passages += [match[1] for match in _QUOTE_BOX.finditer(body)]
    texts = (_words(re.sub(r"^[ \t]*(?:>|&gt;)+", "", p, flags=re.MULTILINE)) for p in passages)
    for words in sorted(texts, key=len, reverse=True):
        if len(words) >= QUOTED_CHARS:
            yield words[:_COMPARED]


def _words(text: str) -> str:
    """Return letters and digits of a text, folded, with single spaces between."""
    return _NO_WORD.sub(" ", text).strip().casefold()
