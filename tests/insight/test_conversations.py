"""Alerts over time: one conversation for one thing, told once and again only when it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.insight import conversations
from feedbackminer.insight.alerts import Sighting
from feedbackminer.insight.conversations import Alert, carry_on
from feedbackminer.insight.facts import Subject
from feedbackminer.insight.measures import Estimate
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.vocabulary.alerts import (
    ACKNOWLEDGED,
    CLOSED,
    MODEL,
    OPEN,
    REAL,
    RISING,
    SILENT,
    SNOOZED,
    THREAD,
)
from tests.support.builders import day

SETTINGS = AlertSettings()


def sighting(
    key: str = "t1",
    n: int = 10,
    *,
    who: str = "",
    p: float = 0.01,
    cause: str = REAL,
    rule: str = RISING,
) -> Sighting:
    """Let some members speak of something."""
    voices = [f"{who or key}{number}" for number in range(n)]
    posts = pl.DataFrame({"voice": voices, "post_id": [f"p{voice}" for voice in voices]})
    return Sighting(
        rule=rule,
        subject=Subject(key, f"about {key}", posts, key),
        n=n,
        usual=2.0,
        ratio=Estimate(n / 2, 1.0, 9.0),
        p=p,
        posts=posts,
        cause=cause,
    )


def later(
    alerts: Sequence[Alert],
    at: float,
    *seen: Sighting,
    known_before: Sequence[str] = (),
    settings: AlertSettings = SETTINGS,
) -> list[Alert]:
    """Check on some day."""
    now = day(at)
    since = now - timedelta(days=settings.days)
    after, _ = carry_on(
        alerts, seen, now=now, since=since, settings=settings, known_before=known_before
    )
    return after


def test_what_stands_out_is_told_once_however_often_it_is_checked() -> None:
    alerts: list[Alert] = []
    for hour in range(80):
        alerts = later(alerts, hour / 24, sighting())
    (alert,) = alerts
    assert (alert.message, alert.status, alert.opened_at) == (1, OPEN, day(0))


def test_the_same_alert_is_told_again_when_half_as_many_more_are_affected() -> None:
    alerts = later([], 0, sighting(n=10))
    alerts = later(alerts, 2, sighting(n=14))
    assert [alert.message for alert in alerts] == [1]
    alerts = later(alerts, 3, sighting(n=15))
    assert [(alert.message, alert.n_known) for alert in alerts] == [(2, 15)]


def test_nothing_is_told_twice_within_the_cooldown_and_nothing_is_lost() -> None:
    alerts = later([], 0, sighting(n=6))
    alerts = later(alerts, 0.5, sighting(n=20))
    assert alerts[0].message == 1
    alerts = later(alerts, 1, sighting(n=20))
    assert alerts[0].message == 2


def test_one_member_more_is_no_news_however_few_they_were() -> None:
    alerts = later([], 0, sighting(n=1))
    assert later(alerts, 2, sighting(n=2))[0].message == 1
    assert later(alerts, 2, sighting(n=3))[0].message == 2


def test_what_is_not_real_is_kept_and_not_told_until_it_is() -> None:
    alerts = later([], 0, sighting(cause=THREAD))
    assert (alerts[0].cause, alerts[0].message) == (THREAD, 0)
    assert later(alerts, 1, sighting())[0].message == 1


def test_who_has_taken_it_is_called_again_when_far_more_are_affected() -> None:
    (alert,) = later([], 0, sighting(n=10))
    taken = conversations.acknowledged(alert, "Ann")
    (alert,) = later([taken], 2, sighting(n=12))
    assert (alert.status, alert.owner, alert.message) == (ACKNOWLEDGED, "Ann", 1)
    (alert,) = later([alert], 3, sighting(n=15))
    assert (alert.status, alert.owner, alert.message) == (OPEN, "Ann", 2)


def test_who_was_first_to_take_it_keeps_it_unless_it_is_taken_from_them() -> None:
    (alert,) = later([], 0, sighting())
    first = conversations.acknowledged(alert, "Ann")
    assert conversations.acknowledged(first, "Bob").owner == "Ann"
    assert conversations.acknowledged(first, "Bob", take=True).owner == "Bob"


def test_what_is_snoozed_is_silent_and_told_again_if_it_still_stands_out() -> None:
    (alert,) = later([], 0, sighting(n=5))
    resting = conversations.snoozed(alert, day(4))
    (alert,) = later([resting], 3, sighting(n=50))
    assert (alert.status, alert.message) == (SNOOZED, 1)
    (alert,) = later([alert], 4, sighting(n=50))
    assert (alert.status, alert.message) == (OPEN, 2)


@pytest.mark.parametrize("status", [SNOOZED, CLOSED])
def test_what_the_members_of_a_resting_alert_begin_to_say_is_an_alert_of_its_own(
    status: str,
) -> None:
    (alert,) = later([], 0, sighting("t1", 10, who="m"))
    resting = {SNOOZED: conversations.snoozed(alert, day(4)), CLOSED: conversations.closed(alert)}
    found = later([resting[status]], 1, sighting("t1", 10, who="m"), sighting("bugs", 9, who="m"))
    told = {one.subject: (one.status, one.also, one.message) for one in found}
    assert told == {"t1": (status, (), 1), "bugs": (OPEN, (), 1)}


def test_it_closes_by_itself_and_is_opened_again_as_the_same() -> None:
    alerts = later([], 0, sighting())
    assert later(alerts, 6.9)[0].status == OPEN
    alerts = later(alerts, 7)
    assert alerts[0].status == CLOSED
    (again,) = later(alerts, 20, sighting())
    assert (again.alert_id, again.message, again.status) == (alerts[0].alert_id, 2, OPEN)
    assert again.opened_at == day(20)


def test_what_a_person_closed_stays_closed_as_long_as_no_more_are_affected() -> None:
    (alert,) = later([], 0, sighting(n=10))
    done = conversations.closed(alert)
    (alert,) = later([done], 2, sighting(n=11))
    assert (alert.status, alert.message) == (CLOSED, 1)
    (alert,) = later([alert], 3, sighting(n=20))
    assert (alert.status, alert.message) == (OPEN, 2)


def test_what_much_the_same_members_say_is_one_alert_under_the_strongest() -> None:
    seen = [sighting("t1", 10, who="m"), sighting("bugs", 5, who="m", p=0.02), sighting("t2", 8)]
    alerts = later([], 0, *seen)
    assert [(alert.subject, alert.also) for alert in alerts] == [("t1", ("bugs",)), ("t2", ())]


def test_a_room_that_falls_silent_is_no_part_of_what_those_who_are_left_speak_of() -> None:
    seen = [sighting("t1", 40, who="m"), sighting("source:den", 4, who="m", rule=SILENT)]
    alerts = later([], 0, *seen)
    assert [(one.subject, one.message) for one in alerts] == [("t1", 1), ("source:den", 1)]


def test_the_conversation_goes_on_when_another_of_its_subjects_becomes_the_strongest() -> None:
    alerts = later([], 0, sighting("t1", 10, who="m"), sighting("bugs", 9, who="m"))
    alerts = later(alerts, 2, sighting("bugs", 12, who="m"))
    assert [(alert.subject, alert.message) for alert in alerts] == [("t1", 1)]
    alerts = later(alerts, 3, sighting("bugs", 15, who="m"), sighting("t1", 10, who="m"))
    assert [(alert.subject, alert.message) for alert in alerts] == [("t1", 2)]


def test_what_a_new_model_sees_in_what_was_read_before_is_not_told_until_it_grows() -> None:
    alerts = later([], 0, sighting(n=10), known_before=["t1"])
    assert (alerts[0].cause, alerts[0].message) == (MODEL, 0)
    alerts = later(alerts, 1, sighting(n=12))
    assert alerts[0].cause == MODEL
    alerts = later(alerts, 2, sighting(n=15))
    assert (alerts[0].cause, alerts[0].message) == (REAL, 1)


def test_a_new_model_takes_nothing_from_what_was_told() -> None:
    alerts = later([], 0, sighting())
    assert later(alerts, 1, sighting(), known_before=["t1"])[0].cause == REAL


def test_what_comes_back_is_told_once_it_is_real_whatever_it_looked_like_at_first() -> None:
    """A rise often begins in one thread."""
    alerts = later(later([], 0, sighting()), 7)
    alerts = later(alerts, 20, sighting(cause=THREAD))
    assert [(one.status, one.message, one.opened_at) for one in alerts] == [(OPEN, 1, day(20))]
    alerts = later(alerts, 20.1, sighting())
    assert [(one.status, one.message) for one in alerts] == [(OPEN, 2)]
    assert later(alerts, 20.2, sighting())[0].message == 2


def test_what_was_never_real_and_closed_is_told_once_it_is_real() -> None:
    alerts = later(later([], 0, sighting(cause=THREAD)), 7)
    alerts = later(alerts, 20, sighting(cause=THREAD))
    assert later(alerts, 20.1, sighting())[0].message == 1


def test_a_cooldown_longer_than_the_window_swallows_no_message() -> None:
    """What comes back before it is over is the same time still."""
    settings = SETTINGS.model_copy(update={"days": 1, "cooldown": 72})
    alerts = later([], 0, sighting(), settings=settings)
    assert later(alerts, 2.9, settings=settings)[0].status == OPEN
    alerts = later(alerts, 3, settings=settings)
    assert alerts[0].status == CLOSED
    assert later(alerts, 3.1, sighting(), settings=settings)[0].message == 2


def test_what_is_snoozed_does_not_close_and_open_again_before_its_time() -> None:
    (alert,) = later([], 0, sighting())
    alerts = later([conversations.snoozed(alert, day(30))], 8)
    assert alerts[0].status == SNOOZED
    alerts = later(alerts, 20, sighting(n=50))
    assert [(one.status, one.message) for one in alerts] == [(SNOOZED, 1)]
    assert later(alerts, 30, sighting(n=50))[0].message == 2
    assert later(alerts, 30)[0].status == CLOSED


def test_what_a_person_closed_is_not_begun_anew_by_what_else_it_is_about() -> None:
    alerts = later([], 0, sighting("t1", 10, who="m"), sighting("bugs", 9, who="m"))
    alerts = later([conversations.closed(alerts[0])], 0.1, sighting("bugs", 9, who="m"))
    assert [(one.subject, one.status, one.message) for one in alerts] == [("t1", CLOSED, 1)]


def test_an_alert_that_another_was_about_too_goes_on_with_its_own_messages() -> None:
    """What was sent under a number is not sent again: a number that is used anew is lost."""
    alerts = later([], 0, sighting("t1", 10, who="m"), sighting("bugs", 9, who="m"))
    alerts = later(later(alerts, 10), 20, sighting("bugs"))
    alerts = later(later(alerts, 30), 40, sighting("bugs"))
    assert {one.subject: one.message for one in alerts} == {"t1": 1, "bugs": 2}


CHECK = st.tuples(
    st.floats(0.02, 3),  # days since the last
    st.dictionaries(
        st.sampled_from(["t1", "t2", "label:bug"]),
        st.tuples(st.integers(1, 40), st.sampled_from([REAL, THREAD])),
    ),
    st.sampled_from(["", "ack", "snooze", "close"]),
)


@given(st.lists(CHECK, max_size=25), st.booleans())
def test_no_order_of_checks_and_decisions_tells_a_thing_twice(
    checks: list[tuple[float, dict[str, tuple[int, str]], str]], shares_members: bool
) -> None:
    alerts: list[Alert] = []
    at = 0.0
    for step, seen, decision in checks:
        at += step
        who = "m" if shares_members else ""
        now = [sighting(key, n, who=who, cause=cause) for key, (n, cause) in seen.items()]
        now.sort(key=lambda one: one.cause != REAL)
        before = {alert.alert_id: alert for alert in alerts}
        alerts = later(alerts, at, *now)
        assert len({alert.alert_id for alert in alerts}) == len(alerts)
        assert {*before} <= {alert.alert_id for alert in alerts}
        again = later(alerts, at, *now)
        assert {*again} == {*alerts}  # a check that is done again changes nothing
        for alert in alerts:
            was = before.get(alert.alert_id)
            if alert.message == (was.message if was else 0):
                continue
            assert (alert.cause, alert.status, alert.told_at) == (REAL, OPEN, day(at))
            assert alert.message == (was.message if was else 0) + 1
            if was and was.told_at:
                assert day(at) - was.told_at >= timedelta(hours=SETTINGS.cooldown)
                is_again = was.status in (SNOOZED, CLOSED)
                assert is_again or alert.n_affected >= 1.5 * was.n_known
        if decision and alerts:
            alerts = [_decided(alerts[0], decision, at), *alerts[1:]]


def _decided(alert: Alert, decision: str, at: float) -> Alert:
    if decision == "ack":
        return conversations.acknowledged(alert, "Ann")
    if decision == "snooze":
        return conversations.snoozed(alert, day(at + 2))
    return conversations.closed(alert)


@pytest.mark.parametrize("back", [0.01, 0.5, 400])
def test_a_clock_that_goes_back_tells_nothing_twice_and_stops_nothing(back: float) -> None:
    alerts = later([], 500, sighting(n=10))
    alerts = later(alerts, 500 - back, sighting(n=10))
    assert [alert.message for alert in alerts] == [1]
    alerts = later(alerts, 502 - back, sighting(n=30))
    assert [alert.message for alert in alerts] == [2]


def test_an_alert_that_was_replaced_keeps_its_id() -> None:
    (alert,) = later([], 0, sighting())
    assert later([replace(alert, owner="Ann")], 1, sighting())[0].alert_id == alert.alert_id
