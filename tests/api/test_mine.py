"""From Python: posts in memory in, a community out; nothing is written to disk."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import feedbackminer as fm
from feedbackminer.api.frames import as_rows
from feedbackminer.errors import InputError, SettingsError
from feedbackminer.privacy.names import PSEUDONYM
from feedbackminer.project.memory import MemoryStore
from tests.support import builders
from tests.support.builders import day
from tests.support.command import Mined, Rows, environment, whole_threads


@pytest.fixture(scope="module")
def rows(sample_rows: Rows) -> Rows:
    return whole_threads(sample_rows, 30)


@pytest.fixture(scope="module")
def community(rows: Rows) -> fm.Community:
    return fm.mine(rows, product="Inkwren")


def test_importing_it_imports_nothing_heavy_and_is_quick() -> None:
    code = (
        "import time; began = time.perf_counter(); import feedbackminer\n"
        "import sys, json\n"
        "heavy = [n for n in ('polars', 'numpy', 'torch', 'spacy', 'typer') if n in sys.modules]\n"
        "print(json.dumps([time.perf_counter() - began, heavy, dir(feedbackminer)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    seconds, heavy, names = json.loads(done.stdout)
    assert heavy == []
    assert seconds < 1  # 0.05 on a quiet machine
    assert {"mine", "tag", "find_topics", "open_project"} <= set(names)


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'mined'"):
        _ = fm.mined


@pytest.mark.slow
class TestCommunity:
    def test_every_row_is_accounted_for(self, community: fm.Community, rows: Rows) -> None:
        account = community.account
        dropped = [sum(one["rows"] for one in stage) for stage in account["dropped"]]
        assert account["stage"][0] == "collect"
        assert account["rows_in"][0] == len(rows)
        assert account["rows_in"].to_list() == [
            n + out for n, out in zip(dropped, account["rows_out"], strict=True)
        ]

    def test_topics_tags_and_claims_are_tables(self, community: fm.Community) -> None:
        assert set(community.assignments["post_id"]) <= set(community.posts["post_id"])
        assert community.topics["level"][0] == "topic"
        assert len(community.tags) == community.account["rows_out"][1]
        scores = community.claims["rank_score"].to_list()
        assert scores == sorted(scores, reverse=True)

    def test_quotes_are_verbatim(self, community: fm.Community) -> None:
        bodies = dict(community.posts.select("post_id", "body").iter_rows())
        quotes = community.quotes
        assert len(quotes)
        assert all(row["text"] in bodies[row["post_id"]] for row in quotes.to_dicts())

    def test_it_writes_the_digest_that_the_command_writes(
        self, community: fm.Community, tmp_path: Path
    ) -> None:
        page = community.digest(tmp_path / "digest")
        content = json.loads(page.with_name("digest.json").read_text("utf-8"))
        assert page.is_file()
        assert [c["claim_id"] for c in content["claims"]] == community.claims["claim_id"].to_list()

    def test_it_reads_well_in_a_notebook(self, community: fm.Community) -> None:
        html = community._repr_html_()
        assert "Inkwren: what the community is telling us" in html
        assert "<script" not in html
        assert repr(community).startswith("<Community 'Inkwren': ")

    def test_names_are_pseudonyms(self, community: fm.Community, rows: Rows) -> None:
        names = {row["username"] for row in rows}
        assert not names & set(community.posts["author_id"])
        assert community.posts["author_id"].drop_nulls().str.starts_with("m_").all()

    def test_nothing_is_written_to_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "temporary").mkdir()
        (tmp_path / "here").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        monkeypatch.chdir(tmp_path / "here")
        fm.mine(["The export fails every time.", "I love the new editor."])
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    @pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pa.Table.from_pylist])
    def test_every_kind_of_table_gives_the_same_posts(
        self, make: Any, rows: Rows, community: fm.Community
    ) -> None:
        made_by_key = pl.col("body").str.replace_all(PSEUDONYM.pattern, "somebody")
        mined, same = (
            one.posts.select(made_by_key, "post_id", "thread_id", "created_at", "author_role")
            for one in (fm.mine(make(rows), product="Inkwren"), community)
        )
        assert mined.equals(same)

    def test_a_project_on_disk_opens(self, sample: Mined) -> None:
        opened = fm.open_project(sample.project)
        assert len(opened.claims) == sample.digest["account"][-1]["in"]
        assert opened.account["stage"].to_list()[:2] == ["collect", "clean"]


@pytest.mark.slow
class TestWhatPeopleHave:
    def test_a_list_of_strings_is_a_list_of_bodies(self) -> None:
        posts = fm.mine(["The export fails every time.", "I love the new editor."]).posts
        assert sorted(posts["body"]) == ["I love the new editor.", "The export fails every time."]

    def test_the_ways_in_which_pandas_misses_a_value(self) -> None:
        frame = pd.DataFrame(
            {
                "body": ["It is broken since May.", None, float("nan"), pd.NA],
                "created_at": [pd.Timestamp("2026-05-01"), pd.NaT, pd.NaT, pd.NaT],
            }
        )
        account = fm.mine(frame).account
        assert account["dropped"][0].to_list() == [{"reason": "empty", "rows": 3}]

    def test_a_named_index_is_a_column(self) -> None:
        frame = pd.DataFrame({"body": ["It is broken since May."]}, index=pd.Index([77], name="id"))
        assert fm.mine(frame).posts["post_id"].to_list() == ["posts:77"]

    def test_repeated_ids_are_dropped_and_told(self) -> None:
        rows = [{"id": 1, "body": "It is broken."}, {"id": 1, "body": "It works again now."}]
        mined = fm.mine(rows)
        assert mined.account["dropped"][0].to_list() == [{"reason": "duplicate_id", "rows": 1}]

    def test_mixed_types_are_read_as_what_they_say(self) -> None:
        rows = [
            {"id": 1, "body": "It is broken.", "created_at": day(0)},
            {"id": "two", "body": 12345, "created_at": "2026-01-05T10:00:00Z"},
        ]
        posts = fm.mine(rows).posts
        assert sorted(posts["post_id"]) == ["posts:1", "posts:two"]
        assert posts["created_at"].null_count() == 0

    def test_other_columns_are_named(self) -> None:
        mined = fm.mine([{"words": "It is broken since May."}], columns={"body": "words"})
        assert len(mined.posts) == 1


@pytest.mark.parametrize(
    "data",
    [
        pl.Series(["It works.", None]),
        pa.array(["It works.", None]),
        pd.Series(["It works.", None], index=pd.Index([7, 8], name="id")),
        ["It works.", None],
        ("It works.", float("nan")),
        pa.RecordBatch.from_pylist([{"body": "It works."}, {"body": None}]),
        pd.DataFrame({"body": ["It works.", pd.NA]}).set_index("body", drop=False),
    ],
    ids=lambda data: f"{type(data).__module__}.{type(data).__name__}",
)
def test_a_missing_text_is_a_row_without_a_body(data: Any) -> None:
    assert [row.values.get("body") for row in as_rows(data)] == ["It works.", None]


@pytest.mark.slow
def test_topics_come_before_their_parts_and_themes(community: fm.Community) -> None:
    store = MemoryStore()
    levels = ["theme", "subtopic", "topic", "topic"]
    rows = builders.topic_rows(
        *(
            {"topic_id": f"x{n}", "level": level, "label": level, "found_label": level}
            for n, level in enumerate(levels)
        )
    )
    store.replace("topics", rows)
    opened = fm.Community(replace(community.project, store=store))
    assert opened.topics["level"].to_list() == ["topic", "topic", "subtopic", "theme"]


class TestWrongInput:
    def test_a_lazy_table_is_to_be_collected(self) -> None:
        with pytest.raises(InputError, match="collect it first"):
            fm.mine(pl.LazyFrame({"body": ["It works."]}))

    def test_columns_of_one_name_are_an_error(self) -> None:
        with pytest.raises(InputError, match="the table cannot be read"):
            fm.mine(pd.DataFrame([["a", "b"]], columns=["body", "body"]))

    @pytest.mark.parametrize("settings", [{"topics": None}, {"topics": {"seed": "many"}}])
    def test_a_setting_of_another_kind_is_an_error(self, settings: Any) -> None:
        with pytest.raises(SettingsError):
            fm.mine(["It works."], settings=settings)

    @pytest.mark.parametrize("empty", [[], pl.DataFrame(), pd.DataFrame({"body": []})])
    def test_nothing_is_an_error(self, empty: Any) -> None:
        with pytest.raises(InputError, match="no rows; want one post per row"):
            fm.mine(empty)

    def test_no_column_of_text_is_an_error_that_names_the_columns(self) -> None:
        with pytest.raises(InputError, match=r"found 'x'.*columns=\{'body'"):
            fm.mine(pl.DataFrame({"x": [1, 2]}))

    @pytest.mark.parametrize("data", ["a path", 7, None, {"body": "one"}])
    def test_what_is_no_list_of_posts_is_an_error(self, data: Any) -> None:
        with pytest.raises(InputError, match="want a table or a list of posts"):
            fm.mine(data)

    def test_a_row_of_another_kind_is_named(self) -> None:
        with pytest.raises(InputError, match="row 2: want a mapping of columns or a string"):
            fm.mine(["It works.", 5])

    def test_a_wrong_setting_is_an_error(self) -> None:
        with pytest.raises(SettingsError, match="did you mean 'seed'"):
            fm.mine(["It works."], settings={"topics": {"sed": 1}})

    def test_a_folder_that_is_not_there_is_no_project(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such project"):
            fm.open_project(tmp_path / "none")
        assert not (tmp_path / "none").exists()

    def test_a_project_that_was_not_mined_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="nothing was mined yet"):
            _ = fm.open_project(tmp_path).quotes
