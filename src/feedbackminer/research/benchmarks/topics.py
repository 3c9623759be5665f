"""Topics measured: against gold labels, against BERTopic's quick start, and against time.

Every number here is computed on all texts; what has no topic counts as one topic of its own.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
import polars as pl

from feedbackminer.api.frames import as_texts
from feedbackminer.clean.segments import find_segments
from feedbackminer.embed.encoder import Encoder
from feedbackminer.errors import InputError
from feedbackminer.research.baselines import quick_start
from feedbackminer.research.metrics.topics import NONE, Labels, ami, ari, coverage, n_topics, nmi
from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.corpus import TopicInput
from feedbackminer.topics.previous import TopicTables
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix

SETS = {
    "stackoverflow20": "stackoverflow20/train.jsonl.gz",
    "banking77": "banking77/train.jsonl.gz",
    "hwu64": "hwu64/train.jsonl.gz",
    "dstc11": "dstc11_intents/insurance.jsonl.gz",
    "minibar_clusters": "minibar_clusters/clusters.jsonl.gz",
}
GROWTH_SET, BEFORE, AFTER = "stackoverflow20", 5_000, 5_500
WEEKS = 4  # of a community, added one by one
SEEDS_ALONE = 3  # fits that know nothing of each other
SINGLE = 12_000  # texts that are left as they are
LONG, PARTS = 300, 15  # posts made of texts of two labels, and texts of each
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
    gold_topics: int
    covered: float
    nmi: float
    ari: float
    cpu_seconds: float
    seeds_ami: float  # two seeds against each other, the median of pairs


@dataclass(frozen=True)
class Stability:
    """How far topics are the same after the data have grown or the seed has changed."""

    what: str
    ami: float
    same_id: float
    n: int


@dataclass(frozen=True)
class MultiLabel:
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
    rows = read_labelled(folder, name)
    order = np.random.default_rng(0).permutation(len(rows))  # some files are sorted by label
    rows = [rows[i] for i in order]
    texts = [row["text"] for row in rows]
    gold = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    return LabelledSet(name, texts, gold.astype(np.int64), encoder.encode(texts).vectors)


def read_labelled(folder: Path, name: str) -> list[dict[str, str]]:
    """Read the texts of a set with their labels.

    Raises:
        InputError: the folder does not hold it.
    """
    path = folder / SETS[name]
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def compare(data: LabelledSet, seeds: Sequence[int]) -> Iterator[Score]:
    """Score BERTopic's quick start and ours on the same vectors."""

    def theirs(data: LabelledSet, seed: int) -> Labels:
        return quick_start(data.texts, data.vectors, seed)[1]

    for method, run in (("quick start", theirs), ("feedbackminer", ours)):
        labels, seconds = [], []
        for seed in seeds:
            began = time.process_time()
            labels.append(run(data, seed))
            seconds.append(time.process_time() - began)
        yield _score(data, method, labels, seconds)


def ours(data: LabelledSet, seed: int) -> Labels:
    """Return our topics."""
    return labels_of(fit(data, len(data.texts), seed), len(data.texts))


def fit(
    data: LabelledSet, count: int, seed: int, previous: TopicTables | None = None
) -> TopicResult:
    """Find topics in the first ``count`` texts."""
    texts = as_texts(dict(enumerate(data.texts[:count])))
    posts = TopicInput(texts, data.vectors[:count], texts["post_id"])
    return find_topics(posts, previous, settings=TopicSettings(seed=seed), provenance=BENCH)


def labels_of(result: TopicResult, count: int) -> Labels:
    """Return a number per text, the same for the same topic id; -1 where it has no topic."""
    labels = np.full(count, NONE)
    main = result.assignments.filter(pl.col("rank") == 1)
    for post_id, topic_id in main.select("post_id", "topic_id").iter_rows():
        labels[int(post_id)] = int(topic_id[1:])
    return labels


def grow(data: LabelledSet, seed: int) -> Iterator[Stability]:
    """Add next week's texts to last week's topics."""
    before = fit(data, BEFORE, seed)
    old, previous = labels_of(before, BEFORE), _previous(before)
    after = labels_of(fit(data, AFTER, seed, previous), AFTER)[:BEFORE]
    yield _stability(f"{data.name}: {BEFORE:,} rows, then {AFTER - BEFORE} more", old, after)
    again = labels_of(fit(data, AFTER, seed + 1, previous), AFTER)[:BEFORE]
    yield _stability("  the same, found anew with another seed", old, again)


