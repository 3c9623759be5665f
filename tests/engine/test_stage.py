"""A stage gets at the tables that it declares, and at no other."""

from __future__ import annotations

import pytest

from feedbackminer.engine.stage import Context, Stage, StageResult, StageTables
from feedbackminer.errors import UndeclaredTableError
from feedbackminer.project.memory import MemoryStore
from feedbackminer.steps.mining import STAGES
from feedbackminer.tables import TABLES
from tests.support.builders import posts, texts


def nothing(tables: StageTables, context: Context) -> StageResult:
    raise NotImplementedError


STAGE = Stage("clean", nothing, reads=("posts",), writes=("texts",))


@pytest.fixture
def tables() -> StageTables:
    store = MemoryStore()
    store.replace("posts", posts({"post_id": "a:1"}))
    return StageTables(STAGE, store)


def test_declared_tables_are_read_and_written(tables: StageTables) -> None:
    tables.replace("texts", texts("Some words."))
    assert tables.read("posts")["post_id"].to_list() == ["a:1"]
    assert len(tables.previous("texts")) == 1
    assert list(tables.read_all()) == ["posts"]


@pytest.mark.parametrize("name", ["members", "texts"])
def test_reading_another_table_is_refused(name: str, tables: StageTables) -> None:
    with pytest.raises(UndeclaredTableError, match=f"clean: reads table '{name}'"):
        tables.read(name)


def test_writing_another_table_is_refused(tables: StageTables) -> None:
    with pytest.raises(UndeclaredTableError, match="clean: writes table 'posts'"):
        tables.replace("posts", posts({"post_id": "a:2"}))
    with pytest.raises(UndeclaredTableError, match="clean: writes table 'posts'"):
        tables.append("posts", posts({"post_id": "a:2"}))
    with pytest.raises(UndeclaredTableError):
        tables.previous("posts")
    with pytest.raises(UndeclaredTableError):
        tables.select("vectors", posts({"post_id": "a:2"}))


def test_every_declared_table_exists_and_one_stage_alone_writes_it() -> None:
    declared = {name for stage in STAGES for name in (*stage.reads, *stage.writes)}
    written = [name for stage in STAGES for name in stage.writes]
    assert declared <= TABLES.keys()
    assert len(written) == len(set(written))
    assert all(set(stage.lasting) <= set(stage.writes) for stage in STAGES)


def test_a_stage_reads_only_what_is_there_before_it() -> None:
    later: set[str] = set()
    for stage in reversed(STAGES):
        later |= set(stage.writes)
        assert not later & set(stage.reads), stage.name
