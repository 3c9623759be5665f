"""Messages of alerts: one conversation a reader, each message once, whatever fails on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project
from feedbackminer.steps import alerts as steps
from feedbackminer.steps import publish
from feedbackminer.vocabulary.alerts import THREAD
from tests.support import builders
from tests.support.alert_project import (
    END,
    N_DAYS,
    TOPICS,
    TROUBLE,
    Talk,
    community,
    measured_table,
    steady,
    store_talk,
    trouble,
)
from tests.support.mailbox import ANN, BOB, TAKEN, Mailbox
from tests.support.sites.serving import Reply, Request, serve

HOSTILE = "<b>The sync</b> hangs [here](http://evil.example) @channel again."


def begun(members: int = 40, *, body: str = "", threads: int = 20) -> Talk:
    return [*steady(), *trouble(N_DAYS - 4, members=members, threads=threads, body=body)]


@pytest.fixture
def levels() -> pl.DataFrame:
    return measured_table()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "FIRST_WAIT", 0.01)


def project_at(
    folder: Path, levels: pl.DataFrame, talk: Talk | None = None, **channels: dict[str, Any]
) -> Project:
    settings = {"channels": channels, "digest": {"product": "Inkwren"}}
    project = community(folder / "project", talk or begun(), **settings)
    project.store.replace("alert_levels", levels)
    return project


def named(label: str) -> pl.DataFrame:
    """Call the topic of the trouble by words of members."""
    return builders.topics(**TOPICS | {TROUBLE: label})


def sent(project: Project, days: float = 0) -> list[tuple[str, str]]:
    """Check and send; return channel and status of each delivery."""
    run = Run(project)
    steps.check_alerts(run, END + timedelta(days=days))
    return [(one.channel, one.status) for one in steps.send_alerts(run)]


def test_each_reader_gets_an_alert_once_and_its_updates_in_the_same_conversation(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    project = project_at(tmp_path, levels, team=box.channel())
    assert sent(project) == [("team", "sent")] * 2
    assert sent(project, 0.1) == []
    store_talk(project, begun(100, threads=40))
    assert sent(project, 1) == [("team", "sent")] * 2
    assert sent(project, 1.1) == []

    assert box.readers() == [ANN, BOB] * 2
    first, update = box.mails[0], box.mails[2]
    assert first["Subject"] == "Alert: Inkwren: More members than usual: topic 2"
    assert update["Subject"] == f"Re: {first['Subject']}"
    assert update["In-Reply-To"] == update["References"] == first["Message-ID"]
    assert first["In-Reply-To"] is None
    assert len({str(mail["Message-ID"]) for mail in box.mails}) == 4


def test_who_could_not_be_reached_gets_it_at_the_next_check_and_the_others_not_again(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    box.answers[BOB] = ["550 no", TAKEN]
    project = project_at(tmp_path, levels, team=box.channel())
    assert sent(project) == [("team", "sent"), ("team", "failed")]
    assert sent(project, 0.1) == [("team", "sent")]
    assert box.readers() == [ANN, BOB]


def test_what_was_found_before_a_crash_is_sent_after_it(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    project = project_at(tmp_path, levels, team=box.channel())
    steps.check_alerts(Run(project), END)  # and the process ends before anything is sent
    assert sent(project, 0.1) == [("team", "sent")] * 2
    assert sent(project, 0.2) == []


def test_what_everybody_has_is_not_written_again(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_at(tmp_path, levels, team=box.channel())
    sent(project)
    written: list[object] = []
    monkeypatch.setattr(steps, "alert_parcel", lambda *args: written.append(args))
    assert sent(project, 0.1) == written == []


def test_who_could_not_be_reached_is_not_told_of_what_turns_out_to_be_one_thread(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    box.answers[BOB] = ["550 no", TAKEN]
    project = project_at(tmp_path, levels, team=box.channel())
    sent(project)
    store_talk(project, begun(30, threads=1))
    assert sent(project, 0.1) == []
    assert [one.cause for one in steps.alerts_of(project)] == [THREAD]
    store_talk(project, begun())
    assert sent(project, 0.2) == [("team", "sent")]
    assert box.readers() == [ANN, BOB]


def test_nobody_is_told_of_what_somebody_has_taken_or_of_what_is_not_real(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    project = project_at(tmp_path / "a", levels, team=box.channel())
    (alert,) = steps.check_alerts(Run(project), END).alerts
    steps.acknowledge(Run(project), alert.alert_id, "Ann")
    assert sent(project, 0.1) == []
    one_thread = begun(30, threads=1)
    project = project_at(tmp_path / "b", levels, one_thread, team=box.channel())
    assert sent(project) == []
    assert [one.cause for one in steps.alerts_of(project)] == [THREAD]
    assert box.mails == []


def test_only_channels_that_reach_people_get_alerts_unless_they_want_none(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    site = {"kind": "folder", "path": str(tmp_path / "site")}
    quiet = box.channel(alerts=False)
    project = project_at(tmp_path, levels, team=box.channel(), site=site, quiet=quiet)
    assert sent(project) == [("team", "sent")] * 2


def test_without_channels_the_list_is_kept_and_nothing_sent(
    tmp_path: Path, levels: pl.DataFrame
) -> None:
    project = project_at(tmp_path, levels)
    assert sent(project) == []
    assert len(steps.alerts_of(project)) == 1


def test_members_words_are_quoted_as_text_alone(
    tmp_path: Path, levels: pl.DataFrame, box: Mailbox
) -> None:
    project = project_at(tmp_path, levels, begun(body=HOSTILE), team=box.channel())
    sent(project)
    html = box.mails[0].get_body(("html",))
    text = box.mails[0].get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "hangs" in html.get_content()
    assert "<b>" not in html.get_content()
    assert "](http" not in text.get_content()


def test_a_chat_is_told_what_it_is_an_update_of(
    tmp_path: Path, levels: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def hear(request: Request) -> Reply:
        said.append(request.json()["text"])
        return Reply(b"ok")

    with serve(hear) as served:
        monkeypatch.setenv("FEEDBACKMINER_SECRET_ROOM", f"{served.url}/hooks/x")
        talk = begun(body=HOSTILE)
        project = project_at(tmp_path, levels, talk, room={"kind": "chat"})
        project.store.replace("topics", named("sync <!channel> @all " + "very long " * 40))
        assert sent(project) == [("room", "sent")]
        store_talk(project, begun(100, threads=40))
        assert sent(project, 1) == [("room", "sent")]
    title = "Alert: \u2068Inkwren: More members than usual:"
    assert said[0].startswith(f"{title} sync ‹ǃchannel› ＠all")
    assert said[1].startswith(f"Update of: {title} topic 2")
    assert len(said[0].splitlines()[0]) < 200
    assert not {*"@<>!"} & {*said[0]}
