"""Work on as many items at a time as there are processors, where it lets go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(
    do: Callable[[T], R], items: Iterable[T], *, threads: int = 0, at_once: int = 16
) -> Iterator[R]:
    """Yield what is done with each item, in order, by a thread for each processor.

    Items are made here while the threads work on those before.

    Args:
        threads: 0: one per processor.
        at_once: items that a thread takes; 1 where each takes long.
    """

    def do_all(some: Sequence[T]) -> list[R]:
        return [do(item) for item in some]

    pool = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        for results in pool.map(do_all, _batches(items, at_once)):
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)  # who interrupts does not wait for the rest


def _batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch
