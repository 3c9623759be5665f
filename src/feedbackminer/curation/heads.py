"""Heads fitted to a team's own community: its corrected labels, and what stars and places tell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.embed.load import encoder_name
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.steps.vectors import encoded_texts
from feedbackminer.tables import passage
from feedbackminer.tag import features
from feedbackminer.tag.fit import NEVER, Examples, Recipe, fit_head, one_hot
from feedbackminer.tag.head_tagger import AT_LEAST, LABELS, find
from feedbackminer.tag.heads import ANY_ENCODER, Head
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

SAID, WEAK = 5.0, 1.0  # what a person's word weighs, and what stars and places do
FEWEST = 15  # examples for and against a label, below which it stays as it is
HELD_OUT = 0.3  # of threads, which the heads are compared on
STARS = {1: "negative", 2: "negative", 3: "neutral", 4: "positive", 5: "positive"}


@dataclass(frozen=True)
class Comparison:
    """Two heads on the held-out part: mean log loss of the labels that were fitted anew."""

    labels: tuple[str, ...]
    n_trained: int
    n_held_out: int
    before: float
    after: float
    replaced: bool


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
    if name not in LABELS:
        raise InputError(f"there is no head {name!r}; want one of {', '.join(LABELS)}")
    folder = run.project.heads
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
        rows = examples.take(test)
        after = _fit(examples.take(train), before, fitted, seed, precision)
    except ValueError as error:  # the labels lie in too few threads
        raise InputError(
            f"{run.project.folder}: {name!r} cannot be fitted: {error}; label posts of more threads"
        ) from None
    losses = _log_loss(before, rows, fitted), _log_loss(after, rows, fitted)
    better = losses[1] < losses[0]
    if better:
        whole = _fit(examples, before, fitted, seed, precision)
        names = [before.labels[k] for k in fitted]
        card = _card(whole, name, names, examples, losses, seed)
        replace(whole, card=card).save(folder / name)
    return Comparison(
        tuple(before.labels[k] for k in fitted), len(train), len(test), *losses, better
    )


def examples_of(run: Run, name: str, head: Head) -> Examples:
    """Return the project's posts of which something is known, as a head sees them."""
    store = run.project.store
    posts = store.read("posts", ["post_id", "thread_id", "channel", "rating", "meta"])
    labels = store.read("tag_labels").drop("made_at")
    table = (
        store.read("texts")
        .join(posts, on="post_id", how="left", maintain_order="left")
        .join(labels, on="post_id", how="left", maintain_order="left")
    )
    places = run.project.settings.tag.places
    told = [_truth(row, name, places) for row in table.to_dicts()]
    known = np.array([not np.isnan(truth).all() for truth, _ in told], dtype=bool)
    table = table.filter(pl.Series(known))
    told = [pair for pair, is_known in zip(told, known, strict=True) if is_known]
    read = features.read(table.select(passage()).to_series().to_list())
    vectors = middle = np.zeros((len(read), 0), np.float32)
    if head.encoder != ANY_ENCODER:
        encoder = encoder_name(run.project.settings.embed)
        encoded = encoded_texts(run.project.store, table["content_hash"], encoder)
        vectors, middle = encoded.vectors, encoded.layer_mean
    weight = np.array([weight for _, weight in told], np.float32)
    return Examples(
        features.dense(read, vectors, middle),
        features.words(read),
        np.array([truth for truth, _ in told], np.float32).reshape(len(read), len(head.labels)),
        weight,
        weight,
        table["thread_id"].to_numpy().astype(object),
        table["rating"].is_not_null().to_numpy().astype(np.int64),
    )


def _truth(
    row: Mapping[str, Any], name: str, places: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray[Any, Any], float]:
    """Return what is known of a post for a head's labels, and how much that weighs."""
    if name in ("sentiment", "tone"):
        said = row["sentiment"] or STARS.get(round(row["rating"] or 0), "")
        known = one_hot([said], SENTIMENTS)[0] if said else np.full(len(SENTIMENTS), np.nan)
        return known, SAID if row["sentiment"] else WEAK
    if name == "severity":
        grave = row["severity"] or 0
        levels = np.array([float(grave >= int(level)) for level in AT_LEAST])
        return (levels if grave else np.full(len(AT_LEAST), np.nan)), SAID
    if row["kinds"] is not None:
        return np.array([float(kind in row["kinds"]) for kind in KINDS]), SAID
    return posts_of_category(row, places), WEAK


