"""The stage: sentences to key points, each with the sentences of members that say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.accounts import Account
from feedbackminer.keypoints.choose import choose
from feedbackminer.keypoints.clauses import clauses
from feedbackminer.keypoints.identity import Behind, Key, key_point_ids
from feedbackminer.keypoints.matching import Matcher, Rerank, read_wording
from feedbackminer.keypoints.sentences import Read, read_sentences, told
from feedbackminer.tables import (
    KeyPoints,
    Matches,
    Sentences,
    check,
    column_types,
)
from feedbackminer.text.headline import LONGEST, SHORTEST, headline
from feedbackminer.vectors import from_bytes
from feedbackminer.vocabulary.tags import FIT, HEADLINES, SAID_IN, SAYS, STANDS

STAGE = "keypoints"
DOES = 0.35  # probability of saying a problem (or else), from which a sentence counts for one
# From which a sentence counts at all, and its clauses are tried: of standing alone, of being fit.
# What says neither who nor what ("How can I do this?") would say many points.
STANDS_ALONE, TELLS = 0.5, 0.15
PARTICULAR = 0.7  # how fit what names a version or a number is, beside what does not
HEADS, FITS = 0.6, 0.5  # from which it can be a headline: of saying it, of being fit as one
BRIEF = 14  # words of a headline; a longer one counts as less fit, by how much longer it is
LEAST_VOICES = 2
MOST_POINTS = 400  # of each kind


@dataclass(frozen=True)
class Said:
    """Sentences, key points and which says which."""

    sentences: dy.DataFrame[Sentences]
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


def find_key_points(
    tables: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame],
    *,
    read: Read,
    read_as: str,
    matcher: Matcher,
    rerank: Rerank,
    keep: Callable[[pl.DataFrame], object] = lambda _: None,
) -> Said:
    """Find what many members say.

    Args:
        tables: tags, posts, members, repeats and tag_labels.
        previous: sentences, key_points and matches of an earlier time.
        read: reads sentences that stand alone: their vectors and chances.
        read_as: a mark of what reads.
        matcher, rerank: tell which sentences say the same, see :mod:`keypoints.matching`.
        keep: called with rows of ``sentences`` as soon as they are read.
    """
    rows = told(tables)
    read_rows = read_sentences(
        rows, read=read, read_as=read_as, earlier=previous["sentences"], keep=keep
    )
    sentences = check(read_rows, Sentences, where=STAGE)
    labels = tables["tag_labels"].select("post_id", "kinds")
    spoken = sentences.join(
        rows.select("post_id", "number", "voice"), on=["post_id", "number"], maintain_order="left"
    ).join(labels, on="post_id", how="left", maintain_order="left")
    points, matches = _points(spoken, read, matcher, rerank, _earlier(previous))
    return Said(
        sentences=sentences,
        key_points=check(points, KeyPoints, where=STAGE),
        matches=check(matches, Matches, where=STAGE),
        account=Account(STAGE, len(rows), len(sentences)),
    )


def _points(
    spoken: pl.DataFrame,
    read: Read,
    matcher: Matcher,
    rerank: Rerank,
    earlier: Mapping[str, frozenset[str]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tables of key points and of matches."""
    if spoken.is_empty():
        return _key_points(spoken, {}, {}), _matches(spoken, {}, {})
    chosen = {
        (point.says, spoken["post_id"][point.row], spoken["number"][point.row]): point
        for point in _chosen(spoken, read, matcher, rerank)
    }
    behind = {
        key: Behind(
            post_ids=frozenset(spoken["post_id"].gather(point.rows)),
            sentences=frozenset(spoken["text"].gather(point.rows)),
        )
        for key, point in chosen.items()
    }
    ids = key_point_ids(behind, earlier)
    return _key_points(spoken, chosen, ids), _matches(spoken, chosen, ids)


def _chosen(spoken: pl.DataFrame, read: Read, matcher: Matcher, rerank: Rerank) -> Iterator[_Point]:
    """Yield the points of each of ``SAYS``; rows are those of ``spoken``."""
    chances = _as_people_say(np.array(spoken["chances"].to_list(), np.float32), spoken["kinds"])
    texts, of = _candidates(spoken["text"].to_list(), chances)
    vectors, of_clauses = from_bytes(spoken["vector"].to_list()), chances[:0]
    if parts := texts[len(spoken) :]:
        row_of = {part: row for row, part in enumerate(dict.fromkeys(parts))}
        of_parts, told_of_parts = read([*row_of])
        places = [row_of[part] for part in parts]
        vectors, of_clauses = np.vstack([vectors, of_parts[places]]), told_of_parts[places]
    says = np.vstack([chances, of_clauses])
    says[len(spoken) :, SAYS.index("praise")] = 0  # what qualifies praise is not left out of it
    wording = read_wording(texts, vectors, says)

    n_words = np.array([len(text.split()) for text in texts])
    fit = says[:, HEADLINES.index(FIT)]
    is_fit = (fit >= FITS) & (n_words >= SHORTEST) & (n_words <= LONGEST)
    has_number = np.array([any(map(str.isdigit, text)) for text in texts])
    brief = np.minimum(1, BRIEF / n_words.clip(1))
    fitness = (fit * brief * np.where(has_number, PARTICULAR, 1)).astype(np.float32)
    voices = spoken["voice"].to_numpy()
    tells = _tells(chances)
    for k, name in enumerate(SAYS):
        counts = tells & (chances[:, k] >= DOES)
        rows = np.flatnonzero(counts)
        heads = np.flatnonzero(is_fit & (says[:, k] >= HEADS) & counts[of])
        for choice in choose(
            wording.take(heads),
            np.searchsorted(rows, of[heads]),
            fitness[heads],
            wording.take(rows),
            voices[rows],
            matcher=matcher,
            rerank=rerank,
            least_voices=LEAST_VOICES,
            limit=MOST_POINTS,
        ):
            head = int(heads[choice.candidate])
            yield _Point(name, int(of[head]), texts[head], rows[choice.rows], choice.chances)


def _candidates(
    texts: list[str], chances: NDArray[np.float32]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return sentences and, after these, clauses of those that say something; and what each is of.

    Args:
        chances: of the sentences, shape (sentences, HEADLINES).
    """
    says_so = chances[:, : len(SAYS)].max(axis=1, initial=0) >= HEADS
    parts = [
        (row, part)
        for row in np.flatnonzero(says_so & _tells(chances))
        for part in clauses(texts[row])
    ]
    of = np.array([*range(len(texts)), *(row for row, _ in parts)], np.int64)
    return [*texts, *(part for _, part in parts)], of


def _tells(chances: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which sentences tell enough to be counted."""
    stands = chances[:, HEADLINES.index(STANDS)] >= STANDS_ALONE
    tells: NDArray[np.bool_] = stands & (chances[:, HEADLINES.index(FIT)] >= TELLS)
    return tells


def _as_people_say(chances: NDArray[np.float32], kinds: pl.Series) -> NDArray[np.float32]:
    """Rule out what a sentence cannot say in a post that a person gave other kinds."""
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
