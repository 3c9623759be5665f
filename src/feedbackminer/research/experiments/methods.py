"""What an experiment does with texts: our stages, and baselines as their users start them."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.encoder import Encoder
from feedbackminer.research.baselines import quick_start, rule_tags
from feedbackminer.research.experiments.links import before, first, our_answers, our_links
from feedbackminer.research.experiments.matches import by_words, our_matches
from feedbackminer.research.experiments.measures import NO_LABEL, Outcome, together
from feedbackminer.research.experiments.planted import our_alerts, our_changes, our_outcomes
from feedbackminer.research.experiments.sets import our_masks
from feedbackminer.research.experiments.spec import TOPICS, WITHOUT_MODELS
from feedbackminer.research.experiments.task import Matrix, Task
from feedbackminer.settings.sections import Settings
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

OURS = "feedbackminer"
KEYWORDS = 10


Method = Callable[[Task], Outcome]


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each text that can name something, in small letters."""
    from feedbackminer.topics.naming.stopwords import STOPS, WORD

    word = re.compile(WORD)
    return [[w for w in word.findall(text.lower()) if w not in STOPS] for text in texts]


def _our_topics(task: Task) -> Outcome:
    from feedbackminer.api.frames import row_id
    from feedbackminer.api.texts import topics_of

    result = topics_of(task.texts, task.settings, task.encoder)
    main = result.assignments.filter(rank=1).select("post_id", "topic_id").iter_rows()
    topic_of = dict(main)
    given = [topic_of.get(row_id(number), NO_LABEL) for number in range(len(task.texts))]
    rows = result.topics.filter(level="topic", status="active").sort("topic_id")
    named = rows.select("topic_id", "keywords").iter_rows()
    words = {topic_id: keywords[:KEYWORDS] for topic_id, keywords in named}
    return Outcome.of(task.gold, given, words=words, texts=task.words)


def _our_sentiment(task: Task) -> Outcome:
    rows = _our_tags(task)
    if all(row["p_neutral"] is None for row in rows):  # a tagger that knows no probabilities
        return task.labels(row["sentiment"] for row in rows)
    return task.tags(_chances(rows, "p_", SENTIMENTS), SENTIMENTS)


def _our_kind(task: Task) -> Outcome:
    rows, classes = _our_tags(task), _kinds_of(task)
    if not any(row["p_kinds"] for row in rows):
        return task.labels(_first(row["kinds"], classes) for row in rows)
    return task.tags(_chances([row["p_kinds"] for row in rows], "", classes), classes)


def _our_kinds(task: Task) -> Outcome:
    rows = _our_tags(task)
    given = [together(row["kinds"] or ()) for row in rows]
    if not any(row["p_kinds"] for row in rows):
        return task.labels(given)
    told = [[(row["p_kinds"] or {}).get(kind) or 0.0 for kind in KINDS] for row in rows]
    return Outcome.of(task.gold, given, chances=np.array(told), classes=KINDS)


def _our_tags(task: Task) -> list[dict[str, Any]]:
    from feedbackminer.api.texts import tag_rows

    return tag_rows(task.texts, task.settings, encoder=task.encoder)[0]


def _kinds_of(task: Task) -> tuple[str, ...]:
    """Return the kinds that texts have as labels."""
    return tuple(kind for kind in KINDS if kind in task.gold) or KINDS


def _chances(rows: Sequence[Mapping[str, Any]], prefix: str, classes: Sequence[str]) -> Matrix:
    """Return chances that sum to 1 in each row; where nothing can be said all are alike."""
    told = [[row.get(prefix + name) or 0.0 for name in classes] for row in rows]
    chances = np.array(told, dtype=np.float64).reshape(len(rows), len(classes)) + 1e-9
    normalised: Matrix = chances / chances.sum(axis=1, keepdims=True)
    return normalised


def _bertopic(task: Task) -> Outcome:
    """Do what BERTopic's quick start does, on the same vectors and with a seed."""
    model, numbers = quick_start(task.texts, task.vectors, task.seed)
    found = model.get_topics()
    words = [[w for w, _ in found[n] if w] for n in sorted(found) if n >= 0]
    return task.topics(numbers.tolist(), words)


def _nmf(task: Task) -> Outcome:
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _factored(
        task, TfidfVectorizer, lambda n: NMF(n, random_state=task.seed, init="nndsvda")
    )


def _lda(task: Task) -> Outcome:
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.feature_extraction.text import CountVectorizer

    return _factored(
        task, CountVectorizer, lambda n: LatentDirichletAllocation(n, random_state=task.seed)
    )


def _factored(task: Task, vectorizer: Any, model_of: Callable[[int], Any]) -> Outcome:
    """Find topics as scikit-learn's example of topic extraction does."""
    words = vectorizer(max_df=0.95, min_df=2, max_features=1000, stop_words="english")
    weights = words.fit_transform(task.texts)
    model = model_of(min(task.n_topics, *weights.shape))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence
        strengths = model.fit_transform(weights)
    numbers = [int(row.argmax()) if row.max() > 0 else -1 for row in strengths]
    names = words.get_feature_names_out()
    strongest = np.argsort(-model.components_, axis=1)[:, :KEYWORDS]
    return task.topics(numbers, [names[columns].tolist() for columns in strongest])


