"""The flow that delivers: each part at its hour, one channel's failure shown and borne alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.blocks.system import Secret
from pydantic import SecretStr

from feedbackminer.engine.run import Run
from feedbackminer.errors import DeliveryError
from feedbackminer.project.project import Project
from feedbackminer.project.store import Store
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.verify import Proof, prove
from pipelines import tasks
from pipelines.community import deliver
from tests.support.erase_project import mined
from tests.support.mailbox import Mailbox
from tests.support.sites.serving import Reply, Request, serve
from tests.support.standing import Standing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SETTINGS = """
[channels.broken]
kind = "folder"
path = "feedbackminer.toml"
[channels.room]
kind = "chat"
editions = ["support"]
[channels.team]
kind = "mail"
host = "127.0.0.1"
port = {port}
encryption = "none"
sender = "digest@example.com"
to = ["ann@example.com"]
editions = ["support", "leadership"]
"""


@pytest.fixture
def place(tmp_path: Path, box: Mailbox) -> Path:
    write_digest(Run(mined(tmp_path)), tmp_path / "digest")
    (tmp_path / "project" / "feedbackminer.toml").write_text(SETTINGS.format(port=box.port))
    return tmp_path


def test_a_channel_that_fails_fails_the_run_and_keeps_no_other_from_it(
    place: Path, box: Mailbox, server: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    proved: list[Path] = []

    def prove_and_note(project: Project, folder: Path) -> Proof:
        proved.append(folder)
        return prove(project, folder)

    monkeypatch.setattr(tasks, "prove", prove_and_note)

    def room(request: Request) -> Reply:
        said.append(request.path)
        return Reply(b"ok")

    with serve(room) as served:
        address = SecretStr(f"{served.url}/hooks/correct-horse")
        Secret(value=address).save("feedbackminer-room", overwrite=True)
        with pytest.raises(DeliveryError, match="broken: whole: "):
            deliver(str(place / "project"), str(place / "digest"))
    assert said == ["/hooks/correct-horse"]
    assert len(box.mails) == 2
    assert len(proved) == 1
    statuses = Store(place / "project" / "tables").read("deliveries")["status"].value_counts()
    assert dict(statuses.iter_rows()) == {"failed": 1, "sent": 3}

    (event,) = server.events("feedbackminer.channel.failed")
    assert event["payload"]["channel"] == "broken"
    (row, _) = server.artifact("project-delivered-team")
    assert row["what"] == "taken by the mail server"
    kept = (server.home / "prefect.db").read_bytes()
    assert b"correct-horse" not in kept
    assert b"ann@example.com" not in kept


def test_only_the_edition_of_the_hour_goes_out_and_only_once(place: Path, box: Mailbox) -> None:
    for _ in range(2):
        deliver(str(place / "project"), str(place / "digest"), ["team"], ["leadership"])
    (mail,) = box.mails
    assert "for leadership: " in mail["Subject"]


def test_a_project_without_channels_delivers_nothing_and_does_not_fail(place: Path) -> None:
    (place / "project" / "feedbackminer.toml").unlink()
    deliver(str(place / "project"), str(place / "digest"), editions=["support"])
    assert Store(place / "project" / "tables").read("deliveries").is_empty()