def posts_of_category(
    row: Mapping[str, Any], places: Mapping[str, Sequence[str]]
) -> np.ndarray[Any, Any]:
    """Return what the category or the issue labels of a thread's opener tell of its kinds.

    Where one is known to stand for a kind, the post is of none of the other mapped kinds.
    """
    truth = np.full(len(KINDS), np.nan)
    if row["title"] is None:
        return truth  # a reply in the bugs category need not report one
    here = {str(value).strip().lower() for value in _values(row)}
    meant = {kind for kind, names in places.items() if here & {n.lower() for n in names}}
    for kind in places if meant else ():
        truth[KINDS.index(kind)] = float(kind in meant)
    return truth


def _values(row: Mapping[str, Any]) -> list[Any]:
    """Return the channel of a post and its labels, tags or categories."""
    found: list[Any] = [row["channel"]]
    for value in json.loads(row["meta"] or "{}").values():
        with suppress(ValueError):
            value = json.loads(value) if isinstance(value, str) and value[:1] == "[" else value
        found += value if isinstance(value, list) else str(value).split(",")
    return found


def _enough(examples: Examples, k: int) -> bool:
    truth = examples.truth[:, k]
    return bool(min((truth == 1).sum(), (truth == 0).sum()) >= FEWEST)


def _counts(examples: Examples, labels: Sequence[str]) -> str:
    held = [int((examples.truth[:, k] == 1).sum()) for k in range(len(labels))]
    return ", ".join(f"{label} {n}" for label, n in zip(labels, held, strict=True))


def _split(groups: Any, seed: int) -> tuple[Any, Any]:
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
    """Fit the labels that there are enough examples of, starting from the shipped head.

    Where no threshold can be told from them, the shipped one stays: a label that could be given
    must not vanish.
    """
    names = tuple(before.labels[k] for k in fitted)
    told = before.card["recipe"]
    recipe = Recipe(
        before.name, names, before.exclusive, before.encoder,
        precision=precision or told["precision"], floor=told["floor"], alpha=1e-3, seed=seed,
    )  # fmt: skip
    part = replace(examples, truth=examples.truth[:, list(fitted)])
    prior = before.only(fitted)
    new = fit_head(part, recipe, before.card, prior=prior).head
    limits = np.minimum(new.weights.thresholds, NEVER)
    limits = np.where(limits == NEVER, prior.weights.thresholds, limits).astype(np.float32)
    new = replace(new, weights=replace(new.weights, thresholds=limits))
    return before.with_columns(new, fitted)


def _log_loss(head: Head, rows: Examples, fitted: Sequence[int]) -> float:
    """Return the mean log loss per known label, weighted as the examples are."""
    chances = np.clip(
        head.probabilities(rows.dense, rows.words, rows.genres)[:, list(fitted)], 1e-6, 1 - 1e-6
    )
    truth = rows.truth[:, list(fitted)]
    loss = -(truth * np.log(chances) + (1 - truth) * np.log(1 - chances))
    weight = np.where(np.isnan(truth), 0, rows.weight[:, None])
    return float((np.nan_to_num(loss) * weight).sum() / weight.sum())


def _card(
    head: Head,
    name: str,
    fitted: Sequence[str],
    examples: Examples,
    losses: Sequence[float],
    seed: int,
) -> dict[str, Any]:
    """Return the card of a head that was adapted: what it was before, and what was added."""
    added = {
        "labels": list(fitted),
        "examples": len(examples),
        "log_loss_before": round(losses[0], 4),
        "log_loss_after": round(losses[1], 4),
        "held_out": HELD_OUT,
        "seed": seed,
        "from": head.card["weights_sha256"],
    }
    labels = {label: dict(row) for label, row in head.card["by_label"].items()}
    for label in fitted:  # what was measured of the shipped head does not hold of this one
        talk, reviews = head.weights.thresholds[:, head.labels.index(label)]
        labels[label] |= {"threshold": float(talk), "on_forums": None, "experimental": True}
        labels[label]["reviews"] = dict(labels[label]["reviews"]) | {"threshold": float(reviews)}
    return dict(head.card) | {"name": name, "adapted": added, "by_label": labels}
