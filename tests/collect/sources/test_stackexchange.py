"""What is special about Stack Exchange: activity, fields on demand, pauses, allowances."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stamina

from feedbackminer.collect.sources import open_source, stackexchange
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.sections import SourceSettings
from feedbackminer.steps.sources import collect_source
from tests.support.sites.serving import Faults, Reply, Request, serve
from tests.support.sites.stackexchange import StackExchange


def project_of(folder: Path, site: StackExchange, url: str, **more: object) -> Project:
    settings = site.settings(url).model_dump(mode="json") | more
    return open_project(folder, {"sources": {"here": settings}})


def collect(project: Project, secret: str = StackExchange.secret) -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def test_answers_and_comments_stand_under_what_they_are_about(tmp_path: Path) -> None:
    site = StackExchange()
    question = site.ask()
    site.answer(question)
    best = site.answer(question)
    first, second = site.questions[question]["answers"]
    second["is_accepted"], first["is_accepted"] = True, False
    about_question = site.comment(site.questions[question])
    about_answer = site.comment(second)
    site.questions[question]["owner"] |= {"user_type": "moderator", "display_name": "J&#246;rg"}
    second["owner"] = {"user_type": "does_not_exist", "display_name": "user77"}
    del first["owner"]
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
    posts = posts_of(project)
    assert {post["thread_id"] for post in posts.values()} == {f"here:{question}"}
    parents = {i: post["parent_id"] for i, post in posts.items()}
    assert parents[f"c{about_question}"] == parents[str(best)] == f"here:{question}"
    assert parents[f"c{about_answer}"] == f"here:{best}"
    assert [i for i, post in posts.items() if post["accepted"]] == [str(best)]
    assert posts[str(question)]["author_role"] == "staff"
    assert posts[str(first["answer_id"])]["author_id"] is None
    assert posts[str(question)]["title"].endswith('"gone"?')
    assert posts[f"c{about_answer}"]["body"].endswith(f'it\'s "{about_answer}"')


def test_a_late_answer_brings_an_old_question_again(tmp_path: Path) -> None:
    site = StackExchange(260)
    old = next(i for i, q in site.questions.items() if q["tags"] != ["other"])
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        late = site.answer(old)
        served.reset()
        outcome = collect(project)
        assert len(served.requests) <= 3
    assert outcome.account.rows_out == 1
    assert posts_of(project)[str(late)]["parent_id"] == f"here:{old}"


@pytest.mark.parametrize("part", ["answers", "comments"])
def test_deleted_answers_and_comments_are_erased(tmp_path: Path, part: str) -> None:
    site = StackExchange(30)
    question = [q for q in site.questions.values() if q["answers"]][-1]
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        post = question if part == "answers" else question["answers"][-1]
        post[part].pop()
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_a_question_that_lost_the_tag_is_kept(tmp_path: Path) -> None:
    site = StackExchange(30)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project)
        before = set(posts_of(project))
        site.questions[max(i for i in site.questions if str(i) in before)]["tags"] = ["pens"]
        collect(project)
        served.reset()
        collect(project)
        assert len(served.requests) == 2  # that question is not asked about for ever
    assert set(posts_of(project)) == before


def test_tags_are_not_mixed_up_by_a_cache_that_repeats_pages(tmp_path: Path) -> None:
    site = StackExchange(150)
    for _ in range(9):
        site.ask(("pens",))
    with (
        serve(site, Faults("duplicate page", 0, share=1.0)) as served,
        stamina.set_testing(True, attempts=6),
    ):
        project = project_of(tmp_path, site, served.url, channels=("inkwren", "pens"))
        collect(project)
    posts = posts_of(project)
    assert set(posts) == site.ids()
    assert sum(post["channel"] == "pens" for post in posts.values()) == 9


def test_a_tag_that_is_a_synonym_brings_the_questions_of_its_master(tmp_path: Path) -> None:
    site = StackExchange(20)

    def renamed(request: Request) -> Reply:
        tagged = {"tagged": ["inkwren"]} if "tagged" in request.query else {}
        return site(replace(request, query={**request.query, **tagged}))

    with serve(renamed) as served:
        project = project_of(tmp_path, site, served.url, channels=("ink-wren",))
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_the_pause_that_an_answer_asks_for_is_kept(tmp_path: Path) -> None:
    site = StackExchange(5)
    site.backoff = 1
    with serve(site) as served:
        began = time.perf_counter()
        collect(project_of(tmp_path, site, served.url))
    assert time.perf_counter() - began >= 1


def test_a_pause_that_is_too_long_is_told(tmp_path: Path) -> None:
    site = StackExchange(5)
    site.backoff = 3600
    with serve(site) as served, pytest.raises(SourceError, match="asks to wait 3600 s"):
        collect(project_of(tmp_path, site, served.url))


def test_an_allowance_that_is_used_up_says_until_when_and_a_rerun_goes_on(tmp_path: Path) -> None:
    site = StackExchange(260)
    site.left = 2  # the filter, the first hundred questions
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        with pytest.raises(SourceError, match="requests available in 85233 seconds"):
            collect(project)
        site.left = 10_000
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_answers_that_are_left_out_are_a_change_of_the_interface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stackexchange, "FIELDS", "question.body;question.comments;comment.body")
    site = StackExchange(20)
    answered = sum(bool(q["answers"]) for q in site.questions.values())
    with serve(site) as served:
        outcome = collect(project_of(tmp_path, site, served.url))
    assert outcome.account.dropped == {"schema_changed": answered}


def test_a_wrong_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    site = StackExchange(5)
    refusal = pytest.raises(SourceError, match="known application")
    with serve(site) as served, refusal as refused:
        collect(project_of(tmp_path, site, served.url), "wrong-key-of-an-app")
    assert "wrong-key" not in str(refused.value)


def test_without_a_site_it_says_what_to_set() -> None:
    settings = SourceSettings(kind="stackexchange", channels=("inkwren",))
    with pytest.raises(SettingsError, match=r"sources\.talk\.query: is missing"):
        open_source("talk", settings)


def test_probe_tells_what_is_left_for_today() -> None:
    site = StackExchange(5)
    with (
        serve(site) as served,
        closing(open_source("here", site.settings(served.url))) as source,
    ):
        assert "stackoverflow, 9999 requests are left" in source.probe()
