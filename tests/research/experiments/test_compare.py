"""What differs is told where it is shown, and nothing where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedbackminer.errors import InputError
from feedbackminer.research.experiments import run
from feedbackminer.research.experiments.compare import Side, compare, compare_sides
from feedbackminer.research.experiments.measures import Outcome
from feedbackminer.research.experiments.run import Experiment, prepare
from tests.support.experiment_files import write_experiment, write_texts

SEEDS = range(20)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("experiment")
    write_texts(folder / "texts.csv", 1_000)
    return prepare(write_experiment(folder, measures=["nmi", "ari", "purity", "coverage"]))


def outcome(gold: list[str], seed: int, wrong: float = 0.15) -> Outcome:
    """Return topics that are labels, of which a share is wrong at random."""
    chance = np.random.default_rng(seed)
    given = np.array(gold)
    is_wrong = chance.random(len(gold)) < wrong
    given[is_wrong] = chance.choice(np.unique(given), is_wrong.sum())
    return Outcome.of(gold, given.tolist())


def flipped(one: Outcome, share: float, seed: int) -> Outcome:
    chance = np.random.default_rng(1_000 + seed)
    given = one.given.copy()
    rows = chance.permutation(len(given))[: round(share * len(given))]
    given[rows] = (given[rows] + 1) % len(one.names)
    return replace(one, given=given)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_differs_from_itself(seed: int, experiment: Experiment) -> None:
    side = Side("a", {seed: outcome(experiment.gold, seed)})
    told = compare_sides(side, side, experiment, seed=seed)
    assert [row.shown for row in told.differences] == [""] * 4
    assert told.n_moved == 0
    assert {turn.what for turn in told.topics} == {"same"}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_has_a_twentieth_of_its_labels_flipped_is_worse(
    seed: int, experiment: Experiment
) -> None:
    one = outcome(experiment.gold, seed)
    sides = Side("a", {seed: one}), Side("b", {seed: flipped(one, 0.05, seed)})
    told = compare_sides(*sides, experiment, seed=seed)
    assert {"nmi", "ari", "purity"} <= {*told.worse}
    assert told.n_moved == 50
    assert len(told.moved) == 5
    assert compare_sides(sides[1], sides[0], experiment, seed=seed).worse == []


def test_seeds_alone_show_no_difference(experiment: Experiment) -> None:
    shown = 0
    for seed in SEEDS:
        fits = [outcome(experiment.gold, 100 * seed + n) for n in range(6)]
        a, b = (Side(n, dict(enumerate(fits[k : k + 3]))) for n, k in (("a", 0), ("b", 3)))
        shown += any(row.shown for row in compare_sides(a, b, experiment, seed=seed).differences)
    assert shown <= 2


def test_what_became_of_topics_is_told(experiment: Experiment) -> None:
    gold = np.array(experiment.gold)
    battery_or_price = np.where(gold == "price", "battery", gold)
    halves = np.where((gold == "sync") & (np.arange(len(gold)) % 8 < 4), "sync2", gold)
    without = np.where(gold == "export", "", gold)

    def told(a: Any, b: Any) -> set[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        one, other = (Outcome.of(gold.tolist(), given.tolist()) for given in (a, b))
        sides = Side("a", {0: one}), Side("b", {0: other})
        turns = compare_sides(*sides, experiment).topics
        return {(turn.what, turn.a, turn.b) for turn in turns if turn.what != "same"}

    assert told(gold, battery_or_price) == {("merged", ("battery", "price"), ("battery",))}
    assert told(battery_or_price, gold) == {("split", ("battery",), ("battery", "price"))}
    assert told(gold, halves) == {("split", ("sync",), ("sync", "sync2"))}
    assert told(gold, without) == {("gone", ("export",), ())}
    assert told(without, gold) == {("new", (), ("export",))}


def test_lines_of_results_are_named_after_an_at(tmp_path: Path) -> None:
    folder = run.run(prepare(write_experiment(tmp_path)), tmp_path / "out")
    told = compare(f"{folder}@topics.max_topics=40", f"{folder}@nmf")
    assert (told.a, told.b, told.n_seeds) == ("topics.max_topics=40", "nmf", 2)
    assert "nmi" in told.worse
    both = compare(folder)
    assert (both.a, both.b) == ("topics.max_topics=20", "topics.max_topics=40")
    assert not both.worse
    with pytest.raises(InputError, match=r"holds no 'lda'; there is: topics\.max_topics=20"):
        compare(f"{folder}@lda")
    with pytest.raises(InputError, match=r"holds no manifest\.json"):
        compare(tmp_path)


def test_other_texts_are_not_compared(tmp_path: Path) -> None:
    one = run.run(prepare(write_experiment(tmp_path)), tmp_path / "out")
    (tmp_path / "b").mkdir()
    write_texts(tmp_path / "b" / "texts.csv", 200)
    other = run.run(prepare(write_experiment(tmp_path / "b")), tmp_path / "out")
    with pytest.raises(InputError, match="not of the same texts and stage"):
        compare(one, other)
