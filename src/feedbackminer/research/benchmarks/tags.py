"""Tags measured: on sites the heads have not seen, against a lexicon and rules, and for speed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import Said
from feedbackminer.research.metrics import bootstrap, calibration_error, precision
from feedbackminer.research.training import (
    CHECKED,
    OWN,
    Sources,
    examples_of,
    recipe_of,
    training_rows,
)
from feedbackminer.tag import features, lexicon
from feedbackminer.tag.fit import Examples, Recipe, fit_head
from feedbackminer.tag.head_tagger import Batch, HeadTagger, load_tagger
from feedbackminer.tag.heads import Head
from feedbackminer.tag.rule_tagger import RuleTagger
from feedbackminer.tag.tagger import Text
from feedbackminer.text.sentences import split
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

Array = NDArray[Any]
ISSUES = ("bug", "feature_request", "question")
OTHER = 2  # neither bug nor feature
SEED = 0
SPEED_POSTS = 40_000


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark; ``ours`` is [value, low, high]."""

    what: str
    measure: str
    n: int
    ours: Sequence[float | None]
    references: str


def sentiments(sources: Sources) -> Iterator[Figure]:
    """Sentiment on sites that were not trained on: the likeliest, classes weighing the same."""
    everything = training_rows("sentiment", sources)
    tests: list[tuple[str, list[Said], list[Said], str]] = [
        ("tweeteval validation", tags.load(sources.data, "tweeteval"), everything, "recall"),
        (
            "senti4sd validation rows",
            [r for r in tags.load(sources.data, "senti4sd") if r.split == "validation"],
            everything,
            "f1",
        ),
    ]
    for name in ("urr", "goemotions"):
        rest = [row for row in everything if row.data != name]
        tests.append((f"{name}, left out", tags.load(sources.data, name), rest, "f1"))
    heads: dict[int, Head] = {}
    for what, rows, rest, measure in tests:
        if id(rest) not in heads:
            heads[id(rest)] = _fit(examples_of(rest, "sentiment", sources), "sentiment", sources)
        told = examples_of(rows, "sentiment", sources)
        gold = told.truth.argmax(axis=1)
        ours = heads[id(rest)].scores(told.dense, told.words).argmax(axis=1)
        vader = np.array([SENTIMENTS.index(lexicon.label(lexicon.score(row.text))) for row in rows])
        reference = f"VADER {_macro(gold, vader, measure):.3f}"
        yield _figure(f"sentiment: {what}", f"macro {measure}", gold, ours, measure, reference)


def issues(sources: Sources) -> Iterator[Figure]:
    """Bug, feature or question on GitHub issues: unseen, and trained on them by five folds."""
    rows = tags.load(sources.data, "nlbse24")
    told = examples_of(rows, "kinds", sources)
    own = [KINDS.index(kind) for kind in ISSUES]
    gold = told.truth[:, own].argmax(axis=1)
    head = load_tagger(sources.encoder.name).heads["kinds"]
    ours = head.scores(told.dense, told.words)[:, own].argmax(axis=1)
    by_rules = [_first(kinds, ISSUES) for kinds in _ruled(rows)]
    reference = f"rules {_micro(gold, np.array(by_rules)):.3f}"
    yield _figure("kinds: nlbse24, unseen", "micro f1", gold, ours, "micro", reference)
    trained = replace(told, truth=told.truth[:, own], typical=np.ones_like(told.typical))
    trained = replace(trained, groups=np.arange(len(rows)).astype(str).astype(object))
    recipe = Recipe("nlbse24", ISSUES, True, sources.encoder.name, alpha=1e-3, seed=SEED)
    folds = fit_head(trained, recipe, {}).out_of_fold.argmax(axis=1)
    yield _figure("kinds: nlbse24, 5 folds", "micro f1", gold, folds, "micro", "SetFit 0.827")


