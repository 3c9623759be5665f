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

from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.metrics import bootstrap, calibration_error, precision
from feedbackminer.research.training import (
    CHECKED,
    OWN,
    Sources,
    examples_of,
    recipe_of,
    training_rows,
)
from feedbackminer.tagging import features, lexicon
from feedbackminer.tagging.fit import Examples, Recipe, fit_head
from feedbackminer.tagging.head_tagger import Batch, HeadTagger, load_tagger
from feedbackminer.tagging.heads import Head
from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.tagger import Tag, Text
from feedbackminer.text.sentences import split
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

Array = NDArray[Any]
ISSUES = ("bug", "feature_request", "question")
OTHER = 2  # neither bug nor feature
SEED = 0
SPEED_POSTS = 40_000
SEVERE = (2, 3, 4)  # levels that posts are held to reach
LEFT_OUT = ("urr", "goemotions")  # sets that a head is fitted without, to be tested on them


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
class Decisions:
    """One label on the checked posts: what was given, what is true, and how probable it was."""

    label: str
    given: Array
    truth: Array
    chances: Array | None = None


def figures(sources: Sources) -> pl.DataFrame:
    """Measure everything: one row per figure, with the columns of :class:`Figure`."""
    measured = [
        *checked(sources),
        *tones(sources),
        *issues(sources),
        *reviews(sources),
        *sentiments(sources),
    ]
    return pl.DataFrame([asdict(figure) for figure in measured], schema=COLUMNS)


def sentiments(sources: Sources) -> Iterator[Figure]:
    """Sentiment on sites that were not trained on: the likeliest, classes weighing the same."""
    everything = training_rows("sentiment", sources)
    head = _fit(everything, sources)
    tweets = tags.load(sources.data, "tweeteval")
    yield _sentiment("tweeteval validation", head, tweets, "recall", sources)
    validation = [r for r in tags.load(sources.data, "senti4sd") if r.split == "validation"]
    yield _sentiment("senti4sd validation rows", head, validation, "f1", sources)
    for name in LEFT_OUT:
        head = _fit([row for row in everything if row.data != name], sources)
        rows = tags.load(sources.data, name)
        yield _sentiment(f"{name}, left out", head, rows, "f1", sources)


def _sentiment(
    what: str, head: Head, rows: Sequence[LabelledText], measure: str, sources: Sources
) -> Figure:
    examples = examples_of(rows, "sentiment", sources)
    gold = examples.truth.argmax(axis=1)
    ours = head.scores(examples.dense, examples.words).argmax(axis=1)
    vader = np.array([SENTIMENTS.index(lexicon.label(lexicon.score(row.text))) for row in rows])
    score = partial(_macro, of=measure)
    beside = (Reference("VADER", score(gold, vader)),)
    return _figure(f"sentiment: {what}", f"macro {measure}", (gold, ours), score, beside)


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


def reviews(sources: Sources) -> Iterator[Figure]:
    """Bug, feature or other on reviews of an app that was not trained on."""
    ours = tags.load_labels(sources.data, sources.labels / OWN)
    elsewhere = [row for row in ours if row.data != "minibar"]
    rows = [r for r in tags.load(sources.data, "minibar") if sum(r.kinds.values()) < 2]
    decisions = pl.concat(
        _on_app([row for row in rows if row.group == app],
                [*(row for row in rows if row.group != app), *elsewhere], sources)
        for app in sorted({row.group for row in rows})
    )  # fmt: skip

    macro = partial(_macro, of="f1")
    for what, chosen in (
        ("", decisions),
        (", English", decisions.filter(pl.col("language") == "en")),
    ):
        gold, head, plain, rules = (
            chosen[name].to_numpy() for name in ("gold", "head", "plain", "rules")
        )
        beside = (
            Reference("rules", macro(gold, rules)),
            Reference("logistic regression on final vectors", macro(gold, plain)),
        )
        what = f"kinds: minibar, one app left out{what}"
        yield _figure(what, "macro f1", (gold, head), macro, beside)


def _on_app(
    test: Sequence[LabelledText], rest: Sequence[LabelledText], sources: Sources
) -> pl.DataFrame:
    """Decide on the reviews of one app by methods that saw the rest only; a column each."""
    seen, unseen = (_issues_of(part, sources) for part in (rest, test))
    recipe = Recipe("reviews", ISSUES[:2], False, sources.encoder.name, alpha=1e-3, seed=SEED)
    head = fit_head(seen, recipe, {}).head
    return pl.DataFrame(
        {
            "language": [row.split for row in test],
            "gold": _decided(unseen.truth),
            "head": _decided(head.probabilities(unseen.dense, unseen.words, unseen.genres)),
            "plain": _plain(seen, unseen),
            "rules": [_first(kinds, ISSUES[:2]) for kinds in _kinds_by_rules(test)],
        },
        schema_overrides=dict.fromkeys(("gold", "head", "plain", "rules"), pl.Int64),
    )


def checked(sources: Sources) -> Iterator[Figure]:
    """Precision of what is given, and calibration, on posts of two forums that we read."""
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    given = list(load_tagger(sources.encoder.name).tag(_as_texts(rows, sources)))
    sites = np.array([row.data for row in rows])
    is_random = np.array([not row.picked for row in rows])
    for decisions in (*_kinds(rows, given), *_sentiments(rows, given), *_severities(rows, given)):
        yield _precision_of(decisions, sites, is_random)


