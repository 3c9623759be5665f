"""``doctor``: what is wrong is found, with what to do; nothing is made or changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import stamina

from feedbackminer.admin import doctor
from feedbackminer.admin.doctor import Finding, examine
from feedbackminer.project.store import Store
from feedbackminer.signals.stage import read_conversation
from feedbackminer.tables import Cursors, column_types
from tests.support.builders import tags, texts
from tests.support.command import invoke, write_jsonl
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import Reply, Request, serve

KEY = "tok-3f9a77c1d2e84b5690"  # a secret that nothing may repeat


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """A project with twelve posts that nobody mined yet."""
    rows = [{"id": f"p{n}", "author": f"user{n % 7}", "body": f"Lost note {n}"} for n in range(12)]
    export = write_jsonl(tmp_path / "talk.jsonl", rows)
    assert invoke("import", export, "--project", tmp_path / "project").exit_code == 0
    return tmp_path / "project"


def configure(folder: Path, toml: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "feedbackminer.toml").write_text(toml, "utf-8")
    return folder


def forum(url: str, kind: str = "discourse") -> str:
    return f'[sources.forum]\nkind = "{kind}"\nurl = "{url}"\nprivate_network = true\n'


def found(folder: Path, what: str, *, offline: bool = False) -> Finding:
    return next(f for f in examine(folder, offline=offline) if f.what == what)


class TestCommand:
    def test_all_is_well_with_a_fresh_project(self, imported: Path) -> None:
        result = invoke("doctor", "--project", imported)
        assert result.exit_code == 0, result.stderr
        assert "12 posts" in result.stderr
        assert "384 dimensions" in result.stderr

    def test_json_lists_every_finding(self, imported: Path) -> None:
        findings = json.loads(invoke("doctor", "--project", imported, "--json").stdout)
        assert all(finding["ok"] for finding in findings)
        assert {
            *("settings", "disk", "pseudonym key", "encoder", "heads", "spaCy pipeline"),
            *("store", "sources"),
        } <= {finding["what"] for finding in findings}

    def test_a_broken_settings_file_is_found(self, tmp_path: Path) -> None:
        result = invoke("doctor", "--project", configure(tmp_path, "[topics\nseed = 3\n"))
        assert result.exit_code == 2
        assert "cannot be read as TOML" in result.stderr

    def test_examining_makes_no_folder(self, tmp_path: Path) -> None:
        result = invoke("doctor", "--project", tmp_path / "typo")
        assert result.exit_code == 2
        assert not (tmp_path / "typo").exists()


class TestProject:
    def test_a_key_that_others_can_read_is_found(self, imported: Path) -> None:
        (imported / "pseudonym.key").chmod(0o644)
        assert found(imported, "pseudonym key").mend.startswith("chmod 600 ")

    def test_a_missing_model_is_found(self, tmp_path: Path) -> None:
        configure(tmp_path, '[embed]\nmodel = "no/such-model"\n')
        encoder = found(tmp_path, "encoder")
        assert not encoder.ok
        assert "no/such-model" in encoder.found

    def test_a_table_that_was_cut_short_is_found_and_the_others_are_read(
        self, imported: Path
    ) -> None:
        part = next((imported / "tables" / "posts").glob("*.parquet"))
        part.write_bytes(part.read_bytes()[:100])
        table = found(imported, "table posts")
        assert not table.ok
        assert "restore it from a backup" in table.mend
        assert "runs 1" in found(imported, "store").found

    def test_a_table_of_very_many_files_is_found(
        self, imported: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor, "MOST_FILES", 0)
        assert found(imported, "table posts").found == "consists of 1 files"


class TestSources:
    def test_a_source_that_answers_is_well(self, tmp_path: Path) -> None:
        with serve(Discourse(3)) as served:
            source = found(configure(tmp_path, forum(served.url)), "source forum")
            assert len(served.requests) == 1
        assert source.ok
        assert source.found.endswith("FEEDBACKMINER_SECRET_FORUM is not set")

    def test_offline_asks_nothing(self, tmp_path: Path) -> None:
        with serve(Discourse(3)) as served:
            folder = configure(tmp_path, forum(served.url))
            assert found(folder, "source forum", offline=True).ok
            assert served.requests == []

    def test_a_source_that_refuses_is_found_and_the_secret_is_told_to_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuses(request: Request) -> Reply:
            return Reply({"errors": ["bad key", *request.headers.values()]}, 403)

        monkeypatch.setenv("FEEDBACKMINER_SECRET_FORUM", KEY)
        with serve(refuses) as served:
            result = invoke("doctor", "--project", configure(tmp_path, forum(served.url)))
        assert result.exit_code == 2
        assert "403" in result.stderr
        assert "FEEDBACKMINER_SECRET_FORUM is set" in result.stderr
        assert KEY not in result.output

    def test_an_unknown_kind_is_found(self, tmp_path: Path) -> None:
        source = found(configure(tmp_path, forum("https://x.org", "discorse")), "source forum")
        assert not source.ok
        assert "no kind 'discorse'" in source.found
        assert "correct [sources.forum]" in source.mend

    def test_files_that_are_not_there_are_found(self, tmp_path: Path) -> None:
        configure(tmp_path, forum(str(tmp_path / "*.jsonl"), "files"))
        assert not found(tmp_path, "source forum").ok
        (tmp_path / "talk.jsonl").touch()
        assert found(tmp_path, "source forum").ok

    def test_a_source_that_was_not_read_for_long_is_found(self, tmp_path: Path) -> None:
        folder = configure(tmp_path, forum("https://x.org"))
        for channel, days in (("fresh", 6), ("stale", 8)):
            _read_last(folder, channel, days)
        stale = [f for f in examine(folder, offline=True) if "collect forum" in f.mend]
        assert [(f.what, f.found) for f in stale] == [
            ("source forum, stale", "last read 8 days ago")
        ]


def _read_last(folder: Path, channel: str, days: int) -> None:
    """Store the cursor of a channel as if it had been read so many days ago."""
    row = {
        "source": "forum",
        "channel": channel,
        "position": "{}",
        "complete": True,
        "withheld": "",
        "read_at": datetime.now(UTC) - timedelta(days=days),
    }
    Store(folder / "tables").merge("cursors", pl.DataFrame([row], schema=column_types(Cursors)))


def test_accounts_that_look_like_staff_are_a_question_and_nothing_wrong(tmp_path: Path) -> None:
    rows = []
    for n in range(24):
        said = "We have released a fix." if n < 5 else f"Press reset {n}."
        thread = {"thread_id": f"t{n}", "created_at": f"2026-01-{n + 1:02}T10:00:00Z"}
        rows += [
            thread | {"id": f"q{n}", "author": f"user{n % 7}", "body": f"How do I do {n}?"},
            thread | {"id": f"r{n}", "author": "anna", "body": said, "reply_to": f"q{n}"},
        ]
    rows += [rows[0] | {"id": "s", "author": "Inkwren_Support", "body": "Hello there."}]
    folder = configure(tmp_path / "project", '[digest]\nproduct = "Inkwren"\n')
    export = write_jsonl(tmp_path / "talk.jsonl", rows)
    assert invoke("import", export, "--project", folder).exit_code == 0
    store = Store(str(folder / "tables"))
    store.replace("members", read_conversation(store.read("posts"), tags(), texts()).members)

    named, anna = (f for f in examine(folder, offline=True) if f.what == "account")
    assert "named like the product or a desk, answered in 1 thread," in named.found
    assert "answered in 24 threads, opened 0, speaks for the makers in 5 of 24" in anna.found
    assert "Post talk:r0 of your export" in anna.mend
    assert named.ok
    assert anna.ok
