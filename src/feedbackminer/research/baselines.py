"""What others do, as their users start it: held beside ours in benchmarks and experiments."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.vectors import Matrix

if TYPE_CHECKING:
    from feedbackminer.tagging.tagger import Tag


def quick_start(texts: Sequence[str], vectors: Matrix, seed: int) -> tuple[Any, NDArray[np.int64]]:
    """Return BERTopic's model as its quick start makes it, but with a seed, and its topics.

    Returns:
        the model, and the number of each text's topic, -1 where it has none.
    """
    from bertopic import BERTopic
    from umap import UMAP

    reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BERTopic(umap_model=reduce)
        topics, _ = model.fit_transform(list(texts), vectors)
    return model, np.asarray(topics, dtype=np.int64)


def rule_tags(texts: Sequence[str]) -> list[Tag]:
    """Return what our phrase rules and the lexicon say of texts, without any encoder."""
    from feedbackminer.api.frames import as_texts
    from feedbackminer.embed.encoder import Encoded
    from feedbackminer.tagging.rule_tagger import RuleTagger
    from feedbackminer.tagging.stage import read_texts

    nothing = np.zeros((len(texts), 0), np.float32)
    table = as_texts(dict(enumerate(texts)))
    read = read_texts(table, Encoded(nothing, nothing), [False] * len(texts))
    return list(RuleTagger().tag(read))
