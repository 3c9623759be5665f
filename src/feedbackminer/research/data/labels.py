"""Our own labels of posts and sentences, joined with the texts of public sets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from feedbackminer.clean.stage import clean_text
from feedbackminer.errors import InputError
from feedbackminer.research.data.tags import CHARS, INVENTED, REVIEWS, LabelledText, Line, lines
from feedbackminer.text.sentences import split
from feedbackminer.vocabulary.tags import KINDS, NOTHING

# What each file of the folder of labels is for; its README tells more.
OWN, SENTENCES, MADE_UP = "train.jsonl", "sentences.jsonl", "invented.jsonl"  # training
CHECKED = "check.jsonl"  # posts that nothing is trained on
UNSEEN, UNSEEN_SENTENCES = "unseen.jsonl", "check_sentences.jsonl"  # of sites that nothing is
# Sentences that were read alone, and pairs of them; of the unseen nothing is trained on.
HEADLINES, UNSEEN_HEADLINES = "headlines.jsonl", "check_headlines.jsonl"
PAIRS, UNSEEN_PAIRS, INVENTED_PAIRS = (
    "pairs.jsonl",
    "check_pairs.jsonl",
    "invented_pairs.jsonl",
)
AROUND = 2  # sentences on either side of a labelled one that are read with it
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


class Post(NamedTuple):
    """A post of a set, as it is read."""

    text: str
    group: str
    rating: float | None


class Headline(NamedTuple):
    """A sentence that was read alone: what it says, and how fit it is to head a digest."""

    data: str
    id: str
    text: str
    group: str  # never split between training and testing
    says: str  # one of SAYS, or "none"
    fit: int  # 0 does not stand alone, 1 nearly, 2 fit


class Pair(NamedTuple):
    """Two sentences of one community: whether the second says what the first says."""

    data: str
    point: str
    sentence: str
    is_same: bool


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


def load_headlines(folder: Path, labels: Path) -> list[Headline]:
    """Read labels of sentences that were read alone.

    Args:
        folder: the public data sets, which hold the texts.
        labels: a file of ``data``, ``id``, ``sentence`` (its number), ``says``, ``fit``.
    Raises:
        InputError: a file is missing, or a post is not in its set.
    """
    pairs = list(_with_posts(folder, labels))
    sentences_of = split(post.text for _, post in pairs)
    return [
        Headline(
            line["data"],
            line["id"],
            sentences[line["sentence"]],
            f"{line['data']}:{post.group}",
            line["says"],
            line["fit"],
        )
        for (line, post), sentences in zip(pairs, sentences_of, strict=True)
    ]


def load_pairs(folder: Path, labels: Path) -> list[Pair]:
    """Read pairs of sentences.

    Args:
        folder: the public data sets, which hold the texts.
        labels: a file of ``data``, ``point`` and ``sentence`` (post and number of each), ``same``.
    Raises:
        InputError: a file is missing, or a post is not in its set.
    """
    lines = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    wanted = {(line["data"], line[side][0]) for line in lines for side in ("point", "sentence")}
    posts = {
        (name, post_id): post
        for name in sorted({name for name, _ in wanted})
        for post_id, post in _texts(folder, name, {i for n, i in wanted if n == name}).items()
    }
    if missing := wanted - posts.keys():
        raise InputError(f"{labels}: no post {min(missing)} at {folder}")
    sentences_of = dict(zip(posts, split(post.text for post in posts.values()), strict=True))

    def text(line: Line, side: str) -> str:
        post_id, number = line[side]
        return str(sentences_of[line["data"], post_id][number])

    return [
        Pair(line["data"], text(line, "point"), text(line, "sentence"), line["same"])
        for line in lines
    ]


def load_invented_pairs(labels: Path) -> list[Pair]:
    """Read points that were invented, each with sentences that say the same.

    Args:
        labels: a file of ``product``, which stands for a community, ``point`` and ``same``.
    """
    lines = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    return [
        Pair(f"{INVENTED}: {line['product']}", line["point"], sentence, is_same=True)
        for line in lines
        for sentence in line["same"]
    ]


def _labelled_sentence(line: Line, sentences: Sequence[str], group: str) -> LabelledText:
    number = line["sentence"]
    if number >= len(sentences):
        raise InputError(
            f"sentence {number} of post {line['id']} of {line['data']}: after cleaning the post "
            f"has {len(sentences)}; remove the label, or label its sentences again"
        )
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


def _texts(folder: Path, name: str, ids: Collection[str]) -> dict[str, Post]:
    """Return text, group and stars of some posts of a set, by id."""
    path, titles_path = TEXTS[name]
    titles = {
        row["thread_id"]: row["title"]
        for row in (lines(folder / titles_path) if titles_path else ())
    }
    posts = {}
    for row in lines(folder / path):
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
