"""Topics found anew: clusters of documents, refined, calibrated, and set in a hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics import hierarchy
from feedbackminer.topics.cluster import GraphClusterer, SmallClusterer
from feedbackminer.topics.corpus import Corpus, documents, smallest_topic
from feedbackminer.topics.features import Words
from feedbackminer.topics.guided import apply_guided_topics, at_least_one_topic
from feedbackminer.topics.labels import UNSORTED, Labels, best_overlaps, spread, without_dust
from feedbackminer.topics.model import (
    TopicModel,
    calibrated,
    describe,
    nearest_part,
    own_scores,
    refine,
)
from feedbackminer.topics.multilabel import with_part_floors
from feedbackminer.vectors import Matrix, centres

FIT_LIMIT = 10_000  # documents that topics are found in; the others join them
RESAMPLES, RESAMPLED = 6, 0.8  # refits that stability is measured by, and their documents


@dataclass(frozen=True)
class Fit:
    """Topics 0..k-1 of a corpus.

    ``labels``, ``parts``: topic and subtopic of each post, -1 where none; ``scores``: cosine of
    the post itself to the centre of its topic.
    """

    model: TopicModel
    labels: Labels
    scores: NDArray[np.float64]
    stability: NDArray[np.float64]
    resolution: float | None
    themes: Labels  # of each topic
    parts: Labels
    part_of: list[int]  # the topic of each subtopic
    part_centres: Matrix
    given: dict[int, str]  # topics that a theme of the settings names
    notices: list[str]


def fit_topics(
    corpus: Corpus,
    *,
    settings: TopicSettings,
    themes: Mapping[str, Matrix],
    resolution: float | None = None,
    earlier: Labels | None = None,
) -> Fit:
    """Find topics.

    Args:
        themes: name -> vectors of its examples, which the company already uses.
        resolution: how fine; None: as the data ask for.
        earlier: the topic of each post in the last fit, -1 where it had none.
    """
    if len(corpus) < settings.small_community:
        return _fit_few(corpus, settings, themes)
    docs = documents(corpus, fewest=settings.small_community)
    words = Words.fit(docs.passages)
    pick = spread(len(docs.passages), FIT_LIMIT)
    all_weights = words.weigh(docs.passages)
    weights = all_weights[pick]
    joined = words.join(docs.vectors[pick], weights)
    clusterer = GraphClusterer(
        min_size=settings.min_threads or smallest_topic(len(docs.passages)),
        max_topics=settings.max_topics,
        resolution=resolution,
        earlier=None if earlier is None else mostly(docs.of_post, earlier)[pick],
        random_state=settings.seed,
    ).fit(joined)
    marked = apply_guided_topics(
        themes, joined, at_least_one_topic(clusterer.labels_), clusterer.min_size
    )
    model, own = refine(words, joined, weights, marked.labels, min_size=clusterer.min_size)
    of_doc = np.full(len(docs.passages), UNSORTED)
    of_doc[pick] = own
    are_posts = docs.passages is corpus.passages
    post_weights = all_weights if are_posts else words.weigh(corpus.passages)
    posts = words.join(corpus.leaning, post_weights)
    sure = model.nearest(posts, post_weights) == of_doc[docs.of_post]
    model = calibrated(
        model, posts, np.where(sure, of_doc[docs.of_post], UNSORTED), settings.accept_quantile
    )
    labels, _ = model.assign(posts, post_weights)
    model = with_part_floors(model, corpus, labels)
    parts, part_of = hierarchy.subtopics_of(joined, clusterer.graph_, own, clusterer.min_size)
    part_centres = centres(joined, parts)
    return Fit(
        model,
        labels,
        own_scores(model, corpus.vectors, labels),
        _stability(clusterer, words, joined, weights, own),
        clusterer.resolution_,
        hierarchy.themes_of(model.centres),
        nearest_part(posts, labels, part_of, part_centres),
        part_of,
        part_centres,
        marked.given(own),
        marked.notices,
    )


def _fit_few(corpus: Corpus, settings: TopicSettings, themes: Mapping[str, Matrix]) -> Fit:
    """Group the posts of a small community: no vocabulary, no subtopics, no stability."""
    words = Words.empty()
    weights = words.weigh(corpus.passages)
    posts = words.join(corpus.leaning, weights)
    marked = apply_guided_topics(themes, posts, SmallClusterer().fit(posts).labels_, min_size=2)
    model = describe(words, posts, weights, marked.labels)
    model = calibrated(model, posts, marked.labels, settings.accept_quantile)
    return Fit(
        with_part_floors(model, corpus, marked.labels),
        marked.labels,
        own_scores(model, corpus.vectors, marked.labels),
        np.full(len(model.centres), np.nan),
        None,
        hierarchy.themes_of(model.centres),
        np.full(len(corpus), UNSORTED),
        [],
        centres(posts, np.full(len(corpus), UNSORTED)),
        marked.given(marked.labels),
        marked.notices,
    )


def made_again(fit: Fit, corpus: Corpus, groups: Sequence[Labels]) -> Fit:
    """Add topics of given posts, taking these from whatever topic found them."""
    if not groups:
        return fit
    labels = fit.labels.copy()
    for number, members in enumerate(groups, len(fit.model.centres)):
        labels[members] = number
    weights = fit.model.words.weigh(corpus.passages)
    posts = fit.model.words.join(corpus.leaning, weights)
    model = calibrated(describe(fit.model.words, posts, weights, labels), posts, labels, 0.0)
    nowhere = np.full(len(groups), UNSORTED)
    return replace(
        fit,
        model=with_part_floors(model, corpus, labels),
        labels=labels,
        scores=own_scores(model, corpus.vectors, labels),
        stability=np.append(fit.stability, np.full(len(groups), np.nan)),
        themes=np.append(fit.themes, nowhere),
        parts=np.where(labels == fit.labels, fit.parts, UNSORTED),
    )


def inhabited(fit: Fit) -> tuple[Fit, Labels]:
    """Leave out topics without a post, such as those whose posts were all taken by others.

    Returns:
        the fit, and the number that each of its topics had before.
    """
    count = len(fit.model.centres)
    kept = np.flatnonzero(np.bincount(fit.labels[fit.labels >= 0], minlength=count))
    if len(kept) == count:
        return fit, kept
    number = np.full(count + 1, UNSORTED)  # the last for what is in no topic
    number[kept] = np.arange(len(kept))
    kept_parts = [part for part, topic in enumerate(fit.part_of) if number[topic] >= 0]
    part_number = np.full(len(fit.part_of) + 1, UNSORTED)
    part_number[kept_parts] = np.arange(len(kept_parts))
    return replace(
        fit,
        model=fit.model.of(kept),
        labels=number[fit.labels],
        stability=fit.stability[kept],
        themes=without_dust(fit.themes[kept], 2),
        parts=part_number[fit.parts],
        part_of=[int(number[fit.part_of[part]]) for part in kept_parts],
        part_centres=fit.part_centres[kept_parts],
        given={int(number[t]): name for t, name in fit.given.items() if number[t] >= 0},
    ), kept


def mostly(documents: Labels, labels: Labels) -> Labels:
    """Return the label that most posts of each document have, -1 where none has any."""
    counts = np.zeros((int(documents.max()) + 1, int(labels.max(initial=UNSORTED)) + 2))
    np.add.at(counts, (documents, labels), 1)  # -1 is the last column
    counts[:, -1] = 0.5  # of which a single post is more
    chosen = counts.argmax(axis=1)
    most: Labels = np.where(chosen == counts.shape[1] - 1, UNSORTED, chosen).astype(np.int64)
    return most


def _stability(
    clusterer: GraphClusterer, words: Words, joined: Matrix, weights: csr_matrix, labels: Labels
) -> NDArray[np.float64]:
    """Return how well each topic is found again without a fifth of the documents, 0 to 1.

    The mean best Jaccard overlap over refits (Hennig 2007, doi:10.1016/j.csda.2006.11.025).
    """
    count = int(labels.max(initial=UNSORTED)) + 1
    seeds = np.random.default_rng(clusterer.random_state)
    overlaps = []
    for number in range(RESAMPLES):
        inside = seeds.random(len(labels)) < RESAMPLED
        found = clusterer.again(inside, number)[inside]
        if found.max(initial=UNSORTED) != UNSORTED:
            own = joined[inside], weights[inside]
            found = refine(words, *own, found, min_size=clusterer.min_size)[1]
        overlaps.append(best_overlaps(labels[inside], found, count))
    stable: NDArray[np.float64] = np.mean(overlaps, axis=0)
    return stable
