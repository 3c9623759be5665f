"""Texts without a project: one row out for each text, in order."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from feedbackminer.api.frames import (
    as_strings,
    as_texts,
    encode_once,
    find_file_repeats,
    row_id,
)
from feedbackminer.settings.load import load
from feedbackminer.settings.sections import Settings
from feedbackminer.vocabulary.tags import EXPERIENCES, KINDS, SENTIMENTS, UNSURE

if TYPE_CHECKING:
    from feedbackminer.embed.encoder import Encoder
    from feedbackminer.tagging.tagger import Tag, Tagger
    from feedbackminer.topics.result import TopicResult

Row = dict[str, Any]


def tag(
    texts: Any,
    *,
    are_reviews: bool = False,
    ratings: Sequence[float | None] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Say how each text sounds and what it does.

    Args:
        texts: strings, such as a list or a column of a table.
        are_reviews: they are reviews of an app, which are put otherwise than posts.
        ratings: the stars that each came with, 1 to 5; a text that has some is a review.
        settings: nested like ``feedbackminer.toml``.
    Returns:
        a row per text, in order: ``text``, ``sentiment`` with ``p_negative``, ``p_neutral`` and
        ``p_positive``, ``experience`` with ``p_bad``, ``p_good``, ``p_mixed`` and ``p_none``,
        ``kinds``, ``severity`` (1 to 4; null: no problem, or unsure), ``churn`` (a probability),
        ``unsure``, and of each kind ``p_KIND`` and ``status_KIND``: how the text speaks of it,
        null where it does not. Where nothing can be said, ``reason`` tells why: no_text, no_words
        or other_language.
    Raises:
        InputError: it is no list of strings.
        ModelError: the heads were trained on another encoder.
    Warns:
        UserWarning: a hundred texts or more are unlike those that the heads know.
    """
    strings = as_strings(texts)
    tagged, notices = tag_rows(
        strings, load(None, settings), are_reviews=are_reviews, ratings=ratings
    )
    for notice in notices:
        warnings.warn(notice, stacklevel=2)
    rows = [_flat(row) for row in tagged]
    return _frame(strings, rows, _TAG_COLUMNS)


