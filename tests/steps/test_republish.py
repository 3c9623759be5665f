"""After an erasure each digest is of its own period still, and holds nothing of what was erased."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import mining
from feedbackminer.steps.archive import Destination
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.erase import erase_posts, forget
from feedbackminer.steps.publish import Request, publish
from feedbackminer.steps.verify import verify
from tests.support.builders import day
from tests.support.erase_project import mined, remains
from tests.support.mailbox import ANN, mailbox

pytestmark = pytest.mark.slow  # each in a mined project of its own


def opened(place: Path, **insight: Any) -> Project:
    settings = {"digest": {"product": "Inkwren"}, "insight": insight}
    return open_project(place / "project", settings)


def written(project: Project, out: Path) -> dict[str, Any]:
    run = Run(project)
    run.step(mining.INSIGHT)
    write_digest(run, out)
    return content_of(out)


def content_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "digest.json").read_text("utf-8"))
    return content


def of_time(content: dict[str, Any]) -> list[str]:
    return [content["since"], content["until"], content["period"]["name"]]


def test_each_digest_of_an_archive_keeps_its_period_and_can_be_proved(tmp_path: Path) -> None:
    mined(tmp_path)
    destination = Destination(archive=tmp_path / "archive")
    folders = []
    for until in (day(32), None):
        project = opened(tmp_path, period="month", **({"until": until} if until else {}))
        run = Run(project)
        run.step(mining.INSIGHT)
        destination.write(run)
        folders.append(destination.folder(project))
    before = [of_time(content_of(folder)) for folder in folders]
    assert before[0] != before[1]

    receipt = forget(Run(project), post_id="forum:native-000003-post")
    assert [receipt.digests[str(folder)] for folder in folders] == ["rendered again"] * 2
    assert [of_time(content_of(folder)) for folder in folders] == before
    assert [verify(project, folder) for folder in folders] == [[], []]


def test_what_was_mailed_of_one_period_keeps_no_other_from_its_readers(tmp_path: Path) -> None:
    mined(tmp_path)
    with mailbox() as box:
        team = box.channel(to=[ANN], editions=["support"])
        channels = {"channels": {"team": team}}

        def project(**insight: Any) -> Project:
            return open_project(tmp_path / "project", channels | {"insight": insight})

        written(project(period="month", until=day(32)), tmp_path / "older")
        publish(Run(project()), tmp_path / "older", Request())
        written(project(period="month"), tmp_path / "newer")
        receipt = forget(Run(project()), post_id="forum:native-000003-post")
        (told,) = [line for line in receipt.lines() if "delivered by team" in line]
        assert "1 message may hold some of it" in told
        assert [one.status for one in publish(Run(project()), tmp_path / "older", Request())] == [
            "before"
        ]
        assert [one.status for one in publish(Run(project()), tmp_path / "newer", Request())] == [
            "sent"
        ]


def test_a_post_that_only_the_long_view_quotes_is_erased_from_it(tmp_path: Path) -> None:
    mined(tmp_path)
    project = opened(tmp_path, period="week")
    content = written(project, tmp_path / "digest")
    shown = (tmp_path / "digest" / "quoted.html").read_text("utf-8")
    posts = project.store.read("posts").sort("created_at")
    old = next(i for i in posts["post_id"] if i in shown)
    (written_at,) = posts.filter(post_id=old)["created_at"]
    assert written_at < datetime.fromisoformat(content["since"])

    receipt = erase_posts(Run(project), [old], action="erase", why="deleted at its source")
    assert receipt.digests == {str(tmp_path / "digest"): "rendered again"}
    assert remains([tmp_path / "digest"], [old.partition(":")[2]]) == {}


def test_a_digest_that_was_made_before_a_post_came_is_left_as_it_is(tmp_path: Path) -> None:
    mined(tmp_path)
    project = opened(tmp_path)
    written(project, tmp_path / "digest")
    data = tmp_path / "digest" / "digest.json"
    content = content_of(tmp_path / "digest")
    data.write_text(json.dumps(content | {"made_at": day(-1).isoformat()}), "utf-8")
    receipt = erase_posts(
        Run(project), ["forum:native-000003-post"], action="erase", why="deleted at its source"
    )
    assert receipt.digests == {str(tmp_path / "digest"): "covers another time"}
