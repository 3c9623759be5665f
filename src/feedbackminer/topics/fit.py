"""Topics found anew: clusters of documents, refined, calibrated, and set in a hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.cluster import GraphClusterer, SmallClusterer
from feedbackminer.topics.corpus import (
    Corpus,
    CorpusFeatures,
    Documents,
    smallest_topic,
    split_into_documents,
)
from feedbackminer.topics.features import FeatureBlocks, Features, Lexicon
from feedbackminer.topics.guided import GuidedTopics, apply_guided_topics, at_least_one_topic
from feedbackminer.topics.hierarchy import Subtopics, nearest_subtopics, subtopics_of, themes_of
from feedbackminer.topics.labels import (
    UNSORTED,
    Labels,
    best_jaccard,
    evenly_spaced,
    new_numbers,
    relabel_by_size,
)
from feedbackminer.topics.model import (
    Nearest,
    TopicModel,
    calibrate,
    describe,
    own_scores,
    refine,
)
from feedbackminer.topics.multilabel import with_part_floors
from feedbackminer.topics.own_clusterer import GRAPH, OwnClusterer
from feedbackminer.vectors import Matrix, centroids

# Documents that topics are found in, the others join them: a tenth, within these.
FIT_LEAST, FIT_MOST = 10_000, 30_000
FEWEST = 5  # sampled documents of a topic, where the settings name a size of all documents
RESAMPLES, RESAMPLED = 6, 0.8  # refits that stability is measured by, and their documents


@dataclass(frozen=True)
class Fit:
    """Topics 0..k-1 of a corpus.

    ``labels``: topic of each post, -1 where none; ``scores``: cosine of the post itself to the
    centroid of its topic; ``themes``: of each topic, -1 where none; ``names``: of topics that a
    theme of the settings names.
    """

    features: CorpusFeatures
    model: TopicModel
    labels: Labels
    scores: NDArray[np.float64]
    stability: NDArray[np.float64]
    resolution: float | None
    themes: Labels
    subtopics: Subtopics
    names: dict[int, str]
    notices: list[str]


@dataclass(frozen=True)
class DocumentSample:
    """The documents that topics are found in: all of them, or evenly spaced ones of very many."""

    documents: Documents
    lexicon: Lexicon
    indices: Labels  # of the sampled documents
    features: Features  # one row per sampled document
    of_corpus: CorpusFeatures

    @classmethod
    def of(cls, corpus: Corpus, settings: TopicSettings) -> DocumentSample:
        """Sample documents; where they are the posts, so are their features."""
        documents = split_into_documents(corpus, fewest=settings.small_community)
        lexicon = Lexicon.fit(documents.passages)
        of_corpus = CorpusFeatures.of(corpus, lexicon)
        features = of_corpus.posts
        if not documents.are_posts:
            features = FeatureBlocks(lexicon, documents.passages, documents.vectors)
        indices = evenly_spaced(len(documents.passages), sample_size(len(documents.passages)))
        return cls(
            documents=documents,
            lexicon=lexicon,
            indices=indices,
            features=features.take(indices),
            of_corpus=of_corpus,
        )

    def of_posts(self, labels: Labels) -> Labels:
        """Return the label of each post's document, -1 where that was not sampled."""
        return np.append(labels, UNSORTED)[self._sampled_document_of()]

    def labels_before(self, previous: Labels) -> Labels:
        """Return the label that most posts of each sampled document had, -1 where none had any."""
        documents = self._sampled_document_of()
        inside = documents != UNSORTED
        return mostly(documents[inside], previous[inside])

    def smallest_topic(self, settings: TopicSettings) -> int:
        """Return how many sampled documents a topic has at least."""
        share = len(self.indices) / len(self.documents.passages)
        wanted = settings.min_threads
        if not wanted:
            return smallest_topic(len(self.indices))
        return max(min(wanted, FEWEST), round(wanted * share))

    def _sampled_document_of(self) -> Labels:
        """Return the number of each post's document in the sample, -1 where it is in none."""
        numbers = new_numbers(self.indices, len(self.documents.passages))
        return numbers[self.documents.document_of]


