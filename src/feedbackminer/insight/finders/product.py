"""Parts of the product that are spoken of badly, and what members came to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.tags import ASSERTED

# What only points at a thing names no job: "do the same", "try it on Windows".
POINTING = re.compile(
    r"\w+ (?:(?:the )?same|this|that|it|them|these|those|so)(?: \w+){0,2}", re.IGNORECASE
)
NOTABLE = 0.5  # of those who speak well of a part: fewer who speak badly are no news


def component_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Which parts of the product are spoken of badly: the share of their voices that do so."""
    by_aspect = facts.aspects.sort("aspect").group_by("aspect", maintain_order=True)
    for (aspect,), clauses in by_aspect:
        asserted = clauses.filter(pl.col("status") == ASSERTED)
        bad, good = (
            _each_post_once(asserted.filter(sentiment=s)) for s in ("negative", "positive")
        )
        n_bad, n_good, n = map(count_voices, (bad, good, clauses))
        yield Claim(
            kind="component",
            key=str(aspect),
            metric="share_of_component_voices",
            headline=f"{aspect}: {quantity(n_bad, 'member')} speak badly of it, {n_good:,} well",
            posts=bad,
            value=measures.share(n_bad, n, confidence=settings.confidence),
            subject=str(aspect),
            since=facts.period.since,
            until=facts.period.until,
            is_large=n_bad >= NOTABLE * n_good,
        )


def need_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What members came to do, in the words of one of them."""
    by_group = facts.needs.sort("group").group_by("label", "group", maintain_order=True)
    for (label, group), needs in by_group:
        n = count_voices(needs)
        texts = needs["text"].to_list()
        named = [text for text in (label, *texts) if text in texts and not POINTING.fullmatch(text)]
        words = named[0] if named else texts[0]  # the label's post may not count here
        yield Claim(
            kind="need",
            key=f"{group}:{words}",
            metric="share_of_members",
            headline=(
                f"{quantity(n, 'member')} want to do the same, as one of them says: “{words}”"
            ),
            quoted=str(words),
            posts=_each_post_once(needs),
            value=measures.share(n, facts.n_active, confidence=settings.confidence),
            subject=str(words),
            since=facts.period.since,
            until=facts.period.until,
            is_large=bool(named),
        )


def _each_post_once(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("post_id", "voice").unique(maintain_order=True)
