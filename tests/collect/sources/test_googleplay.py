"""Google Play: reviews and their answers, errors with status 200, pages that repeat themselves."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import stamina

from feedbackminer.collect.http.client import Limits
from feedbackminer.collect.sources.googleplay import Reader
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import sources
from feedbackminer.steps.sources import collect_source
from tests.support.sites.googleplay import GooglePlay
from tests.support.sites.serving import Reply, Request, Served, serve


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def play() -> GooglePlay:
    return GooglePlay()


@pytest.fixture
def served(play: GooglePlay) -> Iterator[Served]:
    with serve(play) as served:
        yield served


@pytest.fixture
def project(served: Served, play: GooglePlay, tmp_path: Path) -> Project:
    source = play.settings(served.url).model_dump(mode="json")
    return open_project(tmp_path, {"sources": {"android": source}})


def collect(project: Project) -> Outcome:
    return collect_source(Run(project), "android")


def ids(project: Project) -> set[str]:
    stored = project.store.read("posts", ["post_id"])["post_id"]
    return {post_id.partition(":")[2] for post_id in stored}


def post(project: Project, native: str) -> dict[str, Any]:
    posts = project.store.read("posts").filter(pl.col("post_id") == f"android:{native}")
    return posts.to_dicts()[0]


def test_a_review_has_its_stars_version_and_country_and_the_developer_answers_it(
    play: GooglePlay, project: Project
) -> None:
    play.talk(4)
    collect(project)
    review = post(project, play.reviews[2][0])
    answer = post(project, f"{play.reviews[2][0]}-reply")
    assert (review["rating"], review["score"], review["author_role"]) == (4, 0, "member")
    assert json.loads(review["meta"]) == {"app_version": "3.3.0", "country": "us"}
    assert review["created_at"].isoformat() == "2026-03-01T09:03:00+00:00"
    assert answer["author_role"] == "staff"
    assert answer["parent_id"] == answer["thread_id"] == review["post_id"]
    assert answer["created_at"].isoformat() == "2026-03-01T09:04:00+00:00"


def test_a_google_user_is_nobody(play: GooglePlay, project: Project) -> None:
    play.talk(3)
    play.reviews[0][1][0] = "A Google user"
    play.reviews[1][1][0] = "Ein Google-Nutzer"
    collect(project)
    authors = [post(project, review[0])["author_id"] is None for review in play.reviews]
    assert authors == [True, True, False]


def test_a_review_edited_after_its_answer_still_opens_its_thread(
    play: GooglePlay, project: Project
) -> None:
    play.talk(30)
    collect(project)
    play.reply(play.reviews[-20])
    native = play.edit()
    collect(project)
    edited, answer = post(project, native), post(project, f"{native}-reply")
    assert edited["created_at"] <= answer["created_at"] < edited["edited_at"]


def test_errors_with_status_200_are_asked_for_again(play: GooglePlay, project: Project) -> None:
    play.talk(8)
    play.errors = 2
    collect(project)
    assert ids(project) == play.ids()
    play.errors = 3
    with pytest.raises(SourceError):
        collect(project)


def test_a_history_that_repeats_itself_without_end_is_left(tmp_path: Path) -> None:
    play = GooglePlay(160)
    replies: list[Reply] = []

    def looping(request: Request) -> Reply:
        replies.append(play(request))
        return replies[-1] if len(replies) < 3 else replies[1]

    with serve(looping) as served:
        settings = play.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"android": settings}})
        collect(project)
        assert len(served.requests) < 10
    assert len([i for i in ids(project) if not i.endswith("-reply")]) == 80


def test_a_page_that_was_given_before_is_asked_for_again(tmp_path: Path) -> None:
    play = GooglePlay(160)
    replies: list[Reply] = []

    def stuttering(request: Request) -> Reply:
        replies.append(play(request))
        return replies[0] if len(replies) in (2, 3) else replies[-1]

    with serve(stuttering) as served:
        settings = play.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"android": settings}})
        collect(project)
    assert ids(project) == play.ids()


@pytest.mark.slow
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_history_that_broke_off_goes_on_or_where_google_forgot_it_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_forgotten: bool
) -> None:
    monkeypatch.setattr(sources, "ROWS_AT_ONCE", 10)
    play = GooglePlay(400)
    allowed = 4

    def breaking(request: Request) -> Reply:
        nonlocal allowed
        allowed -= 1
        return play(request) if allowed >= 0 else Reply(b"", 400)

    with serve(breaking) as served:
        settings = play.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"android": settings}})
        with pytest.raises(SourceError):
            collect(project)
        play.talk(4)
        allowed = 100
        if is_forgotten:
            play.tokens.clear()
        served.reset()
        collect(project)
    assert ids(project) == play.ids()
    assert len(served.requests) == (1 + 8 if is_forgotten else 1 + 4 + 2)


def test_a_review_of_another_shape_is_set_aside_and_told(
    play: GooglePlay, project: Project
) -> None:
    play.talk(20)
    play.reviews[5][2] = None
    outcome = collect(project)
    assert outcome.account.dropped == {"schema_changed": 1}
    assert ids(project) == play.ids() - {play.reviews[5][0]}


class TestLibrary:
    def test_certificates_are_checked_after_the_library_was_loaded(self) -> None:
        modules = [name for name in sys.modules if name.startswith("google_play_scraper")]
        for name in modules:
            del sys.modules[name]
        Reader("android", GooglePlay().settings("http://127.0.0.1:1"), "", Limits()).close()
        assert ssl._create_default_https_context is ssl.create_default_context
        assert "google_play_scraper" in sys.modules

    def test_without_it_the_message_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "google_play_scraper.constants.element", None)
        with pytest.raises(SettingsError, match=r"feedbackminer\[googleplay\]"):
            Reader("android", GooglePlay().settings("http://127.0.0.1:1"), "", Limits())


@pytest.mark.parametrize("channel", ["com.inkwren.app/en", "com.inkwren.app/en/us/x", '"];'])
def test_a_channel_is_an_app_and_may_name_language_and_country(channel: str) -> None:
    settings = GooglePlay().settings("").model_copy(update={"channels": (channel,)})
    with pytest.raises(SettingsError, match=r"com\.example\.app/en/us"):
        Reader("android", settings, "", Limits())
