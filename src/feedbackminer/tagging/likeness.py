"""Whether texts are like those that the heads know; of others, what they say of shares is void.

Probabilities are right on average where a community writes as those did that they were calibrated
on. A head of words tells posts of forums, chats and app reviews from other texts; of a sample, its
mean is compared with what samples of communities have that it was not trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedbackminer.tagging import features
from feedbackminer.tagging.head_tagger import CONVERSATIONS, HeadTagger
from feedbackminer.tagging.heads import GENRES, Head
from feedbackminer.tagging.tagger import Tagger
from feedbackminer.vocabulary.tags import KNOWN, SENTIMENTS

FEWEST = 200  # texts: of fewer nothing is told
SAMPLE = 2_000  # texts that are looked at
UNLIKE = (
    "these texts are unlike what the tags were trained on (posts of forums and chats, reviews of "
    "apps): shares and probabilities may be far off"
)
EVEN = (
    "; labels of sentiment are the likeliest, all weighing the same. `feedbackminer tags review` "
    "and `train --from-store` fit them to yours"
)


def fitted_to(tagger: Tagger, passages: Sequence[str]) -> tuple[Tagger, tuple[str, ...]]:
    """Return the tagger for texts, and a notice where they are unlike what it knows.

    Without knowing how common sentiments are there, none is taken to be commoner than another; a
    head that was fitted to labels from there knows, and stays.
    """
    if not isinstance(tagger, HeadTagger) or not is_unlike(tagger.heads[KNOWN], passages):
        return tagger, ()
    fitted = at_even_priors(tagger)
    return fitted, (UNLIKE if fitted is tagger else UNLIKE + EVEN,)


def at_even_priors(tagger: Tagger) -> Tagger:
    """Return the tagger for texts that are unlike what it knows."""
    if not isinstance(tagger, HeadTagger) or "adapted" in tagger.heads["sentiment"].card:
        return tagger
    head = tagger.heads["sentiment"]
    return replace(tagger, heads={**tagger.heads, "sentiment": without_priors(head)})


def is_unlike(head: Head, passages: Sequence[str]) -> bool:
    """Tell whether texts are unlike what the heads know; of few texts, nobody can say."""
    if len(passages) < FEWEST:
        return False
    step = -(-len(passages) // SAMPLE)
    likeness = likenesses(head, passages[::step])
    return bool(likeness.mean() < head.card["limit"])


def likenesses(head: Head, passages: Sequence[str]) -> features.Matrix:
    """Return for each text how like a post or a review it is, 0 to 1."""
    read = features.read(passages)
    nothing = np.zeros((len(read), 0), np.float32)
    dense = features.dense(read, nothing, nothing)
    genres = np.full(len(read), CONVERSATIONS)
    result: features.Matrix = head.probabilities(dense, features.words(read), genres)[:, 0]
    return result


def without_priors(head: Head) -> Head:
    """Return a head that divides its probabilities by how common each label was (Bayes)."""
    offset = head.weights.offset.copy()
    for genre, name in enumerate(GENRES):
        cards = [head.card["by_label"][label] for label in SENTIMENTS]
        shares = [card[name]["share"] if name in card else card["share"] for card in cards]
        offset[genre] -= np.log(np.maximum(shares, 1e-4))
    nothing = np.zeros_like(head.weights.thresholds)
    card = dict(head.card) | {"weights_sha256": f"{head.card['weights_sha256']}-even"}
    return replace(
        head, card=card, weights=replace(head.weights, offset=offset, thresholds=nothing)
    )
