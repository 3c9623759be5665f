"""What is special about Lemmy: pinned posts, other instances, paths, two ways to be deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.lemmy import Lemmy
from tests.support.sites.serving import serve


def project_of(folder: Path, site: Lemmy, url: str, **more: object) -> Project:
    settings = site.settings(url).model_dump(mode="json") | more
    return open_project(folder, {"sources": {"here": settings}})


def collect(project: Project, secret: str = Lemmy.secret) -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def test_threads_follow_the_paths_of_comments(tmp_path: Path) -> None:
    site = Lemmy()
    opener = f"p{site.write('inkwren', 'It forgets', None)}"
    answer = site.comment("Same *here*.")
    deep = site.comment("Restart it.", site.comments[answer])
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    posts = posts_of(project)
    assert {p["thread_id"] for p in posts.values()} == {f"here:{opener}"}
    assert posts[opener]["parent_id"] is None
    assert posts[f"c{answer}"]["parent_id"] == f"here:{opener}"
    assert posts[f"c{deep}"]["parent_id"] == f"here:c{answer}"
    assert (posts[opener]["title"], posts[opener]["body"]) == ("It forgets", "")


def test_a_name_on_two_instances_is_two_members(tmp_path: Path) -> None:
    site = Lemmy()
    natives = [site.write("inkwren", f"Post {n}") for n in range(4)]
    hosts = ("", "far.example", "far.example", "near.example")
    for native, host in zip(natives, hosts, strict=True):
        site.posts[native]["creator"] |= {
            "name": "ann",
            "local": not host,
            "actor_id": f"https://{host or 'lemmy.example'}/u/ann",
        }
    site.posts[natives[0]]["creator_is_admin"] = True
    site.posts[natives[3]]["creator"] |= {"deleted": True, "bot_account": True}
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    posts = [posts_of(project)[f"p{native}"] for native in natives]
    near, far, same, nobody = (post["author_id"] for post in posts)
    assert near != far == same
    assert nobody is None
    assert [post["author_role"] for post in posts] == ["staff", "member", "member", "bot"]


def test_an_old_post_that_is_pinned_hides_nothing(tmp_path: Path) -> None:
    site = Lemmy()
    for n in range(130):
        site.write("inkwren", f"Post {n} says that the calendar is slow.")
    site.posts[1]["post"]["featured_community"] = True
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        for n in range(60):
            site.write("inkwren", f"Later post {n} says that the calendar is slow.")
        collect(project)
    assert set(posts_of(project)) == site.ids()


@pytest.mark.parametrize("missing", [(404, "not_found"), (400, "couldnt_find_post")])
def test_posts_that_were_deleted_are_erased(tmp_path: Path, missing: tuple[int, str]) -> None:
    site = Lemmy(20)
    site.missing = missing
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        native = max(site.posts)
        site.posts[native]["post"]["deleted"] = True
        collect(project)
    assert set(posts_of(project)) == site.ids()
    assert f"p{native}" not in posts_of(project)


def test_comments_that_moderators_removed_are_erased(tmp_path: Path) -> None:
    site = Lemmy(20)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        native = max(site.comments)
        site.comments[native]["comment"] |= {"removed": True, "content": ""}
        outcome = collect(project)
    assert f"c{native}" not in posts_of(project)
    assert outcome.account.dropped["deleted_at_source"] == 1


def test_a_community_that_nobody_knows_brings_no_other_posts(tmp_path: Path) -> None:
    site = Lemmy(20)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url, channels=("inkwern",))
        with pytest.raises(SourceError, match="check the address"):
            collect(project)
    assert not posts_of(project)


def test_a_field_that_was_renamed_costs_one_row(tmp_path: Path) -> None:
    site = Lemmy(20)
    comment = site.comments[max(site.comments)]["comment"]
    comment["text"] = comment.pop("content")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert outcome.account.dropped == {"schema_changed": 1}
    assert len(posts_of(project)) == 19


def test_an_instance_that_is_closed_says_so_without_the_token(tmp_path: Path) -> None:
    site = Lemmy(3)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        with pytest.raises(SourceError, match="instance_is_private") as refused:
            collect(project, "wrong-token-of-a-session")
    assert "wrong-token" not in str(refused.value)
