"""A topic keeps its id when the data grows: new topics are matched to the old by their centres."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from feedbackminer.topics.cluster import Matrix

SAME_TOPIC = 0.85  # cosine of two centres that are the same topic


def match(new: Matrix, old: Matrix, old_ids: Sequence[str]) -> list[str | None]:
    """Return for each new centre the id of the old topic it continues, or None.

    Optimal one-to-one assignment on cosine; both arrays hold unit rows.
    """
    if not len(old) or not len(new) or new.shape[1] != old.shape[1]:
        return [None] * len(new)
    cosine = new @ old.T
    rows, columns = linear_sum_assignment(-cosine)
    found: list[str | None] = [None] * len(new)
    for row, column in zip(rows, columns, strict=True):
        if cosine[row, column] >= SAME_TOPIC:
            found[row] = old_ids[column]
    return found


def new_ids(count: int, used: Sequence[str]) -> list[str]:
    """Return ids never used before: t001, t002, …"""
    numbers = [int(m[1]) for topic_id in used if (m := re.fullmatch(r"t(\d+)", topic_id))]
    first = max(numbers, default=0) + 1
    return [f"t{number:03d}" for number in range(first, first + count)]


def to_bytes(centres: Matrix) -> list[bytes]:
    """Return centres as they are stored: float16 bytes."""
    return [np.asarray(centre, dtype="<f2").tobytes() for centre in centres]


def from_bytes(centres: Sequence[bytes]) -> Matrix:
    """Read stored centres back."""
    if not centres:
        return np.zeros((0, 0), dtype=np.float32)
    rows = np.frombuffer(b"".join(centres), dtype="<f2").reshape(len(centres), -1)
    return rows.astype(np.float32)