def reviews(sources: Sources) -> Iterator[Figure]:
    """Bug, feature or other on reviews of an app that was not trained on."""
    own = tags.load_labels(sources.data, sources.labels / OWN)
    rows = [r for r in tags.load(sources.data, "minibar") if sum(r.kinds.values()) < 2]
    gold, ours, plain, ruled = [], [], [], []
    for app in sorted({row.group for row in rows}):
        test = [row for row in rows if row.group == app]
        rest = [row for row in rows if row.group != app]
        rest += [row for row in own if row.data != "minibar"]
        seen, unseen = (_issues_of(part, sources) for part in (rest, test))
        recipe = Recipe("reviews", ISSUES[:2], False, sources.encoder.name, alpha=1e-3, seed=SEED)
        head = fit_head(seen, recipe, {}).head
        ours.append(_decided(head.probabilities(unseen.dense, unseen.words, unseen.genres)))
        plain.append(_plain(seen, unseen))
        gold.append(_decided(unseen.truth))
        ruled += [_first(kinds, ISSUES[:2]) for kinds in _ruled(test)]
    true, by_head, by_plain = (np.concatenate(parts) for parts in (gold, ours, plain))
    by_rules, english = np.array(ruled), np.array([r.split == "en" for r in _by_app(rows)])
    for what, chosen in (("", np.ones_like(english)), (", English", english)):
        references = (
            f"rules {_macro(true[chosen], by_rules[chosen], 'f1'):.3f}, logistic regression on "
            f"final vectors {_macro(true[chosen], by_plain[chosen], 'f1'):.3f}"
        )
        yield _figure(
            f"kinds: minibar, one app left out{what}", "macro f1", true[chosen], by_head[chosen],
            "f1", references,
        )  # fmt: skip


def checked(sources: Sources) -> Iterator[Figure]:
    """Precision of what is given, and calibration, on posts of two forums that we read."""
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    tagger = load_tagger(sources.encoder.name)
    passages = [row.text for row in rows]
    told = zip(passages, split(passages), encoded.vectors, encoded.layer_mean, strict=True)
    given = list(tagger.tag([Text(p, "en", False, s, v, m) for p, s, v, m in told]))
    chances = {
        "kinds": np.array([tag.kind_chances for tag in given]),
        "sentiment": np.array([tag.sentiment.chances for tag in given]),
    }
    is_random = np.array([not row.picked for row in rows])
    columns: list[tuple[str, Array, Array, Array | None]] = [
        (
            kind,
            np.array([kind in tag.kinds for tag in given]),
            np.array([row.kinds[kind] for row in rows]),
            chances["kinds"][:, k],
        )
        for k, kind in enumerate(KINDS)
    ]
    columns += [
        (
            name,
            np.array([tag.sentiment.label == name for tag in given]),
            np.array([row.sentiment == name for row in rows]),
            chances["sentiment"][:, k],
        )
        for k, name in enumerate(SENTIMENTS)
    ]
    columns += [
        (
            f"severity at least {level}",
            np.array([(tag.severity or 0) >= level for tag in given]),
            np.array([(row.severity or 0) >= level for row in rows]),
            None,
        )
        for level in (2, 3, 4)
    ]
    for name, said, true, probable in columns:
        error = ""
        if probable is not None:
            own = probable[is_random]
            off = calibration_error(own, true[is_random], np.ones(len(own)))
            error = f"calibration error {off:.3f}"
        by_site = ", ".join(
            f"{site} {_share(true[said & here])}"
            for site in sorted({row.data for row in rows})
            if (here := np.array([row.data == site for row in rows])) is not None
        )
        references = "; ".join(filter(None, (by_site, error)))
        yield Figure(
            f"given: {name}", "precision", int(said.sum()), precision(true[said])[:3], references
        )


def tones(sources: Sources) -> Iterator[Figure]:
    """How sentences about a feature sound: what is said of them, against a lexicon."""
    rows = tags.load(sources.data, "opinions")
    told = load_tagger(sources.encoder.name).sentence_sentiment([row.text for row in rows])
    vader = [lexicon.label(lexicon.score(row.text)) for row in rows]
    for name in SENTIMENTS:
        said, by_vader = (
            np.array(
                [row.sentiment == name for row, t in zip(rows, labels, strict=True) if t == name]
            )
            for labels in ([feeling.label for feeling in told], vader)
        )
        yield Figure(
            f"clause: {name}", "precision", len(said), precision(said)[:3],
            f"VADER {_share(by_vader)}",
        )  # fmt: skip


