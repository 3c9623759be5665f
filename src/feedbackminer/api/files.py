"""Stages without a project: any file of texts in, one row per row out, in order."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedbackminer.api.frames import as_texts, encode_once, find_file_repeats, row_id
from feedbackminer.errors import InputError
from feedbackminer.settings.sections import Settings
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS, UNSURE

if TYPE_CHECKING:
    from feedbackminer.tag.tagger import Tag

COLUMNS_SHOWN = 12


def fit_topics(path: str, out: Path, *, text_column: str, settings: Settings) -> str:
    """Find topics in a file of texts and write ``topic_id``, ``score``, ``label``, ``level``.

    Further columns: ``theme``, ``subtopic``, ``also`` (topics that parts of a long text are about)
    and, where there is no topic, ``reason``.

    Returns:
        one line that says what was found.

    Raises:
        InputError: the file cannot be read, has no such column, or ``out`` cannot be written.
    """
    from feedbackminer.clean.segments import find_segments
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.topics.corpus import TopicInput
    from feedbackminer.topics.stage import find_topics
    from feedbackminer.topics.topic_set import Provenance

    said = read_texts(path, text_column=text_column, encoding=settings.collect.encoding)
    limit = settings.clean.max_chars
    texts = as_texts({number: text[:limit] for number, text in enumerate(said) if text})
    encoder = SentenceEncoder(settings.embed)
    segments = find_segments(texts, long_words=settings.clean.long_words)
    vectors = encode_once([*texts["text"], *segments["text"]], encoder).vectors
    themes = {name: encoder.encode(words).vectors for name, words in settings.topics.themes.items()}
    found = find_topics(
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
    topics = {row["topic_id"]: row for row in found.topics.to_dicts()}
    assigned: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found.assignments.sort("rank").to_dicts():
        assigned[row["post_id"]].append(row)
    rows = [_row(assigned[row_id(i)], topics, bool(text)) for i, text in enumerate(said)]
    _write(out, rows)
    active = [row for row in topics.values() if row["level"] == "topic"]
    return (
        f"{len(said):,} rows, {len(active)} topics, {len(found.dropped):,} unsorted, "
        f"{len(said) - len(texts):,} without text: {out}"
    )


def tag_file(
    path: str, out: Path, *, text_column: str, settings: Settings, are_reviews: bool = False
) -> str:
    """Tag a file of texts and write one JSON object per row.

    Each holds ``sentiment`` with ``p_negative``, ``p_neutral`` and ``p_positive``, ``kinds``,
    ``p_kinds`` (all of them), ``severity``, ``churn`` (its probability) and ``unsure``. Where
    nothing can be said, ``reason`` tells why: no_text, no_words or other_language.

    Args:
        are_reviews: the texts are reviews of an app, which are put otherwise than posts.

    Returns:
        one line that says what was found.

    Raises:
        InputError: the file cannot be read, has no such column, or ``out`` cannot be written.
        ModelError: a head is damaged, or was trained on another encoder.
    """
    from feedbackminer.clean.stage import clean_text
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.tag.head_tagger import load_tagger
    from feedbackminer.tag.stage import read_texts as as_read

    encoder = SentenceEncoder(settings.embed)
    tagger = load_tagger(encoder.name)
    said = read_texts(path, text_column=text_column, encoding=settings.collect.encoding)
    cleaned = [clean_text(text[: settings.clean.max_chars]) for text in said]
    reasons = [_why_silent(text, prose) for text, prose in zip(said, cleaned, strict=True)]
    texts = as_texts({i: text for i, text in enumerate(cleaned) if not reasons[i]})
    encoded = encode_once(texts["text"].to_list(), encoder)
    reviews = [are_reviews] * len(texts)
    tags = tagger.tag(as_read(texts, encoded.vectors, encoded.middle, reviews))
    rows = [_tag_row(None if reason else next(tags), reason) for reason in reasons]
    _write(out, rows)
    silent = sum(map(bool, reasons))
    unsure = sum(bool(row["unsure"]) for row in rows) - silent
    return f"{len(rows):,} rows, {silent:,} not tagged, {unsure:,} unsure in part: {out}"


def read_texts(path: str, *, text_column: str, encoding: str) -> list[str]:
    """Return the text of every row of a file, empty where there is none.

    Raises:
        InputError: the file cannot be read, or no row has the column.
    """
    from feedbackminer.collect import files

    rows = list(files.read_rows(files.open_file(path), encoding=encoding))
    values = [row.values if isinstance(row, files.Row) else {} for row in rows]
    if not any(text_column in row for row in values):
        columns = ", ".join(list(dict.fromkeys(c for row in values for c in row))[:COLUMNS_SHOWN])
        raise InputError(
            f"{path}: no row has a column {text_column!r}; name another with --text-column "
            f"(there is: {columns or 'none'})"
        )
    return [str(row.get(text_column) or "").strip() for row in values]


def _why_silent(text: str, prose: str) -> str:
    """Return why nothing can be said of a text, or nothing."""
    from feedbackminer.clean import language
    from feedbackminer.tag.tagger import LANGUAGES
    from feedbackminer.text.words import count_words

    if not text:
        return "no_text"
    if not count_words(prose):
        return "no_words"  # only code, only a quotation, only signs
    return "" if language.detect(prose) in LANGUAGES else "other_language"


def _tag_row(tag: Tag | None, reason: str) -> dict[str, Any]:
    names = [f"p_{name}" for name in SENTIMENTS]
    if tag is None:
        nothing = {"sentiment": UNSURE} | dict.fromkeys(names) | {"kinds": [], "p_kinds": {}}
        told = {"severity": None, "churn": None, "unsure": ["sentiment", *KINDS]}
        return nothing | told | {"reason": reason}
    kinds = {k: round(p, 4) for k, p in zip(KINDS, tag.kind_chances, strict=True)}
    chances = [round(p, 4) for p in tag.feeling.chances]
    return (
        {"sentiment": tag.feeling.label}
        | dict(zip(names, chances, strict=True))
        | {"kinds": list(tag.kinds), "p_kinds": kinds, "severity": tag.severity}
        | {"churn": kinds["churn"], "unsure": list(tag.unsure), "reason": None}
    )


def _row(
    assigned: list[dict[str, Any]], topics: dict[str, dict[str, Any]], has_text: bool
) -> dict[str, Any]:
    if not assigned:
        nothing = dict.fromkeys(("topic_id", "score", "label", "level", "theme", "subtopic"))
        return nothing | {"also": [], "reason": "unsorted" if has_text else "no_text"}
    main, *further = assigned
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
            for row in further
        ],
        "reason": None,
    }


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from None