def scale(data: LabelledSet) -> Iterator[tuple[int, float]]:
    """Yield CPU seconds that a quarter, half and all of the texts take after the vectors."""
    for part in (4, 2, 1):
        count = len(data.texts) // part
        began = time.process_time()
        fit(data, count, 0)
        yield count, time.process_time() - began


def find_both(data: LabelledSet, seed: int, encoder: Encoder) -> MultiLabel:
    """Put texts of two labels into one long post, and see whether both of its topics are found."""
    posts, truth = _long_posts(data, np.random.default_rng(seed))
    texts = as_texts(dict(enumerate([*data.texts[:SINGLE], *posts])))
    segments = find_segments(texts[SINGLE:], long_words=1)
    result = find_topics(
        TopicInput(
            texts=texts,
            vectors=np.vstack([data.vectors[:SINGLE], encoder.encode(posts).vectors]),
            threads=texts["post_id"],
            segments=segments,
            segment_vectors=encoder.encode(segments["text"].to_list()).vectors,
        ),
        settings=TopicSettings(seed=seed),
        provenance=BENCH,
    )
    assignments = result.assignments.with_columns(number=pl.col("post_id").cast(pl.Int64))
    return _judged(_labels_of_long_posts(assignments, data.gold), truth)


def _long_posts(
    data: LabelledSet, generator: np.random.Generator
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return long posts of the texts after the single ones; every third is of one label."""
    rest = np.arange(SINGLE, len(data.texts))
    of_label = {label: rest[data.gold[rest] == label] for label in np.unique(data.gold)}
    usable = [label for label, numbers in of_label.items() if len(numbers) >= PARTS]

    posts, truth = [], []
    for number in range(LONG):
        one, other = generator.choice(usable, 2, replace=False)
        pair = (int(one), int(other if number % 3 else one))
        halves = [generator.choice(of_label[label], PARTS, replace=False) for label in pair]
        posts.append("\n".join(data.texts[i] for half in halves for i in half))
        truth.append(pair)
    return posts, truth


def _labels_of_long_posts(assignments: pl.DataFrame, gold: Labels) -> list[list[int]]:
    """Return the labels that the topics of each long post stand for, its main topic first.

    A topic stands for the label that most of its single texts have; -1 where it has none.
    """
    single = assignments.filter(pl.col("number") < SINGLE).group_by("topic_id").agg("number")
    label_of = {topic: int(np.bincount(gold[rows]).argmax()) for topic, rows in single.rows()}
    labels = (
        assignments.filter(pl.col("number") >= SINGLE)
        .sort("rank")
        .select(
            pl.col("number") - SINGLE,
            label=pl.col("topic_id").replace_strict(label_of, default=NONE),
        )
        .group_by("number", maintain_order=True)
        .agg("label")
    )
    by_number = dict(labels.iter_rows())
    return [by_number.get(number, []) for number in range(LONG)]


def _judged(labels: Sequence[Sequence[int]], truth: Sequence[tuple[int, int]]) -> MultiLabel:
    pairs = [(set(given), set(true)) for given, true in zip(labels, truth, strict=True)]
    further = [label in true for given, true in zip(labels, truth, strict=True)
               for label in given[1:]]  # fmt: skip
    return MultiLabel(
        both=float(np.mean([true <= given for given, true in pairs if len(true) == 2])),
        right=float(np.mean(further)),
        wrong=float(np.mean([not given <= true for given, true in pairs if len(true) == 1])),
        n=LONG,
    )


@dataclass(frozen=True)
class Community:
    """Texts with thread and time, and their vectors, one row each."""

    texts: pl.DataFrame
    vectors: Matrix

    def fit(
        self, seed: int, previous: TopicTables | None = None, *, until: datetime | None = None
    ) -> TopicResult:
        """Find topics in what was written until then; what has no date counts as old."""
        inside = np.ones(len(self.texts), dtype=bool)
        if until:
            inside = (self.texts["created_at"] <= until).fill_null(True).to_numpy()
        chosen = self.texts.filter(inside)
        texts = chosen.drop("thread_id", "created_at")
        posts = TopicInput(texts, self.vectors[inside], chosen["thread_id"])
        return find_topics(posts, previous, settings=TopicSettings(seed=seed), provenance=BENCH)

    def labels_of(self, result: TopicResult) -> Labels:
        """Return a number per text, the same for the same topic id; -1 where it has no topic."""
        main = result.assignments.filter(pl.col("rank") == 1)
        topic_of = dict(main.select("post_id", "topic_id").iter_rows())
        ids = self.texts["post_id"]
        return np.array([int(topic_of[i][1:]) if i in topic_of else NONE for i in ids])


def replay(
    texts: pl.DataFrame, vectors: Matrix, posts: pl.DataFrame, name: str, seed: int
) -> Iterator[Stability]:
    """Fit on all but the last weeks of a community, add them one by one, then find anew."""
    community = Community(
        texts.join(posts, on="post_id", how="left", maintain_order="left"), vectors
    )
    last = cast(datetime, posts["created_at"].max())

    previous, first = None, np.zeros(0, dtype=np.int64)
    for week in range(WEEKS, -1, -1):
        result = community.fit(seed, previous, until=last - timedelta(weeks=week))
        previous, labels = _previous(result), community.labels_of(result)
        if week == WEEKS:
            first = labels
    has_topic = first != NONE
    what = f"{name}: {WEEKS} weeks added one by one"
    yield _stability(what, first[has_topic], labels[has_topic])

    again = community.labels_of(community.fit(seed + 1, previous))
    what = "  then found anew with another seed"
    yield _stability(what, labels[has_topic], again[has_topic])

    seeds = range(seed, seed + SEEDS_ALONE)
    alone = [community.labels_of(community.fit(one)) for one in seeds]
    yield Stability("  two seeds, nothing known before", _pairwise_ami(alone), np.nan, len(labels))


def _previous(result: TopicResult) -> TopicTables:
    return TopicTables(result.topics, result.vocabulary, result.assignments)


def _stability(what: str, old: Labels, new: Labels) -> Stability:
    if not len(old):  # a community that is younger than what was replayed
        return Stability(what, np.nan, np.nan, 0)
    return Stability(what, ami(old, new), float(np.mean(old == new)), len(old))


def _pairwise_ami(labels: Sequence[Labels]) -> float:
    """Return the median over pairs of seeds; nan for one seed."""
    pairs = [ami(one, other) for one, other in combinations(labels, 2)]
    return median(pairs) if pairs else np.nan


def _score(
    data: LabelledSet, method: str, labels: Sequence[Labels], seconds: Sequence[float]
) -> Score:
    return Score(
        data=data.name,
        method=method,
        topics=round(median(n_topics(fit) for fit in labels)),
        gold_topics=int(data.gold.max()) + 1,
        covered=median(coverage(fit) for fit in labels),
        nmi=median(nmi(data.gold, fit) for fit in labels),
        ari=median(ari(data.gold, fit) for fit in labels),
        cpu_seconds=median(seconds),
        seeds_ami=_pairwise_ami(labels),
    )


@dataclass(frozen=True)
class Figures:
    """What the public sets show: scores of each, the rest of the set that is large enough."""

    scores: Sequence[Score] = ()
    lasting: Sequence[Stability] = ()
    seconds: Sequence[tuple[int, float]] = ()  # of CPU after the vectors, for so many texts
    multi_label: MultiLabel | None = None


def measure(folder: Path, names: Sequence[str], seeds: Sequence[int], encoder: Encoder) -> Figures:
    """Measure topics on public data sets.

    Raises:
        InputError: the folder does not hold one of them.
    """
    scores: list[Score] = []
    figures = Figures()
    for name in names:
        data = load(folder, name, encoder)
        scores += compare(data, seeds)
        if name == GROWTH_SET:
            figures = Figures(
                lasting=tuple(grow(data, 0)),
                multi_label=find_both(data, 0, encoder),
                seconds=tuple(scale(data)),
            )
    return replace(figures, scores=scores)