def sample_size(n_documents: int) -> int:
    """Return in how many documents topics are found, at most.

    What a fit costs grows with the square of it; docs/decisions/0025-static-and-scale.md.
    """
    return min(max(FIT_LEAST, n_documents // 10), FIT_MOST)


def fit_topics(
    corpus: Corpus,
    *,
    settings: TopicSettings,
    themes: Mapping[str, Matrix],
    resolution: float | None = None,
    previous: Labels | None = None,
) -> Fit:
    """Find topics.

    Args:
        themes: name -> vectors of its examples, which the company already uses.
        resolution: how fine; None: as the data ask for.
        previous: the topic of each post in the last fit, -1 where it had none.
    """
    if len(corpus) < settings.small_community:
        return _fit_few(corpus, settings, themes)

    sample = DocumentSample.of(corpus, settings)
    lexicon, features = sample.lexicon, sample.of_corpus

    clusterer = _clusterer(sample, settings, resolution, previous).fit(sample.features.joint)
    guided = _guide(clusterer, sample.features, themes)

    model, refined = refine(lexicon, sample.features, guided.labels, min_size=clusterer.min_size)
    subtopics = _divide(clusterer, sample.features, refined)

    nearest, nearest_parts = _look_up(model, subtopics, features.posts)
    model = _calibrate_on_posts(model, nearest, sample.of_posts(refined), settings)
    labels = nearest.accepted(model)
    model = with_part_floors(model, features.parts, corpus.parts.post_of, labels)

    return Fit(
        features=features,
        model=model,
        labels=labels,
        scores=own_scores(model, corpus.vectors, labels),
        stability=_stability(clusterer, lexicon, sample.features, refined),
        resolution=clusterer.resolution_,
        themes=themes_of(model.centroids),
        subtopics=replace(subtopics, labels=np.where(labels != UNSORTED, nearest_parts, UNSORTED)),
        names=guided.names(refined),
        notices=guided.notices,
    )


def _fit_few(corpus: Corpus, settings: TopicSettings, themes: Mapping[str, Matrix]) -> Fit:
    """Group the posts of a small community: no vocabulary, no subtopics, no stability."""
    lexicon = Lexicon.empty()
    features = CorpusFeatures.of(corpus, lexicon)
    [posts] = features.posts
    clusters = SmallClusterer().fit(posts.joint).labels_
    guided = apply_guided_topics(themes, posts.joint, clusters, min_size=2)
    labels = guided.labels

    model = describe(lexicon, [posts], labels)
    model = calibrate(model, model.cosines(posts, labels), labels, settings.accept_quantile)
    nowhere = np.full(len(corpus), UNSORTED)
    return Fit(
        features=features,
        model=with_part_floors(model, features.parts, corpus.parts.post_of, labels),
        labels=labels,
        scores=own_scores(model, corpus.vectors, labels),
        stability=np.full(len(model), np.nan),
        resolution=None,
        themes=themes_of(model.centroids),
        subtopics=Subtopics(nowhere, nowhere[:0], centroids(posts.joint, nowhere)),
        names=guided.names(labels),
        notices=guided.notices,
    )


def _clusterer(
    sample: DocumentSample,
    settings: TopicSettings,
    resolution: float | None,
    previous: Labels | None,
) -> GraphClusterer | OwnClusterer:
    min_size = sample.smallest_topic(settings)
    if settings.clusterer != GRAPH:
        return OwnClusterer(settings.clusterer, min_size=min_size, random_state=settings.seed)
    return GraphClusterer(
        min_size=min_size,
        max_topics=settings.max_topics,
        resolution=resolution,
        previous=None if previous is None else sample.labels_before(previous),
        random_state=settings.seed,
    )


def _guide(
    clusterer: GraphClusterer | OwnClusterer, sampled: Features, themes: Mapping[str, Matrix]
) -> GuidedTopics:
    clusters = at_least_one_topic(clusterer.labels_)
    return apply_guided_topics(themes, sampled.joint, clusters, clusterer.min_size)


def _calibrate_on_posts(
    model: TopicModel, nearest: Nearest, expected: Labels, settings: TopicSettings
) -> TopicModel:
    """Set floors by the posts that speak for the topic of their document themselves."""
    labels = np.where(nearest.labels == expected, expected, UNSORTED)
    return calibrate(model, nearest.cosines, labels, settings.accept_quantile)


def _divide(
    clusterer: GraphClusterer | OwnClusterer, sampled: Features, refined: Labels
) -> Subtopics:
    """Return the subtopics that documents fall into, with the labels of these."""
    labels, parents = subtopics_of(sampled.joint, clusterer.graph_, refined, clusterer.min_size)
    return Subtopics(labels, parents, centroids(sampled.joint, labels))


def _look_up(
    model: TopicModel, subtopics: Subtopics, posts: FeatureBlocks
) -> tuple[Nearest, Labels]:
    """Return the topic that most speaks for each post, and which subtopic of it is nearest."""
    parents, subtopic_centroids = subtopics.parents, subtopics.centroids
    topics, parts = [], []
    for block in posts:
        topics.append(model.look_up(block))
        parts.append(nearest_subtopics(block.joint, topics[-1].labels, parents, subtopic_centroids))
    return Nearest.join(topics), np.concatenate(parts)


def restore_pinned(fit: Fit, corpus: Corpus, groups: Sequence[Labels]) -> Fit:
    """Add topics of given posts, taking these from whatever topic found them."""
    if not groups:
        return fit
    labels = fit.labels.copy()
    for number, members in enumerate(groups, len(fit.model)):
        labels[members] = number

    posts, parts = fit.features.posts, fit.features.parts
    model = describe(fit.model.lexicon, posts, labels)
    model = calibrate(model, _cosines(model, posts, labels), labels, 0.0)
    is_moved = labels != fit.labels
    return replace(
        fit,
        model=with_part_floors(model, parts, corpus.parts.post_of, labels),
        labels=labels,
        scores=own_scores(model, corpus.vectors, labels),
        stability=np.append(fit.stability, np.full(len(groups), np.nan)),
        themes=np.append(fit.themes, np.full(len(groups), UNSORTED)),
        subtopics=replace(fit.subtopics, labels=np.where(is_moved, UNSORTED, fit.subtopics.labels)),
    )


def _cosines(model: TopicModel, posts: FeatureBlocks, labels: Labels) -> Matrix:
    """Return each post's cosine to the centroid of its topic; anything where it has none."""
    cosines = [np.zeros(0, np.float32)]
    start = 0
    for block in posts:
        cosines.append(model.cosines(block, labels[start : start + len(block)]))
        start += len(block)
    return np.concatenate(cosines)


def drop_empty(fit: Fit) -> tuple[Fit, Labels]:
    """Leave out topics without a post, such as those whose posts were all taken by others.

    Returns:
        the fit, and the number that each of its topics had before.
    """
    count = len(fit.model)
    kept = np.flatnonzero(np.bincount(fit.labels[fit.labels >= 0], minlength=count))
    if len(kept) == count:
        return fit, kept

    number = new_numbers(kept, count)
    parents = number[fit.subtopics.parents]
    kept_subtopics = np.flatnonzero(parents != UNSORTED)
    subtopic_number = new_numbers(kept_subtopics, len(parents))
    return replace(
        fit,
        model=fit.model.take(kept),
        labels=number[fit.labels],
        stability=fit.stability[kept],
        themes=relabel_by_size(fit.themes[kept], 2),
        subtopics=Subtopics(
            subtopic_number[fit.subtopics.labels],
            parents[kept_subtopics],
            fit.subtopics.centroids[kept_subtopics],
        ),
        names={int(number[t]): name for t, name in fit.names.items() if number[t] != UNSORTED},
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
    clusterer: GraphClusterer | OwnClusterer, lexicon: Lexicon, sampled: Features, labels: Labels
) -> NDArray[np.float64]:
    """Return how well each topic is found again without a fifth of the documents, 0 to 1.

    Of other clusterers than ours, six more of whose fits may take minutes, it is not known: nan.

    The mean best Jaccard overlap over refits (Hennig 2007, doi:10.1016/j.csda.2006.11.025).
    """
    count = int(labels.max(initial=UNSORTED)) + 1
    if isinstance(clusterer, OwnClusterer):
        return np.full(count, np.nan)
    seeds = np.random.default_rng(clusterer.random_state)
    overlaps = []
    for number in range(RESAMPLES):
        inside = seeds.random(len(labels)) < RESAMPLED
        again = clusterer.again(inside, number)[inside]
        if again.max(initial=UNSORTED) != UNSORTED:
            again = refine(lexicon, sampled[inside], again, min_size=clusterer.min_size)[1]
        overlaps.append(best_jaccard(labels[inside], again, count))
    stability: NDArray[np.float64] = np.mean(overlaps, axis=0)
    return stability
