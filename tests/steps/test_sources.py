"""Collecting as a whole: the command, the cursor, the account, and what stays private."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import stamina

from feedbackminer.accounts import account_of
from feedbackminer.engine.ledger import steps_behind
from feedbackminer.engine.run import Run
from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.project.store import Store
from feedbackminer.steps.sources import collect_source
from tests.support.command import invoke, write_jsonl
from tests.support.sites.discourse import Discourse
from tests.support.sites.rss import Feed
from tests.support.sites.serving import Reply, Request, serve


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def written(folder: Path, **urls: str) -> Path:
    """Write the settings of a project whose sources are Discourse forums."""
    tables = [
        f'[sources.{name}]\nkind = "discourse"\nurl = "{url}"\nprivate_network = true\n'
        for name, url in urls.items()
    ]
    folder.mkdir(exist_ok=True)
    (folder / "feedbackminer.toml").write_text("\n".join(tables), "utf-8")
    return folder


def posts_of(folder: Path) -> pl.DataFrame:
    return Store(folder / "tables").read("posts")


def project_at(folder: Path, url: str, **more: object) -> Project:
    source = {"kind": "discourse", "url": url, "private_network": True}
    return open_project(folder, {"sources": {"forum": source}, **more})


class TestCommand:
    def test_all_sources_are_read_and_each_has_a_cursor(self, tmp_path: Path) -> None:
        with serve(Discourse(60)) as one, serve(Discourse(30)) as two:
            folder = written(tmp_path / "p", one=one.url, two=two.url)
            done = invoke("collect", "--project", folder, "--json")
        assert done.exit_code == 0, done.output
        assert [stage["out"] for stage in json.loads(done.stdout)["stages"]] == [60, 30]
        cursors = Store(folder / "tables").read("cursors")
        assert cursors["source"].to_list() == ["one", "two"]
        assert cursors["complete"].all()

    def test_one_source_that_fails_does_not_keep_the_others_from_being_read(
        self, tmp_path: Path
    ) -> None:
        def broken(_: Request) -> Reply:
            return Reply(b"", 500)

        with serve(broken) as bad, serve(Discourse(30)) as good:
            folder = written(tmp_path / "p", bad=bad.url, good=good.url)
            done = invoke("collect", "--project", folder)
        assert done.exit_code == 3
        assert "HTTP 500" in done.output
        assert len(posts_of(folder)) == 30

    def test_a_source_that_is_not_configured_is_named_with_the_nearest_one(
        self, tmp_path: Path
    ) -> None:
        done = invoke(
            "collect", "foru", "--project", written(tmp_path / "p", forum="http://x.example")
        )
        assert done.exit_code == 2
        assert "did you mean 'forum'?" in done.output

    def test_without_sources_it_says_what_to_do(self, tmp_path: Path) -> None:
        done = invoke("collect", "--project", tmp_path)
        assert done.exit_code == 2
        assert "no source is configured" in done.output

    def test_exports_in_a_folder_are_a_source_too(self, tmp_path: Path) -> None:
        for number in range(2):
            row = {"id": f"x{number}", "author": "Ann", "body": f"Export {number} loses my notes."}
            write_jsonl(tmp_path / f"export-{number}.jsonl", [row])
        (tmp_path / "p").mkdir()
        (tmp_path / "p" / "feedbackminer.toml").write_text(
            f'[sources.drop]\nkind = "files"\nurl = "{tmp_path}/export-*.jsonl"\n', "utf-8"
        )
        done = invoke("collect", "--project", tmp_path / "p")
        assert done.exit_code == 0, done.output
        assert posts_of(tmp_path / "p")["post_id"].to_list() == ["drop:x0", "drop:x1"]


class TestAccount:
    def test_collects_add_up_to_the_posts_there_are(self, tmp_path: Path) -> None:
        site = Discourse(120)
        with serve(site) as served:
            project = project_at(tmp_path, served.url)
            for _ in range(3):
                collect_source(Run(project), "forum")
                site.talk(20)
            collect_source(Run(project), "forum")
        rows = steps_behind(project.store.read("runs"), project.store.read("posts"), ())
        assert [row["stage"] for row in rows] == ["collect"]
        assert account_of(rows[0]).rows_out == len(project.store.read("posts")) == 180
        assert account_of(rows[0]).dropped.keys() == {"known_already"}

    def test_posts_deleted_at_their_source_are_accounted_for(self, tmp_path: Path) -> None:
        site = Discourse(20)
        with serve(site) as served:
            project = project_at(tmp_path, served.url)
            collect_source(Run(project), "forum")
            site.delete()
            collect_source(Run(project), "forum")
        audit = project.store.read("audit").filter(pl.col("action") == "erase")
        rows = steps_behind(
            project.store.read("runs"), project.store.read("posts"), (), int(audit["rows"].sum())
        )
        assert account_of(rows[-1]).dropped == {"erased": 1}
        assert account_of(rows[-1]).rows_out == len(project.store.read("posts")) == 19

    def test_a_row_that_is_not_as_documented_is_set_aside_and_told(self, tmp_path: Path) -> None:
        site = Discourse(20)
        site.posts[7]["username"], site.posts[7]["member"] = None, "renamed field"
        del site.posts[9]["raw"]
        with serve(site) as served:
            project = project_at(tmp_path, served.url)
            outcome = collect_source(Run(project), "forum")
        assert outcome.account.dropped == {"schema_changed": 1}
        assert any("1 rows are not as" in notice for notice in outcome.notices)
        dropped = project.store.read("dropped")
        assert dropped["reason"].to_list() == ["schema_changed"]
        assert "'cooked'" in dropped["detail"][0]

    def test_a_collect_that_fails_midway_accounts_for_what_it_stored(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedbackminer.steps.sources.ROWS_AT_ONCE", 30)
        site, calls = Discourse(200), iter(range(100))

        def dying(request: Request) -> Reply:
            return site(request) if next(calls) < 5 else Reply(b"", 500)

        with serve(dying) as served:
            project = project_at(tmp_path, served.url)
            with pytest.raises(SourceError, match="HTTP 500"):
                collect_source(Run(project), "forum")
        row = project.store.read("runs").to_dicts()[0]
        assert 0 < row["rows_out"] == len(project.store.read("posts")) < 200
        assert "in part only" in row["notices"][0]

    def test_what_was_read_before_a_failure_is_stored(self, tmp_path: Path) -> None:
        site, calls = Discourse(400), iter(range(100))

        def limited(request: Request) -> Reply:
            is_over = next(calls) > 5
            return Reply(b"", 429, {"Retry-After": "3600"}) if is_over else site(request)

        with serve(limited) as served:
            project = project_at(tmp_path, served.url)
            with pytest.raises(SourceError, match="3600 s"):
                collect_source(Run(project), "forum")
            n_first = len(posts_of(tmp_path))
            served.site = site
            collect_source(Run(project), "forum")
        assert n_first > 50
        assert len(posts_of(tmp_path)) == 400

    def test_a_channel_that_is_gone_does_not_keep_the_others_from_being_read(
        self, tmp_path: Path
    ) -> None:
        feeds = Feed(12)

        def site(request: Request) -> Reply:
            return Reply(b"", 404) if request.path == "/gone" else feeds(request)

        with serve(site) as served:
            urls = [f"{served.url}/gone", f"{served.url}/comments.atom"]
            source = {"kind": "rss", "url": served.url, "channels": urls, "private_network": True}
            project = open_project(tmp_path, {"sources": {"feeds": source}})
            with pytest.raises(SourceError, match="HTTP 404"):
                collect_source(Run(project), "feeds")
        assert len(posts_of(tmp_path)) == 12

    def test_several_folders_of_exports_are_read_in_one_run(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_jsonl(
                tmp_path / f"{name}.jsonl", [{"id": "x", "body": f"Export {name} is slow."}]
            )
        given = {n: {"kind": "files", "url": f"{tmp_path}/{n}.jsonl"} for n in ("one", "two")}
        run = Run(open_project(tmp_path / "p", {"sources": given}))
        for name in given:
            collect_source(run, name)
        assert len(run.project.store.read("runs")) == 2


class TestPrivacy:
    def test_a_member_is_known_by_name_in_what_others_wrote_in_another_collect(
        self, tmp_path: Path
    ) -> None:
        site = Discourse(60)
        with serve(site) as served:
            project = project_at(tmp_path, served.url)
            collect_source(Run(project), "forum")
            site.talk(1)
            site.posts[-1] |= {"username": "quiet", "raw": "Thanks to member_3 it works again."}
            collect_source(Run(project), "forum")
        bodies = "\n".join(posts_of(tmp_path)["body"])
        assert "member_" not in bodies
        assert "Thanks to m_" in bodies

    def test_the_product_is_no_member_even_if_an_account_is_called_so(self, tmp_path: Path) -> None:
        site = Discourse(20)
        site.posts[0]["username"] = "InkWren2"
        site.posts[1]["raw"] = "InkWren2 loses my notes."
        with serve(site) as served:
            project = project_at(tmp_path, served.url, digest={"product": "InkWren2"})
            collect_source(Run(project), "forum")
        assert "InkWren2 loses my notes." in posts_of(tmp_path)["body"].to_list()

    def test_what_is_older_than_may_be_kept_is_not_collected(self, tmp_path: Path) -> None:
        with serve(Discourse(20)) as served:
            project = project_at(tmp_path, served.url, retain={"days": 30})
            outcome = collect_source(Run(project), "forum")
        assert outcome.account.dropped == {"outside_window": 20}
        assert not len(posts_of(tmp_path))


@pytest.mark.slow
def test_the_digest_knows_that_history_is_incomplete_and_its_account_adds_up(
    tmp_path: Path,
) -> None:
    site = Feed()
    site.talk(60)
    with serve(site) as served:
        folder = tmp_path / "p"
        folder.mkdir()
        (folder / "feedbackminer.toml").write_text(
            f'[sources.news]\nkind = "rss"\nurl = "{served.url}/comments.atom"\n'
            "private_network = true\n",
            "utf-8",
        )
        for _ in range(2):
            assert invoke("collect", "--project", folder).exit_code == 0
            site.talk(3)
    assert invoke("mine", "--project", folder, "--quiet").exit_code == 0
    done = invoke("digest", "--project", folder, "--out", tmp_path / "digest", "--quiet")
    assert done.exit_code == 0, done.output
    digest = json.loads((tmp_path / "digest" / "digest.json").read_text("utf-8"))
    assert any("newest entries only" in notice for notice in digest["notices"])
    collected = digest["account"][0]
    assert collected["in"] == collected["out"] + sum(collected["dropped"].values())
    assert collected["out"] == len(posts_of(folder))
