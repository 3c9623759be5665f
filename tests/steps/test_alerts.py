"""Alerts of a project: what is kept of them, who takes them up, and what goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.digest.render import alert as render
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.insight import alerts as insight
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import alerts as steps
from feedbackminer.steps.erase import forget
from feedbackminer.steps.mining import ALERTS
from feedbackminer.tables import AlertLevels
from feedbackminer.vocabulary.alerts import ACKNOWLEDGED, CLOSED, MODEL, REAL, SNOOZED
from tests.support import builders
from tests.support.alert_project import (
    END,
    N_DAYS,
    N_SHUFFLES,
    TOPICS,
    TROUBLE,
    Talk,
    community,
    measured_table,
    steady,
    store_talk,
    trouble,
)
from tests.support.builders import day
from tests.support.command import invoke


@pytest.fixture(autouse=True)
def _few_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure less than a real project does."""
    monkeypatch.setattr(insight.Watch.calibrate, "__defaults__", (N_SHUFFLES,))


@pytest.fixture
def levels() -> pl.DataFrame:
    return measured_table()


def begun(members: int = 40, *, since: float = 4) -> Talk:
    return [*steady(), *trouble(N_DAYS - since, members=members, threads=members // 2)]


@pytest.fixture
def project(tmp_path: Path, levels: pl.DataFrame) -> Project:
    project = community(tmp_path / "project", begun())
    project.store.replace("alert_levels", levels)
    return project


def checked(project: Project, days: float = 0) -> steps.Checked:
    return steps.check_alerts(Run(project), END + timedelta(days=days))


def test_a_check_keeps_what_stands_out_with_its_posts_and_no_words(project: Project) -> None:
    (alert,) = checked(project).alerts
    assert (alert.subject, alert.cause, alert.message) == (TROUBLE, REAL, 1)
    assert steps.alerts_of(project) == [alert]
    assert all(post["body"] for post in steps.posts_of(project, alert))
    kept = str(project.store.read("alerts").to_dicts())
    assert "hangs" not in kept
    assert "topic 2" not in kept


def test_a_second_check_takes_up_the_same_alert_and_measures_nothing_again(
    project: Project,
) -> None:
    project.store.replace("alert_levels", AlertLevels.create_empty())
    assert "measured anew" in str(checked(project).notices)
    again = checked(project, 0.1)
    assert "measured anew" not in str(again.notices)
    (alert,) = again.alerts
    assert (alert.opened_at, alert.message) == (END, 1)


def test_what_became_of_an_alert_is_kept_in_order_with_who_did_it(project: Project) -> None:
    (alert,) = checked(project).alerts
    steps.acknowledge(Run(project), alert.alert_id, "Ann")
    taken = steps.acknowledge(Run(project), alert.alert_id, "Bob")
    assert (taken.owner, taken.status) == ("Ann", ACKNOWLEDGED)
    assert steps.acknowledge(Run(project), alert.alert_id, "Bob", take=True).owner == "Bob"
    assert steps.snooze(Run(project), alert.alert_id, timedelta(days=3)).status == SNOOZED
    assert steps.close(Run(project), alert.alert_id).status == CLOSED
    log = steps.log_of(project, alert.alert_id).select("event", "by").rows()
    assert log == [
        *(("open", ""), ("told", "")),
        *(("acknowledged", "Ann"), ("acknowledged", "Bob"), ("acknowledged", "Bob")),
        *(("snoozed", ""), ("closed", "")),
    ]


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-3), timedelta(days=99_999)])
def test_no_alert_is_snoozed_into_the_past_or_for_ever(project: Project, length: timedelta) -> None:
    (alert,) = checked(project).alerts
    with pytest.raises(InputError, match="from a minute to a year"):
        steps.snooze(Run(project), alert.alert_id, length)
    assert steps.alerts_of(project) == [alert]


def test_an_alert_that_is_not_there_is_named_with_what_is_near(project: Project) -> None:
    (alert,) = checked(project).alerts
    with pytest.raises(InputError, match=f"did you mean '{alert.alert_id}'"):
        steps.close(Run(project), alert.alert_id[:-1] + "_")
    with pytest.raises(InputError, match="alerts list"):
        steps.find_alert(project, "?")


def test_before_anything_was_mined_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was mined yet"):
        steps.check_alerts(Run(open_project(tmp_path)))


@pytest.mark.parametrize(
    ("talk", "notice"),
    [
        ([post | {"created_at": None} for post in steady()], "no post has a date"),
        (steady()[:20], "too little was written"),
    ],
)
def test_without_dates_or_with_few_posts_a_check_says_so(
    tmp_path: Path, talk: Talk, notice: str
) -> None:
    found = checked(community(tmp_path, talk))
    assert found.alerts == []
    assert notice in str(found.notices)


def test_a_clock_that_goes_back_is_told_and_tells_nothing_twice(project: Project) -> None:
    checked(project)
    back = checked(project, -0.5)
    assert "is before the last check" in str(back.notices)
    assert [alert.message for alert in steps.alerts_of(project)] == [1]


def test_a_moment_that_is_still_to_come_is_refused_and_closes_nothing(project: Project) -> None:
    (alert,) = checked(project).alerts
    run = Run(project, started_at=END + timedelta(hours=1))
    with pytest.raises(InputError, match="is still to come"):
        steps.check_alerts(run, END + timedelta(days=9))
    assert steps.alerts_of(project) == [alert]


