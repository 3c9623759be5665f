"""App Store: ten pages and no more, pages that are empty by mistake, single entries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.appstore import AppStore
from tests.support.sites.serving import Reply, Request, Served, serve


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def store() -> AppStore:
    return AppStore()


@pytest.fixture
def served(store: AppStore) -> Iterator[Served]:
    with serve(store) as served:
        yield served


@pytest.fixture
def project(served: Served, store: AppStore, tmp_path: Path) -> Project:
    source = store.settings(served.url).model_dump(mode="json")
    return open_project(tmp_path, {"sources": {"ios": source}})


def collect(project: Project) -> Outcome:
    return collect_source(Run(project), "ios")


def ids(project: Project) -> set[str]:
    stored = project.store.read("posts", ["post_id"])["post_id"]
    return {post_id.partition(":")[2] for post_id in stored}


def test_a_review_has_its_stars_its_version_and_its_country(
    store: AppStore, project: Project
) -> None:
    store.talk(2)
    collect(project)
    review = project.store.read("posts").sort("created_at").to_dicts()[0]
    assert (review["rating"], review["score"], review["title"]) == (2, 1, "Entry 1 & me")
    assert json.loads(review["meta"]) == {"app_version": "3.1.0", "country": "us"}
    assert review["created_at"].isoformat() == "2026-03-01T16:01:00+00:00"
    assert review["body"].endswith("is gone <3")


@pytest.mark.parametrize("shows_app", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_review_and_none_are_no_lists(
    store: AppStore, project: Project, count: int, shows_app: bool
) -> None:
    store.shows_app = shows_app
    store.talk(count)
    outcome = collect(project)
    assert ids(project) == store.ids()
    assert outcome.account.dropped == {}


def test_no_more_than_five_hundred_are_given_and_that_is_told(
    store: AppStore, served: Served, project: Project
) -> None:
    store.talk(620)
    outcome = collect(project)
    assert len(ids(project)) == 500
    assert len(served.requests) == 10
    assert "newest 500 reviews" in outcome.notices[0]


def test_an_empty_page_is_asked_for_again(store: AppStore, project: Project) -> None:
    store.talk(170)
    store.empty = [1, 3, 3]
    collect(project)
    assert ids(project) == store.ids()


def test_what_a_stubbornly_empty_page_hid_is_found_by_later_collects(
    store: AppStore, served: Served, project: Project
) -> None:
    store.talk(230)
    store.empty = [3] * 10
    collect(project)
    assert len(ids(project)) == 100
    store.empty = []
    for _ in range(4):
        served.reset()
        collect(project)
        assert len(served.requests) == 2
    assert ids(project) == store.ids()


def test_a_review_of_another_shape_is_set_aside_and_told(store: AppStore, tmp_path: Path) -> None:
    store.talk(20)

    def changed(request: Request) -> Reply:
        text = store(request).body
        return Reply(text.replace(b'"im:rating": {"label": "5"}', b'"im:rating": {}', 1))

    with serve(changed) as served:
        settings = store.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"ios": settings}})
        outcome = collect(project)
    assert outcome.account.dropped == {"schema_changed": 1}
    assert len(ids(project)) == 19


@pytest.mark.parametrize("channel", ["1234567890", "us/", "US/12", "us/12/../3"])
def test_a_channel_is_a_country_and_an_app(tmp_path: Path, channel: str) -> None:
    source = {"kind": "appstore", "channels": [channel]}
    project = open_project(tmp_path, {"sources": {"ios": source}})
    with pytest.raises(SettingsError, match="country/app-id"):
        collect(project)
