"""Tags measured: on sites the heads have not seen, against a lexicon and rules, and for speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.api.frames import as_texts
from feedbackminer.embed.encoder import Encoded
from feedbackminer.insight.measures import CALIBRATION_SPREAD, expected_share
from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.metrics import bootstrap, calibration_error, precision
from feedbackminer.research.training import (
    UNSEEN,
    UNSEEN_SENTENCES,
    Sources,
    checked_rows,
    examples_of,
    states_of,
    texts_of,
)
from feedbackminer.tagging import features, lexicon
from feedbackminer.tagging.fit import Recipe, fit_head
from feedbackminer.tagging.head_tagger import BATCH, Batch, HeadTagger, load_tagger
from feedbackminer.tagging.likeness import fitted_to, without_priors
from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.speech import read_speech
from feedbackminer.tagging.stage import read_texts
from feedbackminer.tagging.status import status_of
from feedbackminer.tagging.tagger import Tag
from feedbackminer.vocabulary.tags import EXPERIENCES, KINDS, NOTHING, SENTIMENTS, STATUSES, UNSURE

Array = NDArray[Any]
ISSUES = ("bug", "feature_request", "question")
OTHER = 2  # neither bug nor feature
SEED = 0
SPEED_POSTS = 20_000
EVENLY = 20_000 / 600  # posts that one of those drawn evenly stands for
HALF = 0.5
SAMPLES, SAMPLE = 100, 200
FEWEST_TRUE = 30  # posts with a label, for shares of it to be drawn
FEWEST_FOUND = 5  # and for a sample to have any
SEVERE = (2, 3, 4)  # levels that posts are held to reach


@dataclass(frozen=True)
class Reference:
    """What another method, or one site alone, reaches; ``n`` is given where it is a share."""

    name: str
    value: float | None  # None: of no rows
    n: int | None = None


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark.

    Attributes:
        what: is measured, on which data.
        measure: its name; all are 0 to 1.
        n: rows that it was measured on.
        value, low, high: ours with its 95 % interval; None where undefined.
        beside: what it is to be compared with.
        calibration_error: of the probabilities behind it, where they were measured.
    """

    what: str
    measure: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    beside: tuple[Reference, ...] = ()
    calibration_error: float | None = None


COLUMNS = {
    "what": pl.String(),
    "measure": pl.String(),
    "n": pl.Int64(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "beside": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64, "n": pl.Int64})),
    "calibration_error": pl.Float64(),
}


@dataclass(frozen=True)
class Label:
    """One label on the checked posts: what was given, what is true, and how probable it was."""

    name: str
    given: Array
    truth: Array
    chances: Array


def figures(sources: Sources) -> pl.DataFrame:
    """Measure everything: one row per figure, with the columns of :class:`Figure`."""
    measured = [
        *checked(sources),
        *statuses(sources),
        *shares(sources),
        *elsewhere(sources),
        *tones(sources),
        *issues(sources),
        *sentiments(sources),
    ]
    return pl.DataFrame([asdict(figure) for figure in measured], schema=COLUMNS)


def checked(sources: Sources) -> Iterator[Figure]:
    """What is given, and how posts are ranked, on posts of three forums that we read.

    Ranking is told of the posts of sites that nothing was trained on: of those that were drawn
    evenly and, beside it, of these and those drawn for rare labels, by their chances.
    """
    rows = checked_rows(sources)
    given = list(load_tagger(sources.encoder.name).tag(texts_of(rows, sources)))
    sites = np.array([row.data for row in rows])
    is_random = np.array([not row.picked for row in rows])
    n_unseen = len(tags.load_labels(sources.data, sources.labels / UNSEEN))
    is_unseen = np.arange(len(rows)) >= len(rows) - n_unseen
    weight = np.array([1 / row.chance if row.chance else EVENLY for row in rows])
    for label in (*_kinds(rows, given), *_sentiments(rows, given), *_experiences(rows, given)):
        yield _precision_of(label, sites, is_random)
        yield _ranking_of(label, is_unseen & is_random, is_unseen, weight)
    for label in _severities(rows, given):
        yield _precision_of(label, sites, is_random)


