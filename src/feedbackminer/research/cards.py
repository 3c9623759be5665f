"""The card of a head: what it was trained on, and how sure one can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedbackminer.research.metrics import judge
from feedbackminer.tag.fit import Examples, Fitted, Recipe

# Kinds with fewer of our labels than this are weak; the digest marks them.
EXPERIMENTAL_BELOW = 400
LIMITS = (
    "Trained on English posts of one hardware and software forum, of app reviews and of social "
    "media. Sarcasm and other languages are not known. Of a long post only the first 1,200 "
    "characters are read, by the vectors about the first 128 tokens."
)


def card(
    fitted: Fitted, examples: Examples, recipe: Recipe, sets: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Say what a head is for, what it was trained on and how well it does by cross-validation."""
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
        "measured_on": "our labelled posts of the training half, each by a model that had not "
        "seen its thread or app; picked posts weigh a fifth",
        "by_label": {
            label: _judged(fitted, examples, k, 0, recipe)
            | {"reviews": _judged(fitted, examples, k, 1, recipe)}
            for k, label in enumerate(recipe.labels)
        },
    }


def _judged(
    fitted: Fitted, examples: Examples, k: int, place: int, recipe: Recipe
) -> dict[str, Any]:
    """Judge a label in one place, by what was scored unseen."""
    limit = float(fitted.head.weights.thresholds[place, k])
    known = (examples.typical > 0) & ~np.isnan(examples.truth[:, k]) & (examples.genres == place)
    rows = fitted.out_of_fold[known, k], examples.truth[known, k], examples.typical[known]
    told = judge(*rows, limit, recipe.seed)
    is_weak = recipe.name == "severity" or told["positives"] < EXPERIMENTAL_BELOW
    share = round(float(np.average(rows[1], weights=rows[2])), 5)
    return {"threshold": round(limit, 4), "share": share, "experimental": is_weak} | told


def as_markdown(told: Mapping[str, Any]) -> str:
    """Return a card as a page."""
    labels = told["by_label"].items()
    lines = [
        f"# Head: {told['name']}",
        "",
        f"{told['intended_use']} Encoder: `{told['encoder'] or 'none'}`.",
        "",
        "## Trained on",
        "",
        "| set | rows | licence | sha256 |",
        "| --- | --- | --- | --- |",
        *(
            f"| {s['name']} | {s.get('rows', '')} | {s['licence']} | `{s['sha256'][:16]}…` |"
            for s in told["trained_on"]
        ),
        "",
        f"## Measured\n\n{told['measured_on'][:1].upper()}{told['measured_on'][1:]}. "
        "Brackets: 95 % bootstrap intervals. "
        f"Thresholds aim at a precision of {told['recipe']['precision']}.",
        "",
        *_table("Posts of conversations", [(label, row) for label, row in labels]),
        *_table("Reviews", [(label, row["reviews"]) for label, row in labels]),
        "On posts of two forums, read one by one and never trained on (of openenergymonitor other "
        "threads were, urho3d was never seen):",
        "",
        "| label | posts given it | rightly | |",
        "| --- | --- | --- | --- |",
        *(
            f"| {label} | {row['on_forums'][3]:,} | {_with_interval(row['on_forums'][:3])} "
            f"| {'experimental' if row['experimental'] else ''} |"
            for label, row in labels
        ),
        "",
        f"## Known failures\n\n{told['limits']}",
        "",
        f"Weights: sha256 `{told['weights_sha256']}`.",
    ]
    return "\n".join(lines) + "\n"


def _table(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [
        f"{title}:",
        "",
        "| label | threshold | examples for it | precision | recall | average precision | "
        "calibration error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_line(label, row) for label, row in rows),
        "",
    ]


def _line(label: str, row: Mapping[str, Any]) -> str:
    is_given = row["threshold"] <= 1
    numbers = [
        f"{row['threshold']:.2f}" if is_given else "never given",
        f"{row['positives']:,}",
        *(_with_interval(row[name]) for name in ("precision", "recall", "average_precision")),
        f"{row['calibration_error']:.3f}",
    ]
    return f"| {label} | {' | '.join(numbers)} |"


def _with_interval(told: Sequence[float | None]) -> str:
    value, low, high = told
    return "–" if value is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
