"""What is special about Reddit: tokens, the last thousand, deletions, and its escapes."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.collect.sources import open_source
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.reddit import Reddit
from tests.support.sites.serving import serve


def project_of(folder: Path, site: Reddit, url: str) -> Project:
    return open_project(folder, {"sources": {"here": site.settings(url).model_dump(mode="json")}})


def collect(project: Project, secret: str = Reddit.secret) -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def test_threads_parents_and_roles_are_as_in_the_subreddit(tmp_path: Path) -> None:
    site = Reddit()
    opener = site.submit("It <b>forgets</b>", "1 < 2 & 3")
    answer = site.comment("Same here.", opener)
    deep = site.comment("Restart it.", answer)
    site.things[deep]["distinguished"] = "moderator"
    site.things[answer] |= {"author": "[deleted]", "edited": 1775000000.0}
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    posts = posts_of(project)
    assert {p["thread_id"] for p in posts.values()} == {f"here:{opener}"}
    assert [posts[i]["parent_id"] for i in (opener, answer, deep)] == [
        None,
        f"here:{opener}",
        f"here:{answer}",
    ]
    assert posts[opener]["title"] == "It <b>forgets</b>"
    assert posts[opener]["body"] == "1 < 2 & 3"
    assert posts[answer]["author_id"] is None
    assert posts[answer]["edited_at"] is not None
    assert posts[deep]["author_role"] == "staff"


def test_comments_and_submissions_of_one_bare_id_are_two_posts(tmp_path: Path) -> None:
    site = Reddit(2)
    submission, comment = site.things.values()
    twin = f"t1_{submission['id']}"
    site.things[twin] = site.things.pop(comment["name"]) | {"name": twin}
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == {submission["name"], twin}


def test_the_last_thousand_is_all_there_is_and_that_is_told(tmp_path: Path) -> None:
    site = Reddit(1400)
    comments = sum(name.startswith("t1") for name in site.things)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert comments > 1000
    assert outcome.account.rows_out == 1000 + len(site.things) - comments
    assert any("the newest thousand comments" in notice for notice in outcome.notices)


def test_a_gap_that_was_longer_than_a_listing_is_told_ever_after(tmp_path: Path) -> None:
    site = Reddit(60)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        opener = next(iter(site.things))
        for n in range(1100):
            site.comment(f"Comment {n} is one of many.", opener)
        notices = [notice for _ in range(2) for notice in collect(project).notices]
    assert len(notices) == 2
    pattern = r"r/InkWren had more comments from 2026-03-01 10:00 to 2026-03-01 11:\d\d than"
    assert all(re.search(pattern, notice) for notice in notices), notices
    assert "had more submissions" not in notices[1]
    assert project.store.read("cursors")["withheld"][0] in notices[1]


def test_what_moderators_remove_is_erased(tmp_path: Path) -> None:
    site = Reddit(30)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        native = [name for name in site.things if name.startswith("t3")][-1]
        site.deleted[native] = site.things.pop(native) | {
            "selftext": "[removed]",
            "removed_by_category": "moderator",
        }
        collect(project)
    assert native not in posts_of(project)
    assert set(posts_of(project)) == site.ids()


def test_what_only_left_the_listing_is_kept(tmp_path: Path) -> None:
    site = Reddit(30)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        native = list(site.things)[-1]
        site.deleted[native] = site.things.pop(native)  # found by its name, with all its text
        collect(project)
    assert native in posts_of(project)


def test_a_field_that_was_renamed_costs_one_row(tmp_path: Path) -> None:
    site = Reddit(20)
    thing = site.things[list(site.things)[-1]]
    thing["text"] = thing.pop("body")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert outcome.account.dropped == {"schema_changed": 1}
    assert len(posts_of(project)) == 19


def test_used_up_allowance_is_waited_for(tmp_path: Path) -> None:
    site = Reddit(150)
    site.left = 3.0  # the token, the submissions, half of the comments
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_a_wrong_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    site = Reddit(3)
    wrong = "id-of-the-app:wrong-secret-of-it"
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        with pytest.raises(SourceError, match="access refused") as refused:
            collect(project, wrong)
    assert "wrong-secret" not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "id-alone", "id:", ":secret"])
def test_without_a_whole_secret_it_says_which_variable_to_set(secret: str) -> None:
    settings = Reddit().settings("https://oauth.reddit.com")
    with pytest.raises(SettingsError, match="FEEDBACKMINER_SECRET_TALK to CLIENT_ID:CLIENT_SECRET"):
        open_source("talk", settings, secret)


def test_probe_reads_the_newest() -> None:
    site = Reddit(30)
    with (
        serve(site) as served,
        closing(open_source("here", site.settings(served.url), site.secret)) as source,
    ):
        assert "4 newest submissions of r/InkWren" in source.probe()
