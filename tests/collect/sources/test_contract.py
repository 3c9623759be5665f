"""What every source promises, each against a local server that behaves as its platform does."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
from tests.support.sites.serving import (
    FAULTS,
    SLOW,
    Faults,
    Reply,
    Request,
    Served,
    Site,
    doubled,
    serve,
)

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "1")))
# Every platform with a third of the faults, and every fault on a third of the platforms; more seeds
# (`make faults`) try all with all.
FAULTY = [
    (site, fault)
    for i, site in enumerate(sorted(SITES))
    for j, fault in enumerate(FAULTS)
    if len(SEEDS) > 1 or (i + j) % 3 == 0
]
LIMITS = Limits(timeout=10, total=20)
IMPATIENT = Limits(timeout=SLOW / 2, total=2)  # where answers are late on purpose
# What is asked for besides posts, and what is told where a server refuses it.
SIDE_REQUESTS = {
    "discourse": (("site.json", "categories.json"), "does not show|did not show"),
    "mastodon": (("/context",), "refused to show threads"),
}
# Fields that other versions or servers leave out: no post may be lost for want of them.
OPTIONAL = {
    "appstore": "author title link im:voteSum im:version",
    "bluesky": "handle indexedAt likeCount facets tags labels reply",
    "discourse": "username updated_at actions_summary version category_id topic_slug "
    "topic_title reply_to_post_number staff post_type",
    "hackernews": "author parent_id points",
    "lemmy": "creator updated path counts ap_id deleted removed name actor_id local",
    "mastodon": "account edited_at tags mentions favourites_count url spoiler_text",
    "reddit": "author parent_id title permalink score edited distinguished",
    "stackexchange": "owner title link score is_accepted last_edit_date answer_count",
}
LISTS = {"entry"}  # without it, an app has no reviews
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
@pytest.mark.parametrize(("site", "fault"), FAULTY, indirect=["site"])
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


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 404, 429])
@pytest.mark.parametrize("kind", sorted(SIDE_REQUESTS))
def test_a_refused_side_request_costs_a_detail_and_is_told(
    kind: str, status: int, tmp_path: Path
) -> None:
    site: Site = SITES[kind]()
    site.talk(24)
    paths, told = SIDE_REQUESTS[kind]
    is_refusing = True

    def answer(request: Request) -> Reply:
        if is_refusing and request.path.endswith(paths):
            return Reply({"error": "no"}, status)
        return site(request)

    with serve(answer) as served:
        project = project_of(tmp_path, site, served.url)
        outcome = collect(project, site)
        assert len(native_ids(project)) >= 12
        assert set(native_ids(project)) <= site.ids()
        if (kind, status) != ("mastodon", 404):  # there, it means that a post is gone
            assert any(re.search(told, notice) for notice in outcome.notices)
        is_refusing = False
        if status != 404:
            again = collect(project, site)
            assert not any(re.search(told, notice) for notice in again.notices)
            assert native_ids(project) == sorted(site.ids())


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_a_field_that_a_server_leaves_out_costs_no_post(kind: str, tmp_path: Path) -> None:
    site: Site = SITES[kind]()
    site.talk(24)
    for name in OPTIONAL[kind].split():
        with serve(without(name, site)) as served:
            project = project_of(tmp_path / name.replace(":", "_"), site, served.url)
            collect(project, site)
        assert native_ids(project) == sorted(site.ids()), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(SITES) if len(SEEDS) > 1 else ("discourse", "github"))
def test_whatever_field_is_missing_there_is_a_reason_and_no_crash(
    kind: str, tmp_path: Path
) -> None:
    site: Site = SITES[kind]()
    site.talk(8)
    for number, name in enumerate(sorted(field_names(site, tmp_path / "whole"))):
        with serve(without(name, site)) as served:
            project = project_of(tmp_path / str(number), site, served.url)
            try:
                collect(project, site)
            except SourceError:
                continue
        is_told = len(project.store.read("dropped")) or name in LISTS
        assert native_ids(project) or is_told, name


def without(name: str, site: Site) -> Callable[[Request], Reply]:
    """Return a site whose server does not know a field."""
    return lambda request: leaving_out(site(request), name)


def leaving_out(reply: Reply, name: str) -> Reply:
    """Return an answer without a field, at whatever depth."""
    values = content_of(reply)
    if values is None:
        return reply

    def known(values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if key != name}

    content = json.loads(values, object_hook=known)
    headers = {k: v for k, v in reply.headers.items() if k != "Content-Encoding"}
    return Reply(content, reply.status, headers)


def content_of(reply: Reply) -> bytes | None:
    """Return the JSON of an answer; None where it is none."""
    is_packed = reply.headers.get("Content-Encoding") == "gzip"
    content = gzip.decompress(reply.body) if is_packed else reply.body
    return content if content[:1] in (b"{", b"[") else None


def field_names(site: Site, folder: Path) -> set[str]:
    """Return the names of all fields in the answers to a collect."""
    names: set[str] = set()

    def noted(values: dict[str, Any]) -> dict[str, Any]:
        names.update(key for key in values if not re.fullmatch("q[0-9a-f]{32}", key))
        return values

    def answer(request: Request) -> Reply:
        reply = site(request)
        json.loads(content_of(reply) or b"{}", object_hook=noted)
        return reply

    with serve(answer) as served:
        collect(project_of(folder, site, served.url), site)
    return names


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
