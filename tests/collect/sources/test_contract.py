"""What every source promises, each against a local server that behaves as its platform does."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import stamina

from feedbackminer.collect.http.client import Limits
from feedbackminer.collect.sources import FILES, KINDS
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support import kills
from tests.support.sites import SITES
from tests.support.sites.serving import FAULTS, SLOW, Faults, Served, Site, doubled, serve

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "1")))
LIMITS = Limits(timeout=10, total=20)
IMPATIENT = Limits(timeout=SLOW / 2, total=2)  # where answers are late on purpose
WITHOUT_ANSWERS = {"appstore"}  # Apple's feed has reviews only, not the developer's answers


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=6):
        yield


@pytest.fixture(params=sorted(SITES))
def site(request: pytest.FixtureRequest) -> Site:
    """Each platform in turn, with a community of 130 posts."""
    made: Site = SITES[request.param]()
    made.talk(130)
    return made


def project_of(folder: Path, site: Site, url: str) -> Project:
    settings = site.settings(url).model_dump(mode="json")
    return open_project(folder, {"sources": {"here": settings}})


def collect(project: Project, site: Site, limits: Limits = LIMITS) -> Outcome:
    return collect_source(Run(project), "here", secret=site.secret, limits=limits)


def native_ids(project: Project) -> list[str]:
    ids = project.store.read("posts", ["post_id"])["post_id"]
    return sorted(i.partition(":")[2] for i in ids)


def body_of(project: Project, native: str) -> str:
    posts = project.store.read("posts").filter(pl.col("post_id") == f"here:{native}")
    return str(posts["body"][0])


def test_every_kind_of_source_has_a_site_to_be_tested_against() -> None:
    assert set(SITES) == set(KINDS) - {FILES}


def test_first_collect_brings_the_whole_history(site: Site, tmp_path: Path) -> None:
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project, site)
    assert native_ids(project) == sorted(site.ids())
    assert outcome.account.rows_out == len(site.ids())
    posts = project.store.read("posts")
    assert posts["author_id"].null_count() < len(posts)
    if site.settings(served.url).kind not in WITHOUT_ANSWERS:
        assert posts["thread_id"].n_unique() < len(posts)


@pytest.mark.slow
def test_a_quiet_collect_asks_little_and_changes_nothing(site: Site, tmp_path: Path) -> None:
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project, site)
        before, asked = project.store.version("posts"), len(served.requests)
        began = time.process_time()
        outcome = collect(project, site)
        seconds = time.process_time() - began
        channels = len(project.store.read("cursors"))
    assert project.store.version("posts") == before
    assert outcome.account.rows_out == 0
    assert len(served.requests) - asked <= 3 * channels, served.requests[asked:]
    assert seconds < 2


@pytest.mark.slow
def test_later_posts_edits_and_deletions_are_seen(site: Site, tmp_path: Path) -> None:
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project, site)
        site.talk(70)
        collect(project, site)
        assert native_ids(project) == sorted(site.ids())
        edited = site.edit()
        if edited:
            collect(project, site)
            assert "(edited)" in body_of(project, edited)
        deleted = site.delete()
        if deleted:
            assert deleted in native_ids(project)
            collect(project, site)
    assert native_ids(project) == sorted(site.ids())


@pytest.mark.slow
def test_a_window_read_again_gives_the_same_rows(site: Site, tmp_path: Path) -> None:
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        collect(project, site)
        posts, cursors = project.store.read("posts"), project.store.read("cursors")
        moments = posts["created_at"].drop_nulls().sort()
        since, until = moments[len(moments) // 3], moments[2 * len(moments) // 3]
        again = collect_source(
            Run(project), "here", secret=site.secret, since=since, until=until, limits=LIMITS
        )
        assert again.account.rows_out == 0
        assert project.store.read("posts").equals(posts)
        assert project.store.read("cursors").equals(cursors)
        other = open_project(
            tmp_path / "other", {"sources": project.settings.model_dump()["sources"]}
        )
        other.key_path.write_bytes(project.key_path.read_bytes())
        collect_source(
            Run(other), "here", secret=site.secret, since=since, until=until, limits=LIMITS
        )
    window = (pl.col("created_at") >= since) & (pl.col("created_at") < until)
    assert native_ids(other) == sorted(i.partition(":")[2] for i in posts.filter(window)["post_id"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_fault_loses_or_doubles_a_post(
    site: Site, tmp_path: Path, fault: str, seed: int
) -> None:
    with serve(site, Faults(fault, seed)) as served:
        project = project_of(tmp_path, site, served.url)
        until_done(project, site, served)
        site.talk(40)
        until_done(project, site, served)
        served.faults = None
        collect(project, site)  # as scheduled; what the cursor had passed it would not see
    assert native_ids(project) == sorted(site.ids())


def until_done(project: Project, site: Site, served: Served) -> None:
    """Collect as a schedule would: what failed is done again, and says that it failed."""
    is_late = served.faults is not None and served.faults.kind == "time-out"
    for _ in range(10):
        try:
            collect(project, site, IMPATIENT if is_late else LIMITS)
        except SourceError:
            assert not doubled(native_ids(project))
        else:
            return
    raise AssertionError(f"never finished: {served.requests[-5:]}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("forkserver")
def test_killed_at_any_moment_the_next_collect_completes_it(
    site: Site, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with serve(site) as served:
        project = project_of(tmp_path, site, served.url)
        settings = project.settings.sources["here"].model_dump(mode="json")
        arguments = (str(tmp_path), settings, site.secret)
        for _ in range(3):
            process = kills.start(collect_in_steps_of_ten, *arguments)
            time.sleep(chance.random() * 0.8)
            kills.kill(process)
            assert not doubled(native_ids(project))
        collect(project, site)
    assert native_ids(project) == sorted(site.ids())


def collect_in_steps_of_ten(folder: str, settings: dict[str, object], secret: str) -> None:
    """Collect, storing often, so that a kill falls between any two writes."""
    from feedbackminer.steps import sources

    sources.ROWS_AT_ONCE = 10
    project = open_project(Path(folder), {"sources": {"here": settings}})
    sources.collect_source(Run(project), "here", secret=secret, limits=LIMITS)
