"""What is special about Hacker News: a thousand hits, words and tags, HTML without a first tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stamina

from feedbackminer.collect.sources import open_source
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.sections import SourceSettings
from feedbackminer.steps.sources import collect_source
from tests.support.sites.hackernews import HackerNews
from tests.support.sites.serving import Faults, serve


def project_of(folder: Path, site: HackerNews, url: str, **more: object) -> Project:
    settings = site.settings(url).model_dump(mode="json") | more
    return open_project(folder, {"sources": {"here": settings}})


def collect(project: Project) -> Outcome:
    return collect_source(Run(project), "here")


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def test_threads_parents_and_texts_are_as_on_the_site(tmp_path: Path) -> None:
    site = HackerNews()
    story = site.tell("Ask HN: InkWren?", "ask_hn", text="<i>Who</i> uses it?<p>I&#x27;m lost.")
    answer = site.answer(
        "InkWren: I do &amp; like it.<p>Try <pre><code>ink &lt;x&gt;</code></pre>", story
    )
    deep = site.answer("InkWren is mine.", answer)
    link = site.tell("InkWren 2 is out")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    posts = posts_of(project)
    assert [posts[i]["thread_id"] for i in (story, answer, deep, link)] == [
        *[f"here:{story}"] * 3,
        f"here:{link}",
    ]
    assert [posts[i]["parent_id"] for i in (story, answer, deep)] == [
        None,
        f"here:{story}",
        f"here:{answer}",
    ]
    assert posts[story]["body"] == "Who uses it?\nI'm lost."
    assert posts[answer]["body"].startswith("InkWren: I do & like it.\nTry")
    assert "ink <x>" in posts[answer]["body"]
    assert (posts[link]["title"], posts[link]["body"]) == ("InkWren 2 is out", "")
    assert posts[story]["url"] == f"https://news.ycombinator.com/item?id={story}"


def test_more_than_a_thousand_hits_are_read(tmp_path: Path) -> None:
    site = HackerNews(1250)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == site.ids()
    assert len(site.ids()) == 1250


def test_many_posts_of_one_second_do_not_stop_it(tmp_path: Path) -> None:
    site = HackerNews(300)
    hits = list(site.hits.values())
    for hit in hits[20:280]:
        hit["created_at_i"] = hits[20]["created_at_i"]
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_tags_are_channels_and_a_story_can_be_read_whole(tmp_path: Path) -> None:
    site = HackerNews()
    story = site.tell("Show HN: InkWren", "show_hn")
    plain = site.answer("It names nobody.", story)
    other = site.tell("Show HN: pens", "show_hn")
    channels = ("show_hn", f"story_{story},comment")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url, query="", channels=channels)
        collect(project)
        site.delete()  # the story: its comment stays
        collect(project)
    posts = posts_of(project)
    assert {i: post["channel"] for i, post in posts.items()} == {
        plain: channels[1],
        other: channels[0],
    }


def test_channels_are_not_mixed_up_by_a_cache_that_repeats_pages(tmp_path: Path) -> None:
    site = HackerNews(150)
    with (
        serve(site, Faults("duplicate page", 0, share=1.0)) as served,
        stamina.set_testing(True, attempts=6),
    ):
        project = project_of(tmp_path, site, served.url, channels=("story", "comment"))
        collect(project)
    posts = posts_of(project)
    assert set(posts) == site.ids()
    assert {i for i, p in posts.items() if p["channel"] == "comment"} == {
        i for i in site.ids() if "comment_text" in site.hits[i]
    }


def test_what_does_not_hold_the_words_any_more_is_kept(tmp_path: Path) -> None:
    site = HackerNews(8)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        native = site.edit()
        site.hits[native]["comment_text"] = "Never mind."
        collect(project)
    assert native in posts_of(project)


def test_a_field_that_was_renamed_costs_one_row(tmp_path: Path) -> None:
    site = HackerNews(20)
    hit = next(hit for hit in site.hits.values() if "comment_text" in hit)
    hit["story_text"] = hit.pop("comment_text")
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project)
    assert outcome.account.dropped == {"schema_changed": 1}
    assert len(posts_of(project)) == 19


@pytest.mark.parametrize(
    ("channels", "message"),
    [((), "query: is missing"), (("(story,comment)",), "want tags"), (("a story",), "want tags")],
)
def test_what_cannot_be_searched_for_is_refused(channels: tuple[str, ...], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        open_source("talk", SourceSettings(kind="hackernews", channels=channels))
