"""Heads fitted to a team's own community: its labels, and weak ones from stars and categories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.embed.load import encoder_name
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.steps.vectors import encoded_texts
from feedbackminer.tables import Texts, passage
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import NEVER, Examples, Recipe, fit_head, one_hot, scoring
from feedbackminer.tagging.head_tagger import AT_LEAST, Batch, find, post_features
from feedbackminer.tagging.heads import Head
from feedbackminer.tagging.speech import read_speech
from feedbackminer.tagging.stage import read_texts
from feedbackminer.vocabulary.tags import FITTED, KINDS, SENTIMENTS, TONE

BY_HUMAN, WEAK = 5.0, 1.0  # what a person's label weighs, and one from stars or categories
FEWEST = 15  # examples for and against a label, below which it stays as it is
HELD_OUT = 0.3  # of threads, which the heads are compared on
Truth = NDArray[Any]  # one post: a number per label
STARS = {1: "negative", 2: "negative", 3: "neutral", 4: "positive", 5: "positive"}


@dataclass(frozen=True)
class Comparison:
    """Two heads on the held-out part: mean log loss of the labels that were fitted anew."""

    labels: tuple[str, ...]
    n_trained: int
    n_held_out: int
    before: float
    after: float

    @property
    def replaced(self) -> bool:
        """Return whether the new head is better, and was kept."""
        return self.after < self.before


def adapt(run: Run, name: str, *, seed: int = 0, precision: float | None = None) -> Comparison:
    """Fit the shipped head to the project, compare both, keep the new one if it is better.

    What is kept lies in the project's ``models`` folder and is used from the next ``mine`` on; it
    takes the place of what was fitted before on fewer labels.

    Args:
        precision: that thresholds aim at; None: as the shipped head's do.
    Raises:
        InputError: there are too few labels, or no such head.
        ModelError: the shipped head is damaged.
    """
    if name not in FITTED:
        raise InputError(
            f"head {name!r} is not fitted to projects, of which nobody is asked; want one of "
            f"{', '.join(FITTED)}"
        )
    before = Head.load(find(name))
    examples = examples_of(run, name, before)
    fitted = [k for k in range(len(before.labels)) if _enough(examples, k)]
    if not fitted or (before.exclusive and len(fitted) < len(before.labels)):
        raise InputError(
            f"{run.project.folder}: too few labels to fit {name!r}: want {FEWEST} for and "
            f"{FEWEST} against {'each label' if before.exclusive else 'a label'}; have for: "
            f"{_counts(examples, before.labels)}. `feedbackminer tags review` asks for more; "
            "[tag] places says what forum categories mean"
        )

    try:
        train, test = _split(examples.groups, seed)
        held_out = examples.take(test)
        after = _fit(examples.take(train), before, fitted, seed, precision)
    except ValueError as error:  # the labels lie in too few threads
        raise InputError(
            f"{run.project.folder}: {name!r} cannot be fitted: {error}; label posts of more threads"
        ) from None

    comparison = Comparison(
        labels=tuple(before.labels[k] for k in fitted),
        n_trained=len(train),
        n_held_out=len(test),
        before=_log_loss(before, held_out, fitted),
        after=_log_loss(after, held_out, fitted),
    )
    if comparison.replaced:  # what is kept learns from the held-out threads as well
        whole = _fit(examples, before, fitted, seed, precision)
        card = _card(whole, name, len(examples), comparison, seed)
        replace(whole, card=card).save(run.project.heads / name)
    return comparison


def examples_of(run: Run, name: str, head: Head) -> Examples:
    """Return the project's posts that have a label, if a weak one, as a head sees them."""
    store = run.project.store
    posts = store.read("posts", ["post_id", "thread_id", "channel", "rating", "meta"])
    labels = store.read("tag_labels").drop("made_at")
    table = (
        store.read("texts")
        .join(posts, on="post_id", how="left", maintain_order="left")
        .join(labels, on="post_id", how="left", maintain_order="left")
    )
    categories = run.project.settings.tag.places
    labelled = [_truth_and_weight(row, name, categories) for row in table.to_dicts()]
    has_label = [not np.isnan(truth).all() for truth, _ in labelled]
    table = table.filter(pl.Series(has_label, dtype=pl.Boolean))
    labelled = list(compress(labelled, has_label))

    dense, words = _features(run, name, table)
    weight = np.array([weight for _, weight in labelled], np.float32)
    truth = np.array([truth for truth, _ in labelled], np.float32)
    return Examples(
        dense=dense,
        words=words,
        truth=truth.reshape(len(table), len(head.labels)),
        weight=weight,
        typical=weight,
        groups=table["thread_id"].to_numpy().astype(object),
        genres=table["rating"].is_not_null().to_numpy().astype(np.int64),
    )


def _features(run: Run, name: str, table: pl.DataFrame) -> tuple[Matrix, Any]:
    """Return what a head sees of posts: dense features, and words."""
    if name == TONE or table.is_empty():
        read = features.read(table.select(passage()).to_series().to_list())
        nothing = np.zeros((len(read), 0), np.float32)
        return features.dense(read, nothing, nothing), features.words(read)

    encoded = encoded_texts(
        run.project.store, table["content_hash"], encoder_name(run.project.settings.embed)
    )
    ratings = table["rating"].to_list()
    texts = table.select(Texts.column_names())
    are_reviews = [rating is not None for rating in ratings]
    batch = Batch.of(read_texts(texts, encoded, are_reviews, ratings))
    heads = {head: Head.load(find(head)) for head in ("status", "spoken")}
    return post_features(batch, read_speech(heads, batch.sentences, batch.states))


