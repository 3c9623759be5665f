"""The store: versions change with content only, writers never lose or double a row."""

import copy
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.fs import DeltaStorageHandler

from feedbackminer.errors import StoreError, TableError
from feedbackminer.project.store import Merged, Rewritten, Store
from feedbackminer.tables import Audit, Posts, Runs, check, column_types
from tests.support.builders import day
from tests.support.object_store import S3_KEYS

MONDAY, TUESDAY = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


def dropped(*refs: str, reason: str = "empty", stage: str = "collect") -> pl.DataFrame:
    """Rows of the simplest table; ``stage`` and ``ref`` are its key."""
    return pl.DataFrame(
        {"stage": [stage] * len(refs), "ref": refs, "reason": reason}
        | dict.fromkeys(("detail", "value", "other_ref"), ""),
        schema_overrides={"ref": pl.String},
    )


def post(body: str, *, collected_at: datetime = MONDAY) -> pl.DataFrame:
    values = dict.fromkeys(column_types(Posts)) | {
        "post_id": "x:1",
        "source": "x",
        "thread_id": "x:1",
        "author_role": "member",
        "body": body,
        "accepted": False,
        "meta": "{}",
        "collected_at": collected_at,
    }
    return pl.DataFrame([values], schema=column_types(Posts))


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, once in a folder and once on an object store."""
    if request.param == "folder":
        return Store(tmp_path / "tables")
    options: dict[str, str] = request.getfixturevalue("s3_options")
    return Store(f"s3://community/{tmp_path.name}", options | S3_KEYS)


# --- merge ------------------------------------------------------------------------------------


def test_a_table_never_written_is_empty_and_has_no_version(store: Store) -> None:
    assert store.read("dropped").is_empty()
    assert store.read("dropped", ["ref"]).columns == ["ref"]
    assert store.versions(["dropped", "runs"]) == {"dropped": None, "runs": None}


def test_merge_inserts_new_rows_and_reads_them_back_sorted_by_key(store: Store) -> None:
    assert store.merge("dropped", dropped("b:2", "b:1")) == Merged(2, 0, 0)
    assert store.read("dropped").equals(dropped("b:1", "b:2"))
    assert store.read("dropped", ["ref"])["ref"].sort().to_list() == ["b:1", "b:2"]


def test_an_identical_repeat_writes_nothing_and_keeps_the_version(store: Store) -> None:
    store.merge("dropped", dropped("b:1", "b:2"))
    version = store.version("dropped")
    assert store.merge("dropped", dropped("b:2", "b:1")) == Merged(0, 0, 2)
    assert store.version("dropped") == version


def test_merge_updates_what_changed_and_leaves_the_rest(store: Store) -> None:
    store.merge("dropped", dropped("b:1", "b:2"))
    version = store.version("dropped")
    news = pl.concat([dropped("b:2", reason="bad_timestamp"), dropped("b:3")])
    assert store.merge("dropped", news) == Merged(1, 1, 0)
    assert dict(store.read("dropped").select("ref", "reason").iter_rows()) == {
        "b:1": "empty",
        "b:2": "bad_timestamp",
        "b:3": "empty",
    }
    assert store.version("dropped") != version


def test_an_enumeration_and_a_null_survive_the_way_through_the_store(store: Store) -> None:
    store.merge("posts", post("it works"))
    row = store.read("posts").row(0, named=True)
    assert (row["author_role"], row["created_at"], row["collected_at"]) == ("member", None, MONDAY)
    assert store.merge("posts", post("it works")) == Merged(0, 0, 1)


def test_collecting_the_same_post_again_later_is_no_change(store: Store) -> None:
    store.merge("posts", post("it works"))
    later = post("it works", collected_at=TUESDAY)
    assert store.merge("posts", later, ignore=("collected_at",)) == Merged(0, 0, 1)
    assert store.read("posts")["collected_at"].to_list() == [MONDAY]


def test_an_edited_post_is_updated_with_its_ignored_columns(store: Store) -> None:
    store.merge("posts", post("it works"))
    edited = post("it works again", collected_at=TUESDAY)
    assert store.merge("posts", edited, ignore=("collected_at",)) == Merged(0, 1, 0)
    assert store.read("posts").select("body", "collected_at").row(0) == ("it works again", TUESDAY)


def test_merge_refuses_a_batch_with_a_repeated_key(store: Store) -> None:
    with pytest.raises(TableError, match="dropped"):
        store.merge("dropped", dropped("b:1", "b:1"))
    assert store.version("dropped") is None


# --- replace, append, select, missing ---------------------------------------------------------


def test_replace_makes_the_table_equal_and_equal_content_keeps_the_version(store: Store) -> None:
    store.replace("dropped", dropped("b:1", "b:2"))
    store.replace("dropped", dropped("b:3"))
    version = store.version("dropped")
    assert store.read("dropped").equals(dropped("b:3"))
    store.replace("dropped", dropped("b:3"))
    assert store.version("dropped") == version


def test_replace_with_nothing_empties_the_table_once(store: Store) -> None:
    store.replace("dropped", dropped("b:1"))
    store.replace("dropped", dropped())
    version = store.version("dropped")
    assert store.read("dropped").is_empty()
    store.replace("dropped", dropped())
    assert store.version("dropped") == version


def test_replace_where_touches_only_the_rows_it_names(store: Store) -> None:
    store.replace("dropped", dropped("b:1", "b:2"), where=("stage", "collect"))
    store.replace("dropped", dropped("p:1", stage="clean"), where=("stage", "clean"))
    store.replace("dropped", dropped("b:9"), where=("stage", "collect"))
    version = store.version("dropped")
    want = pl.concat([dropped("p:1", stage="clean"), dropped("b:9")])
    assert store.read("dropped").equals(want)
    store.replace("dropped", dropped("b:9"), where=("stage", "collect"))
    assert store.version("dropped") == version


def test_replace_where_takes_a_value_with_a_quote_in_it(store: Store) -> None:
    for refs in (["b:1", "b:2"], ["b:3"]):
        frame = dropped(*refs, stage="it's")
        store.replace("dropped", frame, where=("stage", "it's"))
        assert store.read("dropped").equals(frame)


def test_a_table_that_another_version_of_the_code_wrote_is_told_or_replaced(store: Store) -> None:
    store.replace("dropped", dropped("a"))
    older = dropped("a").drop("detail")
    write_deltalake(f"{store.url}/dropped", older, mode="overwrite", schema_mode="overwrite",
                    storage_options=store.options)  # fmt: skip
    with pytest.raises(StoreError, match="another version of feedbackminer"):
        store.read("dropped")
    store.replace("dropped", dropped("a", "b"))
    assert store.read("dropped")["ref"].to_list() == ["a", "b"]


def test_append_adds_rows_and_select_finds_them_by_key(store: Store) -> None:
    keys = pl.DataFrame({"content_hash": ["h" * 16, "i" * 16], "encoder": "mini"})
    vector = keys.head(1).with_columns(
        vector=pl.lit(b"\x00\x3c"), middle=pl.lit(b"\x00\x00"), sentences=pl.lit(b"")
    )
    assert store.select("vectors", keys).is_empty()
    store.append("vectors", vector)
    assert store.select("vectors", keys).equals(vector)


def test_rows_under_one_mark_are_added_once(store: Store) -> None:
    assert not store.has_appended("dropped", "run:part")
    for _ in range(2):
        store.append_once("dropped", dropped("b:1"), "run:part")
    store.append_once("dropped", dropped("b:2"), "run:other")
    assert store.has_appended("dropped", "run:part")
    assert store.read("dropped")["ref"].to_list() == ["b:1", "b:2"]

    store.append("dropped", dropped("b:3"))
    store.purge("dropped")
    store.append_once("dropped", dropped("b:1"), "run:part")  # what is purged keeps its marks
    assert store.read("dropped")["ref"].to_list() == ["b:1", "b:2", "b:3"]


def test_what_anybody_writes_is_read_at_once(store: Store) -> None:
    other = Store(store.url, store.options)
    for n in range(3):
        for writes, reads in ((store, other), (other, store)):
            writes.append("dropped", dropped(f"{n} {writes is store}"))
            assert reads.version("dropped") == writes.version("dropped")
            assert reads.read("dropped").equals(writes.read("dropped"))
            assert reads.read("dropped", ["ref"]).height == reads.read("dropped").height
    assert store.read("dropped").height == 6


def test_a_table_that_was_removed_and_made_again_is_another_one(tmp_path: Path) -> None:
    store, other = Store(tmp_path), Store(tmp_path)
    other.append("dropped", dropped("a"))
    assert store.read("dropped")["ref"].to_list() == ["a"]
    shutil.rmtree(tmp_path / "dropped")
    assert store.read("dropped").is_empty()
    other.append("dropped", dropped("b"))
    assert store.version("dropped") == 1  # as it was with the row that is gone
    assert store.read("dropped")["ref"].to_list() == ["b"]
    store.append("dropped", dropped("c"))
    assert other.read("dropped")["ref"].to_list() == ["b", "c"]


def test_a_table_that_has_not_changed_is_not_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open one reads its log, which grows with every write: half of the time of small runs."""
    store = Store(tmp_path)
    store.append("dropped", dropped("a"))
    monkeypatch.setattr("feedbackminer.project.opened.DeltaTable", None)
    for _ in range(2):
        assert store.read("dropped")["ref"].to_list() == ["a"]
        assert store.recall("dropped").height == store.files("dropped") == 1
        store.append("dropped", dropped("b"))
        store.replace("dropped", dropped("a"))


