"""Public data with known tags, one shape for all: what heads are trained and measured on."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from feedbackminer.api.frames import as_texts
from feedbackminer.clean.stage import clean_text
from feedbackminer.embed.encoder import STATE, Encoded, Encoder
from feedbackminer.embed.stage import embed_passages, missing
from feedbackminer.errors import InputError
from feedbackminer.project.store import Store
from feedbackminer.tables import Segments
from feedbackminer.text.sentences import split
from feedbackminer.vectors import from_bytes, matrices
from feedbackminer.vocabulary.tags import KINDS, NOTHING, SENTIMENTS

CHARS = 20_000  # read of a text before it is cleaned, as in the pipeline
AROUND = 2  # sentences on either side of a labelled one that are read with it
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


class Post(NamedTuple):
    """A post of a set, as it is read."""

    text: str
    group: str
    rating: float | None


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
# Where the texts of our own labels lie: the file, and the file with titles.
TEXTS: Mapping[str, tuple[str, str]] = {
    "openenergymonitor": (
        "openenergymonitor_forum/posts.jsonl.gz", "openenergymonitor_forum/threads.jsonl.gz",
    ),
    "urho3d": ("urho3d_forum/posts.jsonl.gz", "urho3d_forum/threads.jsonl.gz"),
    "slicer": ("slicer_forum/posts.jsonl.gz", "slicer_forum/threads.jsonl.gz"),
    "ubuntu_irc": ("ubuntu_irc/messages.jsonl.gz", ""),
    "r_mailing_lists": ("r_mailing_lists/messages.jsonl.gz", ""),
    "se_meta_history": ("se_meta_history/posts.jsonl.gz", ""),
    "minibar": ("minibar_app_reviews/train.jsonl.gz", ""),
    "urr": ("urr_app_reviews/train.jsonl.gz", ""),
}  # fmt: skip


def load(folder: Path, name: str) -> list[LabelledText]:
    """Read a public set.

    Raises:
        InputError: the folder does not hold it.
    """
    rows = [SETS[name].read(row) for row in _lines(folder / SETS[name].path)]
    cleaned = [(row, clean_text(row.text[:CHARS])) for row in rows if row]
    return [replace(row, text=text) for row, text in cleaned if text]


def load_labels(folder: Path, labels: Path) -> list[LabelledText]:
    """Read our own labels and the posts they are about.

    Args:
        folder: the public data sets, which hold the texts.
        labels: a file of ``data``, ``id``, ``kinds``, ``sentiment``, ``severity``,
            ``experience``, ``picked``, ``chance``.
    Raises:
        InputError: a file is missing, or a post is not in its set.
    """
    return [_labelled(line, post) for line, post in _with_posts(folder, labels)]


def load_invented(labels: Path) -> list[LabelledText]:
    """Read the posts that were invented for their labels; each is a group of its own.

    Those of one sentence are labelled as that sentence as well.
    """
    lines = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    sentences_of = split(line["text"] for line in lines)
    return [
        _invented(number, line, len(sentences))
        for number, (line, sentences) in enumerate(zip(lines, sentences_of, strict=True))
    ]


def _invented(number: int, line: Line, n_sentences: int) -> LabelledText:
    row = _labelled(
        {**line, "data": INVENTED, "id": str(number), "picked": True},
        Post(line["text"], str(number), None),
    )
    statuses = set(line["spoken"].values())
    if n_sentences > 1 or len(statuses) > 1:
        return row
    status = next(iter(statuses), NOTHING)
    return replace(row, status=status, speaks_of=tuple(line["spoken"]))


def load_sentences(folder: Path, labels: Path) -> list[LabelledText]:
    """Read labels of single sentences.

    Args:
        folder: the public data sets, which hold the texts.
        labels: a file of ``data``, ``id``, ``sentence`` (its number), ``status``, ``kinds``,
            ``experience``.
    Raises:
        InputError: a file is missing, or a post is not in its set.
    """
    pairs = list(_with_posts(folder, labels))
    sentences_of = split(post.text for _, post in pairs)
    return [
        _labelled_sentence(line, sentences, post.group)
        for (line, post), sentences in zip(pairs, sentences_of, strict=True)
    ]


def _labelled_sentence(line: Line, sentences: Sequence[str], group: str) -> LabelledText:
    number = line["sentence"]
    before = sentences[max(0, number - AROUND) : number]
    around = [*before, *sentences[number : number + 1 + AROUND]]
    return LabelledText(
        data=line["data"],
        id=line["id"],
        text="\n".join(around),
        sentence=sentences[number],
        group=f"{line['data']}:{group}",
        number=len(before),
        status=line["status"],
        speaks_of=tuple(line["kinds"]),
        experience=line["experience"],
        picked=True,
    )


def _with_posts(folder: Path, labels: Path) -> Iterator[tuple[Line, Post]]:
    """Yield each line of a file of labels with its post."""
    lines = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    posts = {
        name: _texts(folder, name, {line["id"] for line in lines if line["data"] == name})
        for name in sorted({line["data"] for line in lines})
    }
    for line in lines:
        if line["id"] not in posts[line["data"]]:
            raise InputError(f"{labels}: {line['data']} has no post {line['id']!r} at {folder}")
        yield line, posts[line["data"]][line["id"]]


def _labelled(line: Line, post: Post) -> LabelledText:
    return LabelledText(
        data=line["data"],
        id=line["id"],
        text=post.text,
        group=f"{line['data']}:{post.group}",
        rating=post.rating,
        sentiment=line["sentiment"],
        kinds={kind: kind in line["kinds"] for kind in KINDS},
        severity=line["severity"],
        experience=line["experience"],
        picked=line["picked"],
        chance=line.get("chance"),
        is_review=line.get("review", line["data"] in REVIEWS),
    )


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


def _texts(folder: Path, name: str, ids: Collection[str]) -> dict[str, Post]:
    """Return text, group and stars of some posts of a set, by id."""
    path, titles_path = TEXTS[name]
    titles = {
        row["thread_id"]: row["title"]
        for row in (_lines(folder / titles_path) if titles_path else ())
    }
    posts = {}
    for row in _lines(folder / path):
        if (post_id := _post_id(row)) not in ids:
            continue
        text = clean_text((row["text"] or "")[:CHARS])
        if row.get("post_number") == 1:
            text = f"{titles.get(row['thread_id']) or ''}\n{text}"
        elif row.get("title") and not row.get("reply_to"):
            text = f"{row['title']}\n{text}"
        group = row.get("thread_id") or row.get("app") or row["log"]
        posts[post_id] = Post(text.strip(), str(group), row.get("stars"))
    return posts


def _post_id(row: Line) -> str:
    if "log" in row:
        return f"{row['log']}:{row['line']}"
    return str(row.get("id") or row.get("post_id") or f"{row['thread_id']}:{row['post_number']}")


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


def _lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