def test_before_the_first_post_there_is_nothing_to_look_at(project: Project) -> None:
    found = steps.check_alerts(Run(project), datetime.min.replace(tzinfo=UTC))
    assert found.alerts == []
    assert "too little was written" in str(found.notices)


def test_an_alert_of_a_topic_that_is_no_more_is_told_as_such_and_closes(project: Project) -> None:
    checked(project)
    others = [post | {"topic": "t001"} for post in begun() if post["topic"] != TROUBLE]
    store_talk(project, others)
    topics = project.store.read("topics")
    project.store.replace("topics", topics.filter(topics["topic_id"] != TROUBLE))
    checked(project, 0.1)
    (alert,) = [one for one in steps.alerts_of(project) if one.subject == TROUBLE]
    assert "a topic that is no more" in steps.view_of(project, alert).headline
    checked(project, 8)
    (alert,) = [one for one in steps.alerts_of(project) if one.subject == TROUBLE]
    assert alert.status == CLOSED


def test_an_erased_post_leaves_the_evidence_and_breaks_no_check(project: Project) -> None:
    (alert,) = checked(project).alerts
    forget(Run(project), post_id=alert.evidence[0])
    (left,) = steps.alerts_of(project)
    assert left.evidence == alert.evidence[1:]
    assert [one.alert_id for one in checked(project, 0.1).alerts] == [alert.alert_id]


def test_what_a_new_model_sees_in_old_posts_is_no_alert(
    tmp_path: Path, levels: pl.DataFrame
) -> None:
    """The posts were there at the check before; only then did a model put them on this topic."""
    talk = begun()
    unread = [
        post | {"topic": f"t{n % 2:03}"} if post["author_id"].startswith("x") else post
        for n, post in enumerate(talk)
    ]
    project = community(tmp_path, unread)
    project.store.replace("alert_levels", levels)
    before = {alert.subject for alert in checked(project).alerts if alert.cause == REAL}
    assert TROUBLE not in before
    store_talk(project, talk)
    tags = project.store.read("tags")
    project.store.replace("tags", tags.with_columns(tagger=tags["tagger"] + " of today"))
    found = {alert.subject: alert.cause for alert in checked(project, 0.1).alerts}
    assert found[TROUBLE] == MODEL


def test_hostile_words_are_shown_as_they_are_and_are_no_markup(
    tmp_path: Path, levels: pl.DataFrame
) -> None:
    words = "<script>alert(1)</script> @here [link](http://evil.example) hangs."
    project = community(tmp_path, [*steady(), *_said(words)])
    project.store.replace("alert_levels", levels)
    (alert,) = checked(project).alerts
    view = steps.view_of(project, alert)
    assert "<script>" not in render.html(view)
    assert "@here" not in "\n".join(render.lines(view))
    assert "](http" not in render.markdown(view)


def _said(words: str) -> Talk:
    return trouble(N_DAYS - 4, members=40, threads=20, body=words)


def test_the_command_checks_lists_and_takes_up(project: Project) -> None:
    at = ("--project", project.folder)
    done = invoke("alerts", "check", *at, "--at", f"{END:%Y-%m-%dT%H:%M:%S}")
    assert done.exit_code == 0, done.output
    assert "topic 2" in done.output
    (alert,) = steps.alerts_of(project)
    assert "an alert would be raised" in " ".join(invoke("alerts", "list", *at).output.split())
    done = invoke("alerts", "ack", alert.alert_id, "--owner", "Ann", *at)
    assert f"{alert.alert_id}: Ann has it" in done.output
    done = invoke("alerts", "ack", alert.alert_id, "--owner", "Bob", *at)
    assert "Ann had taken it before" in done.output
    assert invoke("alerts", "snooze", alert.alert_id, "--for", "3d", *at).exit_code == 0
    assert invoke("alerts", "snooze", alert.alert_id, "--for", "-3d", *at).exit_code == 2
    assert invoke("alerts", "snooze", alert.alert_id, "--for", "soon", *at).exit_code == 2
    shown = invoke("alerts", "show", alert.alert_id, *at).output
    assert "acknowledged by Bob" in shown
    assert invoke("alerts", "close", alert.alert_id, *at).exit_code == 0
    assert invoke("alerts", "show", "a-nothing", *at).exit_code == 2
    assert day(0) < alert.opened_at


def test_a_look_back_keeps_the_list_as_it_is(project: Project) -> None:
    (alert,) = checked(project).alerts
    levels = project.store.read("alert_levels")
    back = [checked(project, days) for days in (-0.5, -40)]
    assert all("the list stays as it is" in str(one.notices) for one in back)
    assert [one.subject for one in back[0].alerts] == [alert.subject]
    assert steps.alerts_of(project) == [alert]
    assert project.store.read("alert_levels").equals(levels)


def test_levels_of_this_week_hold_until_something_new_is_watched(project: Project) -> None:
    def measured(*later: dict[str, Any]) -> datetime:
        store_talk(project, [*steady(), *later])
        Run(project).step(ALERTS)
        until: datetime = project.store.read("alert_levels")["until"].item()
        return until

    first = measured()
    assert measured(*trouble(N_DAYS + 2, members=2, threads=1)) == first
    assert measured(*trouble(N_DAYS + 9, members=2, threads=1)) == first + timedelta(days=10)

    new = [row | {"topic": "t009"} for row in trouble(N_DAYS + 11, members=40, threads=20)]
    then = builders.topics(**TOPICS, t009="another")
    store_talk(project, [*steady(), *new])
    project.store.replace("topics", then)
    Run(project).step(ALERTS)
    assert "t009" in project.store.read("alert_levels")["keys"].item()
