"""The stage: sentences to key points, each with the sentences of members that say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.accounts import Account
from feedbackminer.keypoints.choose import choose
from feedbackminer.keypoints.clauses import clauses
from feedbackminer.keypoints.identity import Behind, Key, key_point_ids
from feedbackminer.keypoints.matching import Chances, Encode, Matrix, read_wording
from feedbackminer.keypoints.sentences import Tell, counts, read_alone, told
from feedbackminer.tables import (
    Clauses,
    KeyPoints,
    Matches,
    Sentences,
    check,
    column_types,
)
from feedbackminer.text.headline import LONGEST, SHORTEST, headline
from feedbackminer.text.product import find_product
from feedbackminer.vectors import from_bytes
from feedbackminer.vocabulary.tags import FIT, HEADLINES, SAID_IN, SAYS

STAGE = "keypoints"
# From which it can be a headline: of saying it, and of being fit as one. Of problems that are told
# vaguely most are matched rightly, of questions ("Is there any way to run it?") most are not.
HEADS = 0.7
FITS: Mapping[str, float] = {"problem": 0.5, "request": 0.6, "question": 0.6, "praise": 0.6}
BRIEF = 14  # words of a headline; a longer one counts as less fit, by how much longer it is
# What the matter is stands elsewhere: “I get the following error”.
POINTS_AWAY = re.compile(
    r"\b(?:following|below|above|attached|screen ?shots?|as follows)\b", re.IGNORECASE
)
LEAST_VOICES = 2
MOST_POINTS = 400  # of each kind


@dataclass(frozen=True)
class Said:
    """Sentences and clauses of them, key points, and which sentence says which."""

    sentences: dy.DataFrame[Sentences]
    clauses: dy.DataFrame[Clauses]
    key_points: dy.DataFrame[KeyPoints]
    matches: dy.DataFrame[Matches]
    account: Account


@dataclass(frozen=True)
class _Point:
    """A chosen key point."""

    says: str
    row: int  # of the sentence that heads it, or of which a part does
    text: str
    rows: NDArray[np.int64]  # of the sentences that say it
    chances: NDArray[np.float32]
    near: int | None  # the sentence that heads the point that it is shown with


def find_key_points(
    tables: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame],
    *,
    tell: Tell,
    encode: Encode,
    read_as: str,
    chances: Chances,
    product: str = "",
    begin: Callable[[str, pl.DataFrame], object] = lambda _name, _rows: None,
    keep: Callable[[str, pl.DataFrame], object] = lambda _name, _rows: None,
) -> Said:
    """Find what many members say.

    Args:
        tables: tags, posts, members, repeats and tag_labels.
        previous: sentences, clauses, key_points and matches of an earlier time.
        tell: tells what sentences that stand alone say.
        encode: returns their vectors.
        read_as: a mark of what reads.
        chances: tells from vectors which sentences say the same.
        product: the product's name, if the settings have it.
        begin: called with the rows of ``sentences``, and of ``clauses``, that were read before.
        keep: called with others as soon as they are read.
    """
    rows = told(tables)
    called = find_product(rows["text"].to_list(), product)

    def alone(table: str, of: pl.DataFrame) -> pl.DataFrame:
        return read_alone(
            of,
            tell=tell,
            encode=encode,
            read_as=read_as,
            product=called,
            earlier=previous[table],
            begin=partial(begin, table),
            keep=partial(keep, table),
        )

    read_rows = alone("sentences", rows.select("post_id", "number", "text"))
    sentences = check(read_rows, Sentences, where=STAGE)
    parts = check(alone("clauses", _clauses(sentences)), Clauses, where=STAGE)
    spoken = sentences.join(
        rows.select("post_id", "number", "voice"), on=["post_id", "number"], maintain_order="left"
    )
    labels = tables["tag_labels"].select("post_id", "kinds")
    points, matches = _points(spoken, parts, labels, chances, _earlier(previous))
    return Said(
        sentences=sentences,
        clauses=parts,
        key_points=check(points, KeyPoints, where=STAGE),
        matches=check(matches, Matches, where=STAGE),
        account=Account(STAGE, len(rows), len(sentences)),
    )


def _clauses(sentences: pl.DataFrame) -> pl.DataFrame:
    """Return the clauses of those sentences that say something."""
    chances = _matrix(sentences)
    says_so = counts(chances) & (chances[:, : len(SAYS)] >= HEADS)
    rows = sentences[np.flatnonzero(says_so.any(axis=1)).tolist()]
    found = [
        (post_id, number, part, text)
        for post_id, number, sentence in rows.select("post_id", "number", "text").iter_rows()
        for part, text in enumerate(clauses(sentence), 1)
    ]
    columns = ("post_id", "number", "part", "text")
    schema = {name: column_types(Clauses)[name] for name in columns}
    return pl.DataFrame(found, schema=schema, orient="row")


def _points(
    spoken: pl.DataFrame,
    parts: pl.DataFrame,
    labels: pl.DataFrame,
    chances: Chances,
    earlier: Mapping[str, frozenset[str]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tables of key points and of matches."""
    if spoken.is_empty():
        return _key_points(spoken, {}, {}), _matches(spoken, {}, {})
    points = _chosen(spoken, parts, labels, chances)
    chosen = {_key(spoken, point.says, point.row): point for point in points}
    behind = {
        key: Behind(
            post_ids=frozenset(spoken["post_id"].gather(point.rows)),
            sentences=frozenset(spoken["text"].gather(point.rows)),
        )
        for key, point in chosen.items()
    }
    ids = key_point_ids(behind, earlier)
    return _key_points(spoken, chosen, ids), _matches(spoken, chosen, ids)


