"""Public data with known tags, one shape for all: what heads are trained and measured on."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.api.frames import as_texts
from feedbackminer.clean.stage import clean_text
from feedbackminer.embed.encoder import Encoded, Encoder
from feedbackminer.embed.stage import embed_passages, missing
from feedbackminer.errors import InputError
from feedbackminer.project.store import Store
from feedbackminer.tables import Segments
from feedbackminer.vectors import from_bytes
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

CHARS = 20_000  # read of a text before it is cleaned, as in the pipeline
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """A text, and what is known of it; ``kinds`` names only those that somebody decided on."""

    data: str
    id: str
    text: str
    group: str  # never split between training and testing
    split: str = "train"
    sentiment: str | None = None
    kinds: Mapping[str, bool] = field(default_factory=dict)
    severity: int | None = None  # 1 cosmetic … 4 data loss, security, unusable; 0: no problem
    picked: bool = False  # chosen for what it seemed to say, so no picture of its community


@dataclass(frozen=True)
class DataSet:
    """Where a set lies, how its lines are read, and whether released weights may rest on it."""

    path: str
    licence: str
    may_ship: bool
    read: Callable[[Line], Said | None]


def _sentiment(name: str, group: str = "id") -> Callable[[Line], Said | None]:
    def read(row: Line) -> Said | None:
        if row["label"] not in SENTIMENTS:
            return None  # mixed, or too hard to tell
        where = f"{name}:{row[group]}"
        return Said(name, row["id"], row["text"], where, row["split"], row["label"])

    return read


def _minibar(row: Line) -> Said | None:
    if row["label"] == "none":
        return None
    named = row["labels"]
    kinds = {"bug": "problem_report" in named, "feature_request": "feature_request" in named}
    return Said("minibar", row["id"], row["text"], row["app"], row["lang"], kinds=kinds)


def _nlbse24(row: Line) -> Said:
    kind = {"feature": "feature_request"}.get(row["label"], row["label"])
    kinds = {name: name == kind for name in ("bug", "feature_request", "question")}
    return Said("nlbse24", row["id"], _titled(row), row["repo"], row["split"], kinds=kinds)


def _gitbugs(row: Line) -> Said:
    kinds = {"bug": True, "praise": False, "churn": False, "pricing": False}
    return Said("gitbugs", row["id"], _titled(row), row["project"], row["split"], kinds=kinds)


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
# Where the texts of our own labels lie: the file, and the file with titles.
TEXTS: Mapping[str, tuple[str, str]] = {
    "openenergymonitor": (
        "openenergymonitor_forum/posts.jsonl.gz", "openenergymonitor_forum/threads.jsonl.gz",
    ),
    "urho3d": ("urho3d_forum/posts.jsonl.gz", "urho3d_forum/threads.jsonl.gz"),
    "ubuntu_irc": ("ubuntu_irc/messages.jsonl.gz", ""),
    "minibar": ("minibar_app_reviews/train.jsonl.gz", ""),
    "urr": ("urr_app_reviews/train.jsonl.gz", ""),
}  # fmt: skip


def load(folder: Path, name: str) -> list[Said]:
    """Read a public set.

    Raises:
        InputError: the folder does not hold it.
    """
    rows = [SETS[name].read(row) for row in _lines(folder / SETS[name].path)]
    cleaned = [(row, clean_text(row.text[:CHARS])) for row in rows if row]
    return [_with_text(row, text) for row, text in cleaned if text]


def load_labels(folder: Path, labels: Path) -> list[Said]:
    """Read our own labels and the posts they are about.

    Args:
        folder: the public data sets, which hold the texts.
        labels: a file of ``data``, ``id``, ``sentiment``, ``kinds``, ``severity``, ``picked``.
    Raises:
        InputError: a file is missing, or a post is not in its set.
    """
    told = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    texts = {name: _texts(folder, name) for name in sorted({row["data"] for row in told})}
    rows = []
    for row in told:
        found = texts[row["data"]].get(row["id"])
        if found is None:
            raise InputError(f"{labels}: {row['data']} has no post {row['id']!r} at {folder}")
        rows.append(
            Said(
                row["data"],
                row["id"],
                found[0],
                f"{row['data']}:{found[1]}",
                "train",
                row["sentiment"],
                {kind: kind in row["kinds"] for kind in KINDS},
                row["severity"],
                row["picked"],
            )
        )
    return rows


def encode(rows: Sequence[Said], encoder: Encoder, cache: Path) -> Encoded:
    """Encode texts, each distinct one once ever: vectors are kept in a store at ``cache``."""
    store = Store(cache)
    texts = as_texts({number: row.text for number, row in enumerate(rows)})
    hashes = pl.Series([_hash(row.text) for row in rows], dtype=pl.String)
    texts = texts.with_columns(content_hash=hashes)
    keys = texts.select("content_hash").unique().with_columns(encoder=pl.lit(encoder.name))
    known = store.select("vectors", keys)["content_hash"]
    for chunk in embed_passages(missing(texts, Segments.create_empty(), known), encoder=encoder):
        store.append("vectors", chunk)
    told = store.select("vectors", keys)
    rows_of = texts.select("content_hash").join(
        told, on="content_hash", how="left", maintain_order="left"
    )
    return Encoded(from_bytes(rows_of["vector"].to_list()), from_bytes(rows_of["middle"].to_list()))


def columns(rows: Sequence[Said], labels: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the truth of kinds, shape (rows, labels); nan where nobody decided."""
    told = [[row.kinds.get(label, np.nan) for label in labels] for row in rows]
    return np.array(told, np.float32).reshape(len(rows), len(labels))


def _texts(folder: Path, name: str) -> dict[str, tuple[str, str]]:
    """Return the text and the group of every post of a set, by id."""
    path, titles_path = TEXTS[name]
    titles = {
        row["thread_id"]: row["title"]
        for row in (_lines(folder / titles_path) if titles_path else ())
    }
    found = {}
    for row in _lines(folder / path):
        text = clean_text((row["text"] or "")[:CHARS])
        if row.get("post_number") == 1:
            text = f"{titles.get(row['thread_id']) or ''}\n{text}"
        group = row.get("thread_id") or row.get("app") or row["log"]
        own = row.get("id") or row.get("post_id") or f"{row['log']}:{row['line']}"
        found[str(own)] = (text.strip(), str(group))
    return found


def _titled(row: Line) -> str:
    return f"{row['title'] or ''}\n{row['text'] or ''}"


def _with_text(row: Said, text: str) -> Said:
    return Said(**{**row.__dict__, "text": text})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
