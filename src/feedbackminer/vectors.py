"""Vectors as matrices and as bytes of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
BLOCK = 65_536  # rows that are worked on at once, where there are very many


def to_bytes(rows: Iterable[Matrix]) -> list[bytes]:
    """Return vectors as they are stored: little-endian float16 bytes, one item per row."""
    return [np.asarray(row, dtype="<f2").tobytes() for row in rows]


def from_bytes(rows: Sequence[bytes]) -> Matrix:
    """Return stored vectors as a float32 matrix, one row each; none: shape (0, 0)."""
    if not len(rows):
        return np.zeros((0, 0), dtype=np.float32)
    joined = np.frombuffer(b"".join(rows), dtype="<f2").reshape(len(rows), -1)
    return joined.astype(np.float32)


def from_column(column: pl.Series) -> Matrix:
    """Return the stored vectors of a column, one row each; a block at a time is copied."""
    starts = range(0, len(column), BLOCK)
    blocks = [from_bytes(column.slice(start, BLOCK).to_list()) for start in starts]
    return np.vstack(blocks) if blocks else from_bytes([])


def matrices(rows: Sequence[bytes | None], width: int) -> tuple[Matrix, ...]:
    """Return stored matrices of so many columns; what was not stored has no rows."""
    return tuple(
        np.frombuffer(row or b"", dtype="<f2").reshape(-1, width).astype(np.float32) for row in rows
    )


def unit(vectors: Matrix) -> Matrix:
    """Scale rows to length one; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32, copy=False)
    return scaled


def as_stored(rows: Matrix) -> Matrix:
    """Round to what the store keeps: what was found is then found again to the last digit."""
    return rows.astype("<f2").astype(np.float32)


def centroids(vectors: Matrix, labels: NDArray[np.int64]) -> Matrix:
    """Return the unit mean vector of each label 0..k-1, shape (k, dimensions)."""
    return unit(sums(vectors, labels, int(labels.max(initial=-1)) + 1))


def sums(rows: Any, labels: NDArray[np.int64], count: int) -> Any:
    """Return the sum of the rows of each label 0..count-1; of a sparse matrix a sparse one."""
    from scipy.sparse import coo_matrix

    members = np.flatnonzero(labels >= 0)
    ones = np.ones(len(members), dtype=np.float32)
    belongs = coo_matrix((ones, (labels[members], members)), shape=(count, len(labels))).tocsr()
    return belongs @ rows