def test_another_process_opens_the_tables_for_itself(tmp_path: Path) -> None:
    store = Store(tmp_path, {"timeout": "5s"})
    store.append("dropped", dropped("a"))
    assert store.read("dropped").height == 1
    sent = copy.deepcopy(store)  # as it is sent
    assert (sent.url, sent.options) == (store.url, store.options)
    assert sent.read("dropped").equals(store.read("dropped"))


@pytest.mark.parametrize("write", ["merge", "append", "replace", "rewrite"])
def test_a_table_of_the_version_before_gets_the_columns_that_came_since(
    write: str, store: Store
) -> None:
    older = dropped("a").with_columns(detail=pl.lit("language fr")).drop("value", "other_ref")
    write_deltalake(f"{store.url}/dropped", older, mode="overwrite", schema_mode="overwrite",
                    storage_options=store.options)  # fmt: skip
    before = store.version("dropped")
    assert store.read("dropped")["value"].to_list() == ["fr"]
    assert store.version("dropped") == before  # who reads changes nothing

    if write == "rewrite":
        store.rewrite(("dropped",), lambda tables: {"dropped": pl.concat(
            [tables["dropped"], dropped("b")])})  # fmt: skip
    else:
        frame = pl.concat([store.read("dropped"), dropped("b")]) if write == "replace" else None
        getattr(store, write)("dropped", dropped("b") if frame is None else frame)

    rows = store.read("dropped").select("ref", "value").rows()
    assert rows == [("a", "fr"), ("b", "")]


