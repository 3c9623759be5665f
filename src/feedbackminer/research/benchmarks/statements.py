"""Verdicts of readers on statements of digests: which part of them says, and is true."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from feedbackminer.errors import InputError

SHARES = ("says", "true", "act")  # answered yes or no
PARTS = ("quotes", "alone")  # of so many: "2/3"
COLUMNS = ("digest", "statements", *SHARES, *PARTS, "new")
Verdict = Mapping[str, str]


def read_verdicts(file: Path) -> Iterator[tuple[str, ...]]:
    """Yield a row of ``COLUMNS`` for each community and digest, over all its readers.

    Raises:
        InputError: the file is missing, or a line is not a statement with its verdicts.
    """
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    n_statements: dict[str, int] = defaultdict(int)
    try:
        lines = file.read_text("utf-8").splitlines()
        for line in map(json.loads, lines):
            sort = line["digest"] if line["of_key_point"] else f"{line['digest']}, counts"
            name = f"{line['data']}, {sort}"
            verdicts[name] += line["verdicts"]
            n_statements[name] += 1
        for name in sorted(verdicts):
            yield name, str(n_statements[name]), *_figures(verdicts[name])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file}: {type(error).__name__}: {error}; want lines of data, digest, of_key_point "
            f"and verdicts ({', '.join((*SHARES, *PARTS))}, new)"
        ) from None


def _figures(verdicts: list[Verdict]) -> Iterator[str]:
    for name in SHARES:
        yield _per_cent(sum(row[name] == "yes" for row in verdicts), len(verdicts))
    for name in PARTS:
        pairs = [tuple(map(int, row[name].split("/"))) for row in verdicts]
        yield _per_cent(sum(done for done, _ in pairs), sum(whole for _, whole in pairs))
    learnt = sum(int(row["new"]) for row in verdicts)
    yield f"{learnt / len(verdicts):.2f}" if verdicts else "–"


def _per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"
