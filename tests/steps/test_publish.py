"""Delivery: what holds goes to each reader once, whatever fails, hangs or is killed on the way."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, SettingsError
from feedbackminer.project.project import Project, open_project
from feedbackminer.project.store import Store
from feedbackminer.publish.folder import Folder
from feedbackminer.publish.mail import Mail
from feedbackminer.steps import publish as steps
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.publish import Request as Wanted
from feedbackminer.steps.publish import preview, publish
from tests.support import kills
from tests.support.command import invoke
from tests.support.erase_project import mined
from tests.support.mailbox import ANN, BOB, TAKEN, Mailbox
from tests.support.sites.serving import Reply, Request, serve


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish")
    write_digest(Run(mined(folder)), folder / "digest")
    return folder


@pytest.fixture
def place(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a project with a digest."""
    for name in ("project", "digest"):
        shutil.copytree(original / name, tmp_path / name)
    monkeypatch.setattr(steps, "FIRST_WAIT", 0.01)
    return tmp_path


def mail(box: Mailbox, **settings: Any) -> dict[str, Any]:
    return box.channel(**{"editions": ["support"]} | settings)


def project_at(place: Path, **channels: dict[str, Any]) -> Project:
    settings = {"digest": {"product": "Inkwren"}, "channels": channels}
    return open_project(place / "project", settings)


def delivered(project: Project, **request: Any) -> list[tuple[str, str]]:
    """Deliver; return channel and status of each delivery."""
    folder = project.folder.parent / "digest"
    return [(d.channel, d.status) for d in publish(Run(project), folder, Wanted(**request))]


def test_each_reader_gets_it_once_however_often_it_is_delivered(place: Path, box: Mailbox) -> None:
    project = project_at(place, team=mail(box))
    assert delivered(project) == [("team", "sent")] * 2
    assert delivered(project) == [("team", "before")] * 2
    assert sorted(box.readers()) == [ANN, BOB]
    assert delivered(project, again=True) == [("team", "sent")] * 2
    assert len({mail["Message-ID"] for mail in box.mails}) == 2


def test_a_digest_of_the_same_period_that_is_written_again_is_not_sent_again(
    place: Path, box: Mailbox
) -> None:
    project = project_at(place, team=mail(box))
    delivered(project)
    write_digest(Run(project), place / "digest")
    assert delivered(project) == [("team", "before")] * 2


def test_whom_the_server_refused_gets_it_later_and_the_others_not_again(
    place: Path, box: Mailbox
) -> None:
    box.answers[BOB] = ["550 5.1.1 unknown", TAKEN]
    project = project_at(place, team=mail(box))
    assert delivered(project) == [("team", "sent"), ("team", "failed")]
    assert delivered(project) == [("team", "before"), ("team", "sent")]
    assert box.readers() == [ANN, BOB]


def test_what_is_refused_for_a_moment_is_tried_again(place: Path, box: Mailbox) -> None:
    box.answers[ANN] = ["451 4.7.1 later", TAKEN]
    assert delivered(project_at(place, team=mail(box, to=[ANN]))) == [("team", "sent")]
    assert box.readers() == [ANN]