def test_steps_of_the_version_before_tell_what_they_were_part_of(store: Store) -> None:
    step = {
        "stage": "collect", "reused": False, "rows_in": 1, "rows_out": 1, "dropped": "{}",
        "seconds": 0.1, "settings_hash": "s", "code_version": "0.1.0", "models": "{}",
        "reads": "{}", "writes": "{}", "notices": [], "finished_at": day(0),
    }  # fmt: skip
    runs = [
        {"run_id": "20260105T000000-abc123", "fingerprint": "f" * 24},
        {"run_id": "20260105T000000-abc123-forum", "fingerprint": "source:forum"},
    ]
    types = {k: v for k, v in column_types(Runs).items() if k not in ("source", "parent_run")}
    older = pl.DataFrame([step | run for run in runs], schema=types)
    write_deltalake(f"{store.url}/runs", older, storage_options=store.options)
    steps = store.read("runs").sort("run_id").select("source", "parent_run").rows()
    assert steps == [("", ""), ("forum", "20260105T000000-abc123")]


def test_rows_that_an_older_process_adds_meanwhile_are_read_like_the_others(store: Store) -> None:
    older = dropped("b").with_columns(detail=pl.lit("language fr")).drop("value", "other_ref")
    store.merge("dropped", dropped("a"))
    write_deltalake(f"{store.url}/dropped", older, mode="append", schema_mode="merge",
                    storage_options=store.options)  # fmt: skip
    assert store.read("dropped").select("ref", "value").rows() == [("a", ""), ("b", "fr")]


