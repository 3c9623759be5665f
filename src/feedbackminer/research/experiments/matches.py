"""Key points: which of them an argument says, as people decided.

Its rows are the arguments of files of the shared task's shape (Friedman et al. 2021, track 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from feedbackminer.research.benchmarks.key_points import (
    Debates,
    Matrix,
    against_rivals,
    cosines,
    read_debates,
)
from feedbackminer.research.experiments.data import Item, Items, items_of
from feedbackminer.research.experiments.measures import Outcome, matched
from feedbackminer.research.experiments.spec import Spec
from feedbackminer.research.experiments.task import Task

MATCH = "match"


def read_matches(spec: Spec, folder: Path) -> Items:
    """Return a row for each argument; its label tells the key points that people matched it with.

    Raises:
        InputError: the folder holds nothing of the shape.
    """
    debates = read_debates(folder / spec.data.path)
    return items_of(_rows(debates), debates=debates)


def _rows(debates: Debates) -> Iterator[Item]:
    for number, group in enumerate(debates.groups):
        for argument in group.arguments:
            decided = {point: debates.labels.get((argument, point)) for point in group.key_points}
            right = [point for point, is_match in decided.items() if is_match]
            undecided = [point for point, is_match in decided.items() if is_match is None]
            label = matched(number, right, undecided)
            yield argument, debates.texts[argument], label, None


def our_matches(task: Task) -> Outcome:
    """Match by the trained matcher."""
    from feedbackminer.embed.bi_encoder import shipped_bi_encoder
    from feedbackminer.embed.load import backend_of

    settings = task.settings.embed
    engine = backend_of(settings).engine
    encode = partial(shipped_bi_encoder().encode, engine=engine, threads=settings.threads)
    return _surest(task, encode)


def by_words(task: Task) -> Outcome:
    """Match by the words that both have, rare ones first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(stop_words="english").fit(task.debates.texts.values())
    return _surest(task, lambda texts: words.transform(texts).toarray().astype(np.float32))


def _surest(task: Task, encode: Callable[[Sequence[str]], Matrix]) -> Outcome:
    """Give each argument the key point that it is most alike to, and how sure that is."""
    chosen: dict[str, tuple[str, float]] = {}
    for group in task.debates.groups:
        scores = against_rivals(cosines(group, task.debates, encode))
        for argument, of_argument in zip(group.arguments, scores, strict=True):
            best = int(of_argument.argmax())
            chosen[argument] = group.key_points[best], float(of_argument[best])
    points, sureness = zip(*(chosen[argument] for argument in task.ids), strict=True)
    return Outcome.of(
        task.gold, points, chances=np.array(sureness, float)[:, None], classes=[MATCH]
    )
