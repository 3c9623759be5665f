"""Heads: linear scores over features, turned into probabilities that mean what they say.

A head is plain arrays in ``weights.safetensors`` and a ``card.json`` beside it, which names the
encoder it was trained on and the hash of the weights. Neither can carry code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.errors import ModelError
from feedbackminer.tag import features
from feedbackminer.tag.features import Matrix

WEIGHTS, CARD = "weights.safetensors", "card.json"
ANY_ENCODER = ""  # of a head that reads no vectors
PER_LABEL = ("dense", "words", "bias", "offset", "thresholds")
PLACES = ("conversations", "reviews")  # a reply in a forum and a review are put differently
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """The arrays of a head with ``n`` labels over ``d`` dense features.

    Scores mean the same everywhere; how probable they make a label differs by ``PLACES``.
    """

    centre: Matrix  # (d,) what is taken off the dense features
    scale: Matrix  # (d,) and what they are divided by
    dense: Matrix  # (d, n)
    words: Matrix  # (BUCKETS, n)
    bias: Matrix  # (n,)
    calibration: Matrix  # (places, n, n) scores to log-odds,
    offset: Matrix  # (places, n) with these added
    thresholds: Matrix  # (places, n) probability from which a label is given


@dataclass(frozen=True)
class Head:
    """Tells how probable each of its labels is; exactly one holds where ``exclusive``."""

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    encoder: str
    weights: Weights
    card: Mapping[str, Any]

    def probabilities(self, dense: Matrix, words: Any, places: Places) -> Matrix:
        """Return calibrated probabilities, shape (texts, labels).

        Args:
            dense, words: features, see :mod:`feedbackminer.tag.features`.
            places: where each text was written, as a number of ``PLACES``.

        Formula: σ(scores · C + c), where σ is the softmax if labels exclude each other, else the
        logistic function; scores are linear in the features. Source: Platt 1999; matrix scaling,
        Guo et al. 2017.
        """
        return self.calibrated(self.scores(dense, words), places)

    def calibrated(self, scores: Matrix, places: Places) -> Matrix:
        """Return the probabilities that scores stand for."""
        told = np.zeros_like(scores)
        for place in range(len(PLACES)):
            here = places == place
            calibration, offset = self.weights.calibration[place], self.weights.offset[place]
            told[here] = scores[here] @ calibration + offset
        if not self.exclusive:
            return squashed(told)
        grown = np.exp(told - told.max(axis=1, keepdims=True, initial=-np.inf))
        chances: Matrix = grown / grown.sum(axis=1, keepdims=True)
        return chances

    def scores(self, dense: Matrix, words: Any) -> Matrix:
        """Return uncalibrated scores, shape (texts, labels)."""
        own = (dense - self.weights.centre) / self.weights.scale
        scores: Matrix = own @ self.weights.dense + words @ self.weights.words + self.weights.bias
        return scores

    def given(self, probabilities: Matrix, places: Places) -> Flags:
        """Return which labels are given: those at or over their threshold.

        Of labels that exclude each other, only the likeliest can be.
        """
        over: Flags = probabilities >= self.weights.thresholds[places]
        if self.exclusive and len(over):
            best = probabilities.argmax(axis=1)
            over &= np.arange(len(self.labels)) == best[:, None]
        return over

    def usual(self, label: str, place: int) -> float:
        """Return which share of a place's posts has a label, as its card says."""
        told = self.card["by_label"][label]
        return float((told["reviews"] if place else told)["share"])

    def only(self, columns: Sequence[int]) -> Self:
        """Return the head with some of its labels."""
        own = list(columns)
        w = self.weights
        weights = replace(
            w,
            dense=w.dense[:, own],
            words=w.words[:, own],
            bias=w.bias[own],
            calibration=w.calibration[np.ix_(range(len(PLACES)), own, own)],
            offset=w.offset[:, own],
            thresholds=w.thresholds[:, own],
        )
        return replace(self, labels=tuple(self.labels[k] for k in own), weights=weights)

    def with_columns(self, other: Head, columns: Sequence[int]) -> Self:
        """Return the head with some of its labels as ``other`` has them, over the same features."""
        own = list(columns)
        told = {name: getattr(self.weights, name).copy() for name in PER_LABEL}
        for name, array in told.items():
            array[..., own] = getattr(other.weights, name)
        calibration = self.weights.calibration.copy()
        calibration[np.ix_(range(len(PLACES)), own, own)] = other.weights.calibration
        return replace(self, weights=replace(self.weights, calibration=calibration, **told))

    def save(self, folder: Path) -> None:
        """Write weights and card; the card gets the hash of the weights."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        arrays = {field.name: getattr(self.weights, field.name) for field in fields(Weights)}
        arrays["words"] = arrays["words"].astype(np.float16)
        data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        (folder / WEIGHTS).write_bytes(data)
        told = dict(self.card) | {
            "name": self.name,
            "labels": list(self.labels),
            "exclusive": self.exclusive,
            "encoder": self.encoder,
            "weights_sha256": hashlib.sha256(data).hexdigest(),
        }
        (folder / CARD).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a head.

        Raises:
            ModelError: a file is missing, is not what it should be, or the weights are not
                those that the card was written for.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            card = json.loads((folder / CARD).read_text("utf-8"))
            data = (folder / WEIGHTS).read_bytes()
            expected = card["weights_sha256"]
            if (found := hashlib.sha256(data).hexdigest()) != expected:
                raise ModelError(
                    f"{folder / WEIGHTS}: these are not the weights of its card (hash {found[:12]}…"
                    f", the card says {str(expected)[:12]}…); they were damaged or changed: "
                    f"install the package again, or run `feedbackminer train {folder.name}`"
                )
            arrays = {name: array.astype(np.float32) for name, array in load(data).items()}
            head = cls(
                str(card["name"]),
                tuple(map(str, card["labels"])),
                bool(card["exclusive"]),
                str(card["encoder"]),
                Weights(**arrays),
                card,
            )
            _check_shapes(head)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(
                f"{folder}: no head can be read here: {type(error).__name__}: {str(error)[:200]}; "
                f"want {CARD} and {WEIGHTS} as `feedbackminer train` writes them"
            ) from None
        return head


def squashed(scores: Matrix) -> Matrix:
    """Return the logistic function of scores."""
    from scipy.special import expit

    chances: Matrix = expit(scores)
    return chances


def evidence(head: Head, sentences: Sequence[str]) -> Matrix:
    """Return how much the words of each sentence speak for each label, shape (sentences, labels).

    The part of the scores that comes from words alone: vectors are known per post only.
    """
    told: Matrix = features.words(features.read(sentences)) @ head.weights.words
    return told


def _check_shapes(head: Head) -> None:
    weights, n = head.weights, len(head.labels)
    d, p = len(weights.centre), len(PLACES)
    wanted = {
        "scale": (d,), "dense": (d, n), "words": (features.BUCKETS, n), "bias": (n,),
        "calibration": (p, n, n), "offset": (p, n), "thresholds": (p, n),
    }  # fmt: skip
    for name, shape in wanted.items():
        found = getattr(weights, name).shape
        if found != shape:
            raise ValueError(f"{name} has shape {found}, want {shape}")
