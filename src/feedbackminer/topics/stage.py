"""The stage: texts and vectors to topics, assignments and lineage.

Topics are found anew the first time, when the community has doubled and when settings have
changed; else new posts join those there are. Either way people's corrections come last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.tables import Texts, check
from feedbackminer.topics.corpus import TopicInput, read_corpus
from feedbackminer.topics.labels import UNSORTED
from feedbackminer.topics.naming.llm import Labeller, rename_topics
from feedbackminer.topics.previous import PreviousTopics, TopicTables, read_previous
from feedbackminer.topics.refit import refit_topics
from feedbackminer.topics.result import TopicResult, to_tables
from feedbackminer.topics.table import draft_topics
from feedbackminer.topics.topic_set import FitRecord, Provenance, TopicSet
from feedbackminer.topics.update import update_topics
from feedbackminer.vectors import Matrix

STAGE = "topics"
GROWN = 2.0  # times the texts of the last fit: then topics are found anew


@dataclass(frozen=True)
class Naming:
    """How topics get their names."""

    ignore_words: tuple[str, ...] = ()  # name no topic: the product's
    labeller: Labeller | None = None  # suggests names; None: the plain ones are used


def find_topics(
    posts: TopicInput,
    tables: TopicTables | None = None,
    *,
    settings: TopicSettings,
    provenance: Provenance,
    themes: Mapping[str, Matrix] | None = None,
    naming: Naming | None = None,
    refit: bool = False,
) -> TopicResult:
    """Group texts into named topics.

    Args:
        tables: what earlier runs left; topics that continue keep their ids.
        provenance: the encoder that made the vectors, and the run.
        themes: name -> vectors of the examples of a theme that the company uses.
        refit: find topics anew even where the known ones would do.
    Returns:
        posts with a topic plus unsorted ones sum to the number of texts.
    """
    posts = replace(posts, texts=check(posts.texts, Texts, where=STAGE))
    tables, naming = tables or TopicTables(), naming or Naming()
    corpus = read_corpus(posts, thread_weight=settings.thread_weight)
    previous = read_previous(tables, corpus)

    fitted_as = provenance.fitted_as(settings)
    reason = "asked for" if refit else _why_refit(previous, len(corpus), fitted_as, settings)
    if not len(corpus):
        topics, how = TopicSet.empty(FitRecord(fitted_as, provenance.run_id, 0, None)), "no texts"
    elif reason:
        how = f"found anew: {reason}"
        topics = refit_topics(
            corpus, previous, settings=settings, provenance=provenance, themes=themes or {}
        )
    else:
        topics = update_topics(corpus, previous, settings=settings)
        how = _growth(previous, topics)

    ignore = {*naming.ignore_words, *settings.ignore_words}
    draft = draft_topics(topics, corpus, previous, ignore=ignore, run_id=provenance.run_id)
    if naming.labeller:
        draft = rename_topics(draft, corpus, naming.labeller)
    return to_tables(draft, corpus, tables.corrections, provenance=provenance, how=how)


def _why_refit(
    previous: PreviousTopics, n_texts: int, fitted_as: str, settings: TopicSettings
) -> str:
    """Return why topics must be found anew, or nothing where the known ones do."""
    rows = previous.alive("topic")
    if not rows:
        return "no topics yet"
    if any(row["fitted_as"] != fitted_as for row in rows):
        return "settings or encoder have changed"
    if n_texts < settings.small_community:
        return "a small community"
    fitted_in = previous.fitted_in
    if fitted_in and any(row["fitted_in"] != fitted_in for row in rows):
        return "the last fit was interrupted"
    if not fitted_in and any(row["words"] for row in rows):
        return "its vocabulary is lost"
    if n_texts >= GROWN * max(row["fitted_on"] for row in rows):
        return "the community has doubled"
    return ""


def _growth(previous: PreviousTopics, topics: TopicSet) -> str:
    """Say how many posts joined topics, and how many topics were born."""
    n_waiting = int((topics.topics.labels == UNSORTED).sum())
    n_joined = previous.ids_of_posts["topic"].count(None) - n_waiting
    return f"{n_joined:,} posts joined known topics, {len(topics.events):,} topics were born"
