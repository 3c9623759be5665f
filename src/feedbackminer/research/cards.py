"""The card of a head: what it was trained on, and how sure one can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedbackminer.research.metrics.intervals import judge
from feedbackminer.tagging.fit import Examples, Fitted, Recipe
from feedbackminer.tagging.head_tagger import CONVERSATIONS, REVIEWS

# Kinds with fewer of our labels than this are weak; the digest marks them.
EXPERIMENTAL_BELOW = 400
LIMITS = (
    "Trained on English posts of a forum of hard- and software, a chat, mailing lists and a site "
    "of questions, on app reviews, invented posts and social media. Other languages are not known, "
    "sarcasm hardly. Of a long post only the first 1,200 characters are read, by the encoder about "
    "the first 128 tokens."
)
FORUMS = (
    "posts of three forums, read one by one, never trained on (of openenergymonitor other threads "
    "were, urho3d and slicer were never seen)"
)


def card_of(
    fitted: Fitted, examples: Examples, recipe: Recipe, sets: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Say what a head is for, what it was trained on and how well it does by cross-validation.

    Args:
        fitted: the head, and what it gave ``examples`` without having seen them.
        sets: of each training set its ``name``, ``licence``, ``sha256`` and, if any, ``rows``.
    """
    has_reviews = bool((examples.genres[examples.typical > 0] == REVIEWS).any())
    return {
        "intended_use": "Tags of posts of product communities, counted over many members; not "
        "decisions about a person.",
        "limits": LIMITS,
        "recipe": {
            "seed": recipe.seed,
            "alpha": recipe.alpha,
            "precision": recipe.precision,
            "floor": recipe.floor,
        },
        "trained_on": list(sets),
        "splits": "5 folds; threads, apps and documents are never split",
        "measured_on": "our labelled posts whose threads and apps the reader did not see, each by "
        "weights that had not seen it either; posts that were drawn unevenly count for those that "
        "they stand for, other picked ones a fifth",
        "by_label": {
            label: _judged(fitted, examples, k, CONVERSATIONS, recipe)
            | ({"reviews": _judged(fitted, examples, k, REVIEWS, recipe)} if has_reviews else {})
            for k, label in enumerate(recipe.labels)
        },
    }


def _judged(
    fitted: Fitted, examples: Examples, k: int, genre: int, recipe: Recipe
) -> dict[str, Any]:
    """Judge a label in one genre, by what was scored unseen."""
    is_labelled = (examples.typical > 0) & ~np.isnan(examples.truth[:, k])
    rows = is_labelled & (examples.genres == genre)
    truth, weight = examples.truth[rows, k], examples.typical[rows]
    threshold = float(fitted.head.weights.thresholds[genre, k])
    figures = judge(fitted.out_of_fold[rows, k], truth, weight, threshold, recipe.seed)
    return {
        "threshold": round(threshold, 4),
        "share": round(float(np.average(truth, weights=weight)), 5),
        "experimental": recipe.name == "severity" or figures["positives"] < EXPERIMENTAL_BELOW,
        **figures,
    }


def as_markdown(card: Mapping[str, Any]) -> str:
    """Return a card as a page."""
    if "limit" in card:
        return _of_likeness(card)
    labels = card["by_label"].items()
    lines = [
        f"# Head: {card['name']}",
        "",
        f"{card['intended_use']} Encoder: `{card['encoder'] or 'none'}`.",
        "",
        "## Trained on",
        "",
        "| set | rows | licence | sha256 |",
        "| --- | --- | --- | --- |",
        *map(_set_line, card["trained_on"]),
        "",
        f"## Measured\n\n{card['measured_on'][:1].upper()}{card['measured_on'][1:]}. "
        "Brackets: 95 % bootstrap intervals. "
        f"Thresholds aim at a precision of {card['recipe']['precision']}.",
        "",
        *_table("Posts of conversations", list(labels)),
        *_table("Reviews", [(label, row["reviews"]) for label, row in labels if "reviews" in row]),
        *_forum_table(card.get("unseen", FORUMS), list(labels)),
        f"## Known failures\n\n{card['limits']}",
        "",
        f"Weights: sha256 `{card['weights_sha256']}`.",
    ]
    return "\n".join(lines) + "\n"


def _of_likeness(card: Mapping[str, Any]) -> str:
    """Return the page of the head that tells whether texts are like those that are known."""
    lines = [
        f"# Head: {card['name']}",
        "",
        f"{card['intended_use']} {card['measured_on'].capitalize()}: 95 % of their means exceed",
        "",
        *(f"- {name}: {limit:.3f}" for name, limit in card["left_out"].items()),
        "",
        f"Texts with a mean below {card['limit']:.3f} are told to be unlike.",
        "",
        "| set | rows | licence | sha256 |",
        "| --- | --- | --- | --- |",
        *map(_set_line, card["trained_on"]),
        "",
        f"Weights: sha256 `{card['weights_sha256']}`.",
    ]
    return "\n".join(lines) + "\n"


def _forum_table(unseen: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    measured = [(label, row) for label, row in rows if "on_forums" in row]
    if not measured:
        return []
    return [
        f"On {unseen}:",
        "",
        "| label | posts given it | rightly | |",
        "| --- | --- | --- | --- |",
        *(_forum_line(label, row) for label, row in measured),
        "",
    ]


def _table(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    if not rows:
        return []
    return [
        f"{title}:",
        "",
        "| label | threshold | examples for it | precision | recall | average precision | "
        "calibration error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_label_line(label, row) for label, row in rows),
        "",
    ]


def _set_line(row: Mapping[str, Any]) -> str:
    cells = row["name"], row.get("rows", ""), row["licence"], f"`{row['sha256'][:16]}…`"
    return f"| {' | '.join(map(str, cells))} |"


def _forum_line(label: str, row: Mapping[str, Any]) -> str:
    *interval, n_given = row["on_forums"]
    mark = "experimental" if row["experimental"] else ""
    return f"| {label} | {n_given:,} | {_with_interval(interval)} | {mark} |"


def _label_line(label: str, row: Mapping[str, Any]) -> str:
    is_given = row["threshold"] <= 1
    numbers = [
        f"{row['threshold']:.2f}" if is_given else "never given",
        f"{row['positives']:,}",
        *(_with_interval(row[name]) for name in ("precision", "recall", "average_precision")),
        f"{row['calibration_error']:.3f}",
    ]
    return f"| {label} | {' | '.join(numbers)} |"


def _with_interval(interval: Sequence[float | None]) -> str:
    value, low, high = interval
    return "–" if value is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