def _kinds(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    chances = np.array([tag.kind_chances for tag in given])
    for k, kind in enumerate(KINDS):
        is_given = np.array([kind in tag.kinds for tag in given])
        truth = np.array([row.kinds[kind] for row in rows])
        yield Label(kind, is_given, truth, chances[:, k])


def _sentiments(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    chances = np.array([tag.sentiment.chances for tag in given])
    for k, name in enumerate(SENTIMENTS):
        is_given = np.array([tag.sentiment.label == name for tag in given])
        truth = np.array([row.sentiment == name for row in rows])
        yield Label(name, is_given, truth, chances[:, k])


def _experiences(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    """Yield bad or mixed, and good or mixed, each given where it is likelier than not."""
    chances = np.array([tag.experience.chances for tag in given])
    mixed = EXPERIENCES.index("mixed")
    for name in ("bad", "good"):
        either = chances[:, EXPERIENCES.index(name)] + chances[:, mixed]
        truth = np.array([row.experience in (name, "mixed") for row in rows])
        yield Label(f"experience {name} or mixed", either >= HALF, truth, either)


def _severities(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    for level in SEVERE:
        is_given = np.array([(tag.severity or 0) >= level for tag in given])
        truth = np.array([(row.severity or 0) >= level for row in rows])
        yield Label(f"severity at least {level}", is_given, truth, np.array([]))


def _precision_of(label: Label, sites: Array, is_random: Array) -> Figure:
    """Measure one label, on every site as well; calibration on posts that were drawn by chance."""
    given, truth = label.given, label.truth
    value, low, high, _ = precision(truth[given])
    error = None
    if len(label.chances):
        chances = label.chances[is_random]
        error = calibration_error(chances, truth[is_random], np.ones(len(chances)))
    recall = Reference("recall", float(given[truth].mean()) if truth.any() else None)
    of_sites = (_share(str(site), truth[given & (sites == site)]) for site in np.unique(sites))
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
    rows = tags.load_sentences(sources.data, sources.labels / UNSEEN_SENTENCES)
    rows = [row for row in rows if row.status != NOTHING]
    gold = np.array([STATUSES.index(str(row.status)) for row in rows])
    sentences = [row.sentence for row in rows]
    heads = load_tagger(sources.encoder.name).heads
    said = read_speech(heads, sentences, states_of(rows, sources))
    ours = said.status[:, : len(STATUSES)].argmax(axis=1)
    by_cues = np.array([STATUSES.index(status_of(sentence)) for sentence in sentences])
    score = partial(_macro, of="f1")
    beside = (Reference("cues", score(gold, by_cues)),)
    yield _figure("status of sentences", "macro f1", (gold, ours), score, beside)
    for k, status in enumerate(STATUSES):
        value, low, high, _ = precision(gold[ours == k] == k)
        recall = Reference("recall", float((ours[gold == k] == k).mean()))
        yield Figure(
            f"status: {status}", "precision", int((ours == k).sum()), value, low, high, (recall,)
        )


def shares(sources: Sources) -> Iterator[Figure]:
    """Shares of labels on unseen sites: probabilities summed, against what was read.

    Evenly drawn posts as they are, and samples of 200 drawn to have any share of the label
    (artificial prevalence protocol; Esuli, Fabris, Moreo and Sebastiani 2023, section 3.4.2).
    """
    rows = checked_rows(sources)
    given = list(load_tagger(sources.encoder.name).tag(texts_of(rows, sources)))
    is_random = np.array([not row.picked for row in rows])
    draw = np.random.default_rng(SEED)
    natural, artificial, covered = [], [], []
    for label in (*_kinds(rows, given), *_sentiments(rows, given), *_experiences(rows, given)):
        chances, truth = label.chances[is_random], label.truth[is_random]
        natural.append(abs(chances.mean() - truth.mean()))
        yield Figure(
            what=f"share: {label.name}",
            measure="expected",
            n=len(truth),
            value=float(chances.mean()),
            low=None,
            high=None,
            beside=(Reference("read", float(truth.mean())),),
        )
        if truth.sum() < FEWEST_FOUND:
            continue
        for _ in range(SAMPLES):
            rows_drawn = draw.integers(0, len(truth), SAMPLE)
            estimate = expected_share(chances[rows_drawn].sum(), SAMPLE, spread=CALIBRATION_SPREAD)
            covered.append(estimate.low <= truth[rows_drawn].mean() <= estimate.high)
        if truth.sum() >= FEWEST_TRUE:
            artificial += list(_artificial_errors(chances, truth, draw))
    for what, values in (
        ("shares of labels, as they are: mean error", natural),
        ("shares, drawn evenly from 0 to 1: mean error", artificial),
        (f"samples of {SAMPLE} whose interval holds the share", covered),
    ):
        yield Figure(what, "mean", len(values), float(np.mean(values)), None, None)


def _artificial_errors(chances: Array, truth: Array, draw: np.random.Generator) -> Iterator[float]:
    """Yield how far the expected share is off in samples that have a drawn share of a label."""
    true, false = np.flatnonzero(truth), np.flatnonzero(~truth.astype(bool))
    for share in draw.random(SAMPLES):
        n_true = round(share * SAMPLE)
        rows = [*draw.choice(true, n_true), *draw.choice(false, SAMPLE - n_true)]
        yield abs(float(chances[rows].mean()) - n_true / SAMPLE)


def elsewhere(sources: Sources) -> Iterator[Figure]:
    """Texts of other sorts: are they told to be unlike, and how right are the labels written."""
    tagger = load_tagger(sources.encoder.name)
    for what, rows in (
        ("tweeteval validation", tags.load(sources.data, "tweeteval")),
        ("senti4sd validation rows", senti4sd(sources)),
    ):
        texts = texts_of(rows, sources)
        fitted, notices = fitted_to(tagger, texts)
        written = np.array([SENTIMENTS.index(tag.sentiment.label) if tag.sentiment.label != UNSURE
                            else len(SENTIMENTS) for tag in fitted.tag(texts)])  # fmt: skip
        gold = np.array([SENTIMENTS.index(str(row.sentiment)) for row in rows])
        beside = (Reference("told to be unlike", float(bool(notices))),)
        score = partial(_macro, of="recall")
        yield _figure(f"written: {what}", "macro recall", (gold, written), score, beside)

    rows = tags.load(sources.data, "nlbse24")
    texts = texts_of(rows, sources)
    _, notices = fitted_to(tagger, texts)
    chances = np.array([tag.kind_chances for tag in tagger.tag(texts)])
    for kind in ISSUES:
        truth = np.array([row.kinds[kind] for row in rows])
        read = Reference("read", float(truth.mean()))
        told = Reference("told to be unlike", float(bool(notices)))
        expected = float(chances[:, KINDS.index(kind)].mean())
        yield Figure(
            f"share in nlbse24: {kind}", "expected", len(rows), expected, None, None, (read, told)
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
    rules = (Reference("rules", _micro(gold, by_rules)),)
    yield _figure("kinds: nlbse24, unseen", "micro f1", (gold, unseen), _micro, rules)

    trained = replace(
        examples,
        truth=examples.truth[:, columns],
        typical=np.ones_like(examples.typical),
        groups=np.arange(len(rows)).astype(str).astype(object),
    )
    recipe = Recipe("nlbse24", ISSUES, True, sources.encoder.name, alpha=1e-3, seed=SEED)
    folds = fit_head(trained, recipe, {}).out_of_fold.argmax(axis=1)
    published = (Reference("SetFit", 0.827),)
    yield _figure("kinds: nlbse24, 5 folds", "micro f1", (gold, folds), _micro, published)


def sentiments(sources: Sources) -> Iterator[Figure]:
    """Sentiment on sites that were not trained on: the likeliest, classes weighing the same."""
    head = load_tagger(sources.encoder.name).heads["sentiment"]
    for what, rows, measure in (
        ("tweeteval validation", tags.load(sources.data, "tweeteval"), "recall"),
        ("senti4sd validation rows", senti4sd(sources), "f1"),
    ):
        examples = examples_of(rows, "sentiment", sources)
        gold = examples.truth.argmax(axis=1)
        even = without_priors(head)
        ours = even.probabilities(examples.dense, examples.words, examples.genres).argmax(axis=1)
        vader = np.array([SENTIMENTS.index(lexicon.label(lexicon.score(row.text))) for row in rows])
        score = partial(_macro, of=measure)
        beside = (Reference("VADER", score(gold, vader)),)
        yield _figure(f"sentiment: {what}", f"macro {measure}", (gold, ours), score, beside)


def senti4sd(sources: Sources) -> list[LabelledText]:
    """Return the rows of senti4sd that nothing was trained on."""
    return [row for row in tags.load(sources.data, "senti4sd") if row.split == "validation"]


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
            beside=(_share("VADER", gold[vader == name] == name),),
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
    texts = as_texts({number: row.text[: features.READ] for number, row in enumerate(rows)})
    nothing = np.zeros((len(rows), 0), np.float32)
    read = read_texts(texts, Encoded(nothing, nothing), [False] * len(rows))
    return [tag.kinds for tag in RuleTagger().tag(read)]


def _first(kinds: Sequence[str], names: Sequence[str]) -> int:
    """Return which of ``names`` comes first among kinds; one past the last for none of two."""
    matches = [k for k, name in enumerate(names) if name in kinds]
    return matches[0] if matches else (OTHER if len(names) == OTHER else 0)


def _figure(
    what: str,
    measure: str,
    pair: tuple[Array, Array],
    score: Callable[[Array, Array], float],
    beside: tuple[Reference, ...],
) -> Figure:
    """Score what was predicted, with an interval over rows; ``pair`` is (gold, predicted)."""
    gold, predicted = pair
    value, low, high = bootstrap(lambda rows: score(gold[rows], predicted[rows]), len(gold), SEED)
    return Figure(
        what=what,
        measure=measure,
        n=len(gold),
        value=value,
        low=low,
        high=high,
        beside=beside,
    )


def _micro(gold: Array, predicted: Array) -> float:
    return float((gold == predicted).mean())


def _macro(gold: Array, predicted: Array, of: str) -> float:
    from sklearn.metrics import f1_score, recall_score

    score = recall_score if of == "recall" else f1_score
    return float(score(gold, predicted, average="macro"))


def _share(name: str, is_true: Array) -> Reference:
    return Reference(name, float(is_true.mean()) if len(is_true) else None, len(is_true))
