"""What was mined as a fitted BERTopic model: its plots, ``transform``, saved as safetensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from feedbackminer.embed.encoder import Encoder
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.project.project import Project
from feedbackminer.steps.vectors import matrix_of
from feedbackminer.tables import passage

if TYPE_CHECKING:
    from bertopic import BERTopic

UNSORTED = -1


def to_bertopic(project: Project) -> BERTopic:
    """Return a BERTopic model of the topics that a project has.

    It is fitted by BERTopic's own "manual" way: labels are given, words and representatives are its
    own. Topics carry our names as custom labels; BERTopic numbers them by size.

    Raises:
        InputError: nothing was mined, or there is no topic.
    """
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.vectorizers import ClassTfidfTransformer

    store, run = project.store, Run(project)
    topics = store.read("topics").filter(level="topic", status="active").sort("topic_id")
    if topics.is_empty():
        raise InputError(f"{project.folder}: has no topics; `feedbackminer mine` finds them")
    main = store.read("assignments").filter(pl.col("rank") == 1).select("post_id", "topic_id")
    texts = store.read("texts").join(main, on="post_id", how="left", maintain_order="left")
    number = {topic_id: n for n, topic_id in enumerate(topics["topic_id"])}
    labels = np.array([number.get(i or "", UNSORTED) for i in texts["topic_id"]])
    vectors = matrix_of(store, texts["content_hash"], run.models.encoder_name)

    model = BERTopic(
        embedding_model=_embedder(run.models.encoder),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True, bm25_weighting=True),
    )
    passages = texts.select(passage()).to_series().to_list()
    found, _ = model.fit_transform(passages, embeddings=vectors, y=labels)
    names = topics["label"].to_list()
    own = {int(found[row]): names[label] for row, label in enumerate(labels) if label != UNSORTED}
    model.set_topic_labels(own)
    return model


def _embedder(encoder: Encoder) -> Any:
    """Return our encoder as BERTopic asks one."""
    from bertopic.backend import BaseEmbedder

    class Embedder(BaseEmbedder):  # type: ignore[misc]  # it comes without types
        def embed(self, documents: Sequence[str], verbose: bool = False) -> Any:  # noqa: ARG002
            return encoder.encode(list(documents)).vectors

    return Embedder()
