"""The source that docs/add-a-source.md shows works as it stands there."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from feedbackminer.collect import sources
from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.command import ROOT
from tests.support.sites.serving import Reply, Request, serve

PAGE = (ROOT / "docs" / "add-a-source.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def _acme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("feedbackminer.collect.sources.acme")
    exec(code(), module.__dict__)  # noqa: S102
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sources, "KINDS", {**sources.KINDS, "acme": "An Acme forum"})


def code() -> str:
    match = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert match
    return match[1]


class Acme:
    """The forum that the page describes."""

    def __init__(self, count: int) -> None:
        self.messages = {n: message(n) for n in range(1, count + 1)}

    def __call__(self, request: Request) -> Reply:
        if request.path == "/api/messages":
            after = int(request.get("after"))
            return Reply([m for n, m in sorted(self.messages.items()) if n > after][:100])
        match = self.messages.get(int(request.path.rpartition("/")[2]))
        return Reply(match) if match else Reply(b"", 404)


def message(number: int) -> dict[str, object]:
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=number)
    thread = number - number % 5 or 1
    text = f"Message {number} says that the calendar is slow."
    return {
        "id": number,
        "thread": thread,
        "by": f"m{number % 7}",
        "at": at.isoformat(),
        "text": text,
    }


def ids(project: Project) -> list[int]:
    stored = project.store.read("posts", ["post_id"])["post_id"]
    return sorted(int(post_id.partition(":")[2]) for post_id in stored)


def test_its_code_is_as_short_as_promised() -> None:
    lines = [line for line in code().splitlines() if line.strip()]
    assert len(lines) <= 45


def test_it_reads_all_goes_on_and_follows_deletions(tmp_path: Path) -> None:
    forum = Acme(250)
    with serve(forum) as served:
        source = {"kind": "acme", "url": served.url, "private_network": True}
        project = open_project(tmp_path, {"sources": {"acme": source}})
        collect_source(Run(project), "acme")
        assert ids(project) == list(range(1, 251))
        forum.messages[251] = message(251)
        del forum.messages[249]
        collect_source(Run(project), "acme")
    assert ids(project) == [*range(1, 249), 250, 251]
