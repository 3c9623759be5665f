"""Topics measured: against gold labels, against BERTopic's quick start, and against time.

Every number here is computed on all texts; what has no topic counts as one topic of its own.
"""

from __future__ import annotations

import gzip
import json
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.api.frames import as_texts
from feedbackminer.clean.segments import find_segments
from feedbackminer.embed.encoder import Encoder
from feedbackminer.errors import InputError
from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.corpus import TopicInput
from feedbackminer.topics.previous import TopicTables
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix

Labels = NDArray[np.int64]
SETS = {
    "stackoverflow20": "stackoverflow20/train.jsonl.gz",
    "banking77": "banking77/train.jsonl.gz",
    "hwu64": "hwu64/train.jsonl.gz",
    "dstc11": "dstc11_intents/insurance.jsonl.gz",
    "minibar_clusters": "minibar_clusters/clusters.jsonl.gz",
}
GROWTH_SET, BEFORE, AFTER = "stackoverflow20", 5_000, 5_500
WEEKS, ALONE = 4, 3
SINGLE, MADE, SAID = 12_000, 300, 15  # texts left as they are; long ones, and texts in each half
NONE = -1
BENCH = Provenance("bench", "bench")


@dataclass(frozen=True)
class LabelledSet:
    """Texts with the topic that people gave them."""

    name: str
    texts: Sequence[str]
    gold: Labels
    vectors: Matrix


@dataclass(frozen=True)
class Score:
    """How one method did on one set: medians over seeds."""

    data: str
    method: str
    topics: int
    covered: float
    nmi: float
    ari: float
    cpu_seconds: float
    seeds_ami: float  # two seeds against each other, the median of pairs


@dataclass(frozen=True)
class Kept:
    """How far topics are the same after the data have grown or the seed has changed."""

    what: str
    ami: float
    same_id: float
    n: int


@dataclass(frozen=True)
class Several:
    """How well the topics of long posts are found, each post made of texts of one or two labels."""

    both: float  # of posts of two labels: both found
    right: float  # of further topics: one of the post's labels
    wrong: float  # of posts of one label: one that is not theirs found as well
    n: int


def load(folder: Path, name: str, encoder: Encoder) -> LabelledSet:
    """Read a set and encode it.

    Raises:
        InputError: the folder does not hold it.
    """
    path = folder / SETS[name]
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    order = np.random.default_rng(0).permutation(len(rows))  # some files are sorted by label
    rows = [rows[i] for i in order]
    texts = [row["text"] for row in rows]
    gold = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    return LabelledSet(name, texts, gold.astype(np.int64), encoder.encode(texts).vectors)


def compare(data: LabelledSet, seeds: Sequence[int]) -> Iterator[Score]:
    """Score BERTopic's quick start and ours on the same vectors."""
    for method, run in (("quick start", quick_start), ("feedbackminer", ours)):
        labels, seconds = [], []
        for seed in seeds:
            began = time.process_time()
            labels.append(run(data, seed))
            seconds.append(time.process_time() - began)
        yield _score(data, method, labels, seconds)


def quick_start(data: LabelledSet, seed: int) -> Labels:
    """Return the topics of BERTopic as its quick start makes them, but with a seed."""
    from bertopic import BERTopic
    from umap import UMAP

    reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        topics, _ = BERTopic(umap_model=reduce).fit_transform(list(data.texts), data.vectors)
    return np.asarray(topics, dtype=np.int64)


def ours(data: LabelledSet, seed: int) -> Labels:
    """Return our topics."""
    return labels_of(find(data, len(data.texts), seed), len(data.texts))


def find(data: LabelledSet, count: int, seed: int, known: TopicTables | None = None) -> TopicResult:
    """Find topics in the first ``count`` texts."""
    texts = as_texts(dict(enumerate(data.texts[:count])))
    posts = TopicInput(texts, data.vectors[:count], texts["post_id"])
    return find_topics(posts, known, settings=TopicSettings(seed=seed), provenance=BENCH)


def labels_of(found: TopicResult, count: int) -> Labels:
    """Return a number per text, the same for the same topic id; -1 where it has no topic."""
    labels = np.full(count, NONE)
    main = found.assignments.filter(pl.col("rank") == 1)
    for post_id, topic_id in main.select("post_id", "topic_id").iter_rows():
        labels[int(post_id)] = int(topic_id[1:])
    return labels


def grow(data: LabelledSet, seed: int) -> Iterator[Kept]:
    """Add next week's texts to last week's topics."""
    before = find(data, BEFORE, seed)
    old = labels_of(before, BEFORE)
    known = _known(before)
    after = labels_of(find(data, AFTER, seed, known), AFTER)[:BEFORE]
    yield _kept(f"{data.name}: {BEFORE:,} rows, then {AFTER - BEFORE} more", old, after)
    again = labels_of(find(data, AFTER, seed + 1, known), AFTER)[:BEFORE]
    yield _kept("  the same, found anew with another seed", old, again)


def scale(data: LabelledSet) -> Iterator[tuple[int, float]]:
    """Yield CPU seconds that a quarter, half and all of the texts take after the vectors."""
    for part in (4, 2, 1):
        count = len(data.texts) // part
        began = time.process_time()
        find(data, count, 0)
        yield count, time.process_time() - began


