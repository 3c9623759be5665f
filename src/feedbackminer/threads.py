"""Work on as many items at a time as there are processors, where it lets go of Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 4  # batches that wait for each thread, or are done and not taken


def in_threads(
    do: Callable[[T], R], items: Iterable[T], *, threads: int = 0, at_once: int = 16
) -> Iterator[R]:
    """Yield what is done with each item, in order, by a thread for each processor.

    Items are made here while the threads work on those before, and few ahead of them.

    Args:
        threads: 0: one per processor.
        at_once: items that a thread takes; 1 where each takes long.
    """

    def do_all(some: Sequence[T]) -> list[R]:
        return [do(item) for item in some]

    n_threads = threads or os.cpu_count() or 1
    pool = ThreadPoolExecutor(n_threads)
    futures: deque[Future[list[R]]] = deque()
    try:
        for batch in _batches(items, at_once):
            futures.append(pool.submit(do_all, batch))
            if len(futures) > AHEAD * n_threads:
                yield from futures[0].result()
                futures.popleft()
        while futures:
            yield from futures[0].result()
            futures.popleft()
    finally:
        _end(pool, futures)


def _end(pool: ThreadPoolExecutor, futures: Iterable[Future[Any]]) -> None:
    """Wait for what is being done and nothing else, however often somebody interrupts meanwhile.

    Joining the threads would not do: Python 3.11 takes one for ended whose join is interrupted, and
    a process that ends before a thread in C++ is aborted.
    """
    while True:
        try:
            pool.shutdown(wait=False, cancel_futures=True)
            wait([future for future in futures if not future.cancelled()])
        except KeyboardInterrupt:
            continue  # the first is on its way up
        return


def _batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch


def one_thread_a_product() -> AbstractContextManager[Any]:
    """Have each product of matrices computed by the thread that asks for it.

    What there is to do is shared out above. Threads of a product wait for each other in a busy
    loop, which takes several times as long where anything else works on the machine; and sums would
    depend on how many processors it has.
    """
    import scipy.linalg  # noqa: F401  it brings a BLAS of its own, and only what is loaded is limited
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits
