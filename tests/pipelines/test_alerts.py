"""The hourly flow: what stands out is told to people and to automations, without members' words."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import alerts
from pipelines import tasks
from pipelines.community import collect
from tests.support.alert_project import N_DAYS, TOPICS, TROUBLE, community, steady, trouble
from tests.support.mailbox import Mailbox
from tests.support.standing import Standing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SETTINGS = """
[channels.team]
kind = "mail"
host = "127.0.0.1"
port = {port}
encryption = "none"
sender = "alerts@example.com"
to = ["ann@example.com"]
"""


class Stopped(BaseException):
    """A flow that is cancelled, or killed."""


def project_at(folder: Path, box: Mailbox) -> Project:
    community(folder, [*steady(), *trouble(N_DAYS - 4, members=40, threads=20)])
    (folder / "feedbackminer.toml").write_text(SETTINGS.format(port=box.port))
    return open_project(folder)


def test_an_hour_after_it_began_people_are_told_once_and_prefect_no_words(
    tmp_path: Path, box: Mailbox, server: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_at(tmp_path / "square", box)
    monkeypatch.setattr(tasks, "FRESH", ())  # its tables were made by hand
    monkeypatch.setattr("pipelines.community.read_sources", lambda *_: None)
    collect(str(project.folder))
    collect(str(project.folder))

    assert box.readers() == ["ann@example.com"]
    (alert,) = alerts.alerts_of(project)
    shown = str(server.artifact("square-alerts"))
    assert alert.alert_id in shown
    assert TOPICS[TROUBLE] not in shown


@pytest.mark.parametrize(("stops", "n_checks"), [(SourceError("no answer"), 1), (Stopped(), 0)])
def test_a_source_that_fails_keeps_nobody_from_hearing_of_the_others_and_a_stop_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: BaseException, n_checks: int
) -> None:
    checks: list[object] = []

    def fail(*_: object) -> None:
        raise stops

    monkeypatch.setattr("pipelines.community.read_sources", fail)
    monkeypatch.setattr("pipelines.community.check_what_is_new", checks.append)
    with pytest.raises(type(stops)):
        collect.fn(str(tmp_path))
    assert len(checks) == n_checks


def test_before_all_was_mined_nothing_is_checked(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feedbackminer.toml").write_text(SETTINGS.format(port=box.port))
    monkeypatch.setattr("pipelines.community.read_sources", lambda *_: None)
    collect(str(tmp_path))
    assert box.mails == []
