"""What sentences tell beside tags: which components they judge, and what their writers need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.settings.sections import TagSettings
from feedbackminer.tables import Aspects, Needs, check, column_types
from feedbackminer.tag.aspects import Components, clauses, discover
from feedbackminer.tag.features import Matrix
from feedbackminer.tag.need_groups import group_needs, most_central
from feedbackminer.tag.needs import Need, find_needs
from feedbackminer.tag.stage import STAGE
from feedbackminer.tag.tagger import LANGUAGES, Tagger, Text

LONGEST_TOLD = 600  # characters of a sentence that is read for components and needs


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
    told = list(_sentences(post_ids, texts))
    named = Components(settings.components)
    phrases = {}
    if nlp is not None and settings.discovered:
        voice_of = dict(zip(post_ids, voices, strict=True))
        phrases = discover(
            [sentence for _, sentence in told],
            [voice_of[post_id] for post_id, _ in told],
            nlp=nlp,
            known=named,
            limit=settings.discovered,
            least_voices=settings.least_voices,
        )
    everything = Components({**settings.components, **phrases})
    found = [
        (post_id, clause, aspects)
        for post_id, sentence in told
        if everything.mentioned(sentence)
        for clause in clauses(sentence)
        if (aspects := everything.mentioned(clause))
    ]
    feelings = tagger.feel([clause for _, clause, _ in found])
    rows = [
        {
            "post_id": post_id,
            "aspect": aspect,
            "found_by": "settings" if aspect in settings.components else "phrase",
            "text": clause,
            "sentiment": feeling.label,
            "score": feeling.score,
        }
        for (post_id, clause, aspects), feeling in zip(found, feelings, strict=True)
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
    said = sorted({need.text for need in needs})
    place = {text: row for row, text in enumerate(said)}
    vectors = encode(said) if said else np.zeros((0, 0), np.float32)
    own = vectors[[place[need.text] for need in needs]] if needs else vectors
    groups = group_needs(own, alike=alike)
    names = [needs[row].text for row in most_central(own, groups)]
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


def _sentences(post_ids: Sequence[str], texts: Sequence[Text]) -> Iterator[tuple[str, str]]:
    for post_id, text in zip(post_ids, texts, strict=True):
        for sentence in text.sentences if text.language in LANGUAGES else ():
            if len(sentence) <= LONGEST_TOLD:
                yield post_id, sentence


def _numbered(rows: list[dict[str, Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    """Number the rows of each post in their order."""
    types = {name: t for name, t in column_types(schema).items() if name != "number"}
    frame = pl.DataFrame(rows, schema=types)
    return frame.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
