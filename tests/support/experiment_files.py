"""Experiments over a small file of labelled texts."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

SUBJECTS = {
    "battery": ("battery drains", "charger", "flight mode", "overnight", "percent", "warm phone"),
    "export": ("export to PDF", "footnote", "chapter", "page numbers", "margins", "table"),
    "sync": ("sync conflict", "server", "second laptop", "lost change", "offline", "copies"),
    "price": ("price", "student plan", "yearly", "refund", "subscription", "expensive"),
}
FRAMES = (
    "Since the update the {} and the {} are a mess, case {}",
    "Can anybody tell me how the {} goes with the {}? Number {}",
    "I like the {}, but not what it does to the {} in version {}",
)
SMALL = {"topics": {"small_community": 50}}


def write_texts(path: Path, count: int = 240, *, labelled: float = 1.0) -> Path:
    """Write texts on four subjects; a share of them is labelled with theirs."""
    chance = random.Random(0)
    names = list(SUBJECTS)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["body", "subject"])
        for number in range(count):
            name = names[number % len(names)]
            one, other = chance.sample(SUBJECTS[name], 2)
            label = name if chance.random() < labelled else ""
            rows.writerow([FRAMES[number % len(FRAMES)].format(one, other, number), label])
    return path


def write_experiment(folder: Path, **changed: Any) -> Path:
    """Write an experiment beside its texts; it uses the static encoder, which loads at once."""
    texts = folder / "texts.csv"
    if not texts.exists():
        write_texts(texts)
    values: Mapping[str, Any] = {
        "stage": "topics",
        "seeds": [0, 1],
        "data": {"path": "texts.csv", "text": "body", "label": "subject"},
        "settings": SMALL | {"embed": {"backend": "static"}},
        "matrix": {"topics.max_topics": [20, 40]},
        "baselines": ["nmf"],
    }
    values = {key: value for key, value in {**values, **changed}.items() if value is not None}
    path = folder / "fineness.toml"
    path.write_text(tomlkit.dumps(values), "utf-8")
    return path
