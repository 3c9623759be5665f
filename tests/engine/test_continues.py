"""A stage is told whether its tables are its own work of today, so that it may go on from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from feedbackminer.accounts import Account
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Context, Stage, StageResult, StageTables
from feedbackminer.project.project import Project, open_project
from tests.support.builders import posts, texts

SEEN: list[bool] = []


def write(tables: StageTables, context: Context) -> StageResult:
    """Write a text of each post."""
    SEEN.append(context.continues)
    n = len(tables.read("posts"))
    tables.replace("texts", texts(*(f"Post number {number}." for number in range(n))))
    return StageResult(Account("clean", n, n))


STAGE = Stage("clean", write, reads=("posts",), writes=("texts",), settings=("clean",))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    SEEN.clear()
    return open_project(tmp_path / "project", {})


def step(project: Project, n_posts: int, stage: Stage = STAGE) -> bool:
    """Do the stage over so many posts, and return what it was told."""
    project.store.replace("posts", posts(*({"post_id": f"a:{n}"} for n in range(n_posts))))
    Run(project).step(stage)
    return SEEN[-1]


def stricter(project: Project) -> Project:
    """Return the project with other settings of the stage."""
    clean = project.settings.clean.model_copy(update={"min_words": 5})
    return replace(project, settings=project.settings.model_copy(update={"clean": clean}))


def test_it_goes_on_where_only_what_it_reads_has_changed(project: Project) -> None:
    assert not step(project, 1)
    assert step(project, 2)
    assert step(project, 3)


def test_it_starts_anew_where_the_settings_have_changed(project: Project) -> None:
    step(project, 1)
    assert not step(stricter(project), 2)


def test_it_starts_anew_where_what_else_decides_it_has_changed(project: Project) -> None:
    step(project, 1)
    assert not step(project, 2, replace(STAGE, depends=lambda _: "another model"))


def test_it_starts_anew_where_another_wrote_its_tables(project: Project) -> None:
    step(project, 1)
    project.store.replace("texts", texts("Erased."))
    assert not step(project, 2)


AFTER = Stage("embed", write, reads=("texts",), writes=("vectors",))


def plan(project: Project, *stages: Stage) -> list[tuple[str, list[str]]]:
    return [(each.what, list(each.why)) for each in Run(project).plan(stages)]


def test_a_plan_says_what_a_run_would_do_and_why(project: Project) -> None:
    assert plan(project, STAGE, AFTER) == [("anew", ["never done"]), ("waits", ["texts"])]
    step(project, 1)
    assert plan(project, STAGE) == [("done", [])]
    assert plan(project, STAGE, AFTER)[1] == ("anew", ["never done"])

    project.store.replace("posts", posts({"post_id": "a:1"}, {"post_id": "a:2"}))
    assert plan(project, STAGE, AFTER) == [("goes on", ["posts"]), ("waits", ["texts"])]
    assert plan(stricter(project), STAGE) == [("anew", ["settings"])]
    other = replace(STAGE, depends=lambda _: "another model")
    assert plan(project, other) == [("anew", ["code, models or what else decides it"])]
    project.store.replace("texts", texts("Erased."))
    assert plan(project, STAGE) == [("anew", ["tables that another wrote"])]


def test_a_plan_does_nothing_and_notes_nothing(project: Project) -> None:
    step(project, 1)
    n_rows, seen = len(project.store.read("runs")), len(SEEN)
    project.store.replace("posts", posts({"post_id": "a:1"}, {"post_id": "a:2"}))
    plan(project, STAGE)
    assert (len(project.store.read("runs")), len(SEEN)) == (n_rows, seen)
