"""Two outcomes held against each other: how much they differ, and whether that is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feedbackminer.errors import InputError
from feedbackminer.research.experiments.cells import Cell
from feedbackminer.research.experiments.manifest import read_manifest
from feedbackminer.research.experiments.measures import MEASURES, Measure, Outcome
from feedbackminer.research.experiments.run import Experiment, experiment_of
from feedbackminer.research.experiments.spec import MASKING, ROWS, TOPICS
from feedbackminer.research.experiments.turns import Turn, find_moved, find_turns, titled
from feedbackminer.text.words import on_one_line

DRAWS = 1_000
LEVEL = 0.05  # that any measure differs by chance, over all of them
SLOW = ("ami",)  # not drawn: it takes too long
EXAMPLES, SHOWN = 5, 160  # posts that moved, and their characters


@dataclass(frozen=True)
class Side:
    """One method with one combination of settings, by seed."""

    title: str
    outcomes: Mapping[int, Outcome]


@dataclass(frozen=True)
class Difference:
    """How far a measure differs.

    Attributes:
        low, high: of the difference b − a, an interval that holds for all measures together with
            95 %.
        shown: "better" or "worse" for b, "other" where neither is; empty: no difference is shown.
    """

    measure: str
    a: float
    b: float
    low: float
    high: float
    shown: str


@dataclass(frozen=True)
class Moved:
    """A text that one side gives something else than the other."""

    item: str
    text: str
    gold: str
    a: str
    b: str


@dataclass(frozen=True)
class Comparison:
    """What two sides have in common and what not."""

    a: str
    b: str
    rows: str  # what has moved: texts, histories
    n_texts: int
    n_seeds: int
    differences: Sequence[Difference]
    topics: Sequence[Turn]
    n_moved: int
    moved: Sequence[Moved]

    @property
    def worse(self) -> list[str]:
        """Return the measures by which b is shown to be worse: what a gate looks at."""
        return [row.measure for row in self.differences if row.shown == "worse"]


def compare(a: str | Path, b: str | Path | None = None, *, seed: int = 0) -> Comparison:
    """Compare two outcomes over the same texts.

    Args:
        a, b: a folder with results, and after ``@`` which of them, such as
            ``results/x-12ab@embed.backend=int8`` or ``results/x-12ab@nmf``. Without ``b``, the
            first two of ``a``.
        seed: of what is drawn.
    Raises:
        InputError: there are no such results, or not of the same texts.
    """
    first, sides = _sides(str(a))
    if b is None:
        if len(sides) < 2:
            raise InputError(
                f"{a}: holds one method with one combination of settings; name another"
            )
        one, other, second = sides[0], sides[1], first
    else:
        second, others = _sides(str(b))
        one, other = sides[0], others[0]
        if first.items.hash != second.items.hash or first.spec.stage != second.spec.stage:
            raise InputError(
                f"{a} and {b}: not of the same texts and stage; run one of them again with --data"
            )
    return compare_sides(one, other, first, seed=seed)


def compare_sides(one: Side, other: Side, experiment: Experiment, *, seed: int = 0) -> Comparison:
    """Compare two sides whose texts are those of an experiment."""
    pairs = list(_pairs(one, other))
    frame = experiment.items.frame
    names = [
        name
        for name, measure in MEASURES.items()
        if experiment.spec.stage in measure.stages
        and (not experiment.spec.measures or name in experiment.spec.measures)
        and all(measure.can_measure(outcome) for pair in pairs for outcome in pair)
    ]
    a, b = pairs[0]
    turns: list[Turn] = []
    if experiment.spec.stage == TOPICS:
        turns = list(find_turns(a, b))
        rows = find_moved(a, b)
    else:
        pairs_of_names = zip(a.given.tolist(), b.given.tolist(), strict=True)
        has_moved = [a.name(one) != b.name(other) for one, other in pairs_of_names]
        rows = np.flatnonzero(has_moved)
    drawn = np.random.default_rng(seed).permutation(rows)[:EXAMPLES]
    return Comparison(
        a=one.title,
        b=other.title,
        rows=ROWS.get(experiment.spec.stage, "texts"),
        n_texts=len(frame),
        n_seeds=len(pairs),
        differences=list(_differences(names, pairs, np.random.default_rng(seed))),
        topics=turns,
        n_moved=len(rows),
        moved=[
            Moved(
                item=frame["item"][row],
                text=_beginning(frame["text"][row], experiment),
                gold=a.name(a.gold[row]),
                a=titled(a, a.given[row]),
                b=titled(b, b.given[row]),
            )
            for row in sorted(map(int, drawn))
        ],
    )


def _beginning(text: str, experiment: Experiment) -> str:
    """Return the beginning of a text; nothing of one that is there for what is personal in it."""
    return "" if experiment.spec.stage == MASKING else on_one_line(text)[:SHOWN]


def _sides(where: str) -> tuple[Experiment, list[Side]]:
    """Return the sides that a folder holds, or the one that is named after ``@``."""
    folder, _, wanted = where.partition("@")
    experiment = experiment_of(read_manifest(Path(folder)), folder)
    cells_of: dict[str, list[Cell]] = {title: [] for title in experiment.titles}
    for cell in experiment.cells():
        cells_of[cell.title].append(cell)
    sides = [
        Side(title, {cell.seed: _outcome(Path(folder), cell, experiment) for cell in cells})
        for title, cells in cells_of.items()
        if not wanted or {*wanted.split(",")} <= {title, *title.split(", ")}
    ]
    if not sides:
        titles = "; ".join(experiment.titles)
        raise InputError(f"{folder}: holds no {wanted!r}; there is: {titles}")
    return experiment, sides


def _outcome(folder: Path, cell: Cell, experiment: Experiment) -> Outcome:
    try:
        return experiment.outcome(folder, cell)
    except OSError:
        raise InputError(
            f"{folder}: {cell.title}, seed {cell.seed}, is not done; run the experiment again, it "
            "goes on"
        ) from None


def _pairs(one: Side, other: Side) -> Iterator[tuple[Outcome, Outcome]]:
    """Yield outcomes of the same seed; where none is the same, in their order."""
    common = [seed for seed in one.outcomes if seed in other.outcomes]
    if common:
        yield from ((one.outcomes[seed], other.outcomes[seed]) for seed in common)
    else:
        yield from zip(one.outcomes.values(), other.outcomes.values(), strict=False)


def _differences(
    names: Sequence[str], pairs: Sequence[tuple[Outcome, Outcome]], chance: np.random.Generator
) -> Iterator[Difference]:
    """Draw texts and seeds again, the same for both sides, and see how the difference varies.

    Paired percentile bootstrap (Efron and Tibshirani 1993, ch. 13); the interval of each measure
    is widened by Bonferroni, so that all of them hold together.
    """
    drawn = [n for n in names if MEASURES[n].can_be_drawn and n not in SLOW]
    n_texts, n_pairs = len(pairs[0][0].gold), len(pairs)
    varied: dict[str, list[float]] = {name: [] for name in drawn}
    for _ in range(DRAWS if drawn else 0):
        rows = chance.integers(0, n_texts, n_texts)
        chosen = np.bincount(chance.integers(0, n_pairs, n_pairs), minlength=n_pairs)
        taken = [
            (a.take(rows), b.take(rows), n) for (a, b), n in zip(pairs, chosen, strict=True) if n
        ]
        for name in drawn:
            of = MEASURES[name].of
            varied[name].append(sum(n * (of(b) - of(a)) for a, b, n in taken) / n_pairs)
    tail = 100 * LEVEL / max(1, len(drawn)) / 2
    for name in names:
        measure = MEASURES[name]
        a, b = (float(np.mean([measure.of(pair[side]) for pair in pairs])) for side in (0, 1))
        low = high = np.nan
        if name in varied and not np.isnan(varied[name]).all():
            low, high = map(float, np.nanpercentile(varied[name], [tail, 100 - tail]))
        yield Difference(name, a, b, low, high, _shown(measure, low, high))


def _shown(measure: Measure, low: float, high: float) -> str:
    if np.isnan(low) or low <= 0 <= high:
        return ""
    if not measure.is_better:
        return "other"
    return "better" if (low > 0) == (measure.is_better > 0) else "worse"
