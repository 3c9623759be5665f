"""What is special about Mastodon: threads, what is public, tokens, how often it may be asked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.collect.sources import open_source
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.mastodon import Mastodon
from tests.support.sites.serving import Reply, Request, serve


def project_of(folder: Path, site: Mastodon, url: str) -> Project:
    return open_project(folder, {"sources": {"here": site.settings(url).model_dump(mode="json")}})


def collect(project: Project, secret: str = Mastodon.secret) -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def test_replies_without_the_hashtag_are_found_through_the_thread(tmp_path: Path) -> None:
    site = Mastodon()
    opener = site.write("it forgets", tags=("inkwren",))
    plain = site.write("same here", parent=opener)
    deep = site.write("restart it", parent=plain)
    tagged = site.write("helped", parent=deep, tags=("inkwren",))
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        late = site.write("not for me", parent=opener)
        collect(project)
        posts = posts_of(project)
        assert {p["thread_id"] for p in posts.values()} == {f"here:{opener}"}
        parents = [posts[i]["parent_id"] for i in (opener, plain, deep, tagged, late)]
        assert parents == [None, *(f"here:{i}" for i in (opener, plain, deep, opener))]
        assert [posts[i]["channel"] for i in (opener, plain, tagged)] == [
            "#inkwren",
            None,
            "#inkwren",
        ]
        site.delete()
        collect(project)
    assert set(posts_of(project)) == {opener, plain, deep, tagged}


def test_what_is_not_public_is_left_out_even_where_it_mentions_us(tmp_path: Path) -> None:
    site = Mastodon(8)
    for visibility in ("direct", "private", "unlisted"):
        site.write("a secret", is_mention=True, visibility=visibility)
    site.write("a secret answer", parent=next(iter(site.statuses)), visibility="private")
    unknown = site.write("who may read this?", is_mention=True)
    del site.statuses[unknown]["visibility"]
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert set(posts_of(project)) == site.ids()
    assert outcome.account.dropped["schema_changed"] == 1
    assert "not public" in outcome.notices[0]


def test_a_changed_field_costs_its_row_only(tmp_path: Path) -> None:
    site = Mastodon(8)
    broken = next(iter(site.statuses))
    site.statuses[broken]["text"] = site.statuses[broken].pop("content")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert set(posts_of(project)) == site.ids() - {broken}
    assert project.store.read("dropped")["ref"].to_list() == [f"here:{broken}"]
    assert any("not as the source documents them" in notice for notice in outcome.notices)


def test_warnings_bots_and_markup_come_through(tmp_path: Path) -> None:
    site = Mastodon()
    native = site.write("it forgets", tags=("inkwren",))
    site.statuses[native] |= {"spoiler_text": "A rant", "account": {"acct": "w", "bot": True}}
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    post = posts_of(project)[native]
    assert post["body"] == "A rant\nIt's odd & sad: it forgets. #inkwren"
    assert post["author_role"] == "bot"


def test_it_waits_until_the_limit_is_reset(tmp_path: Path, waits: list[float]) -> None:
    site = Mastodon(130)
    site.left = 5
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert len(waits) == 1
    assert 0 < waits[0] <= 1
    assert set(posts_of(project)) == site.ids()


def test_a_window_is_not_read_from_the_beginning(tmp_path: Path) -> None:
    site = Mastodon(39)
    site.written += 10 * 24 * 60  # ten days of silence
    site.talk(4)
    new = [s for s in site.statuses.values() if s["created_at"] > "2026-03-09"]
    settings = site.settings("").model_dump(mode="json") | {"channels": ["#inkwren"]}
    with serve(site) as served:
        settings |= {"url": served.url, "since": "2026-03-10T00:00:00Z"}
        project = open_project(tmp_path, {"sources": {"here": settings}})
        collect(project)
    assert set(posts_of(project)) == {s["id"] for s in new}
    assert len([path for path in served.requests if "/timelines/" in path]) == 2


@pytest.mark.parametrize("struck", [1, 2, 4])
def test_a_page_that_leaves_a_gap_is_asked_for_again(tmp_path: Path, struck: int) -> None:
    asked = []

    def skipping(request: Request) -> Reply:
        """Answer one request with the newest posts, as a cache might."""
        if "/timelines/" in request.path:
            asked.append(request)
        is_struck = "/timelines/" in request.path and len(asked) == struck
        return site(replace(request, query={"limit": ["40"]}) if is_struck else request)

    site = Mastodon(330)
    with serve(skipping) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == site.ids()


@pytest.mark.parametrize("secret", ["", "another-token-of-someone"])
def test_without_the_right_token_it_says_what_to_set(secret: str) -> None:
    site = Mastodon(4)
    with serve(site) as served:
        settings = site.settings(served.url)
        with (
            pytest.raises((SettingsError, SourceError)) as error,
            closing(open_source("here", settings, secret)) as reader,
        ):
            reader.probe()
    wanted = "access refused" if secret else "FEEDBACKMINER_SECRET_HERE"
    assert wanted in str(error.value)
    assert "another-token" not in str(error.value)


@pytest.mark.parametrize("channel", ["inkwren", "#", ""])
def test_a_channel_is_a_hashtag_or_an_account(channel: str) -> None:
    settings = Mastodon().settings("https://social.example")
    wrong = settings.model_copy(update={"channels": (channel,)})
    with pytest.raises(SettingsError, match="want a hashtag"):
        open_source("here", wrong, "token")
