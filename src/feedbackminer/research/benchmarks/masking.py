"""Measure the masking of personal data on hand-written cases.

``python -m feedbackminer.research.benchmarks.masking tests/privacy/masking_cases.jsonl`` prints
a table.
"""

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feedbackminer.privacy.masking import mask

MARKS: Final = ("email", "phone", "ip", "card", "iban", "secret", "user")
_MARK: Final = re.compile(f"<({'|'.join(MARKS)})>")


@dataclass(frozen=True)
class Case:
    """A text, what masking should make of it, and what the case tests."""

    text: str
    want: str
    kind: str
    split: str = "tuned"


@dataclass(frozen=True)
class Span:
    """A stretch of the unmasked text that one mark stands for."""

    start: int
    end: int
    mark: str


@dataclass(frozen=True)
class KindScore:
    """How well one kind of personal data is found, in [0, 1]; ``nan`` where undefined.

    precision = right spans / masked spans, recall = right spans / wanted spans, n = wanted spans.
    A span is right only when start, end and mark all agree.
    """

    kind: str
    precision: float
    recall: float
    n: int


def load_cases(path: Path) -> list[Case]:
    """Read cases, one JSON object a line."""
    return [Case(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def score(cases: Iterable[Case]) -> list[KindScore]:
    """Score :func:`mask` at span level, one row per mark and one for all of them."""
    wanted: Counter[str] = Counter()
    masked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for case in cases:
        want, got = spans(case.text, case.want), spans(case.text, mask(case.text))
        for counter, marked in ((wanted, want), (masked, got), (right, want & got)):
            counter.update(span.mark for span in marked)
    rows = [_kind_score(mark, wanted[mark], masked[mark], right[mark]) for mark in MARKS]
    return [*rows, _kind_score("all", wanted.total(), masked.total(), right.total())]


def kept(cases: Iterable[Case]) -> float:
    """Share of the texts without personal data that come out unchanged."""
    harmless = [case for case in cases if case.text == case.want]
    same = sum(mask(case.text) == case.text for case in harmless)
    return same / len(harmless) if harmless else math.nan


def spans(text: str, masked: str) -> set[Span]:
    """Find what each mark of ``masked`` stands for in ``text``; marks already in it do not count.

    Raises:
        ValueError: ``masked`` is not ``text`` with some stretches replaced by marks.
    """
    pieces = _MARK.split(masked)
    pattern = "(.+?)".join(re.escape(literal) for literal in pieces[::2])
    aligned = re.fullmatch(pattern, text, re.DOTALL)
    if aligned is None:
        raise ValueError(f"{masked!r} is not a masking of {text!r}; want only marks to differ")
    marks = enumerate(pieces[1::2], start=1)
    every = {Span(aligned.start(i), aligned.end(i), mark) for i, mark in marks}
    return {span for span in every if text[span.start : span.end] != f"<{span.mark}>"}


def _kind_score(kind: str, wanted: int, masked: int, right: int) -> KindScore:
    precision = right / masked if masked else math.nan
    recall = right / wanted if wanted else math.nan
    return KindScore(kind, precision, recall, wanted)


def main() -> None:
    """Print the scores of each split of the cases file named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m feedbackminer.research.benchmarks.masking CASES.jsonl")
    cases = load_cases(Path(sys.argv[1]))
    for split in sorted({case.split for case in cases}, reverse=True):
        chosen = [case for case in cases if case.split == split]
        print(f"\n{split}: {len(chosen)} texts, harmless ones kept {kept(chosen):.3f}")
        print(f"{'kind':8} {'precision':>9} {'recall':>7} {'n':>4}")
        for row in score(chosen):
            print(f"{row.kind:8} {row.precision:9.3f} {row.recall:7.3f} {row.n:4}")


if __name__ == "__main__":
    main()