def _key(spoken: pl.DataFrame, says: str, row: int) -> Key:
    """Return what tells a point from the others: of a sentence there is one that says it."""
    return says, spoken["post_id"][row], spoken["number"][row]


def _chosen(
    spoken: pl.DataFrame, parts: pl.DataFrame, labels: pl.DataFrame, chances: Chances
) -> Iterator[_Point]:
    """Yield the points of each of ``SAYS``; rows are those of ``spoken``."""
    key = ["post_id", "number"]
    numbered = spoken.select(*key, row=pl.int_range(pl.len()))
    of_parts = parts.join(numbered, on=key, maintain_order="left")["row"].to_numpy()
    columns = ["post_id", "text", "chances", "vector"]
    together = pl.concat([spoken.select(columns), parts.select(columns)])
    of = np.append(np.arange(len(spoken)), of_parts)
    texts = together["text"].to_list()
    wording = read_wording(texts, from_bytes(together["vector"].to_list()))
    says = _as_people_say(together, labels)
    says[len(spoken) :, SAYS.index("praise")] = 0  # what qualifies praise is not left out of it

    n_words = np.array([len(text.split()) for text in texts])
    fit = says[:, HEADLINES.index(FIT)]
    points_away = np.array([bool(POINTS_AWAY.search(text)) for text in texts], bool)
    is_fit = (n_words >= SHORTEST) & (n_words <= LONGEST) & ~points_away
    brief = np.minimum(1, BRIEF / n_words.clip(1))
    fitness = (fit * brief).astype(np.float32)
    voices = spoken["voice"].to_numpy()
    is_counted = counts(says[: len(spoken)])
    for k, name in enumerate(SAYS):
        rows = np.flatnonzero(is_counted[:, k])
        heads = np.flatnonzero(
            is_fit & (fit >= FITS[name]) & (says[:, k] >= HEADS) & is_counted[of, k]
        )
        for choice in choose(
            wording[heads],
            np.searchsorted(rows, of[heads]),
            fitness[heads],
            wording[rows],
            voices[rows],
            chances=chances,
            least_voices=LEAST_VOICES,
            limit=MOST_POINTS,
        ):
            head = int(heads[choice.candidate])
            near = None if choice.near is None else int(of[heads[choice.near]])
            yield _Point(name, int(of[head]), texts[head], rows[choice.rows], choice.chances, near)


def _matrix(sentences: pl.DataFrame) -> Matrix:
    """Return the chances of sentences, shape (sentences, HEADLINES)."""
    rows = sentences["chances"].to_list()
    return np.array(rows, np.float32).reshape(len(rows), len(HEADLINES))


def _as_people_say(sentences: pl.DataFrame, labels: pl.DataFrame) -> Matrix:
    """Return chances, without what a sentence cannot say in a post that a person labelled."""
    chances = _matrix(sentences)
    kinds = sentences.join(labels, on="post_id", how="left", maintain_order="left")["kinds"]
    for k, says in enumerate(SAYS):
        fits = kinds.list.set_intersection(list(SAID_IN[says])).list.len() > 0
        chances[(~fits).fill_null(value=False).to_numpy(), k] = 0
    return chances


def _earlier(previous: Mapping[str, pl.DataFrame]) -> dict[str, frozenset[str]]:
    """Return the posts behind each earlier key point, by its id."""
    by_point = previous["matches"].group_by("key_point_id").agg("post_id")
    return {key_point_id: frozenset(posts) for key_point_id, posts in by_point.iter_rows()}


def _key_points(
    spoken: pl.DataFrame, chosen: Mapping[Key, _Point], ids: Mapping[Key, str]
) -> pl.DataFrame:
    rows = [
        {
            "key_point_id": ids[key],
            "says": key[0],
            "post_id": key[1],
            "number": key[2],
            "text": headline(point.text),
            "n_voices": spoken["voice"].gather(point.rows).n_unique(),
            "near": None if point.near is None else ids[_key(spoken, point.says, point.near)],
        }
        for key, point in chosen.items()
    ]
    return pl.DataFrame(rows, schema=column_types(KeyPoints)).sort("key_point_id")


def _matches(
    spoken: pl.DataFrame, chosen: Mapping[Key, _Point], ids: Mapping[Key, str]
) -> pl.DataFrame:
    frames = [
        spoken[point.rows.tolist()].select(
            "post_id",
            "number",
            key_point_id=pl.lit(ids[key]),
            chance=pl.Series(point.chances),
        )
        for key, point in chosen.items()
    ]
    columns = [*column_types(Matches)]
    empty = pl.DataFrame(schema=column_types(Matches))
    table: pl.DataFrame = pl.concat([empty, *(frame.select(columns) for frame in frames)])
    return table.sort("key_point_id", "post_id", "number")