def test_after_a_kill_a_mail_that_may_be_out_is_told_and_sent_only_where_that_is_asked(
    place: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_at(place, team=mail(box, to=[ANN]))

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Mail, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            delivered(project)
    assert delivered(project) == [("team", "maybe")]
    assert box.mails == []
    assert delivered(project, again=True) == [("team", "sent")]
    assert project.store.read("deliveries").select("status", "attempts").row(0) == ("sent", 2)


def test_a_repetition_that_fails_leaves_known_that_it_was_sent(place: Path, box: Mailbox) -> None:
    project = project_at(place, team=mail(box, to=[ANN]))
    delivered(project)
    sent = project.store.read("deliveries").drop("attempts")
    box.answers[ANN] = ["550 5.1.1 unknown", TAKEN]
    assert delivered(project, again=True) == [("team", "failed")]
    assert project.store.read("deliveries").drop("attempts").equals(sent)
    assert delivered(project) == [("team", "before")]
    assert box.readers() == [ANN]


def test_what_may_be_out_stays_so_when_a_repetition_fails(place: Path, box: Mailbox) -> None:
    gate = threading.Event()
    box.at_end = lambda: TAKEN * gate.wait(20)
    project = project_at(place, team=mail(box, to=[ANN], timeout=0.3))
    assert delivered(project) == [("team", "maybe")]
    gate.set()
    box.answers[ANN] = ["550 5.1.1 unknown"]
    assert delivered(project, again=True) == [("team", "failed")]
    assert delivered(project) == [("team", "maybe")]


@pytest.mark.slow
def test_killed_while_the_server_takes_a_mail_it_is_not_sent_twice(
    place: Path, box: Mailbox
) -> None:
    gate, has_text = threading.Event(), threading.Event()

    def say_so_in_the_end() -> str:
        has_text.set()
        gate.wait(60)
        return TAKEN

    box.at_end = say_so_in_the_end
    write_settings(place, mail(box, to=[ANN], timeout=60))
    command = ("publish", place / "digest", "--project", place / "project", "--send")
    attempt = kills.Attempt(*command, log=place / "log")
    kills.wait_until(has_text.is_set, attempt.process)
    assert attempt.kill()
    gate.set()
    done = invoke(*command, "--json")
    assert [one["status"] for one in json.loads(done.stdout)["deliveries"]] == ["maybe"]
    assert box.readers() == [ANN]  # it was out after all


def write_settings(place: Path, team: dict[str, Any]) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in team.items()]
    toml = "\n".join(['[digest]\nproduct = "Inkwren"', "[channels.team]", *lines])
    (place / "project" / "feedbackminer.toml").write_text(toml)


def test_a_channel_that_fails_or_hangs_keeps_no_other_from_it(place: Path, box: Mailbox) -> None:
    gate = threading.Event()
    box.at_end = lambda: TAKEN * gate.wait(20)
    (place / "taken").write_text("A file.")
    project = project_at(
        place,
        broken={"kind": "folder", "path": str(place / "taken")},
        hangs=mail(box, to=[ANN], timeout=0.3),
        login=mail(box, user="ann"),
        shelf={"kind": "folder", "path": "../shelf"},
    )
    statuses = dict(delivered(project))
    gate.set()
    assert statuses == {"broken": "failed", "hangs": "maybe", "login": "failed", "shelf": "sent"}
    assert (place / "shelf" / "digest.json").is_file()


