"""The stage: sentences to key points, each with the sentences of members that say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.accounts import Account
from feedbackminer.keypoints.choose import Choice, choose
from feedbackminer.keypoints.identity import Behind, Key, key_point_ids
from feedbackminer.keypoints.matching import Matcher, read_wording
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
from feedbackminer.vocabulary.tags import FIT, HEADLINES, SAID_IN, SAYS

STAGE = "keypoints"
DOES = 0.35  # probability of saying a problem (or else), from which a sentence counts for one
HEADS, FITS = 0.6, 0.5  # from which it can be a headline: of saying it, of being fit as one
LEAST_VOICES = 2
MOST_POINTS = 400  # of each kind


@dataclass(frozen=True)
class Said:
    """Sentences, key points and which says which."""

    sentences: dy.DataFrame[Sentences]
    key_points: dy.DataFrame[KeyPoints]
    matches: dy.DataFrame[Matches]
    account: Account


def find_key_points(
    tables: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame],
    *,
    read: Read,
    read_as: str,
    matcher: Matcher,
    keep: Callable[[pl.DataFrame], object] = lambda _: None,
) -> Said:
    """Find what many members say.

    Args:
        tables: tags, posts, members, repeats and tag_labels.
        previous: sentences, key_points and matches of an earlier time.
        read: reads sentences that stand alone: their vectors and chances.
        read_as: a mark of what reads.
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
    points, matches = _points(spoken, matcher, _earlier(previous))
    return Said(
        sentences=sentences,
        key_points=check(points, KeyPoints, where=STAGE),
        matches=check(matches, Matches, where=STAGE),
        account=Account(STAGE, len(rows), len(sentences)),
    )


def _points(
    spoken: pl.DataFrame, matcher: Matcher, earlier: Mapping[str, frozenset[str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tables of key points and of matches."""
    if spoken.is_empty():
        return _key_points(spoken, {}, {}), _matches(spoken, {}, {})
    chosen = {
        (says, spoken["post_id"][choice.row], spoken["number"][choice.row]): choice
        for says, choices in _choices(spoken, matcher).items()
        for choice in choices
    }
    behind = {
        key: Behind(
            post_ids=frozenset(spoken["post_id"].gather(choice.rows)),
            sentences=frozenset(spoken["text"].gather(choice.rows)),
        )
        for key, choice in chosen.items()
    }
    ids = key_point_ids(behind, earlier)
    return _key_points(spoken, chosen, ids), _matches(spoken, chosen, ids)


def _choices(spoken: pl.DataFrame, matcher: Matcher) -> dict[str, list[Choice]]:
    """Return the choice of each of ``SAYS``; rows are those of ``spoken``."""
    chances = _as_people_say(np.array(spoken["chances"].to_list(), np.float32), spoken["kinds"])
    vectors = from_bytes(spoken["vector"].to_list())
    wording = read_wording(spoken["text"].to_list(), vectors, chances)
    voices, n_words = spoken["voice"].to_numpy(), spoken["text"].str.count_matches(r"\S+")
    fitness = chances[:, HEADLINES.index(FIT)]
    is_short = n_words.is_between(SHORTEST, LONGEST).to_numpy()

    choices: dict[str, list[Choice]] = {}
    for k, says in enumerate(SAYS):
        rows = np.flatnonzero(chances[:, k] >= DOES)
        heads = is_short & (chances[:, k] >= HEADS) & (fitness >= FITS)
        found = choose(
            wording.take(rows),
            voices[rows],
            np.where(heads, fitness, 0)[rows],
            matcher=matcher,
            least_voices=LEAST_VOICES,
            limit=MOST_POINTS,
        )
        choices[says] = [
            Choice(int(rows[choice.row]), rows[choice.rows], choice.chances) for choice in found
        ]
    return choices


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
    spoken: pl.DataFrame, chosen: Mapping[Key, Choice], ids: Mapping[Key, str]
) -> pl.DataFrame:
    rows = [
        {
            "key_point_id": ids[key],
            "says": key[0],
            "post_id": key[1],
            "number": key[2],
            "text": headline(spoken["text"][choice.row]),
            "n_voices": spoken["voice"].gather(choice.rows).n_unique(),
        }
        for key, choice in chosen.items()
    ]
    return pl.DataFrame(rows, schema=column_types(KeyPoints)).sort("key_point_id")


def _matches(
    spoken: pl.DataFrame, chosen: Mapping[Key, Choice], ids: Mapping[Key, str]
) -> pl.DataFrame:
    frames = [
        spoken[choice.rows.tolist()].select(
            "post_id",
            "number",
            key_point_id=pl.lit(ids[key]),
            chance=pl.Series(choice.chances),
        )
        for key, choice in chosen.items()
    ]
    columns = [*column_types(Matches)]
    empty = pl.DataFrame(schema=column_types(Matches))
    table: pl.DataFrame = pl.concat([empty, *(frame.select(columns) for frame in frames)])
    return table.sort("key_point_id", "post_id", "number")
