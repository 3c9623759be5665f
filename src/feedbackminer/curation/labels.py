"""Labels that people give: which posts are worth asking about, and the answers, kept for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.curation.review_file import as_label
from feedbackminer.embed.load import encoder_name
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.steps.vectors import encoded_texts
from feedbackminer.tables import TagLabels, check, column_types, passage
from feedbackminer.vocabulary.tags import KINDS

# What a terminal would act on instead of showing it; new lines stay.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
POOL = 10  # uncertain posts, for each one that is asked about
SHOWN = 1_200  # characters of a post that are shown: what the heads read

Prompt = Callable[[Mapping[str, Any], str], Mapping[str, str] | None]


def worth_reading(run: Run, count: int) -> list[dict[str, Any]]:
    """Return the posts whose labels would teach most: uncertain ones, each of another sort.

    Uncertainty is the mean entropy of the kinds' probabilities; of the most uncertain posts, as
    many groups as are asked for are formed by k-means over their vectors, and each group gives its
    most uncertain one. A post that has a label is not asked about again.

    Raises:
        InputError: nothing was mined yet, or by rules, which know no probabilities.
    """
    from sklearn.cluster import KMeans

    store = run.project.store
    labelled = store.read("tag_labels", ["post_id"])
    tags = store.read("tags").join(labelled, on="post_id", how="anti")
    tags = tags.filter(pl.col("kind_chances").list.len() > 0)
    if tags.is_empty():
        raise InputError(
            f"{run.project.folder}: there is nothing to read: no post was tagged by the heads "
            "that has no label yet; run `feedbackminer mine` first"
        )

    uncertainty = entropy(np.array(tags["kind_chances"].to_list()))
    pool = np.argsort(-uncertainty, kind="stable")[: POOL * count]
    texts = tags[pool].join(store.read("texts"), on="post_id", how="inner", maintain_order="left")
    encoder = encoder_name(run.project.settings.embed)
    vectors = encoded_texts(store, texts["content_hash"], encoder).vectors
    groups = KMeans(min(count, len(pool)), n_init=1, random_state=0).fit_predict(vectors)
    _, chosen = np.unique(groups, return_index=True)  # the pool is sorted by uncertainty
    posts = texts.with_columns(passage=passage())[np.sort(chosen)]
    return [as_asked(post) for post in posts.to_dicts()]


def entropy(probabilities: NDArray[Any]) -> NDArray[Any]:
    """Return the mean entropy of rows of independent probabilities, in bits, 0 to 1."""
    p = np.clip(probabilities, 1e-9, 1 - 1e-9)
    mean: NDArray[Any] = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean(axis=1)
    return mean


def accept(run: Run, labels: Sequence[Mapping[str, Any]]) -> str:
    """Store labels; the last one of a post counts. Returns what was done.

    Raises:
        InputError: a label is about a post that there is not.
    """
    store = run.project.store
    post_ids = set(store.read("posts", ["post_id"])["post_id"])
    missing = [label["post_id"] for label in labels if label["post_id"] not in post_ids]
    if missing:
        raise InputError(
            f"there is no post {missing[0]!r} in {run.project.folder} "
            f"({len(missing)} of {len(labels)} labels); no label was stored"
        )

    before = store.read("tag_labels").drop("made_at").to_dicts()
    by_post = {row["post_id"]: row for row in before}
    for label in labels:  # a label of the severity alone does not take back the kinds
        new = {name: value for name, value in label.items() if value is not None}
        by_post[label["post_id"]] = by_post.get(label["post_id"], dict(label)) | new

    changed = dict.fromkeys(label["post_id"] for label in labels)
    rows = [by_post[post_id] | {"made_at": run.started_at} for post_id in changed]
    frame = pl.DataFrame(rows, schema=column_types(TagLabels))
    merged = store.merge("tag_labels", check(frame, TagLabels, where="labels"), ignore=["made_at"])
    return f"{merged.inserted} labels added, {merged.updated} changed, {merged.unchanged} as before"


def ask(posts: Sequence[Mapping[str, Any]], prompt: Prompt) -> Iterator[dict[str, Any]]:
    """Yield labels that a person gives in the terminal; an empty answer skips a post.

    Args:
        prompt: called with a post and the last mistake; returns kinds, sentiment and severity, or
            None to end.
    """
    for post in posts:
        mistake = ""
        while (answers := prompt(post, mistake)) is not None:
            try:
                label = as_label({"post_id": post["post_id"], **answers})
            except ValueError as error:
                mistake = str(error)
                continue
            if label:
                yield label
            break
        else:
            return


def as_asked(post: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person is shown of a post: its id, the tags that are guessed, the passage."""
    likely = sorted(zip(post["kind_chances"], KINDS, strict=True), reverse=True)[:3]
    guess = ", ".join(f"{kind} {probability:.0%}" for probability, kind in likely)
    return {
        "post_id": post["post_id"],
        "guess": f"{post['sentiment']}; {guess}",
        "text": _CONTROL.sub(" ", post["passage"][:SHOWN]),
    }
