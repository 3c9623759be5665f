"""The head that tells which sentences could head a digest, from each read alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedbackminer.keypoints.sentences import DOES
from feedbackminer.keypoints.stage import FITS, HEADS
from feedbackminer.research.cards import card_of
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.labels import Headline
from feedbackminer.research.data.tags import REVIEWS, LabelledText
from feedbackminer.research.examples import OUR_LICENCE, Sources, described_texts
from feedbackminer.research.metrics.intervals import precision
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import EVEN_ODDS, Examples, Fitted, Recipe, fit_head
from feedbackminer.tagging.head_tagger import headline_features
from feedbackminer.vocabulary.tags import HEADLINES, SAYS

ALONE, AS_HEADLINE = 1, 2  # how fit a sentence was found, from which it stands, and is fit


def train_headline(sources: Sources, recipe: Recipe) -> Fitted:
    """Fit the head to sentences that were read alone; its card tells how it does on others."""
    rows = labels.load_headlines(sources.data, sources.labels / labels.HEADLINES)
    examples = _examples(rows, sources)
    fitted = fit_head(examples, recipe, {})
    card = card_of(fitted, examples, recipe, _sets(rows, sources))
    card["measured_on"] = "the sentences it was trained on, by weights that had not seen them"
    card["intended_use"] = (
        f"Which sentences could head a digest. One counts for a key point from {DOES} on, and can "
        f"head one where it says so with {HEADS} and is fit with {FITS['problem']} (a problem) or "
        f"{FITS['question']}."
    )
    card["unseen"] = "sentences of urho3d and slicer, which nothing is trained on"
    card["splits"] = "5 folds; threads and apps are never split"

    unseen = labels.load_headlines(sources.data, sources.labels / labels.UNSEEN_HEADLINES)
    others = _examples(unseen, sources)
    chances = fitted.head.probabilities(others.dense, others.words, others.genres)
    for k, label in enumerate(HEADLINES):
        given = chances[:, k] >= EVEN_ODDS
        card["by_label"][label]["on_forums"] = precision(others.truth[given, k])
    return replace(fitted, head=replace(fitted.head, card=card))


def truth_of(rows: Sequence[Headline]) -> Matrix:
    """Return what is true of sentences, shape (rows, HEADLINES)."""
    truth = [
        [*(row.says == says for says in SAYS), row.fit >= ALONE, row.fit >= AS_HEADLINE]
        for row in rows
    ]
    return np.array(truth, np.float32).reshape(len(rows), len(HEADLINES))


def _examples(rows: Sequence[Headline], sources: Sources) -> Examples:
    texts = [LabelledText(row.data, row.id, row.text, row.group) for row in rows]
    encoded = tags.encode(texts, sources.encoder, sources.cache)
    dense, words = headline_features([row.text for row in rows], encoded.layer_mean)
    ones = np.ones(len(rows), np.float32)
    return Examples(
        dense=dense,
        words=words,
        truth=truth_of(rows),
        weight=ones,
        typical=ones,
        groups=np.array([row.group for row in rows], dtype=object),
        genres=np.array([row.data in REVIEWS for row in rows]).astype(np.int64),
    )


def _sets(rows: Sequence[Headline], sources: Sources) -> list[dict[str, object]]:
    digest = tags.hash_of(sources.labels / labels.HEADLINES)
    ours = {"name": labels.HEADLINES, "rows": len(rows), "licence": OUR_LICENCE, "sha256": digest}
    return [ours, *described_texts([row.data for row in rows], sources)]
