"""Public data with known tags, one shape for all: what heads are trained and measured on."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.api.frames import as_texts
from feedbackminer.clean.stage import clean_text
from feedbackminer.embed.encoder import STATE, Encoded, Encoder
from feedbackminer.embed.stage import embed_passages, missing
from feedbackminer.errors import InputError
from feedbackminer.project.store import Store
from feedbackminer.tables import Segments
from feedbackminer.vectors import from_bytes, matrices
from feedbackminer.vocabulary.tags import SENTIMENTS

CHARS = 20_000  # read of a text before it is cleaned, as in the pipeline
INVENTED = "invented"
REVIEWS = ("minibar", "urr")
Line = Mapping[str, Any]


@dataclass(frozen=True)
class LabelledText:
    """A text with its labels; ``kinds`` names only those that somebody decided on."""

    data: str
    id: str
    text: str
    group: str  # never split between training and testing
    split: str = "train"
    sentiment: str | None = None
    kinds: Mapping[str, bool] = field(default_factory=dict)
    severity: int | None = None  # 1 cosmetic … 4 data loss, security, unusable; 0: no problem
    experience: str | None = None
    picked: bool = False  # chosen for what it seemed to say, so no picture of its community
    chance: float | None = None  # with which it was drawn, where posts were drawn unevenly
    is_review: bool = False
    rating: float | None = None  # stars
    # Of a single sentence: which of the text it is, how it speaks (one of SPEECH), and of what.
    sentence: str = ""  # empty: all of the text
    number: int = 0
    status: str | None = None
    speaks_of: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Tell whether we labelled it, not a public set."""
        return self.experience is not None


@dataclass(frozen=True)
class DataSet:
    """Where a set lies, how its lines are read, and whether released weights may rest on it."""

    path: str
    licence: str
    may_ship: bool
    read: Callable[[Line], LabelledText | None]


def _sentiment(name: str, group: str = "id") -> Callable[[Line], LabelledText | None]:
    def read(row: Line) -> LabelledText | None:
        if row["label"] not in SENTIMENTS:
            return None  # mixed, or too hard to tell
        return LabelledText(
            data=name,
            id=row["id"],
            text=row["text"],
            group=f"{name}:{row[group]}",
            split=row["split"],
            sentiment=row["label"],
        )

    return read


def _minibar(row: Line) -> LabelledText | None:
    if row["label"] == "none":
        return None
    labels = row["labels"]
    return LabelledText(
        data="minibar",
        id=row["id"],
        text=row["text"],
        group=row["app"],
        split=row["lang"],
        kinds={"bug": "problem_report" in labels, "feature_request": "feature_request" in labels},
    )


def _nlbse24(row: Line) -> LabelledText:
    kind = {"feature": "feature_request"}.get(row["label"], row["label"])
    return LabelledText(
        data="nlbse24",
        id=row["id"],
        text=_titled(row),
        group=row["repo"],
        split=row["split"],
        kinds={name: name == kind for name in ("bug", "feature_request", "question")},
    )


def _gitbugs(row: Line) -> LabelledText:
    return LabelledText(
        data="gitbugs",
        id=row["id"],
        text=_titled(row),
        group=row["project"],
        split=row["split"],
        kinds={"bug": True, "praise": False, "churn": False, "pricing": False},
    )


SETS: Mapping[str, DataSet] = {
    "goemotions": DataSet(
        "goemotions/train.jsonl.gz", "Apache-2.0", True, _sentiment("goemotions")
    ),
    "senti4sd": DataSet(
        "senti4sd/train.jsonl.gz", "MIT (texts CC BY-SA 3.0)", True, _sentiment("senti4sd")
    ),
    "vader": DataSet(
        "vader_ratings/train.jsonl.gz", "MIT (snippets of third parties)", True,
        _sentiment("vader", "group"),
    ),
    "urr": DataSet("urr_app_reviews/train.jsonl.gz", "MIT", True, _sentiment("urr", "app")),
    "tweeteval": DataSet(
        "tweeteval_sentiment/validation.jsonl.gz", "unclear (Twitter)", False,
        _sentiment("tweeteval"),
    ),
    "opinions": DataSet(
        "app_feature_opinions/train.jsonl.gz", "MIT", True, _sentiment("opinions", "review")
    ),
    "minibar": DataSet("minibar_app_reviews/train.jsonl.gz", "MIT", True, _minibar),
    "gitbugs": DataSet("gitbugs_priority/train.jsonl.gz", "CC BY 4.0", True, _gitbugs),
    "nlbse24": DataSet("nlbse24_issues/train.jsonl.gz", "unclear (no licence)", False, _nlbse24),
}  # fmt: skip


def load(folder: Path, name: str) -> list[LabelledText]:
    """Read a public set.

    Raises:
        InputError: the folder does not hold it.
    """
    rows = [SETS[name].read(row) for row in lines(folder / SETS[name].path)]
    cleaned = [(row, clean_text(row.text[:CHARS])) for row in rows if row]
    return [replace(row, text=text) for row, text in cleaned if text]


def senti4sd(folder: Path) -> list[LabelledText]:
    """Return the rows of senti4sd that nothing is trained on."""
    return [row for row in load(folder, "senti4sd") if row.split == "validation"]


def encode(rows: Sequence[LabelledText], encoder: Encoder, cache: Path) -> Encoded:
    """Encode texts, each distinct one once ever: vectors are kept in a store at ``cache``."""
    store = Store(cache)
    texts = as_texts({number: row.text for number, row in enumerate(rows)})
    hashes = pl.Series([_hash(row.text) for row in rows], dtype=pl.String)
    texts = texts.with_columns(content_hash=hashes)
    keys = texts.select("content_hash").unique().with_columns(encoder=pl.lit(encoder.name))

    encoded = store.select("vectors", keys)["content_hash"]
    for chunk in embed_passages(missing(texts, Segments.create_empty(), encoded), encoder=encoder):
        store.append("vectors", chunk)

    aligned = texts.select("content_hash").join(
        store.select("vectors", keys), on="content_hash", how="left", maintain_order="left"
    )
    return Encoded(
        from_bytes(aligned["vector"].to_list()),
        from_bytes(aligned["middle"].to_list()),
        matrices(aligned["sentences"].to_list(), STATE),
    )


def columns(rows: Sequence[LabelledText], labels: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the truth of kinds, shape (rows, labels); nan where nobody decided."""
    truth = [[row.kinds.get(label, np.nan) for label in labels] for row in rows]
    return np.array(truth, np.float32).reshape(len(rows), len(labels))


def _titled(row: Line) -> str:
    return f"{row['title'] or ''}\n{row['text'] or ''}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file of data.

    Raises:
        InputError: there is none.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
