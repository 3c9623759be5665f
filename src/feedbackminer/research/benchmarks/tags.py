"""Tags measured: on sites the heads have not seen, against a lexicon and rules, and for speed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np
import polars as pl

from feedbackminer.research.baselines import rule_tags
from feedbackminer.research.benchmarks.figures import (
    COLUMNS,
    SEED,
    Array,
    Figure,
    Label,
    Reference,
    experiences,
    feelings,
    kinds,
    measured,
    micro,
    severities,
    share_of,
)
from feedbackminer.research.benchmarks.shares import ISSUES, elsewhere, shares
from feedbackminer.research.data import tags
from feedbackminer.research.data.labels import (
    UNSEEN,
    UNSEEN_SENTENCES,
    load_labels,
    load_sentences,
)
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.examples import (
    Sources,
    checked_rows,
    examples_of,
    states_of,
    texts_of,
)
from feedbackminer.research.metrics.intervals import bootstrap, precision
from feedbackminer.research.metrics.labels import calibration_error, macro_f1, macro_recall
from feedbackminer.tagging import features, lexicon
from feedbackminer.tagging.fit import Recipe, fit_head
from feedbackminer.tagging.head_tagger import BATCH, Batch, HeadTagger, load_tagger
from feedbackminer.tagging.likeness import without_priors
from feedbackminer.tagging.speech import read_speech
from feedbackminer.tagging.status import status_of
from feedbackminer.vocabulary.tags import KINDS, NOTHING, SENTIMENTS, STATUSES

SPEED_POSTS = 20_000
EVENLY = 20_000 / 600  # posts that one of those drawn evenly stands for


def figures(sources: Sources) -> pl.DataFrame:
    """Measure everything: one row per figure, with the columns of :class:`Figure`."""
    rows = [
        *checked(sources),
        *statuses(sources),
        *shares(sources),
        *elsewhere(sources),
        *tones(sources),
        *issues(sources),
        *sentiments(sources),
    ]
    return pl.DataFrame([asdict(figure) for figure in rows], schema=COLUMNS)


def checked(sources: Sources) -> Iterator[Figure]:
    """What is given, and how posts are ranked, on posts of three forums that we read.

    Ranking is told of the posts of sites that nothing was trained on: of those that were drawn
    evenly and, beside it, of these and those drawn for rare labels, by their chances.
    """
    rows = checked_rows(sources)
    given = list(load_tagger(sources.encoder.name).tag(texts_of(rows, sources)))
    sites = np.array([row.data for row in rows])
    is_random = np.array([not row.picked for row in rows])
    n_unseen = len(load_labels(sources.data, sources.labels / UNSEEN))
    is_unseen = np.arange(len(rows)) >= len(rows) - n_unseen
    weight = np.array([1 / row.chance if row.chance else EVENLY for row in rows])
    for label in (*kinds(rows, given), *feelings(rows, given), *experiences(rows, given)):
        yield _precision_of(label, sites, is_random)
        yield _ranking_of(label, is_unseen & is_random, is_unseen, weight)
    for label in severities(rows, given):
        yield _precision_of(label, sites, is_random)


def _precision_of(label: Label, sites: Array, is_random: Array) -> Figure:
    """Measure one label, on every site as well; calibration on posts that were drawn by chance."""
    given, truth = label.given, label.truth
    value, low, high, _ = precision(truth[given])
    error = None
    if len(label.chances):
        chances = label.chances[is_random]
        error = calibration_error(chances, truth[is_random], np.ones(len(chances)))
    recall = Reference("recall", float(given[truth].mean()) if truth.any() else None)
    of_sites = (share_of(str(site), truth[given & (sites == site)]) for site in np.unique(sites))
    return Figure(
        what=f"given: {label.name}",
        measure="precision",
        n=int(given.sum()),
        value=value,
        low=low,
        high=high,
        beside=(recall, *of_sites),
        calibration_error=error,
    )


def _ranking_of(label: Label, is_even: Array, is_unseen: Array, weight: Array) -> Figure:
    """Measure how well the probabilities of one label rank posts of unseen sites."""
    from sklearn.metrics import average_precision_score

    def ranking(rows: Array) -> float:
        if not label.truth[rows].any():
            return float("nan")
        return float(average_precision_score(label.truth[rows], label.chances[rows]))

    even, both = np.flatnonzero(is_even), np.flatnonzero(is_unseen)
    value, low, high = bootstrap(lambda drawn: ranking(even[drawn]), len(even), SEED)
    by_chance = None
    if label.truth[both].any():
        by_chance = average_precision_score(
            label.truth[both], label.chances[both], sample_weight=weight[both]
        )
    return Figure(
        what=f"ranked: {label.name}",
        measure="average precision",
        n=int(label.truth[even].sum()),
        value=value,
        low=low,
        high=high,
        beside=(Reference("with posts drawn for rare labels", by_chance),),
    )


def statuses(sources: Sources) -> Iterator[Figure]:
    """Whose and whether: how sentences of unseen sites speak, by the heads and by cues alone."""
    rows = load_sentences(sources.data, sources.labels / UNSEEN_SENTENCES)
    rows = [row for row in rows if row.status != NOTHING]
    gold = np.array([STATUSES.index(str(row.status)) for row in rows])
    sentences = [row.sentence for row in rows]
    heads = load_tagger(sources.encoder.name).heads
    said = read_speech(heads, sentences, states_of(rows, sources))
    ours = said.status[:, : len(STATUSES)].argmax(axis=1)
    by_cues = np.array([STATUSES.index(status_of(sentence)) for sentence in sentences])
    beside = (Reference("cues", macro_f1(gold, by_cues)),)
    yield measured("status of sentences", "macro f1", (gold, ours), macro_f1, beside)
    for k, status in enumerate(STATUSES):
        value, low, high, _ = precision(gold[ours == k] == k)
        recall = Reference("recall", float((ours[gold == k] == k).mean()))
        yield Figure(
            f"status: {status}", "precision", int((ours == k).sum()), value, low, high, (recall,)
        )


def issues(sources: Sources) -> Iterator[Figure]:
    """Bug, feature or question on GitHub issues: unseen, and trained on them by five folds."""
    rows = tags.load(sources.data, "nlbse24")
    examples = examples_of(rows, "kinds", sources)
    columns = [KINDS.index(kind) for kind in ISSUES]
    gold = examples.truth[:, columns].argmax(axis=1)

    head = load_tagger(sources.encoder.name).heads["kinds"]
    unseen = head.scores(examples.dense, examples.words)[:, columns].argmax(axis=1)
    by_rules = np.array([_first(kinds, ISSUES) for kinds in _kinds_by_rules(rows)])
    rules = (Reference("rules", micro(gold, by_rules)),)
    yield measured("kinds: nlbse24, unseen", "micro f1", (gold, unseen), micro, rules)

    trained = replace(
        examples,
        truth=examples.truth[:, columns],
        typical=np.ones_like(examples.typical),
        groups=np.arange(len(rows)).astype(str).astype(object),
    )
    recipe = Recipe("nlbse24", ISSUES, True, sources.encoder.name, alpha=1e-3, seed=SEED)
    folds = fit_head(trained, recipe, {}).out_of_fold.argmax(axis=1)
    published = (Reference("SetFit", 0.827),)
    yield measured("kinds: nlbse24, 5 folds", "micro f1", (gold, folds), micro, published)


def sentiments(sources: Sources) -> Iterator[Figure]:
    """Sentiment on sites that were not trained on: the likeliest, classes weighing the same."""
    head = load_tagger(sources.encoder.name).heads["sentiment"]
    for what, rows, measure in (
        ("tweeteval validation", tags.load(sources.data, "tweeteval"), "recall"),
        ("senti4sd validation rows", tags.senti4sd(sources.data), "f1"),
    ):
        examples = examples_of(rows, "sentiment", sources)
        gold = examples.truth.argmax(axis=1)
        even = without_priors(head)
        ours = even.probabilities(examples.dense, examples.words, examples.genres).argmax(axis=1)
        vader = np.array([SENTIMENTS.index(lexicon.label(lexicon.score(row.text))) for row in rows])
        score = macro_recall if measure == "recall" else macro_f1
        beside = (Reference("VADER", score(gold, vader)),)
        yield measured(f"sentiment: {what}", f"macro {measure}", (gold, ours), score, beside)


def tones(sources: Sources) -> Iterator[Figure]:
    """How sentences about a feature sound: the heads, against a lexicon."""
    rows = tags.load(sources.data, "opinions")
    gold = np.array([row.sentiment for row in rows])
    feelings = load_tagger(sources.encoder.name).sentence_sentiment([row.text for row in rows])
    ours = np.array([feeling.label for feeling in feelings])
    vader = np.array([lexicon.label(lexicon.score(row.text)) for row in rows])
    for name in SENTIMENTS:
        value, low, high, _ = precision(gold[ours == name] == name)
        yield Figure(
            what=f"clause: {name}",
            measure="precision",
            n=int((ours == name).sum()),
            value=value,
            low=low,
            high=high,
            beside=(share_of("VADER", gold[vader == name] == name),),
        )


def speed(sources: Sources) -> tuple[float, float]:
    """Return posts a second of the heads over known states, and of the whole stage of tagging."""
    rows = checked_rows(sources)
    texts = texts_of(rows, sources)
    many = (texts * -(-SPEED_POSTS // len(texts)))[:SPEED_POSTS]
    tagger = load_tagger(sources.encoder.name)
    batches = [Batch.of(many[start : start + BATCH]) for start in range(0, len(many), BATCH)]

    began = time.perf_counter()
    _in_two(tagger, batches)
    of_heads = len(many) / (time.perf_counter() - began)

    began = time.perf_counter()
    list(tagger.tag(many))
    return of_heads, len(many) / (time.perf_counter() - began)


def _in_two(tagger: HeadTagger, batches: Sequence[Batch]) -> None:
    """Compute the probabilities in two processes, one for each core."""
    from joblib import Parallel, delayed

    Parallel(n_jobs=2)(delayed(_probabilities)(tagger, batch) for batch in batches)


def _probabilities(tagger: HeadTagger, batch: Batch) -> dict[str, Array]:
    said = read_speech(tagger.heads, batch.sentences, batch.states)
    return tagger.probabilities(batch, said)


def _kinds_by_rules(rows: Sequence[LabelledText]) -> list[tuple[str, ...]]:
    """Return the kinds that the rules find."""
    return [tag.kinds for tag in rule_tags([row.text[: features.READ] for row in rows])]


def _first(kinds: Sequence[str], names: Sequence[str]) -> int:
    """Return which of ``names`` comes first among kinds; where none does, the first."""
    return next((k for k, name in enumerate(names) if name in kinds), 0)
