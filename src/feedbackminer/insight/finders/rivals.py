"""How members compare the product with others, which the settings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.examples import LONGEST, Example
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.text.headline import headline
from feedbackminer.vocabulary.claims import quantity

NEAR = 60  # characters between a name and what compares
FEWEST = 6  # words of an example: fewer lean on what was said before
# What sets one thing beside another, and what tells that somebody came or left.
_COMPARES = (
    r"(?:\w+er|(?:more|less) \w+) than|compar(?:ed|es?|ing|able|isons?)|unlike|in contrast"
    r"|alternatives?|vs|versus|better|worse|faster|slower|easier|harder|cheaper|nicer|superior|inferior|prefer(?:red|s)?"
    r"|as (?:good|fast|easy|powerful|simple|stable|nice) as"
)
_NO_COMPARISON = r"(?i)\b(?:rather|other|later|earlier) than\b"
_CHANGES = (
    r"(?:switch(?:ed|ing)?|mov(?:ed|ing)|migrat(?:ed|ing|e)|coming|came|port(?:ed|ing))"
    r" (?:over |back |away )?(?:from|to)|(?:went|going|go) back to|g[ai]ve(?:n)? up on"
)

_DO = ("compare it, come from it or leave for it", "compares it, comes from it or leaves for it")


def rival_claims(facts: Facts, tags: pl.DataFrame, settings: InsightSettings) -> Iterator[Claim]:
    """Yield which of the products that the settings name members compare with, or changed with.

    Args:
        tags: the ``tags`` table, for the sentences that can be quoted.
    """
    if not settings.rivals:
        return
    sentences = tags.select("post_id", text="sentences").explode("text").drop_nulls()
    said = facts.posts.select("post_id", "voice", "created_at").join(
        sentences, on="post_id", maintain_order="left"
    )
    for name, others in settings.rivals.items():
        compared = said.filter(_compares((name, *others)))
        n, example = count_voices(compared), _example(compared)
        yield Claim(
            kind="rival",
            key=name,
            metric="share_of_members",
            headline=(
                f"{name}: {quantity(n, 'member')} {_DO[n == 1]}{example.such_as if example else ''}"
            ),
            quoted=example.text if example else "",
            quoted_from=example.post_id if example else None,
            posts=compared.select("post_id", "voice").unique(maintain_order=True),
            value=measures.share(n, facts.n_active, confidence=settings.confidence),
            subject=name,
            since=facts.period.since,
            until=facts.period.until,
        )


def _compares(names: Sequence[str]) -> pl.Expr:
    """Tell which sentences name a product near to words that compare, or that tell of a change."""
    name = rf"(?:^|\W)(?:{'|'.join(map(pl.escape_regex, names))})(?:$|\W)"
    cue, between = rf"\b(?:{_COMPARES}|{_CHANGES})\b", rf".{{0,{NEAR}}}?"
    text = pl.col("text").str.replace_all(_NO_COMPARISON, "but").str
    return text.contains(f"(?is){name}{between}{cue}") | text.contains(f"(?is){cue}{between}{name}")


def _example(compared: pl.DataFrame) -> Example | None:
    """Return the newest sentence that can stand alone, and is short enough to be told."""
    n_words = pl.col("text").str.count_matches(r"\S+")
    fit = compared.filter(n_words.is_between(FEWEST, LONGEST)).sort(
        "created_at", "post_id", "text", descending=[True, False, False], nulls_last=True
    )
    rows = fit.select("text", "post_id").head(1).iter_rows()
    return next((Example(headline(text), post_id) for text, post_id in rows), None)