def _truth_and_weight(
    row: Mapping[str, Any], name: str, categories: Mapping[str, Sequence[str]]
) -> tuple[Truth, float]:
    """Return what is true of a post for a head's labels, nan where unknown, and its weight."""
    if name in ("sentiment", "tone"):
        sentiment = row["sentiment"] or STARS.get(round(row["rating"] or 0), "")
        weight = BY_HUMAN if row["sentiment"] else WEAK
        if not sentiment:
            return np.full(len(SENTIMENTS), np.nan), weight
        return one_hot([sentiment], SENTIMENTS)[0], weight
    if name == "severity":
        severity = row["severity"] or 0
        levels = np.array([float(severity >= int(level)) for level in AT_LEAST])
        return (levels if severity else np.full(len(AT_LEAST), np.nan)), BY_HUMAN
    if row["kinds"] is not None:
        return np.array([float(kind in row["kinds"]) for kind in KINDS]), BY_HUMAN
    return kinds_by_category(row, categories), WEAK


def kinds_by_category(row: Mapping[str, Any], categories: Mapping[str, Sequence[str]]) -> Truth:
    """Return what the category or the issue labels of a thread's opener tell of its kinds.

    Where one stands for a kind, the post is of none of the other kinds that have categories.

    Args:
        categories: kind -> names of categories and issue labels, in any case.
    Returns:
        1, 0, or nan where nothing is told, for each of ``KINDS``.
    """
    truth = np.full(len(KINDS), np.nan)
    if row["title"] is None:
        return truth  # a reply in the bugs category need not report one
    names_here = {str(name).strip().lower() for name in _categories_of(row)}
    kinds = {
        kind for kind, names in categories.items() if names_here & {name.lower() for name in names}
    }
    for kind in categories if kinds else ():
        truth[KINDS.index(kind)] = float(kind in kinds)
    return truth


def _categories_of(row: Mapping[str, Any]) -> list[Any]:
    """Return the channel of a post and its labels, tags or categories."""
    names: list[Any] = [row["channel"]]
    for value in json.loads(row["meta"] or "{}").values():
        with suppress(ValueError):
            value = json.loads(value) if isinstance(value, str) and value[:1] == "[" else value
        names += value if isinstance(value, list) else str(value).split(",")
    return names


def _enough(examples: Examples, k: int) -> bool:
    truth = examples.truth[:, k]
    return bool(min((truth == 1).sum(), (truth == 0).sum()) >= FEWEST)


def _counts(examples: Examples, labels: Sequence[str]) -> str:
    counts = [int((examples.truth[:, k] == 1).sum()) for k in range(len(labels))]
    return ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))


def _split(groups: Any, seed: int) -> tuple[Any, Any]:
    """Return the rows to train on and those held out, no thread in both."""
    from sklearn.model_selection import GroupShuffleSplit

    splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
    ((train, test),) = splitter.split(np.zeros(len(groups)), groups=groups)
    return train, test


def _fit(
    examples: Examples,
    before: Head,
    fitted: Sequence[int],
    seed: int,
    precision: float | None,
) -> Head:
    """Fit the labels that there are enough examples of, starting from the shipped head."""
    shipped = before.card["recipe"]
    recipe = Recipe(
        name=before.name,
        labels=tuple(before.labels[k] for k in fitted),
        exclusive=before.exclusive,
        encoder=before.encoder,
        precision=precision or shipped["precision"],
        floor=shipped["floor"],
        alpha=1e-3,
        seed=seed,
    )
    part = replace(examples, truth=examples.truth[:, list(fitted)])
    prior = before.only(fitted)
    new = fit_head(part, recipe, before.card, learn=partial(scoring, prior=prior)).head

    # Where the examples show no threshold the shipped one stays: a label that could be given
    # must not vanish.
    thresholds = new.weights.thresholds
    thresholds = np.where(thresholds == NEVER, prior.weights.thresholds, thresholds)
    weights = replace(new.weights, thresholds=thresholds.astype(np.float32))
    return before.with_columns(replace(new, weights=weights), fitted)


def _log_loss(head: Head, examples: Examples, fitted: Sequence[int]) -> float:
    """Return the mean log loss per label that is not nan, weighted as the examples are."""
    columns = list(fitted)
    probabilities = head.probabilities(examples.dense, examples.words, examples.genres)
    p = np.clip(probabilities[:, columns], 1e-6, 1 - 1e-6)
    truth = examples.truth[:, columns]
    loss = -(truth * np.log(p) + (1 - truth) * np.log(1 - p))
    weight = np.where(np.isnan(truth), 0, examples.weight[:, None])
    return float((np.nan_to_num(loss) * weight).sum() / weight.sum())


def _card(
    head: Head, name: str, n_examples: int, comparison: Comparison, seed: int
) -> dict[str, Any]:
    """Return the card of a head that was adapted: what it was before, and what was added."""
    added = {
        "labels": list(comparison.labels),
        "examples": n_examples,
        "log_loss_before": round(comparison.before, 4),
        "log_loss_after": round(comparison.after, 4),
        "held_out": HELD_OUT,
        "seed": seed,
        "from": head.card["weights_sha256"],
    }
    labels = {label: dict(row) for label, row in head.card["by_label"].items()}
    for label in comparison.labels:  # what was measured of the shipped head does not hold here
        talk, reviews = head.weights.thresholds[:, head.labels.index(label)]
        labels[label] |= {"threshold": float(talk), "on_forums": None, "experimental": True}
        labels[label]["reviews"] = dict(labels[label]["reviews"]) | {"threshold": float(reviews)}
    return dict(head.card) | {"name": name, "adapted": added, "by_label": labels}