def find_topics(texts: Any, *, settings: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Group texts into topics with names.

    Args:
        texts: strings, such as a list or a column of a table.
        settings: nested like ``feedbackminer.toml``.
    Returns:
        a row per text, in order: ``text``, ``topic_id``, ``label``, ``score`` (cosine to the
        topic's centre), ``theme`` and ``subtopic``, null where it is in none; ``also`` are labels
        of topics that parts of a long text are about, ``reason`` is why there is no topic:
        no_text or unsorted.
    Raises:
        InputError: it is no list of strings.
    """
    strings = as_strings(texts)
    rows = topic_rows(strings, load(None, settings))
    short = [row | {"also": [other["label"] for other in row["also"]]} for row in rows]
    return _frame(strings, short, _TOPIC_COLUMNS)


def tag_rows(
    strings: Sequence[str],
    settings: Settings,
    *,
    are_reviews: bool = False,
    ratings: Sequence[float | None] | None = None,
    encoder: Encoder | None = None,
) -> tuple[list[Row], tuple[str, ...]]:
    """Return what the heads say of each text, and notices about all of them.

    Args:
        encoder: in place of the one that the settings name.
    """
    from feedbackminer.clean.stage import clean_text
    from feedbackminer.clean.wrapped import unwrapped
    from feedbackminer.embed.load import load_encoder
    from feedbackminer.tagging.likeness import fitted_to
    from feedbackminer.tagging.stage import read_texts

    encoder = encoder or load_encoder(settings.embed)
    tagger = tagger_of(settings, encoder.name)
    cleaned = [unwrapped(clean_text(text)[: settings.clean.max_chars]) for text in strings]
    reasons = [_reason(text, prose) for text, prose in zip(strings, cleaned, strict=True)]

    tagged = [number for number, reason in enumerate(reasons) if not reason]
    texts = as_texts({number: cleaned[number] for number in tagged})
    encoded = encode_once(texts["text"].to_list(), encoder)
    stars = [ratings[number] if ratings else None for number in tagged]
    reviews = [are_reviews or rating is not None for rating in stars]
    read = read_texts(texts, encoded, reviews, stars)
    tagger, notices = fitted_to(tagger, [text.passage for text in read])
    tags = tagger.tag(read)
    rows = [_tag_row(None if reason else next(tags), reason) for reason in reasons]
    return rows, notices


def tagger_of(settings: Settings, encoder: str) -> Tagger:
    """Return what tags texts without a project: the shipped heads, or a tagger of the user's own.

    Raises:
        ModelError: the heads were trained on another encoder.
    """
    if settings.tag.tagger:
        from feedbackminer.tagging.own_tagger import load_own_tagger

        return load_own_tagger(settings.tag.tagger)
    from feedbackminer.tagging.head_tagger import load_tagger

    return load_tagger(encoder).at_even_odds()


def topic_rows(strings: Sequence[str], settings: Settings) -> Iterator[Row]:
    """Find topics, and return an iterator over those of each text."""
    result = topics_of(strings, settings)
    topics = {row["topic_id"]: row for row in result.topics.to_dicts()}
    assigned = _assigned(result.assignments, len(strings))
    return (_topic_row(rows, topics, text) for rows, text in zip(assigned, strings, strict=True))


def topics_of(
    strings: Sequence[str], settings: Settings, encoder: Encoder | None = None
) -> TopicResult:
    """Find topics; the ids of posts are :func:`api.frames.row_id` of the numbers of texts.

    Args:
        encoder: in place of the one that the settings name.
    """
    from feedbackminer.clean.segments import find_segments
    from feedbackminer.embed.load import load_encoder
    from feedbackminer.topics.corpus import TopicInput
    from feedbackminer.topics.stage import find_topics
    from feedbackminer.topics.topic_set import Provenance

    limit = settings.clean.max_chars
    texts = as_texts({number: text[:limit] for number, text in enumerate(strings) if text})
    encoder = encoder or load_encoder(settings.embed)
    segments = find_segments(texts, long_words=settings.clean.long_words)
    vectors = encode_once([*texts["text"], *segments["text"]], encoder).vectors
    themes = {name: encoder.encode(words).vectors for name, words in settings.topics.themes.items()}
    return find_topics(
        TopicInput(
            texts=texts,
            vectors=vectors[: len(texts)],
            threads=texts["post_id"],
            repeats=find_file_repeats(texts),
            segments=segments,
            segment_vectors=vectors[len(texts) :],
        ),
        settings=settings.topics,
        provenance=Provenance(encoder.name, "fit"),
        themes=themes,
    )


def _assigned(assignments: pl.DataFrame, count: int) -> Iterator[list[Row]]:
    """Yield the assignments of each of so many texts, its main topic first."""
    rows = assignments.sort("post_id", "rank").iter_rows(named=True)
    of_posts = groupby(rows, key=itemgetter("post_id"))
    post_id, of_post = next(of_posts, ("", iter(())))
    for number in range(count):
        if row_id(number) != post_id:
            yield []
            continue
        yield list(of_post)
        post_id, of_post = next(of_posts, ("", iter(())))


def _reason(text: str, prose: str) -> str:
    """Return why nothing can be said of a text, or nothing."""
    from feedbackminer.clean import language
    from feedbackminer.tagging.tagger import LANGUAGES
    from feedbackminer.text.words import count_words

    if not text:
        return "no_text"
    if not count_words(prose):
        return "no_words"  # only code, only a quotation, only signs
    return "" if language.detect(prose) in LANGUAGES else "other_language"


def _tag_row(tag: Tag | None, reason: str) -> Row:
    from feedbackminer.tagging.tagger import NOTHING

    names = [f"p_{name}" for name in SENTIMENTS]
    if tag is None:
        nothing = {"sentiment": UNSURE} | dict.fromkeys(names)
        nothing |= {"experience": UNSURE, "p_experience": {}}
        nothing |= {"kinds": [], "p_kinds": {}, "kind_status": {}}
        unsure = {"severity": None, "churn": None, "unsure": list(NOTHING.unsure)}
        return nothing | unsure | {"reason": reason}
    kinds = _rounded(KINDS, tag.kind_chances)
    return (
        {"sentiment": tag.sentiment.label}
        | (_rounded(names, tag.sentiment.chances) or dict.fromkeys(names))
        | {
            "experience": tag.experience.label,
            "p_experience": _rounded(EXPERIENCES, tag.experience.chances),
        }
        | {"kinds": list(tag.kinds), "p_kinds": kinds}
        | {"kind_status": {k: s for k, s in zip(KINDS, tag.statuses, strict=True) if s}}
        | {"severity": tag.severity}
        | {"churn": kinds.get("churn"), "unsure": list(tag.unsure), "reason": None}
    )


def _rounded(names: Sequence[str], chances: Sequence[float]) -> dict[str, float]:
    """Return chances by what they are of; nothing where the tagger knows none."""
    return {n: round(p, 4) for n, p in zip(names, chances, strict=True)} if chances else {}


def _topic_row(assigned: Sequence[Row], topics: Mapping[str, Row], text: str) -> Row:
    if not assigned:
        nothing = dict.fromkeys(("topic_id", "score", "label", "level", "theme", "subtopic"))
        return nothing | {"also": [], "reason": "unsorted" if text else "no_text"}
    main, *others = assigned
    topic = topics[main["topic_id"]]
    theme, part = topics.get(topic["parent_id"]), topics.get(main["subtopic_id"])
    return {
        "topic_id": topic["topic_id"],
        "score": round(main["score"], 4),
        "label": topic["label"],
        "level": topic["level"],
        "theme": theme["label"] if theme else None,
        "subtopic": part["label"] if part else None,
        "also": [
            {
                "topic_id": row["topic_id"],
                "score": round(row["score"], 4),
                "label": topics[row["topic_id"]]["label"],
            }
            for row in others
        ],
        "reason": None,
    }


_TAG_COLUMNS: Mapping[str, Any] = {
    "sentiment": pl.String,
    **{f"p_{name}": pl.Float64 for name in SENTIMENTS},
    "experience": pl.String,
    **{f"p_{name}": pl.Float64 for name in EXPERIENCES},
    "kinds": pl.List(pl.String),
    "severity": pl.Int64,
    "churn": pl.Float64,
    "unsure": pl.List(pl.String),
    **{f"p_{kind}": pl.Float64 for kind in KINDS},
    **{f"status_{kind}": pl.String for kind in KINDS},
    "reason": pl.String,
}
_TOPIC_COLUMNS: Mapping[str, Any] = {
    **dict.fromkeys(("topic_id", "label"), pl.String),
    "score": pl.Float64,
    **dict.fromkeys(("theme", "subtopic"), pl.String),
    "also": pl.List(pl.String),
    "reason": pl.String,
}


def _flat(row: Row) -> Row:
    """Give each probability, and the status of each kind, a column of its own."""
    return (
        row
        | {f"p_{name}": row["p_experience"].get(name) for name in EXPERIENCES}
        | {f"p_{kind}": row["p_kinds"].get(kind) for kind in KINDS}
        | {f"status_{kind}": row["kind_status"].get(kind) for kind in KINDS}
    )


def _frame(strings: Sequence[str], rows: Sequence[Row], columns: Mapping[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame([{name: row[name] for name in columns} for row in rows], schema=columns)
    return frame.insert_column(0, pl.Series("text", strings, dtype=pl.String))
