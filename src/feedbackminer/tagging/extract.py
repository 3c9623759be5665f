"""Information extraction: which components sentences judge, and what their writers need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.settings.sections import TagSettings
from feedbackminer.tables import Aspects, Needs, check, column_types
from feedbackminer.tagging.aspects import Components, clauses, discover
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.need_groups import group_needs, most_central
from feedbackminer.tagging.needs import Need, find_needs
from feedbackminer.tagging.stage import STAGE
from feedbackminer.tagging.tagger import LANGUAGES, Tagger, Text

LONGEST_SENTENCE = 600  # characters of a sentence that is read for components and needs


def find_aspects(
    post_ids: Sequence[str],
    texts: Sequence[Text],
    voices: Sequence[str],
    *,
    tagger: Tagger,
    nlp: Any,
    settings: TagSettings,
) -> dy.DataFrame[Aspects]:
    """Tell which component each clause is about, and how it sounds.

    Args:
        voices: who wrote each text.
        nlp: a trained spaCy pipeline that finds noun phrases; None: only named components count.
    """
    sentences = list(_sentences(post_ids, texts))
    named = Components(settings.components)
    phrases = {}
    if nlp is not None and settings.discovered:
        voice_of = dict(zip(post_ids, voices, strict=True))
        phrases = discover(
            [sentence for _, sentence in sentences],
            [voice_of[post_id] for post_id, _ in sentences],
            nlp=nlp,
            named=named,
            limit=settings.discovered,
            least_voices=settings.least_voices,
        )

    components = Components({**settings.components, **phrases})
    naming = [(post_id, text) for post_id, text in sentences if components.mentioned(text)]
    statuses = tagger.sentence_status([text for _, text in naming])
    mentions = [
        (post_id, clause, status, aspects)
        for (post_id, text), status in zip(naming, statuses, strict=True)
        for clause in clauses(text)
        if (aspects := components.mentioned(clause))
    ]
    sentiments = tagger.sentence_sentiment([clause for _, clause, _, _ in mentions])
    rows = [
        {
            "post_id": post_id,
            "aspect": aspect,
            "found_by": "settings" if aspect in settings.components else "phrase",
            "text": clause,
            "status": status,
            "sentiment": sentiment.label,
            "score": sentiment.score,
        }
        for (post_id, clause, status, aspects), sentiment in zip(mentions, sentiments, strict=True)
        for aspect in aspects
    ]
    return check(_numbered(rows, Aspects), Aspects, where=STAGE)


def collect_needs(
    post_ids: Sequence[str],
    texts: Sequence[Text],
    *,
    encode: Callable[[Sequence[str]], Matrix],
    alike: float,
) -> dy.DataFrame[Needs]:
    """Find what members want to do, and group what is alike.

    Args:
        encode: returns a unit vector per text.
        alike: cosine from which needs are one.
    """
    needs = [
        Need(post_id, sentence, need)
        for post_id, sentence in _sentences(post_ids, texts)
        for need in find_needs(sentence)
    ]

    vectors = _encode_once([need.text for need in needs], encode)
    groups = group_needs(vectors, alike=alike)
    names = [needs[row].text for row in most_central(vectors, groups)]

    rows = [
        {
            "post_id": need.post_id,
            "text": need.text,
            "sentence": need.sentence,
            "group": int(group),
            "label": names[group],
        }
        for need, group in zip(needs, groups, strict=True)
    ]
    return check(_numbered(rows, Needs), Needs, where=STAGE)


def _encode_once(passages: Sequence[str], encode: Callable[[Sequence[str]], Matrix]) -> Matrix:
    """Return a vector per passage; equal ones are encoded once."""
    if not passages:
        return np.zeros((0, 0), np.float32)
    distinct = sorted(set(passages))
    row_of = {passage: row for row, passage in enumerate(distinct)}
    return encode(distinct)[[row_of[passage] for passage in passages]]


def _sentences(post_ids: Sequence[str], texts: Sequence[Text]) -> Iterator[tuple[str, str]]:
    for post_id, text in zip(post_ids, texts, strict=True):
        for sentence in text.sentences if text.language in LANGUAGES else ():
            if len(sentence) <= LONGEST_SENTENCE:
                yield post_id, sentence


def _numbered(rows: list[dict[str, Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    """Number the rows of each post in their order."""
    types = {name: t for name, t in column_types(schema).items() if name != "number"}
    frame = pl.DataFrame(rows, schema=types)
    return frame.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
