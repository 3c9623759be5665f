"""Parts of the product that are spoken of badly, and what members came to do."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, people, whole_period
from feedbackminer.insight.facts import Speech, count_voices
from feedbackminer.settings.sections import InsightSettings


def components(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Which parts of the product are spoken of badly: the share of their voices that do so."""
    for (aspect,), judged in speech.aspects.sort("aspect").group_by("aspect", maintain_order=True):
        ill, well = (_once(judged.filter(sentiment=s)) for s in ("negative", "positive"))
        n_ill, n_well, n = map(count_voices, (ill, well, judged))
        yield Claim(
            kind="component",
            key=str(aspect),
            metric="share_of_component_voices",
            headline=f"{aspect}: {people(n_ill)} speak badly of it, {n_well:,} well",
            posts=ill,
            value=measures.share(n_ill, n, confidence=settings.confidence),
            editions=("product", "support"),
            action="Read what is said against it; it may be one cause.",
            weight=0.5,
            **whole_period(speech),
        )


def wants(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What members came to do, in the words of one of them."""
    for (label, group), told in speech.needs.sort("group").group_by(
        "label", "group", maintain_order=True
    ):
        n = count_voices(told)
        own = told["text"].to_list()  # the label may be a post's that does not count here
        label = label if label in own else own[0]
        yield Claim(
            kind="need",
            key=f"{group}:{label}",
            metric="share_of_members",
            headline=f"{people(n)} want to do the same, as one of them says: “{label}”",
            posts=_once(told),
            value=measures.share(n, speech.active, confidence=settings.confidence),
            editions=("product", "marketing"),
            action="Check how far the product takes somebody who comes for this.",
            weight=0.4,
            **whole_period(speech),
        )


def _once(said: pl.DataFrame) -> pl.DataFrame:
    """Return each post once."""
    return said.select("post_id", "voice").unique(maintain_order=True)
