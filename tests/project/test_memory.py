"""A store in memory does what a store on disk does."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from feedbackminer.accounts import DroppedRow, dropped_frame
from feedbackminer.errors import StoreError, TableError
from feedbackminer.project.memory import MemoryStore
from feedbackminer.project.store import Store, TableStore
from tests.support.builders import posts

KEYS = pl.DataFrame({"post_id": ["a:1", "a:3"]})


def rows(stage: str, ref: str) -> pl.DataFrame:
    return dropped_frame(stage, [DroppedRow(ref, "empty")])


@pytest.fixture
def stores(tmp_path: Path) -> tuple[TableStore, TableStore]:
    return MemoryStore(), Store(tmp_path / "tables")


def test_both_give_the_same_after_the_same(stores: tuple[TableStore, TableStore]) -> None:
    first = posts({"post_id": "a:2", "body": "two"}, {"post_id": "a:1", "body": "one"})
    second = posts({"post_id": "a:1", "body": "other"}, {"post_id": "a:3", "body": "three"})
    outcomes = []
    for store in stores:
        merged = [store.merge("posts", frame) for frame in (first, second, second)]
        read = store.read("posts")
        columns = store.read("posts", ["post_id", "body"]).sort("post_id")
        chosen = store.select("posts", KEYS).sort("post_id")
        outcomes.append((merged, read.to_dicts(), columns.to_dicts(), chosen.to_dicts()))
    assert outcomes[0] == outcomes[1]


def test_both_replace_the_rows_of_one_value(stores: tuple[TableStore, TableStore]) -> None:
    outcomes = []
    for store in stores:
        store.merge("dropped", pl.concat([rows("clean", "a:1"), rows("topics", "a:2")]))
        store.replace("dropped", rows("clean", "a:3"), where=("stage", "clean"))
        outcomes.append(store.read("dropped").to_dicts())
    assert outcomes[0] == outcomes[1]
    assert [row["ref"] for row in outcomes[0]] == ["a:3", "a:2"]


def test_a_version_rises_only_with_the_content(stores: tuple[TableStore, TableStore]) -> None:
    one = posts({"post_id": "a:1"})
    for store in stores:
        assert store.version("posts") is None
        store.replace("posts", one)
        before = store.versions(("posts", "texts"))
        store.replace("posts", one)
        assert store.versions(("posts", "texts")) == before
        store.append("posts", posts({"post_id": "a:2"}))
        assert store.version("posts") != before["posts"]


def test_both_rewrite_tables_and_tell_what_became_of_them(
    stores: tuple[TableStore, TableStore],
) -> None:
    def change(tables: object) -> dict[str, pl.DataFrame]:
        assert isinstance(tables, dict)
        kept = tables["posts"].filter(pl.col("post_id") != "a:1")
        return {"posts": kept.with_columns(body=pl.lit("erased"))}

    outcomes = []
    for store in stores:
        store.merge("posts", posts({"post_id": "a:1"}, {"post_id": "a:2", "body": "words"}))
        outcomes.append((store.rewrite(("posts",), change), store.read("posts").to_dicts()))
    assert outcomes[0] == outcomes[1]


def test_the_contract_of_a_table_is_kept(stores: tuple[TableStore, TableStore]) -> None:
    for store in stores:
        with pytest.raises(TableError):
            store.replace("posts", pl.DataFrame({"post_id": ["a:1"]}))


def test_an_old_version_is_not_kept(stores: tuple[TableStore, TableStore]) -> None:
    memory, _ = stores
    memory.replace("posts", posts({"post_id": "a:1"}))
    with pytest.raises(StoreError, match="not kept"):
        memory.read("posts", version=7)
