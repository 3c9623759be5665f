"""What is special about Bluesky: a search that only goes back in time, behind an account."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.collect.sources import open_source
from feedbackminer.collect.sources.protocol import Page, Position, Window
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.bluesky import HANDLE, Bluesky
from tests.support.sites.serving import Reply, Request, serve


def project_of(folder: Path, site: Bluesky, url: str, **settings: Any) -> Project:
    source = site.settings(url).model_dump(mode="json") | settings
    return open_project(folder, {"sources": {"here": source}})


def collect(project: Project, secret: str = Bluesky.secret) -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def ids(pages: list[Page]) -> list[str]:
    return [row.values["post_id"] for page in pages for row in page.rows]  # type: ignore[union-attr]


def test_a_history_that_was_cut_off_goes_on_downwards_and_then_from_the_top() -> None:
    site = Bluesky(350)
    with serve(site) as served:
        settings = site.settings(served.url).model_copy(update={"channels": ("#inkwren",)})

        def read(position: Position) -> list[Page]:
            with closing(open_source("here", settings, site.secret)) as reader:
                return list(reader.pages("#inkwren", position, Window()))

        whole = ids(read({}))
        first = read({})[0]
        assert "walk" in first.position
        site.talk(8)
        rest = read(first.position)
    assert set(ids([first, *rest])) >= set(whole)
    late = [native for native in list(site.posts)[-8:] if has_tag(site, native)]
    assert set(ids(rest)) - set(whole) == set(late)
    assert rest[-1].position == {"newest": site.posts[late[-1]]["record"]["createdAt"]}


def has_tag(site: Bluesky, native: str) -> bool:
    return "#InkWren" in site.posts[native]["record"]["text"]


def test_a_page_that_leaves_a_gap_is_asked_for_again(tmp_path: Path) -> None:
    asked = []

    def skipping(request: Request) -> Reply:
        """Answer the second search with its fourth page, as a cache might."""
        if request.path.endswith("searchPosts"):
            asked.append(request)
        if request.path.endswith("searchPosts") and len(asked) == 2:
            return site(
                replace(request, query={**request.query, "until": ["2026-03-01T10:00:00Z"]})
            )
        return site(request)

    site = Bluesky(600)
    with serve(skipping) as served:
        project = project_of(tmp_path, site, served.url, channels=["#inkwren"])
        collect(project)
    assert set(posts_of(project)) == {native for native in site.ids() if has_tag(site, native)}


def test_threads_and_authors_are_as_the_records_say(tmp_path: Path) -> None:
    site = Bluesky()
    opener = site.write("It forgets.", tag="inkwren")
    elsewhere = site.write("Same here.", root=opener, parent=opener)
    nested = site.write("Restart it.", root=opener, parent=elsewhere, tag="inkwren")
    lost = site.write("My name is gone.", tag="inkwren", handle="handle.invalid")
    lost_too = site.write("Mine, too.", tag="inkwren", handle="handle.invalid")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    posts = posts_of(project)
    assert set(posts) == {opener, nested, lost, lost_too}
    assert posts[nested]["thread_id"] == posts[opener]["post_id"]
    assert posts[nested]["parent_id"] == f"here:{elsewhere}"
    assert posts[lost]["author_id"] != posts[lost_too]["author_id"]
    did, _, key = opener[5:].split("/")
    assert posts[opener]["url"] == f"https://bsky.app/profile/{did}/post/{key}"
    assert "replies only where they hold the hashtag" in outcome.notices[0]


def test_who_wants_no_readers_from_outside_has_none(tmp_path: Path) -> None:
    site = Bluesky()
    site.write("Among us only.", tag="inkwren", labels=("!no-unauthenticated",))
    shown = site.write("For all.", tag="inkwren", labels=("porn",))
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == {shown}


def test_an_account_that_does_not_exist_does_not_mean_all_posts(tmp_path: Path) -> None:
    site = Bluesky(8)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url, channels=["@inkwern.example"])
        with pytest.raises(SourceError, match="Unable to resolve handle"):
            collect(project)
    assert posts_of(project) == {}


def test_words_are_searched_for_as_well(tmp_path: Path) -> None:
    site = Bluesky()
    native = site.write("Inkwren notes forgets things.")
    site.write("Inkwren forgets things.")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url, channels=[], query="inkwren notes")
        collect(project)
    assert set(posts_of(project)) == {native}


def test_a_changed_field_costs_its_row_only(tmp_path: Path) -> None:
    site = Bluesky(8)
    broken = list(site.posts)[3]
    record = site.posts[broken]["record"]
    record["body"] = record.pop("text")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert set(posts_of(project)) == site.ids() - {broken}
    assert outcome.account.dropped["schema_changed"] >= 1


def test_a_post_from_the_future_counts_from_when_it_was_found(tmp_path: Path) -> None:
    site = Bluesky()
    native = site.write("In ten years.", tag="inkwren")
    site.posts[native]["record"]["createdAt"] = "2036-01-01T00:00:00.000Z"
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert posts_of(project)[native]["created_at"].year == 2026


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("", "FEEDBACKMINER_SECRET_HERE to HANDLE:APP-PASSWORD"),
        ("only-a-password", "FEEDBACKMINER_SECRET_HERE to HANDLE:APP-PASSWORD"),
        (f"{HANDLE}:wrong-password", "access refused"),
    ],
)
def test_without_the_right_password_it_says_what_to_set(secret: str, message: str) -> None:
    site = Bluesky(4)
    with serve(site) as served:
        settings = site.settings(served.url)
        with (
            pytest.raises((SettingsError, SourceError), match=message) as error,
            closing(open_source("here", settings, secret)) as reader,
        ):
            reader.probe()
    assert "wrong-password" not in str(error.value)


def test_a_server_that_repeats_the_password_does_not_bring_it_into_a_message() -> None:
    def parrot(request: Request) -> Reply:
        return Reply(request.body, 400)

    with serve(parrot) as served:
        settings = Bluesky().settings(served.url)
        with (
            pytest.raises(SourceError) as error,
            closing(open_source("here", settings, Bluesky.secret)) as reader,
        ):
            reader.probe()
    assert HANDLE in str(error.value)
    assert "abcd-efgh" not in str(error.value)