@pytest.mark.parametrize("name", ["dropped", "audit"])
def test_nothing_is_added_to_a_table_of_columns_that_nobody_knows(name: str, store: Store) -> None:
    newer = dropped("a").with_columns(strange=pl.lit("?"))
    write_deltalake(f"{store.url}/{name}", newer, storage_options=store.options)
    rows = {"dropped": dropped("b"), "audit": event()}[name]
    with pytest.raises(StoreError, match="another version of feedbackminer"):
        store.append(name, rows)


def event() -> pl.DataFrame:
    row = {"event_id": "e", "at": day(0), "run_id": "r", "action": "import", "subject": "a",
           "rows": 1, "detail": ""}  # fmt: skip
    return check(pl.DataFrame([row]), Audit, where="test")


# --- several writers at once ------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.slow
def test_processes_that_merge_at_once_lose_nothing_and_double_nothing(
    store: Store, two_processes: ProcessPoolExecutor
) -> None:
    batches = [[f"{n}:{i}" for i in range(first, first + 4)] for n in range(5) for first in (0, 2)]
    _each(two_processes, store.merge, [dropped(*refs) for refs in batches])
    want = sorted({ref for refs in batches for ref in refs})
    assert store.read("dropped")["ref"].to_list() == want


@pytest.mark.slow
def test_processes_that_append_at_once_lose_nothing_and_add_once_what_has_one_mark(
    store: Store, two_processes: ProcessPoolExecutor
) -> None:
    parts = [dropped(f"{n}:1", f"{n}:2") for n in range(6) for _ in range(2)]
    marks = [f"run:{n}" for n in range(6) for _ in range(2)]
    list(two_processes.map(store.append_once, ["dropped"] * len(parts), parts, marks))
    want = [f"{n}:{i}" for n in range(6) for i in (1, 2)]
    assert store.read("dropped")["ref"].to_list() == want


def test_of_two_that_add_under_one_mark_at_the_same_moment_one_does(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(5):
            start, store = Barrier(2), Store(tmp_path / str(number))
            store.make_ready("dropped")
            pair = [pool.submit(_append_at, start, store, dropped("b:1")) for _ in range(2)]
            assert [future.result() for future in pair] == [None, None]
            assert store.read("dropped")["ref"].to_list() == ["b:1"]


def _append_at(start: Barrier, store: Store, frame: pl.DataFrame) -> None:
    start.wait()
    store.append_once("dropped", frame, "run:part")


def test_writers_that_create_a_table_at_once_double_nothing(tmp_path: Path) -> None:
    # Threads, because they can start within a microsecond; delta-rs runs them side by side.
    with ThreadPoolExecutor(2) as pool:
        for number in range(5):
            start = Barrier(2)
            pair = [
                pool.submit(_merge_at, start, Store(tmp_path / str(number)), dropped(*refs))
                for refs in (["b:1", "b:2"], ["b:2", "b:3"])
            ]
            assert sum(future.result().inserted for future in pair) >= 3
            found = Store(tmp_path / str(number)).read("dropped")
            assert found["ref"].to_list() == ["b:1", "b:2", "b:3"]


def _merge_at(start: Barrier, store: Store, frame: pl.DataFrame) -> Merged:
    start.wait()
    return store.merge("dropped", frame)


@pytest.mark.slow
def test_processes_that_replace_the_same_rows_at_once_leave_one_version_of_them(
    tmp_path: Path, two_processes: ProcessPoolExecutor
) -> None:
    store = Store(tmp_path)
    replace = partial(store.replace, where=("stage", "collect"))
    _each(two_processes, replace, [dropped("b:1", "b:2", reason=f"number {n}") for n in range(6)])
    found = store.read("dropped")
    assert found["ref"].to_list() == ["b:1", "b:2"]
    assert found["reason"].n_unique() == 1


def _each(
    pool: ProcessPoolExecutor, write: Callable[..., object], frames: list[pl.DataFrame]
) -> None:
    """Write every frame to the table ``dropped``, two at a time; raises what a write raised."""
    list(pool.map(write, ["dropped"] * len(frames), frames))


# --- failures ---------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_full_disk_is_told_and_what_is_stored_stays(small_disk: Path) -> None:
    store = Store(small_disk / "tables")
    store.merge("dropped", dropped("b:1"))
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(4_000_000))
    with pytest.raises(StoreError, match=r"dropped: could not be written: .*free some space"):
        store.merge("dropped", dropped("b:2"))
    with pytest.raises(StoreError, match="free some space"):
        store.replace("dropped", dropped("b:2"))
    filler.unlink()
    assert store.read("dropped").equals(dropped("b:1"))
    assert store.merge("dropped", dropped("b:2")) == Merged(1, 0, 0)


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store(tmp_path / "file" / "tables")
    with pytest.raises(StoreError, match=r"file/tables/dropped: could not be written: ") as caught:
        store.merge("dropped", dropped("b:1"))
    assert "check that it exists" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("damage", [Path.unlink, partial(Path.write_bytes, data=b"cut")])
