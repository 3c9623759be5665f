"""Chance: what is shown where nothing changes, and what is found where something does."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from feedbackminer.insight import chance
from feedbackminer.insight.chance import LEAST_MEMBERS, LEAST_THREADS, Answer, Question, ask
from feedbackminer.insight.timeline import Timeline, edges_of
from tests.support.builders import day

N_WEEKS, ALARMS = 12, 0.05
EDGES = edges_of([day(7 * week) for week in range(N_WEEKS + 1)])
LATEST = Question(EDGES, np.arange(N_WEEKS) == N_WEEKS - 1, ratio=1.5, falls=True)
ANY = Question(EDGES, np.ones(N_WEEKS, bool), ratio=2.0, apart=2)
TOPICS = 6


def talk(rng: np.random.Generator, *, threads: int = 240) -> pl.DataFrame:
    """Write threads on topics at random times; each draws one to ten members."""
    rows = []
    for thread in range(threads):
        topic, begin = rng.integers(TOPICS), rng.uniform(0, 7 * N_WEEKS)
        members = rng.choice(300, size=rng.integers(1, 11), replace=False)
        rows += [
            {"thread_id": f"t{thread}", "voice": f"m{member}", "created_at": day(begin + i / 10)}
            | {"topic": topic}
            for i, member in enumerate(members)
        ]
    return pl.DataFrame(rows)


def planted(topic: int, threads: int, members: int, *, begin: float) -> pl.DataFrame:
    """Write more threads on a topic, from some day on, each with members of its own."""
    return pl.DataFrame(
        {"thread_id": f"new{t}", "voice": f"n{t}-{m}", "created_at": day(begin + t / 10)}
        | {"topic": topic}
        for t in range(threads)
        for m in range(members)
    )


def timeline_of(posts: pl.DataFrame) -> Timeline:
    return Timeline.of([posts, *(posts.filter(topic=topic) for topic in range(TOPICS))])


def answers(timeline: Timeline, *questions: Question, n_shuffles: int = 200) -> Sequence[Answer]:
    part_of = [0] * timeline.n_rows
    return ask(timeline, part_of, questions, alarms=ALARMS, n_shuffles=n_shuffles)


@pytest.fixture(scope="module")
def steady() -> pl.DataFrame:
    return talk(np.random.default_rng(5))


def test_how_many_histories_are_counted_at_once_changes_nothing(
    steady: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeline, early = timeline_of(steady), replace(LATEST, only_before=True)
    at_once = chance.calibrate(timeline, [0] * timeline.n_rows, [early, early], n_shuffles=20)
    monkeypatch.setattr(chance, "AT_ONCE", 3 * len(timeline.entries))  # 20 is no multiple of 3
    by_threes = chance.calibrate(timeline, [0] * timeline.n_rows, [early, early], n_shuffles=20)
    assert len(at_once.largest) == 20
    assert (at_once.largest == by_threes.largest).all()
    assert (at_once.spread == by_threes.spread).all()


def test_where_nothing_changes_as_few_histories_show_something_as_is_promised(
    steady: pl.DataFrame,
) -> None:
    timeline, rng = timeline_of(steady), np.random.default_rng(1)
    n, shown = 60, np.zeros(2)
    for _ in range(n):
        found = answers(timeline.shuffled(rng), LATEST, ANY, n_shuffles=100)
        shown += [answer.is_shown.any() for answer in found]
    assert (shown <= 8).all()  # of 60, where 5 % may: more by chance 1 time in 300


def test_the_rate_that_is_told_is_no_more_than_is_allowed(steady: pl.DataFrame) -> None:
    found = answers(timeline_of(steady), LATEST, ANY)
    for answer in found:
        assert 0 < answer.is_alarm.mean() <= ALARMS


@pytest.mark.parametrize("question", [LATEST, ANY])
def test_what_far_more_members_say_at_the_end_is_found(
    steady: pl.DataFrame, question: Question
) -> None:
    more = planted(2, 24, 3, begin=7 * (N_WEEKS - 1) + 1)
    (answer,) = answers(timeline_of(pl.concat([steady, more])), question)
    assert answer.is_shown[3, -1]
    assert not answer.is_shown[[1, 2, 4, 5, 6]].any()
    assert answer.p[3, -1] <= ALARMS


def test_one_thread_however_many_join_it_is_no_rise(steady: pl.DataFrame) -> None:
    one = planted(2, 1, 36, begin=7 * (N_WEEKS - 1) + 1)
    for answer in answers(timeline_of(pl.concat([steady, one])), LATEST, ANY):
        assert not answer.is_shown.any()


def test_what_falls_silent_is_found_where_that_is_asked(steady: pl.DataFrame) -> None:
    last = day(7 * (N_WEEKS - 1))
    more = pl.concat(planted(2, 4, 3, begin=7 * week).with_columns(
        pl.format("{}-{}", "thread_id", pl.lit(week)).alias("thread_id")
    ) for week in range(N_WEEKS - 1))  # fmt: skip
    quiet = pl.concat([steady, more]).filter(
        ~((pl.col("topic") == 2) & (pl.col("created_at") >= last))
    )
    (answer,) = answers(timeline_of(quiet), LATEST)
    assert answer.is_shown[3, -1]
    (answer,) = answers(timeline_of(quiet), replace(LATEST, falls=False))
    assert not answer.is_shown.any()


def test_only_what_is_asked_of_is_told(steady: pl.DataFrame) -> None:
    more = planted(2, 24, 3, begin=1)
    (answer,) = answers(timeline_of(pl.concat([steady, more])), LATEST)
    assert not answer.is_shown[:, 0].any()


def test_few_members_and_few_threads_are_never_shown(steady: pl.DataFrame) -> None:
    few = steady.filter(pl.col("topic") != 2)
    begin = 7 * (N_WEEKS - 1) + 1
    for threads, members in ((LEAST_THREADS - 1, 9), (LEAST_MEMBERS - 1, 1)):
        posts = pl.concat([few, planted(2, threads, members, begin=begin)])
        (answer,) = answers(timeline_of(posts), LATEST)
        assert not answer.is_shown.any()


def test_what_would_have_been_seen_is_told_and_is_seen(steady: pl.DataFrame) -> None:
    (answer,) = answers(timeline_of(steady), LATEST)
    assert len(answer.seen_from) == 3
    for usual, least in zip((5, 20, 50), answer.seen_from, strict=True):
        assert least >= 1.5 * usual
    assert list(answer.seen_from) == sorted(answer.seen_from)


def test_a_history_of_nothing_shows_nothing(steady: pl.DataFrame) -> None:
    (answer,) = answers(timeline_of(steady.clear()), LATEST, n_shuffles=20)
    assert not answer.is_shown.any()
    assert not answer.is_alarm.any()
    assert answer.seen_from == ()


def test_asking_twice_gives_the_same_answer(steady: pl.DataFrame) -> None:
    one, other = (answers(timeline_of(steady), ANY)[0] for _ in range(2))
    assert (one.p == other.p).all()


def test_a_period_far_busier_than_all_before_it_is_judged_too() -> None:
    rng = np.random.default_rng(2)
    few, many = talk(rng, threads=12), talk(rng, threads=400)
    begin, end = 7 * (N_WEEKS - 1), 7 * N_WEEKS
    rush = many.with_columns(
        thread_id=pl.format("rush{}", "thread_id"),
        created_at=pl.lit(day(begin)) + (pl.col("created_at") - day(0)) * ((end - begin) / end),
    )
    (answer,) = answers(timeline_of(pl.concat([few, rush])), LATEST, n_shuffles=50)
    assert not answer.is_shown.any()