def _kmeans(task: Task) -> Outcome:
    """Cluster the same vectors; words by c-TF-IDF."""
    from sklearn.cluster import KMeans

    from feedbackminer.topics.naming.ctfidf import class_words
    from feedbackminer.topics.naming.words import WordUse

    count = min(task.n_topics, len(task.texts))
    numbers = KMeans(count, random_state=task.seed, n_init=1).fit_predict(task.vectors)
    labels = numbers.astype(np.int64)
    weights = class_words(WordUse.of(task.texts, np.arange(len(labels))), labels)
    words = [sorted(of, key=lambda w: (-of[w], w))[:KEYWORDS] for of in weights.values()]
    return task.topics(labels.tolist(), words)


def _turftopic(task: Task) -> Outcome:
    from turftopic import KeyNMF

    model = KeyNMF(task.n_topics, encoder=_SameEncoder(task.encoder), random_state=task.seed)
    strengths = model.fit_transform(list(task.texts), embeddings=task.vectors)
    numbers = [int(row.argmax()) if row.max() > 0 else -1 for row in strengths]
    words = [
        [word for word, _ in of_topic[1][:KEYWORDS]] for of_topic in model.get_topics(KEYWORDS)
    ]
    return task.topics(numbers, words)


@dataclass(frozen=True)
class _SameEncoder:
    """Our encoder, as turftopic asks one for the vectors of words."""

    encoder: Encoder

    def encode(self, sentences: Sequence[str], **_: Any) -> NDArray[np.float32]:
        return self.encoder.encode(list(sentences)).vectors


def _majority(task: Task) -> Outcome:
    """Give every text the commonest label, with the shares of all as chances."""
    counts = Counter(label for label in task.gold if label != NO_LABEL)
    classes = sorted(counts, key=lambda name: (-counts[name], name)) or [NO_LABEL]
    shares = np.array([counts[name] for name in classes], float) / max(1, counts.total())
    return task.tags(np.tile(shares, (len(task.texts), 1)), classes)


def _vader(task: Task) -> Outcome:
    """Give what VADER's own thresholds of ±0.05 give; it tells no probabilities."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    scores = np.array([analyzer.polarity_scores(text)["compound"] for text in task.texts])
    given = np.select([scores >= 0.05, scores <= -0.05], ["positive", "negative"], "neutral")
    return task.labels(given.tolist())


def _rules_of_sentiment(task: Task) -> Outcome:
    """Give what our rules give; they tell no probabilities."""
    return task.labels(tag.sentiment.label for tag in rule_tags(task.texts))


def _rules_of_kind(task: Task) -> Outcome:
    """Give the first kind that rules find, of those that texts have as labels."""
    classes = _kinds_of(task)
    return task.labels(_first(tag.kinds, classes) for tag in rule_tags(task.texts))


def _rules_of_kinds(task: Task) -> Outcome:
    """Give all kinds that rules find."""
    return task.labels(together(tag.kinds) for tag in rule_tags(task.texts))


def _first(kinds: Iterable[str], classes: Collection[str]) -> str:
    """Return the first kind that texts have as a label; "" where there is none."""
    return next((kind for kind in kinds if kind in classes), NO_LABEL)


METHODS: Mapping[str, Mapping[str, Method]] = {
    "topics": {
        OURS: _our_topics,
        "bertopic": _bertopic,
        "nmf": _nmf,
        "lda": _lda,
        "kmeans": _kmeans,
        "turftopic": _turftopic,
    },
    "sentiment": {
        OURS: _our_sentiment,
        "majority": _majority,
        "vader": _vader,
        "rules": _rules_of_sentiment,
    },
    "kind": {OURS: _our_kind, "majority": _majority, "rules": _rules_of_kind},
    "kinds": {OURS: _our_kinds, "rules": _rules_of_kinds},
    "masking": {OURS: our_masks},
    "key_points": {OURS: our_matches, "words": by_words},
    "links": {OURS: our_links, "before": before},
    "answers": {OURS: our_answers, "first": first},
    "changes": {OURS: our_changes},
    "alerts": {OURS: our_alerts},
    "outcomes": {OURS: our_outcomes},
}


def models_of(stage: str, settings: Settings) -> list[str]:
    """Return what the models and plug-ins of a stage are called; names change with what they do."""
    from feedbackminer.api.texts import tagger_of
    from feedbackminer.embed.bi_encoder import matcher_hash
    from feedbackminer.embed.load import backend_of, encoder_name
    from feedbackminer.topics.own_clusterer import clusterer_code

    if stage in WITHOUT_MODELS:
        return []
    if stage == "key_points":
        return [matcher_hash(), backend_of(settings.embed).engine]
    encoder = encoder_name(settings.embed)
    if stage == TOPICS:
        return [encoder, *filter(None, [clusterer_code(settings.topics.clusterer)])]
    return [encoder, tagger_of(settings, encoder).name]


def is_installed(method: str) -> bool:
    """Tell whether a baseline can be run here."""
    return method != "turftopic" or find_spec("turftopic") is not None
