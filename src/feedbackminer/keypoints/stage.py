"""The stage: sentences to key points, each with the sentences of members that say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.keypoints.choose import Choice, choose
from feedbackminer.keypoints.identity import key_point_ids
from feedbackminer.keypoints.matching import Matcher, read_wording
from feedbackminer.keypoints.sentences import STAGE, Read, read_sentences
from feedbackminer.tables import (
    KeyPoints,
    Matches,
    Sentences,
    check,
    column_types,
    count_once,
)
from feedbackminer.text.headline import SHORTEST, headline
from feedbackminer.vectors import from_bytes
from feedbackminer.vocabulary.tags import FIT, HEADLINES, SAYS

DOES = 0.35  # probability of saying a problem (or else), from which a sentence counts for one
HEADS, FITS = 0.6, 0.5  # from which it can be a headline: of saying it, of being fit as one
LONGEST = 25  # words of a headline
LEAST_VOICES = 2
MOST_POINTS = 400  # of each kind
Key = tuple[str, str, int]  # what a point says, and the post and number of its sentence


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
) -> Said:
    """Find what many members say.

    Args:
        tables: tags, posts, members and repeats.
        previous: sentences, key_points and matches of an earlier time.
        read: reads sentences that stand alone: their vectors and chances.
        read_as: a mark of what reads.
    """
    sentences = read_sentences(
        tables["tags"], read=read, read_as=read_as, earlier=previous["sentences"]
    )
    spoken = _of_members(sentences, tables)
    points, matches = _points(spoken, matcher, _earlier(previous))
    return Said(
        sentences=sentences,
        key_points=check(points, KeyPoints, where=STAGE),
        matches=check(matches, Matches, where=STAGE),
        account=Account(STAGE, len(sentences), len(sentences)),
    )


def _of_members(sentences: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the sentences of members with their voice; staff, bots and copies are left out."""
    roles = tables["members"].select("author_id", role=pl.col("role").cast(pl.String))
    posts = count_once(tables["posts"], tables["repeats"]).join(roles, on="author_id", how="left")
    role = pl.coalesce("role", pl.col("author_role").cast(pl.String))
    voiced = posts.filter(role.is_in(["member", "unknown"]), pl.col("author_id").is_not_null())
    voices = voiced.select("post_id", voice=pl.col("author_id").rank("dense").cast(pl.Int64) - 1)
    return sentences.join(voices, on="post_id", how="inner").sort("post_id", "number")


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
    post_ids = spoken["post_id"].to_numpy()
    posts = {key: frozenset(post_ids[choice.rows]) for key, choice in chosen.items()}
    ids = key_point_ids(posts, earlier)
    return _key_points(spoken, chosen, ids), _matches(spoken, chosen, ids)


def _choices(spoken: pl.DataFrame, matcher: Matcher) -> dict[str, list[Choice]]:
    """Return the choice of each of ``SAYS``; rows are those of ``spoken``."""
    chances = np.array(spoken["chances"].to_list(), np.float32)
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
