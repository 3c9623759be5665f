"""GitHub: threads in three depths, roles, answers, limits that come with status 200."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import stamina

from feedbackminer.collect.http.client import Limits
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import sources
from feedbackminer.steps.sources import collect_releases, collect_source
from tests.support.sites.github import GitHub
from tests.support.sites.serving import Reply, Request, Served, serve


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def hub() -> GitHub:
    return GitHub()


@pytest.fixture
def served(hub: GitHub) -> Iterator[Served]:
    with serve(hub) as served:
        yield served


@pytest.fixture
def project(served: Served, hub: GitHub, tmp_path: Path) -> Project:
    source = hub.settings(served.url).model_dump(mode="json")
    return open_project(tmp_path, {"sources": {"gh": source}})


def collect(project: Project, secret: str = GitHub.secret) -> Outcome:
    return collect_source(Run(project), "gh", secret=secret, limits=Limits(longest_wait=2))


def refusing(hub: GitHub, error: dict[str, Any]) -> Callable[[Request], Reply]:
    """Return a server that shows no discussions."""

    def answer(request: Request) -> Reply:
        is_refused = b"discussions(" in request.body
        return Reply({"data": None, "errors": [error]}) if is_refused else hub(request)

    return answer


def post(project: Project, native: str) -> dict[str, Any]:
    posts = project.store.read("posts").filter(pl.col("post_id") == f"gh:{native}")
    return posts.to_dicts()[0]


def test_issues_are_flat_and_discussions_answer_in_two_depths(
    hub: GitHub, project: Project
) -> None:
    issue = hub.open("Issue", "Entries are gone")
    comment = hub.answer(issue, "Here too")
    talk = hub.open("Discussion", "How do I sync?")
    answer = hub.answer(talk, "Press sync")
    reply = hub.answer(answer, "Thanks, that works")
    collect(project)
    threads = {n: post(project, n)["thread_id"] for n in (issue, comment, talk, answer, reply)}
    parents = {n: post(project, n)["parent_id"] for n in (issue, comment, talk, answer, reply)}
    assert list(threads.values()) == [f"gh:{n}" for n in (issue, issue, talk, talk, talk)]
    assert list(parents.values()) == [None, None, None, f"gh:{talk}", f"gh:{answer}"]
    assert post(project, issue)["title"] == "Entries are gone"
    assert post(project, comment)["title"] is None


def test_roles_answers_labels_and_reactions_are_known(hub: GitHub, project: Project) -> None:
    issue = hub.open("Issue", "Entries are gone")
    roles = {"OWNER": "staff", "COLLABORATOR": "staff", "CONTRIBUTOR": "member", "NONE": "member"}
    for association in roles:
        hub.items[hub.answer(issue, "Hm")]["authorAssociation"] = association
    hub.items[hub.answer(issue, "I am an app")]["author"] = {"__typename": "Bot", "login": "x"}
    hub.items[hub.answer(issue, "I left")]["author"] = None
    answer = hub.answer(hub.open("Discussion", "How do I sync?"), "Press sync")
    hub.items[answer] |= {"isAnswer": True, "upvoteCount": 5, "reactions": {"totalCount": 2}}
    collect(project)
    shown_roles = [post(project, n)["author_role"] for n in hub.answers[issue]]
    assert shown_roles == [*roles.values(), "bot", "unknown"]
    assert post(project, hub.answers[issue][-1])["author_id"] is None
    assert (post(project, answer)["accepted"], post(project, answer)["score"]) == (True, 7)
    assert json.loads(post(project, issue)["meta"]) == {"label": "bug, calendar"}


def test_all_pages_of_long_threads_are_read_and_only_when_they_changed(
    hub: GitHub, served: Served, project: Project
) -> None:
    issue = hub.open("Issue", "Everyone has this")
    for n in range(180):
        hub.answer(issue, f"Me too, says number {n}")
    talk = hub.answer(hub.open("Discussion", "Ideas"), "Tell yours")
    for n in range(130):
        hub.answer(talk, f"My idea is number {n}")
    collect(project)
    assert len(project.store.read("posts")) == len(hub.ids())
    served.reset()
    collect(project)
    assert len(served.requests) == 2
    late = hub.answer(talk, "Am I late?")
    collect(project)
    assert post(project, late)["parent_id"] == f"gh:{talk}"


def test_deleted_threads_comments_and_emptied_comments_are_erased(
    hub: GitHub, project: Project
) -> None:
    hub.talk(40)
    issue = hub.open("Issue", "Delete me")
    hub.answer(issue, "With me")
    emptied = hub.answer(hub.open("Discussion", "Stay"), "Delete me too")
    kept = hub.answer(emptied, "I stay")
    collect(project)
    hub.remove(issue)
    hub.remove(emptied)
    collect(project)
    stored = set(project.store.read("posts")["post_id"])
    assert stored == {f"gh:{n}" for n in hub.ids()}
    assert f"gh:{kept}" in stored
    assert f"gh:{emptied}" not in stored


def test_a_thread_that_wakes_up_is_read_again_whatever_its_age(
    hub: GitHub, project: Project
) -> None:
    first = hub.open("Issue", "The oldest")
    hub.talk(1_200)
    collect(project)
    late = hub.answer(first, "Two years later: me too")
    collect(project)
    assert post(project, late)["thread_id"] == f"gh:{first}"


def test_a_history_that_broke_off_goes_on_where_it_was(
    hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ROWS_AT_ONCE", 10)
    issues = [hub.open("Issue", f"Issue {n}") for n in range(220)]
    allowed = 2

    def breaking(request: Request) -> Reply:
        nonlocal allowed
        allowed -= 1
        return hub(request) if allowed >= 0 else Reply({"message": "gone fishing"}, 400)

    with serve(breaking) as served:
        settings = hub.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"gh": settings}})
        with pytest.raises(SourceError, match="gone fishing"):
            collect(project)
        assert len(project.store.read("posts")) == 100
        late = hub.answer(issues[0], "I wake the oldest, which was not read yet")
        allowed = 100
        served.reset()
        collect(project)
    assert {f"gh:{n}" for n in (*issues, late)} == set(project.store.read("posts")["post_id"])
    assert len(served.requests) == 3 + 1 + 1  # the rest, what is new, discussions


def test_a_post_of_another_shape_is_set_aside_and_told(hub: GitHub, tmp_path: Path) -> None:
    hub.talk(20)
    hub.items[list(hub.items)[-1]]["author"] = {"__typename": "User", "login": "odd-one"}

    def changed(request: Request) -> Reply:
        text = json.dumps(hub(request).content)
        return Reply(text.replace('"login": "odd-one"', '"name": "odd-one"').encode())

    with serve(changed) as served:
        settings = hub.settings(served.url).model_dump(mode="json")
        project = open_project(tmp_path, {"sources": {"gh": settings}})
        outcome = collect(project)
    assert outcome.account.dropped["schema_changed"] == 1
    assert len(project.store.read("posts")) == 19
    assert "not as the source documents them" in " ".join(outcome.notices)


class TestRefusals:
    SECONDARY = Reply({"message": "You have exceeded a secondary rate limit."}, 403)
    BROKEN = Reply({"data": None, "errors": [{"message": "Something went wrong"}]})

    def test_the_token_is_needed_and_never_shown(self, project: Project) -> None:
        with pytest.raises(SettingsError, match="FEEDBACKMINER_SECRET_GH"):
            collect(project, secret="")
        with pytest.raises(SourceError, match="check the secret") as shown_roles:
            collect(project, secret="github_pat_wrong_one")  # noqa: S106
        assert "wrong_one" not in str(shown_roles.value)

    def test_a_repository_that_may_not_be_read_is_named(self, served: Served, hub: GitHub) -> None:
        from feedbackminer.collect.sources.github import Reader

        settings = hub.settings(served.url).model_copy(update={"channels": ("inkwren/other",)})
        reader = Reader("gh", settings, hub.secret, Limits())
        with pytest.raises(SourceError, match="no repository 'inkwren/other'"):
            reader.probe()
        reader.close()

    def test_a_token_for_issues_alone_brings_the_issues(
        self, served: Served, hub: GitHub, project: Project
    ) -> None:
        issue = hub.open("Issue", "Entries are gone")
        hub.open("Discussion", "Ideas for entries")
        served.site = refusing(hub, {"type": "FORBIDDEN", "message": "not by this token"})
        outcome = collect(project)
        assert [row["post_id"] for row in project.store.read("posts").to_dicts()] == [f"gh:{issue}"]
        assert "the discussions of inkwren/app are closed" in outcome.notices[0]

    def test_a_server_without_discussions_brings_the_issues(
        self, served: Served, hub: GitHub, project: Project
    ) -> None:
        hub.open("Issue", "Entries are gone")
        unknown = {"message": "no such field", "extensions": {"code": "undefinedField"}}
        served.site = refusing(hub, unknown)
        assert collect(project).account.rows_out == 1

    @pytest.mark.parametrize(
        "refusal",
        [
            pytest.param(lambda r: r, id="without a word on how long"),
            pytest.param(lambda r: Reply(r.content, 403, {"Retry-After": "1"}), id="Retry-After"),
        ],
    )
    def test_a_secondary_limit_is_waited_for(
        self, hub: GitHub, project: Project, refusal: Callable[[Reply], Reply]
    ) -> None:
        hub.talk(8)
        hub.refusals = [refusal(self.SECONDARY)]
        run = Run(project)
        collect_source(run, "gh", secret=hub.secret)
        assert len(project.store.read("posts")) == 8

    def test_errors_inside_an_answer_are_asked_for_again(
        self, hub: GitHub, project: Project
    ) -> None:
        hub.talk(8)
        hub.refusals = [self.BROKEN, self.BROKEN]
        collect(project)
        assert len(project.store.read("posts")) == 8
        hub.refusals = [self.BROKEN] * 3
        with pytest.raises(SourceError, match="Something went wrong"):
            collect(project)

    def test_the_hours_allowance_is_waited_for_where_its_end_is_near(
        self, hub: GitHub, project: Project, waits: list[float]
    ) -> None:
        hub.talk(8)
        hub.left, hub.reset = 1, 2
        collect(project)
        assert waits
        assert all(0 < seconds <= 2 for seconds in waits)
        assert len(project.store.read("posts")) == 8
        hub.left, hub.reset = 0, 3_000
        with pytest.raises(SourceError, match="allowance"):
            collect(project)


def test_releases_become_events_once_each_and_drafts_do_not(hub: GitHub, project: Project) -> None:
    for number in range(120):  # two pages
        hub.release(f"v1.{number}", f"2026-0{1 + number // 28 % 6}-{1 + number % 28:02}")
    hub.release("v2", "2026-07-01", "Two, at last")
    hub.release("v3", None)
    assert len(collect_releases(project, "gh", secret=GitHub.secret)) == 121
    assert len(collect_releases(project, "gh", secret=GitHub.secret)) == 121
    events = project.store.read("events")
    assert len(events) == 121
    last = events.sort("at").row(-1, named=True)
    assert (last["name"], last["kind"], last["source"]) == ("Two, at last", "release", "gh")
    assert f"{last['at']:%F}" == "2026-07-01"


def test_a_source_of_another_kind_tells_of_no_releases(tmp_path: Path) -> None:
    feed = {"kind": "rss", "url": "https://inkwren.example/feed"}
    with pytest.raises(SettingsError, match="tells of no releases; github does"):
        collect_releases(open_project(tmp_path, {"sources": {"feed": feed}}), "feed")