def test_a_damaged_table_is_told(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    store = Store(tmp_path)
    store.merge("dropped", dropped("b:1"))
    for file in (tmp_path / "dropped").glob("*.parquet"):
        damage(file)
    with pytest.raises(StoreError, match="dropped: could not be read"):
        store.read("dropped")


@pytest.mark.slow
def test_a_missing_bucket_is_told(s3_options: dict[str, str]) -> None:
    with pytest.raises(StoreError, match=r"address, bucket and keys"):
        Store("s3://nobody-made-me", s3_options | S3_KEYS).merge("dropped", dropped("b:1"))


@pytest.mark.slow
def test_the_keys_of_an_object_store_may_stand_in_the_environment(
    s3_options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in S3_KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    store = Store("s3://community/keys-from-environment", s3_options)
    store.merge("dropped", dropped("b:1"))
    assert store.read("dropped").equals(dropped("b:1"))


def test_vectors_of_an_older_contract_are_not_found_and_start_anew(store: Store) -> None:
    keys = pl.DataFrame({"content_hash": ["a" * 16], "encoder": ["e"]})
    older = keys.with_columns(vector=pl.lit(b"\x00\x3c"))
    write_deltalake(f"{store.url}/vectors", older, storage_options=store.options)
    assert store.select("vectors", keys).is_empty()
    store.append("vectors", older.with_columns(middle=pl.lit(b"\x00\x00"), sentences=pl.lit(b"")))
    assert len(store.select("vectors", keys)) == 1


def test_many_small_writes_end_in_few_files_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedbackminer.project.store.MANY_FILES", 8)
    store = Store(tmp_path)
    for number in range(20):
        store.merge("dropped", dropped(f"row {number:03}"))
    assert len(store.read("dropped")) == 20
    assert len(DeltaTable(str(tmp_path / "dropped")).file_uris()) < 10


# --- old versions -----------------------------------------------------------------------------


def test_a_table_is_read_as_it_once_was(store: Store) -> None:
    store.merge("dropped", dropped("b:1"))
    version = store.version("dropped")
    store.merge("dropped", dropped("b:2"))
    assert store.read("dropped", version=version).equals(dropped("b:1"))


def test_a_version_whose_log_was_removed_is_told_and_never_reads_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for ref in ("b:1", "b:2"):
        store.merge("dropped", dropped(ref))
    DeltaTable(tmp_path / "dropped").create_checkpoint()
    for number in (0, 1):
        (tmp_path / "dropped" / "_delta_log" / f"{number:020}.json").unlink()
    assert len(store.read("dropped")) == 2
    with pytest.raises(StoreError, match="dropped: version 1 is not kept any more"):
        store.read("dropped", version=1)


# --- erasing ----------------------------------------------------------------------------------


def test_rewrite_writes_only_what_changes_and_counts_it(store: Store) -> None:
    store.merge("dropped", dropped("b:1", "b:2", "b:3"))
    store.merge("dropped", dropped("c", stage="clean"))
    version = store.version("dropped")
    keep = pl.col("ref") != "b:1"
    told = pl.when(pl.col("ref") == "b:2").then(pl.lit("less")).otherwise("detail")
    assert store.rewrite(
        ["dropped", "runs"],
        lambda old: {"dropped": old["dropped"].filter(keep).with_columns(detail=told)},
    ) == {"dropped": Rewritten(removed=1, changed=1)}
    assert store.read("dropped")["ref"].to_list() == ["c", "b:2", "b:3"]
    assert version is not None
    assert store.version("dropped") == version + 1
    assert store.rewrite(["dropped"], lambda old: old) == {}
    assert store.version("dropped") == version + 1


@pytest.mark.parametrize("write", ["merge", "append"])
def test_what_another_process_writes_during_a_rewrite_is_kept_and_rewritten_too(
    store: Store, write: str
) -> None:
    store.merge("dropped", dropped("b:1", "secret:1"))
    rival = [dropped("b:2", "secret:2")]

    def without_secrets(old: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        while rival:
            getattr(Store(store.url, store.options), write)("dropped", rival.pop())
        return {"dropped": old["dropped"].filter(~pl.col("ref").str.contains("secret"))}

    store.rewrite(["dropped"], without_secrets)
    assert store.read("dropped")["ref"].to_list() == ["b:1", "b:2"]


def test_purge_leaves_one_version_and_nothing_of_what_was_before(store: Store) -> None:
    store.merge("dropped", dropped("secret:1"))
    store.append("dropped", dropped("secret:2"))
    store.replace("dropped", dropped("b:1"))
    version = store.version("dropped")
    told = store.purge("dropped")
    assert (told.versions, told.files > 4) == (3, True)
    assert store.read("dropped").equals(dropped("b:1"))
    now = store.version("dropped")
    assert version is not None
    assert now is not None
    assert now > version
    with pytest.raises(StoreError):
        store.read("dropped", version=version)
    assert (store.purge("dropped").files, store.version("dropped")) == (0, now)
    store.merge("dropped", dropped("b:2"))
    assert store.read("dropped")["ref"].to_list() == ["b:1", "b:2"]
    if "://" not in store.url:
        assert not [f for f in Path(store.url).rglob("*") if f.is_file() and b"secret" in
                    f.read_bytes()]  # fmt: skip


def test_purge_removes_the_files_of_writes_that_were_cut_off(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.merge("dropped", dropped("b:1"))
    folder = tmp_path / "dropped"
    drafts = ["part-1.parquet", "part-2.parquet#1", "_delta_log/_commit_1.json.tmp"]
    for draft in drafts:
        (folder / draft).write_text("secret")
    store.purge("dropped")
    assert not [draft for draft in drafts if (folder / draft).exists()]
    assert store.read("dropped").equals(dropped("b:1"))


@pytest.mark.slow
def test_purge_leaves_files_that_another_machine_may_be_about_to_name(
    s3_options: dict[str, str],
) -> None:
    store = Store("s3://community/in-flight", s3_options | S3_KEYS)
    store.merge("dropped", dropped("b:1"))
    files = DeltaStorageHandler(f"{store.url}/dropped", store.options)
    files._handler.copy_file(_a_file_of(store), "part-young.parquet")
    store.purge("dropped")
    assert [info.path for info in files.get_file_info(["part-young.parquet"]) if info.is_file]


def _a_file_of(store: Store) -> str:
    uris = DeltaTable(f"{store.url}/dropped", storage_options=store.options).file_uris()
    return str(uris[0]).rpartition("/")[2]


def test_a_purge_that_was_cut_off_leaves_a_readable_table_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    for ref in ("b:1", "b:2", "b:3"):
        store.merge("dropped", dropped(ref))
    deleted: list[str] = []

    def cut_off(_: DeltaStorageHandler, path: str) -> None:
        if deleted:
            raise KeyboardInterrupt
        deleted.append(path)
        (tmp_path / "dropped" / path).unlink()

    monkeypatch.setattr(DeltaStorageHandler, "delete_file", cut_off)
    with pytest.raises(KeyboardInterrupt):
        store.purge("dropped")
    monkeypatch.undo()
    assert len(store.read("dropped")) == 3
    store.purge("dropped")
    assert len(store.read("dropped")) == 3
    assert len(list((tmp_path / "dropped" / "_delta_log").glob("*.json"))) == 1