def test_a_mistake_of_ours_in_one_channel_keeps_no_other_from_it(
    place: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> str:
        raise ZeroDivisionError("ann@example.com")

    monkeypatch.setattr(Folder, "send", mistaken)
    project = project_at(place, shelf={"kind": "folder", "path": "shelf"}, team=mail(box, to=[ANN]))
    assert delivered(project) == [("shelf", "maybe"), ("team", "sent")]
    assert ANN not in str(project.store.read("deliveries").rows())


def test_of_a_server_that_is_away_only_one_reader_is_tried(
    place: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ATTEMPTS", 1)
    project = project_at(place, team=mail(box, encryption="starttls"))
    assert delivered(project) == [("team", "failed")] * 2
    assert box.n_connections == 1
    assert len(project.store.read("deliveries")) == 1


def test_a_folder_holds_what_the_digest_does_or_the_editions_in_markdown(place: Path) -> None:
    project = project_at(
        place,
        site={"kind": "folder", "path": "site"},
        notes={"kind": "folder", "path": "notes", "format": "markdown", "editions": ["support"]},
    )
    notes = place / "project" / "notes"
    notes.mkdir()
    (notes / "mine.txt").write_text("It stays.")
    for _ in range(2):
        assert delivered(project) == [("site", "sent"), ("notes", "sent")]
    digest, site = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (place / "digest", place / "project" / "site")
    )
    assert site == digest
    files = sorted(p.relative_to(notes).as_posix() for p in notes.rglob("*.*"))
    assert files == ["editions/support.md", "mine.txt"]


def test_a_digest_that_was_changed_goes_nowhere(place: Path, box: Mailbox) -> None:
    page = place / "digest" / "index.html"
    page.write_text(page.read_text("utf-8").replace("members", "memb3rs", 1), "utf-8")
    with pytest.raises(InputError, match=r"nothing was delivered: .*index\.html.*r mine` and"):
        delivered(project_at(place, team=mail(box)))
    assert box.mails == []


def test_without_sending_nothing_is_asked_or_kept(place: Path, box: Mailbox) -> None:
    project = project_at(place, team=mail(box), shelf={"kind": "folder", "path": "shelf"})
    team, shelf = preview(project, place / "digest", Wanted())
    assert team.detail.startswith(f"2 × mail by 127.0.0.1:{box.port}, ")
    assert "Inkwren for support: " in team.detail
    assert str(place / "project" / "shelf") in shelf.detail
    assert {one.status for one in (team, shelf)} == {"planned"}
    assert box.n_connections == 0
    assert not (place / "project" / "shelf").exists()
    assert project.store.read("deliveries").is_empty()


def test_an_issue_that_is_only_prepared_is_told_and_not_kept(place: Path) -> None:
    tracker = {"kind": "issues", "tracker": "github", "repository": "ann/board"}
    project = project_at(place, board=tracker)
    (told,) = publish(Run(project), place / "digest", Wanted())
    assert told.status == "planned"
    assert "https://github.com/ann/board/issues/new?title=Inkwren" in told.detail
    assert project.store.read("deliveries").is_empty()


def test_an_issue_that_was_opened_is_not_again_and_one_that_may_be_is_looked_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def tracker(request: Request) -> Reply:
        asked.append(request.method)
        return Reply([], 201 if request.method == "GET" or len(asked) > 2 else 502)

    monkeypatch.setenv("FEEDBACKMINER_SECRET_BOARD", "correct-horse")
    with serve(tracker) as served:
        board = {"kind": "issues", "tracker": "github", "repository": "ann/board"}
        project = project_at(place, board=board | {"url": served.url, "send": True})
        assert delivered(project) == [("board", "maybe")]
        assert delivered(project) == [("board", "sent")]
        assert delivered(project) == [("board", "before")]
    assert asked == ["GET", "POST"] * 2


def test_only_what_is_asked_for_goes_out(place: Path, box: Mailbox) -> None:
    project = project_at(
        place,
        team=mail(box, to=[ANN], editions=["support", "leadership"]),
        shelf={"kind": "folder", "path": "shelf"},
    )
    assert delivered(project, parts=["leadership"]) == [("team", "sent")]
    assert delivered(project, channels=["team"]) == [("team", "sent"), ("team", "before")]
    shutil.rmtree(place / "digest")  # where nobody wants any of it, it is not even read
    assert delivered(project, channels=["team"], parts=["product"]) == []
    assert preview(project, place / "digest", Wanted(["team"], ["product"])) == []
    with pytest.raises(SettingsError, match=r"no channel 'taem' .*did you mean 'team'"):
        delivered(project, channels=["taem"])


def test_nothing_that_is_kept_tells_an_address_or_a_password(
    place: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACKMINER_SECRET_LOGIN", "correct-horse")
    box.answers[BOB] = [f"550 no {BOB} here, correct-horse"]
    project = project_at(place, team=mail(box), login=mail(box, user="ann", encryption="starttls"))
    delivered(project)
    kept = [*project.store.read("deliveries").rows(), *project.store.read("audit").rows()]
    assert len(kept) > 3
    assert not [word for word in (ANN, BOB, "correct-horse") if word in str(kept)]


# ── The command ─────────────────────────────────────────────────────────────────────────────


def test_the_command_is_dry_until_told_to_send_and_ends_with_1_where_one_failed(
    place: Path, box: Mailbox
) -> None:
    write_settings(place, mail(box))
    command = ("publish", place / "digest", "--project", place / "project")
    done = invoke(*command)
    assert (done.exit_code, "Nothing was sent; --send does" in done.stderr) == (0, True)
    assert box.mails == []

    box.answers |= {ANN: ["451 later", TAKEN], BOB: ["550 unknown"]}
    done = invoke(*command, "--send", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, [one["status"] for one in told["deliveries"]]) == (
        1,
        ["sent", "failed"],
    )
    assert invoke(*command, "--edition", "sales").exit_code == 2
    assert len(Store(place / "project" / "tables").read("deliveries")) == 2
