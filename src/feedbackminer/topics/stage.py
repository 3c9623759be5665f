"""The stage: texts and vectors to topics, assignments and lineage.

Topics are found anew the first time, when the community has doubled and when settings have
changed; else new posts join those there are. Either way people's corrections come last.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from feedbackminer.settings.sections import TopicSettings, hash_settings
from feedbackminer.tables import (
    Texts,
    check,
)
from feedbackminer.topics.corpus import Detail, read_corpus
from feedbackminer.topics.features import Words
from feedbackminer.topics.naming.llm import Labeller, named
from feedbackminer.topics.previous import Known, Past, read_past
from feedbackminer.topics.refit import refit_topics
from feedbackminer.topics.result import Found, State, outcome
from feedbackminer.topics.table import retired
from feedbackminer.topics.update import update_topics
from feedbackminer.vectors import Matrix

STAGE = "topics"
GROWN = 2.0  # times the texts of the last fit: then topics are found anew


def find_topics(
    texts: pl.DataFrame,
    vectors: Matrix,
    threads: pl.Series,
    known: Known | None = None,
    *,
    settings: TopicSettings,
    encoder: str,
    run_id: str,
    detail: Detail | None = None,
    themes: Mapping[str, Matrix] | None = None,
    labeller: Labeller | None = None,
    ignore_words: tuple[str, ...] = (),
    refit: bool = False,
) -> Found:
    """Group texts into named topics.

    Args:
        texts: the ``texts`` table.
        vectors: unit vectors, one row per text, shape (len(texts), dimensions).
        threads: thread id of each text.
        known: what earlier runs left; topics that continue keep their ids.
        encoder: what made the vectors.
        detail: parts of long posts, and which posts repeat others.
        themes: name -> vectors of the examples of a theme that the company uses.
        labeller: suggests names for topics; None: the plain names are used.
        refit: find topics anew even where the known ones would do.
    Returns:
        posts with a topic plus unsorted ones sum to ``len(texts)``.
    """
    texts = check(texts, Texts, where=STAGE)
    known = known or Known()
    fitted_as = f"{encoder}|{hash_settings(settings)}"
    detail, weight = detail or Detail(), settings.thread_weight
    corpus = read_corpus(texts, vectors, threads, detail, thread_weight=weight)
    past = read_past(known, corpus)
    ignore = {*ignore_words, *settings.ignore_words}
    fitted_in = "".join(known.vocabulary["fitted_in"].head(1))
    why = _why_anew(past, len(texts), fitted_as, fitted_in, settings)
    why = "asked for" if refit else why
    if not len(texts):
        how, nobody = "no texts", np.zeros(0)
        state = State(retired(past.rows), Words.empty(), run_id, [], [], nobody, [], [], [])
    elif why:
        how = f"found anew: {why}"
        state = refit_topics(
            corpus,
            known,
            past,
            settings=settings,
            themes=themes or {},
            ignore=ignore,
            fitted_as=fitted_as,
            run_id=run_id,
        )
    else:
        state = update_topics(corpus, known, past, settings=settings, ignore=ignore, run_id=run_id)
        joined = past.place["topic"].count(None) - list(state.found).count(None)
        how = f"{joined:,} posts joined known topics, {len(state.events):,} topics were born"
    if labeller:
        state = named(corpus, state, labeller)
    return outcome(corpus, known, state, encoder, run_id, how)


def _why_anew(
    past: Past, n_texts: int, fitted_as: str, fitted_in: str, settings: TopicSettings
) -> str:
    """Return why topics must be found anew, or nothing where the known ones do."""
    rows = past.alive("topic")
    if not rows:
        return "no topics yet"
    if any(row["fitted_as"] != fitted_as for row in rows):
        return "settings or encoder have changed"
    if n_texts < settings.small_community:
        return "a small community"
    if fitted_in and any(row["fitted_in"] != fitted_in for row in rows):
        return "the last fit was interrupted"
    if not fitted_in and any(row["words"] for row in rows):
        return "its vocabulary is lost"
    if n_texts >= GROWN * max(row["fitted_on"] for row in rows):
        return "the community has doubled"
    return ""
