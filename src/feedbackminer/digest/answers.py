"""Answers that helped: of what members ask or report, what somebody else replied that did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from feedbackminer.digest.quotes import Quote
from feedbackminer.vocabulary.tags import HELPED

GUESS = HELPED[-1]  # nobody told that these helped
LONGEST, SHORTEST = 320, 60  # characters of what is shown of an answer
GREETING = 20  # a paragraph of fewer characters says hello
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\n)[^\n]+)*")
_NO_PROSE = re.compile(r"[ \t]*(?:>|&gt;|\[quote|```|    |\t|@?\S+ (?:wrote|said):)", re.IGNORECASE)
_END = re.compile(r"[.!?](?=\s)|[^\s:](?=\n)")
_QUESTION = re.compile(r"\?(?=\s|$)")
# Whoever has the same problem is thanked as well, and answers nothing.
_TOO = re.compile(
    r"\b(?:same|similar|like) (?:problem|issue|error|trouble|thing)s?\b|\bme too\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Answer:
    """An answer that helped somebody, and what tells so.

    Attributes:
        quote: the beginning of it, as it stands in its post.
        helped: accepted, works, thanked or liked.
        is_by_staff: the team wrote it.
    """

    quote: Quote
    helped: str
    is_by_staff: bool


def find_answers(tables: Mapping[str, pl.DataFrame]) -> dict[str, Answer]:
    """Return by the post that opens a thread the answer that helped most, where one is told to.

    One that is short, or asks rather than answers, is left out.

    Args:
        tables: posts and threads.
    """
    best = tables["threads"].filter(pl.col("helped") != GUESS)
    rows = best.select("opener_post_id", "title", "helped", post_id="best_answer").join(
        tables["posts"], on="post_id", suffix="_of_post"
    )
    found = {}
    for row in rows.iter_rows(named=True):
        text = passage(row["body"])
        if text:
            quote = Quote(
                post_id=row["post_id"],
                text=text,
                url=row["url"],
                voice=row["author_id"] or "",
                written_at=row["created_at"],
                thread=row["title"] or "",
            )
            is_staff = row["author_role"] == "staff"
            found[row["opener_post_id"]] = Answer(quote, row["helped"], is_staff)
    return found


def best_of(answers: Mapping[str, Answer], evidence: Iterable[str], count: int) -> list[Answer]:
    """Return answers to threads that posts open: what most surely helped, then the newest."""
    given = [answers[post_id] for post_id in evidence if post_id in answers]
    newest = sorted(given, key=_written, reverse=True)
    return sorted(newest, key=lambda answer: HELPED.index(answer.helped))[:count]


def _written(answer: Answer) -> tuple[str, str]:
    return str(answer.quote.written_at or ""), answer.quote.post_id


def passage(body: str) -> str:
    """Return the beginning of what a body says itself, as it stands there.

    Quotations, code, and lines of greeting are passed over, and what comes after code. Empty: it
    says little, asks, or tells of the same problem.
    """
    for paragraph in _PARAGRAPH.finditer(body, _after_quotation(body)):
        if not _NO_PROSE.match(paragraph[0]) and len(paragraph[0].strip()) >= GREETING:
            shown = _cut(body[paragraph.start() :].partition("```")[0].strip())
            is_fit = len(shown) >= SHORTEST and not _asks(shown) and not _TOO.search(shown)
            return shown if is_fit else ""
    return ""


def _after_quotation(body: str) -> int:
    """Return where the last box of quotation ends; 0: there is none."""
    ends = [end.end() for end in re.finditer(r"\[/quote\]", body, re.IGNORECASE)]
    return ends[-1] if ends else 0


def _cut(text: str) -> str:
    """Cut a text at the end of a sentence or paragraph, else of a word."""
    if len(text) <= LONGEST:
        return text
    ends = [end.end() for end in _END.finditer(text, SHORTEST, LONGEST + 1)]
    return text[: ends[-1]] if ends else text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]


def _asks(text: str) -> bool:
    """Tell whether half of the sentences of a text or more are questions."""
    n_questions, n_ends = len(_QUESTION.findall(text)), len(_END.findall(text)) + 1
    return 2 * n_questions >= n_ends
