"""A comment server that others wrote (Isso), filled through its own interface, then collected."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("isso") is None, reason="Isso is not installed: make isso"),
]
PAGE = "/release-notes/"


@dataclass
class Isso:
    """Writes comments as the script in a reader's browser does."""

    url: str
    cookies: dict[int, str] = field(default_factory=dict)  # what lets an author edit and delete

    def write(self, author: str, text: str, parent: int | None = None) -> int:
        comment = {"author": author, "text": text, "parent": parent, "title": "Release notes"}
        answer = httpx.post(f"{self.url}/new", params={"uri": PAGE}, json=comment)
        answer.raise_for_status()
        number = int(answer.json()["id"])
        self.cookies[number] = answer.cookies[str(number)]
        return number

    def edit(self, number: int, text: str) -> None:
        answer = self._as_author("PUT", number, json={"text": text})
        self.cookies[number] = answer.cookies[str(number)]

    def delete(self, number: int) -> None:
        self._as_author("DELETE", number)

    def _as_author(self, method: str, number: int, **content: Any) -> httpx.Response:
        headers = {"Cookie": f"{number}={self.cookies[number]}", "Content-Type": "application/json"}
        answer = httpx.request(method, f"{self.url}/id/{number}", headers=headers, **content)
        return answer.raise_for_status()


@pytest.fixture
def isso(tmp_path: Path) -> Iterator[Isso]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    settings = tmp_path / "isso.cfg"
    settings.write_text(
        f"[general]\ndbpath = {tmp_path / 'comments.db'}\nhost = https://blog.example\n"
        f"[server]\nlisten = {url}\n[guard]\nenabled = false\n"
        "[rss]\nbase = https://blog.example\n"
    )
    command = [str(Path(sys.executable).with_name("isso")), "-c", str(settings), "run"]
    with (tmp_path / "isso.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"TZ": "UTC"})
        try:
            _wait_for(url)
            yield Isso(url)
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url)
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Isso has not started")


def collected(project: Project) -> dict[str, dict[str, Any]]:
    """Collect, and return the posts by the number of their comment."""
    collect_source(Run(project), "blog")
    posts = project.store.read("posts").sort("created_at")
    return {post["post_id"].rpartition("/")[2]: post for post in posts.iter_rows(named=True)}


def test_threads_edits_and_deletions_of_a_comment_server_are_followed(
    isso: Isso, tmp_path: Path
) -> None:
    feed = {"kind": "rss", "url": f"{isso.url}/feed?uri={PAGE}", "private_network": True}
    project = open_project(tmp_path / "project", {"sources": {"blog": feed}})
    opener = isso.write("Ann", "The **calendar** forgets my entries & appointments.")
    answer = isso.write("Bob Bobsen", "Same here since the update.", opener)
    deep = isso.write("Ann", "Bob, does it help to restart?", answer)
    other = isso.write("Cem", "Please add a dark mode.")

    posts = collected(project)
    assert list(posts) == [str(n) for n in (opener, answer, deep, other)]
    first, second, third, fourth = posts.values()
    assert first["body"] == "The calendar forgets my entries & appointments."
    assert second["parent_id"] == first["post_id"]
    assert third["parent_id"] == first["post_id"]  # answers to answers are kept in one level
    assert {p["thread_id"] for p in (first, second, third)} == {first["post_id"]}
    assert fourth["thread_id"] == fourth["post_id"]
    assert first["author_id"] == third["author_id"] != second["author_id"]
    assert first["url"] == f"https://blog.example{PAGE}#isso-{opener}"

    isso.edit(other, "Please add a dark mode (edited).")
    late = isso.write("Dana", "A late answer.", deep)
    posts = collected(project)
    assert posts[str(other)]["body"] == "Please add a dark mode (edited)."
    assert posts[str(late)]["thread_id"] == first["post_id"]

    isso.delete(other)  # not answered: it is gone
    isso.delete(opener)  # answered: the server keeps its place, without text and author
    posts = collected(project)
    assert list(posts) == [str(n) for n in (opener, answer, deep, late)]
    assert posts[str(opener)]["body"] == ""
    assert posts[str(opener)]["author_id"] is None
    assert posts[str(late)]["parent_id"] == first["post_id"]

    again = collect_source(Run(project), "blog")
    assert again.account.rows_out == 0
    assert not again.account.dropped.keys() - {"known_already"}
