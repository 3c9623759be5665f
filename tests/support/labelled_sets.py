"""Public sets in small: as many texts of each label as a test wants."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from feedbackminer.research.benchmarks.speed.posts import MIXED
from feedbackminer.research.benchmarks.topics import SETS

SUBJECTS = {
    "battery": "The battery of my phone drains overnight, even in flight mode, case {}",
    "export": "Exporting my notes to PDF loses every footnote in chapter {}",
}


def write_sets(folder: Path, texts_a_label: int) -> Path:
    """Write each set that speed is measured on."""
    for name in MIXED:
        path = folder / SETS[name]
        path.parent.mkdir(parents=True)
        with gzip.open(path, "wt", encoding="utf-8") as file:
            for number in range(texts_a_label):
                for label, text in SUBJECTS.items():
                    row = {"text": f"{text.format(number)} of {name}", "label": label}
                    file.write(json.dumps(row) + "\n")
    return folder
