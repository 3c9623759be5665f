"""Parts of the product that give trouble, and what members came to do."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.examples import fittest
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.insight.labels import headline_chance
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.tags import ASSERTED, FIT

# What only points at a thing names no job: "do the same", "try it on Windows". Where no head reads.
POINTING = r"\w+ (?:(?:the )?same|this|that|it|them|these|those|so)(?: \w+){0,2}"
SETTING = r"\b(?:on|with|from|for|via|under|by)\s(?:\w+\s){0,2}"
TROUBLE = (
    r"\b(?:problem|issue|error|trouble|bug|difficult(?:y|ie)|struggl(?:e|ing)|fault|wrong)s?\W+"
)
NOTABLE = 0.5  # of those who speak well of a part: fewer who have a problem are no news
TELLS = 0.7  # probability from which a sentence is taken to tell a problem, or to praise


def component_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Which parts of the product members tell problems with, of those who speak of them."""
    told = _told_of_parts(facts)
    for (aspect,), clauses in facts.aspects.sort("aspect").group_by("aspect", maintain_order=True):
        of_part = told.filter(aspect=aspect)
        bad = of_part.filter(_tells_trouble())
        good = of_part.filter((pl.col("praise") >= TELLS) & (pl.col("sentiment") != "negative"))
        n_bad, n_good, n = map(count_voices, (bad, good, clauses))
        example = fittest(bad.with_columns(fitness=pl.col("problem") * pl.col("fit")))
        yield Claim(
            kind="component",
            key=str(aspect),
            metric="share_of_component_voices",
            headline=(
                f"{aspect}: {quantity(n_bad, 'member')} tell of a problem with it, "
                f"{n_good:,} {'speaks' if n_good == 1 else 'speak'} well of it"
                f"{example.such_as if example else ''}"
            ),
            quoted=example.text if example else "",
            quoted_from=example.post_id if example else None,
            posts=_each_post_once(bad),
            value=measures.share(n_bad, n, confidence=settings.confidence),
            subject=str(aspect),
            since=facts.period.since,
            until=facts.period.until,
            is_large=n_bad >= NOTABLE * n_good,
        )


def need_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What members came to do, in the words of one of them."""
    by_group = facts.needs.sort("group").group_by("group", maintain_order=True)
    for (group,), needs in by_group:
        n = count_voices(needs)
        is_label = pl.col("text") == pl.col("label")
        ranked = needs.sort(is_label, descending=True, maintain_order=True)
        named = ranked.filter(_names_a_job())
        words = str((named if len(named) else ranked)["text"][0])
        yield Claim(
            kind="need",
            key=f"{group}:{words}",
            metric="share_of_members",
            headline=f"“{words}”: {quantity(n, 'member')} want this",
            quoted=words,
            posts=_each_post_once(needs),
            value=measures.share(n, facts.n_active, confidence=settings.confidence),
            subject=words,
            since=facts.period.since,
            until=facts.period.until,
            is_large=bool(len(named)),
        )


def _names_a_job() -> pl.Expr:
    """Tell which needs of a group say what for, by the head, or by their words where none read."""
    is_plain = ~pl.col("text").str.contains(f"(?i)^(?:{POINTING})$")
    names_job = pl.col("names_job")
    is_told = names_job.fill_null(value=False)
    return pl.when(names_job.is_not_null().any()).then(is_told).otherwise(is_plain)


def trouble_with_parts(facts: Facts) -> pl.DataFrame:
    """Return the clauses that tell of a problem with a part of the product, with who wrote when."""
    return _told_of_parts(facts).filter(_tells_trouble())


def _tells_trouble() -> pl.Expr:
    return (pl.col("problem") >= TELLS) & (pl.col("sentiment") != "positive")


def _told_of_parts(facts: Facts) -> pl.DataFrame:
    """Return what members assert of parts, with the sentence, and how likely it tells what."""
    chances = {name: headline_chance(name) for name in ("problem", "praise", FIT)}
    sentences = facts.sentences.select("post_id", sentence="text", **chances)
    asserted = facts.aspects.filter(pl.col("status") == ASSERTED, ~_is_setting())
    return asserted.join(sentences, on="post_id").filter(
        pl.col("sentence").str.contains(pl.col("text"), literal=True)
    )


def _is_setting() -> pl.Expr:
    """Tell where a part is only where, or with what, something happens: "on my Pi", "with a CT"."""
    part = pl.col("aspect").str.escape_regex()
    before, after_trouble = (pl.lit(rf"(?i){begin}{SETTING}") for begin in ("", TROUBLE))
    text = pl.col("text").str
    return text.contains(before + part) & ~text.contains(after_trouble + part)


def _each_post_once(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("post_id", "voice").unique(maintain_order=True)
