"""Work in threads comes back in order, and a failure is not lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.threads import AHEAD, in_threads


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(), max_size=50), st.integers(1, 4), st.integers(1, 20))
def test_each_item_is_done_once_in_order(items: list[int], threads: int, at_once: int) -> None:
    done = list(in_threads(lambda item: item * 2, iter(items), threads=threads, at_once=at_once))
    assert done == [item * 2 for item in items]


def test_few_items_are_made_ahead_of_what_is_taken() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1_000):
            made.append(item)
            yield item

    for taken, _ in enumerate(in_threads(abs, items(), threads=2, at_once=1), start=1):
        assert len(made) <= taken + 2 * AHEAD + 1


def test_two_threads_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)
    assert len(list(in_threads(lambda _: both.wait(), range(2), threads=2, at_once=1))) == 2


def test_what_fails_in_a_thread_fails_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda item: 1 // item, [2, 1, 0], threads=2))


def test_who_interrupts_waits_for_what_is_being_done_and_for_nothing_else() -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(2 * AHEAD)  # as many as may wait
        raise KeyboardInterrupt

    def work(item: int) -> None:
        time.sleep(0.3)
        done.append(item)

    with pytest.raises(KeyboardInterrupt):
        list(in_threads(work, items(), threads=2, at_once=1))
    n_done = len(done)
    assert n_done <= 4
    time.sleep(0.5)
    assert len(done) == n_done


INTERRUPTED = """
import signal, sys, time
from feedbackminer.embed.load import load_encoder
from feedbackminer.settings.sections import EmbedSettings

def interrupt(*_):
    global n
    n += 1
    if n < 4:
        signal.setitimer(signal.ITIMER_REAL, 0.03)
    raise KeyboardInterrupt

n = 0
encoder = load_encoder(EmbedSettings())
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 1)
try:
    encoder.encode(["word " * 400] * 3_000)
except KeyboardInterrupt:
    signal.setitimer(signal.ITIMER_REAL, 0)
    sys.exit(n)
"""


@pytest.mark.slow
def test_a_process_that_is_interrupted_again_and_again_while_it_encodes_is_not_aborted() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, check=False)
    assert ended.returncode not in (0, -signal.SIGABRT), ended.stderr


_STAGE = """
from pathlib import Path
from feedbackminer.accounts import Account
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Stage, StageResult
from feedbackminer.project.project import open_project

def do(tables, context):
    import scipy.linalg
    from threadpoolctl import threadpool_info
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    counts = tuple(str(pool["num_threads"]) for pool in pools)
    return StageResult(Account("clean", 0, 0), notices=counts)

stage = Stage("clean", do, reads=("posts",), writes=("texts",))
print(*Run(open_project(Path("project"))).step(stage).notices)
"""


def test_a_stage_has_each_product_of_matrices_computed_by_one_thread(tmp_path: Path) -> None:
    (tmp_path / "stage.py").write_text(_STAGE, "utf-8")
    done = subprocess.run(
        [sys.executable, "stage.py"],
        cwd=tmp_path,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "1"]  # of NumPy, and of SciPy, which is loaded there
