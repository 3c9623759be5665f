"""``runs``: what was done is told again, and what two runs differ in is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from feedbackminer.engine.compare import changed_claims, changed_posts, changed_topics, compare
from feedbackminer.engine.history import find_run, past_runs
from feedbackminer.errors import InputError
from feedbackminer.project.store import Store
from tests.support.builders import claims, day, posts, topic_rows
from tests.support.command import Rows, invoke, write_jsonl

THEME = {"level": "theme"}  # a group of topics, and none itself


def talk(count: int) -> Rows:
    things = ("sync", "calendar", "search", "editor")
    return [
        {"id": f"p{n}", "author": f"user{n}", "body": f"The {things[n % 4]} lost my entry {n}"}
        for n in range(count)
    ]


def bring(folder: Path, rows: Rows) -> Path:
    """Import rows as a newer export of the same place; returns the project."""
    export = write_jsonl(folder / "talk.jsonl", rows)
    result = invoke("import", export, "--project", folder / "project")
    assert result.exit_code == 0, result.output
    return folder / "project"


def store_of(project: Path) -> Store:
    return Store(project / "tables")


def told(*args: object) -> Any:
    result = invoke(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


class TestList:
    def test_the_latest_run_comes_first_and_one_that_did_nothing_is_told(
        self, tmp_path: Path
    ) -> None:
        for count in (3, 5, 5):
            project = bring(tmp_path, talk(count))
        rows = told("runs", "list", "--project", project)
        assert [(row["rows_in"], row["done"], row["reused"]) for row in rows] == [
            (5, [], ["collect"]),
            (5, ["collect"], []),
            (3, ["collect"], []),
        ]
        assert [r["rows_in"] for r in told("runs", "list", "--project", project, "--count", 1)] == [
            5
        ]

    def test_ids_are_printed_whole(self, tmp_path: Path) -> None:
        project = bring(tmp_path, talk(3))
        run = past_runs(store_of(project))[0]
        assert run.run_id in invoke("runs", "list", "--project", project).stdout

    def test_a_project_without_runs_lists_none(self, tmp_path: Path) -> None:
        assert told("runs", "list", "--project", tmp_path) == []


class TestShow:
    def test_the_account_has_its_reasons_and_versions(self, tmp_path: Path) -> None:
        project = bring(tmp_path, [*talk(3), {"id": "bad", "body": ""}])
        run = past_runs(store_of(project))[0]
        shown = invoke("runs", "show", run.run_id[:-2], "--project", project).stdout
        assert "4 in, 3 out" in shown
        assert "dropped: empty 1" in shown
        assert "writes: posts 1" in shown
        step = told("runs", "show", run.run_id, "--project", project)["steps"][0]
        assert step["settings_hash"] in shown

    def test_a_beginning_that_fits_several_runs_is_refused(self, tmp_path: Path) -> None:
        for count in (3, 5):
            project = bring(tmp_path, talk(count))
        with pytest.raises(InputError, match="'20' fits several runs; want one such as 20"):
            find_run(store_of(project), "20")

    def test_a_run_that_never_was_is_refused(self, tmp_path: Path) -> None:
        result = invoke("runs", "show", "nope", "--project", bring(tmp_path, talk(3)))
        assert result.exit_code == 2
        assert "run 'nope' is no run; want one such as 20" in result.stderr


class TestDiff:
    def test_posts_are_compared_as_each_run_left_them(self, tmp_path: Path) -> None:
        bring(tmp_path, talk(3))
        edited = [talk(3)[0] | {"body": "The sync works again"}, *talk(4)[1:]]
        project = bring(tmp_path, edited)
        bring(tmp_path, talk(9))  # later posts are no part of what is compared
        _, after, before = past_runs(store_of(project))
        found = told("runs", "diff", before.run_id, after.run_id, "--project", project)
        assert found["posts"] == {"added": ["talk:p3"], "changed": ["talk:p0"], "removed": []}
        assert found["steps"]["collect"]["rows in"] == [3, 4]
        assert found["versions"] == {"posts": [1, 2]}
        assert [reason.split(":")[0] for reason in found["untold"]] == ["topics"] * 2 + [
            "claims"
        ] * 2

    def test_a_version_that_was_removed_is_told_and_the_rest_compared(self, tmp_path: Path) -> None:
        bring(tmp_path, talk(3))
        project = bring(tmp_path, [*talk(2), talk(3)[2] | {"body": "It works now"}])
        table = DeltaTable(project / "tables" / "posts")
        table.vacuum(0, dry_run=False, enforce_retention_duration=False)
        after, before = past_runs(store_of(project))
        found = compare(store_of(project), before, after)
        assert found.posts == {}
        assert "posts: version 1, of run" in found.untold[0]
        assert "is not kept any more" in found.untold[0]
        assert found.versions == {"posts": (1, 2)}

    def test_a_change_of_settings_is_seen(self, tmp_path: Path) -> None:
        project = bring(tmp_path, talk(3))
        (project / "feedbackminer.toml").write_text('[collect]\nstaff = ["user1"]\n')
        bring(tmp_path, talk(3))
        after, before = past_runs(store_of(project))
        assert set(compare(store_of(project), before, after).steps["collect"]) >= {"settings"}

    def test_a_run_differs_in_nothing_from_itself(self, tmp_path: Path) -> None:
        project = bring(tmp_path, talk(3))
        run = past_runs(store_of(project))[0]
        found = compare(store_of(project), run, run)
        assert (found.steps, found.versions, found.alone) == ({}, {}, ([], []))
        assert not any(found.posts.values())

    @pytest.mark.slow
    def test_claims_and_topics_of_two_minings_are_compared(self, tmp_path: Path) -> None:
        for count in (40, 60):
            project = bring(tmp_path, talk(count))
            assert invoke("mine", "--project", project).exit_code == 0
        after, _, before, _ = past_runs(store_of(project))
        result = invoke("runs", "diff", before.run_id, after.run_id, "--project", project)
        assert result.exit_code == 0, result.output
        assert "rows in 40 → 60" in result.stdout
        assert "posts: 20 added, 0 changed, 0 removed" in result.stdout
        assert "topics: " in result.stdout
        assert "claims: " in result.stdout
        assert "Not compared" not in result.stdout


class TestPosts:
    def test_a_later_collect_alone_is_no_change(self) -> None:
        old = posts({"post_id": "a", "collected_at": day(1)})
        new = posts({"post_id": "a", "collected_at": day(2)})
        assert not any(changed_posts(old, new).values())

    def test_removed_posts_are_named(self) -> None:
        both = posts({"post_id": "a"}, {"post_id": "b"})
        assert changed_posts(both, both.head(1))["removed"] == ["b"]


class TestTopics:
    def test_births_ends_and_new_names_are_told_apart(self) -> None:
        def rows(**topics: tuple[str, str]) -> Any:
            return topic_rows(
                *(
                    {"topic_id": i, "label": label, "found_label": label, "status": status}
                    for i, (label, status) in topics.items()
                )
            )

        old = rows(t1=("Sync", "active"), t2=("Search", "active"), t3=("Tags", "active"))
        new = rows(t1=("Sync", "active"), t2=("Search", "merged"), t3=("Labels", "active"),
                   t4=("Export", "active"), t5=("Never seen", "retired"))  # fmt: skip
        theme = topic_rows({"topic_id": "h1", "label": "Files", "found_label": "Files"} | THEME)
        found = changed_topics(old, pl.concat([new, theme]))
        assert found["born"] == [{"topic_id": "t4", "label": "Export", "size": 1}]
        assert [(row["topic_id"], row["status"]) for row in found["over"]] == [("t2", "merged")]
        assert found["renamed"] == [{"topic_id": "t3", "label": ("Tags", "Labels")}]


class TestClaims:
    @pytest.mark.parametrize(
        ("value", "changed"), [(0.41, False), (0.6, False), (0.61, True), (None, True)]
    )
    def test_a_value_changed_when_it_left_its_interval(
        self, value: float | None, changed: bool
    ) -> None:
        old = claims({"claim_id": "c", "value": 0.5, "low": 0.4, "high": 0.6})
        new = claims({"claim_id": "c", "value": value})
        assert bool(changed_claims(old, new)["changed"]) is changed

    def test_without_an_interval_the_headline_decides(self) -> None:
        none = {"claim_id": "c", "low": None, "high": None}
        old = claims(none | {"value": 2.0, "headline": "twice the usual"})
        for value, headline, changed in (
            (2.1, "twice the usual", False),
            (3.0, "3 times the usual", True),
            (2.0, "twice the usual, under a new name", False),
        ):
            new = claims(none | {"value": value, "headline": headline})
            assert bool(changed_claims(old, new)["changed"]) is changed

    def test_a_claim_whose_window_moved_is_known_by_its_subject(self) -> None:
        old = claims({"claim_id": "week 1", "topic_id": "t1"})
        new = claims({"claim_id": "week 2", "topic_id": "t1", "value": 0.9})
        found = changed_claims(old, new)
        assert (found["came"], found["went"]) == ([], [])
        assert found["changed"][0]["was"]["value"] == 0.5

    def test_claims_with_the_same_subject_are_not_confused(self) -> None:
        old = claims({"claim_id": "a"}, {"claim_id": "b"})
        new = claims({"claim_id": "c"})
        found = changed_claims(old, new)
        assert [row["claim_id"] for row in found["went"]] == ["a", "b"]
        assert [row["claim_id"] for row in found["came"]] == ["c"]