def speed(sources: Sources) -> tuple[float, float]:
    """Return posts a second of the heads over known vectors, and of the whole stage of tagging."""
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    many = -(-SPEED_POSTS // len(rows))
    passages = [row.text for row in rows] * many
    vectors, middle = (np.tile(part, (many, 1)) for part in (encoded.vectors, encoded.layer_mean))
    tagger = load_tagger(sources.encoder.name)
    began = time.perf_counter()
    _in_two(tagger, passages, vectors, middle)
    heads = len(passages) / (time.perf_counter() - began)
    began = time.perf_counter()
    said = zip(passages, split(passages), vectors, middle, strict=True)
    list(tagger.tag([Text(p, "en", False, s, v, m) for p, s, v, m in said]))
    return heads, len(passages) / (time.perf_counter() - began)


def _in_two(tagger: HeadTagger, passages: list[str], vectors: Array, middle: Array) -> None:
    """Compute the probabilities in two processes, one for each core."""
    from joblib import Parallel, delayed

    half = len(passages) // 2
    parts = [slice(0, half), slice(half, None)]
    genres = np.zeros(len(passages), np.int64)
    batches = (Batch(passages[part], vectors[part], middle[part], genres[part]) for part in parts)
    Parallel(n_jobs=2)(delayed(tagger.probabilities)(batch) for batch in batches)


def _fit(examples: Examples, name: str, sources: Sources) -> Head:
    return fit_head(examples, recipe_of(name, sources.encoder.name, seed=SEED), {}).head


def _issues_of(rows: Sequence[Said], sources: Sources) -> Examples:
    told = examples_of(rows, "kinds", sources)
    return replace(
        told,
        truth=tags.columns(rows, ISSUES[:2]),
        weight=np.ones_like(told.weight),
        typical=np.ones_like(told.typical),
        groups=np.array([row.id for row in rows], dtype=object),
    )


def _plain(seen: Examples, unseen: Examples) -> Array:
    """Return what plain logistic regression says from the final vectors alone."""
    from sklearn.linear_model import LogisticRegression

    size = seen.dense.shape[1] - features.MANNER
    model = LogisticRegression(max_iter=1_000, class_weight="balanced")
    model.fit(seen.dense[:, : size // 2], _decided(seen.truth))
    told: Array = model.predict(unseen.dense[:, : size // 2])
    return told


def _decided(chances: Array) -> Array:
    """Return 0 bug, 1 feature, 2 other: the likelier one, if it is likely at all."""
    return np.where(chances.max(axis=1) >= 0.5, chances.argmax(axis=1), OTHER)


def _by_app(rows: Sequence[Said]) -> list[Said]:
    return [r for app in sorted({row.group for row in rows}) for r in rows if r.group == app]


def _ruled(rows: Sequence[Said]) -> list[tuple[str, ...]]:
    """Return the kinds that the rules find."""
    passages = [row.text[: features.READ] for row in rows]
    nothing = np.zeros(0, np.float32)
    told = [
        Text(passage, "en", False, sentences, nothing, nothing)
        for passage, sentences in zip(passages, split(passages), strict=True)
    ]
    return [tag.kinds for tag in RuleTagger().tag(told)]


def _first(kinds: Sequence[str], names: Sequence[str]) -> int:
    """Return which of ``names`` comes first among kinds; one past the last for none of two."""
    found = [k for k, name in enumerate(names) if name in kinds]
    return found[0] if found else (OTHER if len(names) == OTHER else 0)


def _figure(what: str, measure: str, gold: Array, ours: Array, of: str, references: str) -> Figure:
    def score(rows: Array) -> float:
        return (
            _micro(gold[rows], ours[rows]) if of == "micro" else _macro(gold[rows], ours[rows], of)
        )

    return Figure(what, measure, len(gold), bootstrap(score, len(gold), SEED), references)


def _micro(gold: Array, told: Array) -> float:
    return float((gold == told).mean())


def _macro(gold: Array, told: Array, of: str) -> float:
    from sklearn.metrics import f1_score, recall_score

    score = recall_score if of == "recall" else f1_score
    return float(score(gold, told, average="macro"))


def _share(true: Array) -> str:
    return f"{true.mean():.2f} of {len(true)}" if len(true) else "none"


def all_figures(sources: Sources) -> Iterator[Figure]:
    """Yield every figure of the benchmark."""
    yield from checked(sources)
    yield from tones(sources)
    yield from issues(sources)
    yield from reviews(sources)
    yield from sentiments(sources)
