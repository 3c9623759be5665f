"""Discourse: what differs between its versions, and what a moderator may do to a post."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedbackminer.engine.run import Run
from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import Reply, Request, serve

HIDDEN = ("/site.json", "/categories.json")


def project_at(folder: Path, url: str, **more: object) -> Project:
    source = {"kind": "discourse", "url": url, "private_network": True, **more}
    return open_project(folder, {"sources": {"forum": source}})


def ids(project: Project) -> set[str]:
    stored = project.store.read("posts", ["post_id"])["post_id"]
    return {post_id.removeprefix("forum:") for post_id in stored}


@pytest.mark.parametrize("is_old", [True, False])
def test_no_version_s_idea_of_before_costs_a_post(tmp_path: Path, is_old: bool) -> None:
    site = Discourse(400, is_old=is_old)
    with serve(site) as served:
        project = project_at(tmp_path, served.url)
        collect_source(Run(project), "forum")
    assert ids(project) == site.ids()


def test_a_post_that_moved_to_where_we_may_not_look_stays_and_stops_nothing(
    tmp_path: Path,
) -> None:
    site = Discourse(60)

    def closed(request: Request) -> Reply:
        is_asked = request.path.startswith("/posts/by_number/")
        return Reply({"errors": ["not permitted"]}, 403) if is_asked else site(request)

    with serve(closed) as served:
        project = project_at(tmp_path, served.url)
        collect_source(Run(project), "forum")
        moved = site.posts.pop(-3)
        site.talk(5)
        collect_source(Run(project), "forum")
    assert ids(project) == site.ids() | {f"{moved['topic_id']}-{moved['post_number']}"}


def test_only_the_categories_that_are_named_are_kept(tmp_path: Path) -> None:
    with serve(Discourse(40)) as served:
        project = project_at(tmp_path, served.url, channels=["ideas"])
        collect_source(Run(project), "forum")
    assert project.store.read("posts")["channel"].unique().to_list() == ["Ideas"]


def test_where_categories_are_hidden_none_can_be_picked(tmp_path: Path) -> None:
    site = Discourse(40)

    def hiding(request: Request) -> Reply:
        return Reply({}, 403) if request.path in HIDDEN else site(request)

    with serve(hiding) as served:
        project = project_at(tmp_path, served.url, channels=["ideas"])
        with pytest.raises(SourceError, match="does not show its categories"):
            collect_source(Run(project), "forum")


def test_categories_are_read_from_either_list(tmp_path: Path) -> None:
    site = Discourse(40)

    def answer(request: Request) -> Reply:
        if request.path == "/categories.json":
            return Reply({"category_list": site(Request("GET", "/site.json", {}, {}, b"")).content})
        return Reply({}, 403) if request.path == "/site.json" else site(request)

    with serve(answer) as served:
        project = project_at(tmp_path, served.url)
        outcome = collect_source(Run(project), "forum")
    assert set(project.store.read("posts")["channel"]) == {"Ideas", "Support"}
    assert not outcome.notices


def test_a_window_begins_where_it_should_without_reading_what_is_older(tmp_path: Path) -> None:
    site = Discourse(2_000)
    since = site.posts[1_900]["created_at"]
    with serve(site) as served:
        project = project_at(tmp_path, served.url, since=since)
        collect_source(Run(project), "forum")
    assert len(ids(project)) == 100
    assert len(served.requests) < 20
