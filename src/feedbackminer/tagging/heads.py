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
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.weights import CARD, WEIGHTS

ANY_ENCODER = ""  # of a head that reads no vectors
PER_LABEL = ("dense", "words", "bias", "offset", "thresholds")
GENRES = ("conversations", "reviews")  # a reply in a forum and a review are put differently
Genres = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """The arrays of a head with ``n`` labels over ``d`` dense features.

    Scores mean the same everywhere; how probable they make a label differs by ``GENRES``.
    """

    centre: Matrix  # (d,) what is taken off the dense features
    scale: Matrix  # (d,) and what they are divided by
    dense: Matrix  # (d, n)
    words: Matrix  # (BUCKETS, n)
    bias: Matrix  # (n,)
    calibration: Matrix  # (genres, n, n) scores to log-odds,
    offset: Matrix  # (genres, n) with these added
    thresholds: Matrix  # (genres, n) probability from which a label is given


@dataclass(frozen=True)
class Head:
    """Tells how probable each of its labels is; exactly one holds where ``exclusive``."""

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    encoder: str
    weights: Weights
    card: Mapping[str, Any]

    def probabilities(self, dense: Matrix, words: Any, genres: Genres) -> Matrix:
        """Return calibrated probabilities, shape (texts, labels).

        Args:
            dense, words: features, see :mod:`feedbackminer.tagging.features`.
            genres: what each text is, as a number of ``GENRES``.

        Formula: σ(scores · C + c), where σ is the softmax if labels exclude each other, else the
        logistic function; scores are linear in the features. Source: Platt 1999; matrix scaling,
        Guo et al. 2017.
        """
        return self.calibrated(self.scores(dense, words), genres)

    def calibrated(self, scores: Matrix, genres: Genres) -> Matrix:
        """Return the probabilities that scores stand for."""
        logits = np.zeros_like(scores)
        for genre in range(len(GENRES)):
            rows = genres == genre
            calibration, offset = self.weights.calibration[genre], self.weights.offset[genre]
            logits[rows] = scores[rows] @ calibration + offset
        if not self.exclusive:
            return squashed(logits)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        probabilities: Matrix = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def scores(self, dense: Matrix, words: Any) -> Matrix:
        """Return uncalibrated scores, shape (texts, labels)."""
        w = self.weights
        scaled = np.nan_to_num((dense - w.centre) / w.scale)  # what is unknown is as usual
        scores: Matrix = scaled @ w.dense + words @ w.words + w.bias
        return scores

    def decide(self, probabilities: Matrix, genres: Genres) -> Flags:
        """Return which labels are given: those at or over their threshold.

        Of labels that exclude each other, only the likeliest can be.
        """
        over: Flags = probabilities >= self.weights.thresholds[genres]
        if self.exclusive and len(over):
            best = probabilities.argmax(axis=1)
            over &= np.arange(len(self.labels)) == best[:, None]
        return over

    def only(self, columns: Sequence[int]) -> Self:
        """Return the head with some of its labels."""
        kept = list(columns)
        w = self.weights
        weights = replace(
            w,
            dense=w.dense[:, kept],
            words=w.words[:, kept],
            bias=w.bias[kept],
            calibration=w.calibration[np.ix_(range(len(GENRES)), kept, kept)],
            offset=w.offset[:, kept],
            thresholds=w.thresholds[:, kept],
        )
        return replace(self, labels=tuple(self.labels[k] for k in kept), weights=weights)

    def with_columns(self, other: Head, columns: Sequence[int]) -> Self:
        """Return the head with some of its labels as ``other`` has them, over the same features."""
        replaced = list(columns)
        arrays = {name: getattr(self.weights, name).copy() for name in PER_LABEL}
        for name, array in arrays.items():
            array[..., replaced] = getattr(other.weights, name)
        calibration = self.weights.calibration.copy()
        calibration[np.ix_(range(len(GENRES)), replaced, replaced)] = other.weights.calibration
        return replace(self, weights=replace(self.weights, calibration=calibration, **arrays))

    def save(self, folder: Path) -> None:
        """Write weights and card; the card gets the hash of the weights."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        arrays = {field.name: getattr(self.weights, field.name) for field in fields(Weights)}
        arrays["words"] = arrays["words"].astype(np.float16)
        data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})

        (folder / WEIGHTS).write_bytes(data)
        card = dict(self.card) | {
            "name": self.name,
            "labels": list(self.labels),
            "exclusive": self.exclusive,
            "encoder": self.encoder,
            "weights_sha256": hashlib.sha256(data).hexdigest(),
        }
        (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")

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
            if (actual := hashlib.sha256(data).hexdigest()) != expected:
                raise ModelError(
                    f"{folder / WEIGHTS}: these are not the weights of its card (hash {actual[:12]}"
                    f"…, the card says {str(expected)[:12]}…); they were damaged or changed: "
                    f"install the package again, or run `feedbackminer train {folder.name}`"
                )

            arrays = {name: array.astype(np.float32) for name, array in load(data).items()}
            head = cls(
                name=str(card["name"]),
                labels=tuple(map(str, card["labels"])),
                exclusive=bool(card["exclusive"]),
                encoder=str(card["encoder"]),
                weights=Weights(**arrays),
                card=card,
            )
            _check_shapes(head)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(
                f"{folder}: no head can be read here: {type(error).__name__}: {str(error)[:200]}; "
                f"want {CARD} and {WEIGHTS} as `feedbackminer train {folder.name}` writes them; "
                "heads of other versions are made again by it"
            ) from None
        return head


def squashed(scores: Matrix) -> Matrix:
    """Return the logistic function of scores."""
    from scipy.special import expit

    probabilities: Matrix = expit(scores)
    return probabilities


def _check_shapes(head: Head) -> None:
    weights, n = head.weights, len(head.labels)
    d, p = len(weights.centre), len(GENRES)
    wanted = {
        "scale": (d,), "dense": (d, n), "words": (features.BUCKETS, n), "bias": (n,),
        "calibration": (p, n, n), "offset": (p, n), "thresholds": (p, n),
    }  # fmt: skip
    for name, shape in wanted.items():
        actual = getattr(weights, name).shape
        if actual != shape:
            raise ValueError(f"{name} has shape {actual}, want {shape}")