def several(data: LabelledSet, seed: int, encoder: Encoder) -> Several:
    """Put texts of two labels into one long post, and see whether both of its topics are found."""
    said, truth = _long_posts(data, np.random.default_rng(seed))
    texts = as_texts(dict(enumerate([*data.texts[:SINGLE], *said])))
    segments = find_segments(texts[SINGLE:], long_words=1)
    parts = encoder.encode(segments["text"].to_list()).vectors
    found = find_topics(
        TopicInput(
            texts=texts,
            vectors=np.vstack([data.vectors[:SINGLE], encoder.encode(said).vectors]),
            threads=texts["post_id"],
            segments=segments,
            segment_vectors=parts,
        ),
        settings=TopicSettings(seed=seed),
        provenance=BENCH,
    )
    named = found.assignments.with_columns(place=pl.col("post_id").cast(pl.Int64))
    own = named.filter(pl.col("place") < SINGLE).group_by("topic_id").agg("place")
    label_of = {topic: int(np.bincount(data.gold[places]).argmax()) for topic, places in own.rows()}
    told = named.filter(pl.col("place") >= SINGLE).sort("rank")
    labels = told.select(
        pl.col("place") - SINGLE, label=pl.col("topic_id").replace_strict(label_of, default=NONE)
    )
    found_in = dict(labels.group_by("place", maintain_order=True).agg("label").iter_rows())
    posts = [(set(wanted), found_in.get(i, [])) for i, wanted in enumerate(truth)]
    further = [label in wanted for wanted, heard in posts for label in heard[1:]]
    return Several(
        float(np.mean([wanted <= set(heard) for wanted, heard in posts if len(wanted) == 2])),
        float(np.mean(further)),
        float(np.mean([not set(heard) <= wanted for wanted, heard in posts if len(wanted) == 1])),
        MADE,
    )


def _long_posts(
    data: LabelledSet, chance: np.random.Generator
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return long posts of the texts after the single ones; every third is of one label."""
    rest = np.arange(SINGLE, len(data.texts))
    of_label = {label: rest[data.gold[rest] == label] for label in np.unique(data.gold)}
    usable = [label for label, places in of_label.items() if len(places) >= SAID]
    said, truth = [], []
    for number in range(MADE):
        one, other = chance.choice(usable, 2, replace=False)
        pair = (int(one), int(other if number % 3 else one))
        places = [chance.choice(of_label[label], SAID, replace=False) for label in pair]
        said.append("\n".join(data.texts[i] for half in places for i in half))
        truth.append(pair)
    return said, truth


def replay(
    texts: pl.DataFrame, vectors: Matrix, posts: pl.DataFrame, name: str, seed: int
) -> Iterator[Kept]:
    """Fit on all but the last weeks of a community, add them one by one, then find anew."""
    dated = texts.join(posts, on="post_id", how="left", maintain_order="left")
    last = posts["created_at"].max()
    settings = TopicSettings(seed=seed)
    known, first = None, np.zeros(0, dtype=np.int64)
    for week in range(WEEKS, -1, -1):
        until = last - timedelta(weeks=week)  # type: ignore[operator]
        inside = dated.select((pl.col("created_at") <= until).fill_null(value=True)).to_series()
        found = _find_among(dated, vectors, inside, known, settings)
        known = _known(found)
        labels = _community_labels(found, dated)
        if week == WEEKS:
            first = labels
    sorted_ = first != NONE
    yield _kept(f"{name}: {WEEKS} weeks added one by one", first[sorted_], labels[sorted_])
    other = TopicSettings(seed=seed + 1)
    every = pl.Series([True] * len(dated))
    again = _community_labels(_find_among(dated, vectors, every, known, other), dated)
    yield _kept("  then found anew with another seed", labels[sorted_], again[sorted_])
    alone = [
        _community_labels(_find_among(dated, vectors, every, None, TopicSettings(seed=s)), dated)
        for s in range(seed, seed + ALONE)
    ]
    yield Kept("  two seeds, nothing known before", _pairwise_ami(alone), np.nan, len(dated))


def _find_among(
    dated: pl.DataFrame,
    vectors: Matrix,
    inside: pl.Series,
    known: TopicTables | None,
    settings: TopicSettings,
) -> TopicResult:
    chosen = dated.filter(inside)
    texts = chosen.drop("thread_id", "created_at")
    posts = TopicInput(texts, vectors[inside.to_numpy()], chosen["thread_id"])
    return find_topics(posts, known, settings=settings, provenance=BENCH)


def _community_labels(found: TopicResult, dated: pl.DataFrame) -> Labels:
    main = found.assignments.filter(pl.col("rank") == 1)
    topic = dict(main.select("post_id", "topic_id").iter_rows())
    return np.array([int(topic[i][1:]) if i in topic else NONE for i in dated["post_id"]])


def _known(found: TopicResult) -> TopicTables:
    return TopicTables(found.topics, found.vocabulary, found.assignments)


def _kept(what: str, old: Labels, new: Labels) -> Kept:
    if not len(old):  # a community that is younger than what was replayed
        return Kept(what, np.nan, np.nan, 0)
    return Kept(what, _ami(old, new), float(np.mean(old == new)), len(old))


def _pairwise_ami(labels: Sequence[Labels]) -> float:
    """Return the median over pairs of seeds; nan for one seed."""
    pairs = [_ami(one, other) for one, other in combinations(labels, 2)]
    return median(pairs) if pairs else np.nan


def _ami(one: Labels, other: Labels) -> float:
    """Adjusted mutual information, 1 where equal, 0 by chance (Vinh et al. 2010, JMLR 11)."""
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(one, other))


def _score(
    data: LabelledSet, method: str, labels: Sequence[Labels], seconds: Sequence[float]
) -> Score:
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return Score(
        data.name,
        method,
        round(median(len(np.unique(found[found != NONE])) for found in labels)),
        median(float(np.mean(found != NONE)) for found in labels),
        median(normalized_mutual_info_score(data.gold, found) for found in labels),
        median(adjusted_rand_score(data.gold, found) for found in labels),
        median(seconds),
        _pairwise_ami(labels),
    )
