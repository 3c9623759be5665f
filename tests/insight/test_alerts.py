"""What stands out now: found where something begins, one-sided, each with what makes it so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from feedbackminer.insight.alerts import Levels, Sighting, Watch, recent_facts
from feedbackminer.research.benchmarks.alerts import false_alarms
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.vocabulary.alerts import INCOMPLETE, MEMBER, MIX, NEW, REAL, SILENT, THREAD
from tests.support.alert_project import (
    END,
    N_DAYS,
    TROUBLE,
    Talk,
    measured,
    steady,
    tables_of,
    trouble,
)
from tests.support.builders import day, key_points, matches

SETTINGS = AlertSettings()
PROMISED = SETTINGS.false_alarms
BEGUN = trouble(N_DAYS - 4, members=40, threads=20)


def watch(talk: Talk, at: datetime = END) -> Watch:
    return Watch.of(recent_facts(tables_of(talk), at, SETTINGS.days), SETTINGS)


@pytest.fixture(scope="module")
def levels() -> Levels:
    return measured()


def seen(talk: Talk, levels: Levels, at: datetime = END) -> dict[str, Sighting]:
    """Return what stands out, by what it is about."""
    watched = watch(talk, at)
    found = watched.standing_out(at, levels, PROMISED)
    return {one.subject.key: one for one in found}


def test_what_begins_near_the_end_is_found_with_its_numbers(levels: Levels) -> None:
    found = seen([*steady(), *BEGUN], levels)
    (one,) = found.values()
    assert (one.subject.key, one.rule, one.cause) == (TROUBLE, "rising", REAL)
    assert one.n >= 40
    assert one.ratio.low > 1
    assert one.p <= levels.alarms(PROMISED)


def test_a_steady_history_has_nothing_to_tell(levels: Levels) -> None:
    assert seen(steady(), levels) == {}


def test_a_topic_of_which_fewer_speak_is_no_alert(levels: Levels) -> None:
    quiet = [p for p in steady() if p["topic"] != TROUBLE or p["created_at"] < day(N_DAYS - 14)]
    assert seen(quiet, levels) == {}


def test_what_hardly_anybody_spoke_of_is_new(levels: Levels) -> None:
    others = [post for post in steady() if post["topic"] != TROUBLE]
    old = [p | {"topic": TROUBLE} if n < 2 else p for n, p in enumerate(others)]
    found = seen([*old, *trouble(N_DAYS - 4)], levels)
    assert found[TROUBLE].rule == NEW


def test_one_thread_of_many_members_is_named_as_such(levels: Levels) -> None:
    found = seen([*steady(), *trouble(N_DAYS - 4, members=30, threads=1)], levels)
    assert found[TROUBLE].cause == THREAD
    assert "in one thread" in found[TROUBLE].why


def test_one_loud_member_is_named_as_such(levels: Levels) -> None:
    loud = [post | {"author_id": "loud"} for post in trouble(N_DAYS - 4, members=60, threads=12)]
    found = seen([*steady(), *loud], levels)
    assert found[TROUBLE].cause == MEMBER


def test_another_mix_of_sources_is_named_as_such() -> None:
    """A source that always speaks of it brings more of all posts than before."""
    reviews = [
        {**post, "source": "reviews", "topic": TROUBLE, "post_id": f"r{n}", "thread_id": f"r{n}"}
        | {"author_id": f"r{n}"}
        for n, post in enumerate(steady(seed=7, threads=20))
    ]
    many = [
        post | {"source": "reviews", "post_id": f"late{n}"}
        for n, post in enumerate(trouble(N_DAYS - 5, members=40, threads=20, name="late"))
    ]
    talk = [*steady(), *reviews, *many]
    found = seen(talk, watch(talk).calibrate(60))
    assert found[TROUBLE].cause == MIX


def test_where_the_end_is_missing_everything_else_is_incomplete(levels: Levels) -> None:
    begun = trouble(N_DAYS - 7, members=40, threads=20)
    cut = [post for post in [*steady(), *begun] if post["created_at"] < day(N_DAYS - 4.5)]
    found = seen(cut, levels)
    assert (found["source:"].rule, found["source:"].cause) == (SILENT, REAL)
    assert found[TROUBLE].cause == INCOMPLETE


def test_a_room_that_falls_silent_is_told_and_one_that_grows_is_not() -> None:
    talk = [
        post | {"source": "den" if int(post["thread_id"][1:]) % 3 else "hall"} for post in steady()
    ]
    quiet = [
        post for post in talk if post["source"] == "hall" or post["created_at"] < day(N_DAYS - 5)
    ]
    watched = watch(quiet)
    found = watched.standing_out(END, watched.calibrate(60), PROMISED)
    silent = {one.subject.key for one in found if one.rule == SILENT}
    assert silent == {"source:den"}


def test_posts_after_the_moment_that_is_looked_at_change_nothing(levels: Levels) -> None:
    at = day(N_DAYS - 4)
    later = seen([*steady(), *BEGUN], levels, at)
    assert later == seen(steady(), levels, at) == {}


def test_a_month_of_checks_raises_no_more_than_is_promised(levels: Levels) -> None:
    raised = false_alarms(watch(steady()), levels, 40, SETTINGS)
    assert (
        raised.real.value <= raised.any.value <= 6 / 40
    )  # of 40, where 5 % may: more by chance 1 time in 300
    assert 0 < raised.promised <= PROMISED


def test_levels_fit_the_rows_they_are_of_and_no_others(levels: Levels) -> None:
    assert watch(steady()).fits(levels, END)
    assert not watch(steady()).fits(levels, END + timedelta(days=31))
    assert not watch(steady()).fits(replace(levels, keys=levels.keys[1:]), END)
    assert not replace(watch(steady()), days=3).fits(levels, END)


def test_key_points_whose_sentences_are_still_to_be_read_break_nothing() -> None:
    """A night that was cut off between the two leaves such."""
    tables = tables_of(steady())
    post_id = tables["posts"]["post_id"][0]
    tables |= {
        "key_points": key_points({"key_point_id": "k1", "post_id": post_id, "text": "It hangs."}),
        "matches": matches({"key_point_id": "k1", "post_id": post_id}),
    }
    assert recent_facts(tables, END, SETTINGS.days).points == ()


def test_few_posts_are_not_enough() -> None:
    assert not watch(steady()[:20]).is_enough
    assert not watch([p for p in steady() if p["created_at"] > day(N_DAYS - 30)]).is_enough


def test_the_order_of_rows_in_the_levels_does_not_matter(levels: Levels) -> None:
    talk = [*steady(), *BEGUN]
    order = np.arange(len(levels.keys))[::-1]
    spread = levels.calibration.spread
    turned = replace(
        levels,
        keys=levels.keys[::-1],
        calibration=replace(
            levels.calibration, spread=np.concatenate([spread[:2], spread[2:][order]])
        ),
    )
    assert seen(talk, turned).keys() == seen(talk, levels).keys() == {TROUBLE}