def _kinds(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Decisions]:
    chances = np.array([tag.kind_chances for tag in given])
    for k, kind in enumerate(KINDS):
        is_given = np.array([kind in tag.kinds for tag in given])
        truth = np.array([row.kinds[kind] for row in rows])
        yield Decisions(kind, is_given, truth, chances[:, k])


def _sentiments(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Decisions]:
    chances = np.array([tag.sentiment.chances for tag in given])
    for k, name in enumerate(SENTIMENTS):
        is_given = np.array([tag.sentiment.label == name for tag in given])
        truth = np.array([row.sentiment == name for row in rows])
        yield Decisions(name, is_given, truth, chances[:, k])


def _severities(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Decisions]:
    for level in SEVERE:
        is_given = np.array([(tag.severity or 0) >= level for tag in given])
        truth = np.array([(row.severity or 0) >= level for row in rows])
        yield Decisions(f"severity at least {level}", is_given, truth)


def _precision_of(decisions: Decisions, sites: Array, is_random: Array) -> Figure:
    """Measure one label, on every site as well; calibration on posts that were drawn by chance."""
    given, truth = decisions.given, decisions.truth
    value, low, high, _ = precision(truth[given])
    error = None
    if decisions.chances is not None:
        chances = decisions.chances[is_random]
        error = calibration_error(chances, truth[is_random], np.ones(len(chances)))
    return Figure(
        what=f"given: {decisions.label}",
        measure="precision",
        n=int(given.sum()),
        value=value,
        low=low,
        high=high,
        beside=tuple(
            _share(str(site), truth[given & (sites == site)]) for site in np.unique(sites)
        ),
        calibration_error=error,
    )


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
    """Return posts a second of the heads over known vectors, and of the whole stage of tagging."""
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    times = -(-SPEED_POSTS // len(rows))
    passages = [row.text for row in rows] * times
    vectors, means = (np.tile(part, (times, 1)) for part in (encoded.vectors, encoded.layer_mean))
    tagger = load_tagger(sources.encoder.name)

    began = time.perf_counter()
    _in_two(tagger, passages, vectors, means)
    of_heads = len(passages) / (time.perf_counter() - began)

    began = time.perf_counter()
    list(tagger.tag(_texts(passages, vectors, means)))  # splitting into sentences included
    return of_heads, len(passages) / (time.perf_counter() - began)


def _as_texts(rows: Sequence[LabelledText], sources: Sources) -> list[Text]:
    """Return rows as the tagger reads posts."""
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    return _texts([row.text for row in rows], encoded.vectors, encoded.layer_mean)


def _texts(passages: Sequence[str], vectors: Array, means: Array) -> list[Text]:
    return [
        Text(passage, "en", False, sentences, vector, layer_mean)
        for passage, sentences, vector, layer_mean in zip(
            passages, split(passages), vectors, means, strict=True
        )
    ]


def _in_two(tagger: HeadTagger, passages: list[str], vectors: Array, means: Array) -> None:
    """Compute the probabilities in two processes, one for each core."""
    from joblib import Parallel, delayed

    half = len(passages) // 2
    parts = [slice(0, half), slice(half, None)]
    genres = np.zeros(len(passages), np.int64)
    batches = (Batch(passages[part], vectors[part], means[part], genres[part]) for part in parts)
    Parallel(n_jobs=2)(delayed(tagger.probabilities)(batch) for batch in batches)


def _fit(rows: Sequence[LabelledText], sources: Sources) -> Head:
    examples = examples_of(rows, "sentiment", sources)
    return fit_head(examples, recipe_of("sentiment", sources.encoder.name, seed=SEED), {}).head


def _issues_of(rows: Sequence[LabelledText], sources: Sources) -> Examples:
    examples = examples_of(rows, "kinds", sources)
    return replace(
        examples,
        truth=tags.columns(rows, ISSUES[:2]),
        weight=np.ones_like(examples.weight),
        typical=np.ones_like(examples.typical),
        groups=np.array([row.id for row in rows], dtype=object),
    )


def _plain(seen: Examples, unseen: Examples) -> Array:
    """Return what plain logistic regression says from the final vectors alone."""
    from sklearn.linear_model import LogisticRegression

    size = seen.dense.shape[1] - features.MANNER
    model = LogisticRegression(max_iter=1_000, class_weight="balanced")
    model.fit(seen.dense[:, : size // 2], _decided(seen.truth))
    predicted: Array = model.predict(unseen.dense[:, : size // 2])
    return predicted


def _decided(chances: Array) -> Array:
    """Return 0 bug, 1 feature, 2 other: the likelier one, if it is likely at all."""
    return np.where(chances.max(axis=1) >= 0.5, chances.argmax(axis=1), OTHER)


def _kinds_by_rules(rows: Sequence[LabelledText]) -> list[tuple[str, ...]]:
    """Return the kinds that the rules find."""
    passages = [row.text[: features.READ] for row in rows]
    no_vectors = np.zeros((len(rows), 0), np.float32)
    return [tag.kinds for tag in RuleTagger().tag(_texts(passages, no_vectors, no_vectors))]


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
