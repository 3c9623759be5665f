"""A killed run continues, ends as if nothing had happened, and a repeated one does nothing."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.embed.encoder import BUNDLED
from feedbackminer.embed.stage import CHUNK
from feedbackminer.project.store import Store
from feedbackminer.steps import mining
from feedbackminer.tables import TABLES
from tests.support import kills
from tests.support.command import (
    COMMAND,
    SAMPLE,
    Mined,
    Rows,
    environment,
    invoke,
    process,
    processor_time,
    whole_threads,
    write_jsonl,
)
from tests.support.tiny_encoder import save_tiny_encoder

STAGES = ("collect", *(stage.name for stage in mining.STAGES), "digest")
OF_THE_RUN = (  # what no two runs have in common
    *("run_id", "born_in", "fitted_in"),
    *("collected_at", "checked_at"),
)
LOGS = ("runs", "audit")  # tables of what was done, not of what came of it
SEED = 20_260_705
KILLS_AT_RANDOM = 3
LONGEST = 5.0  # seconds until a kill; a run takes about as long

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def export(sample_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 160 posts of the sample, in whole threads."""
    folder = tmp_path_factory.mktemp("export")
    return write_jsonl(folder / "inkwren.jsonl", whole_threads(sample_rows, 100))


@pytest.fixture(scope="module")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def _attempt(export: Path, folder: Path, *, encoder: str = BUNDLED) -> kills.Attempt:
    return kills.Attempt(
        *("run", export, "--project", folder / "project", "--out", folder / "out"),
        log=folder.with_suffix(".log"),
        extra={"FEEDBACKMINER_EMBED__MODEL": encoder},
    )


def _ended_stages(attempt: kills.Attempt) -> Iterator[str]:
    """Yield the name of each stage when it is done."""
    for line in attempt.lines():
        if line.split()[0:1] and line.split()[0] in STAGES:
            yield line.split()[0]


def _kill_in(stage: str, after: float, export: Path, folder: Path) -> bool:
    """Kill the command some seconds after a stage began; return whether it was still running."""
    attempt = _attempt(export, folder)
    before = STAGES.index(stage) - 1
    if before < 0:
        kills.wait_until((folder / "project").exists, attempt.process)
    elif STAGES[before] not in _ended_stages(attempt):
        raise AssertionError(f"{STAGES[before]} never ended")
    time.sleep(after)
    return attempt.kill()


def _content(mined: Mined) -> dict[str, pl.DataFrame]:
    names = [name for name in TABLES if name not in LOGS]
    tables = {name: mined.table(name) for name in names}
    return {name: frame.drop(OF_THE_RUN, strict=False) for name, frame in tables.items()}


def _said(mined: Mined) -> dict[str, Any]:
    """Return digest.json without what no two runs have in common."""
    own = ("run_id", "made_at", "seconds", "table_versions")
    said = {key: value for key, value in mined.digest.items() if key not in own}
    for topic in said["topics"]:
        topic["lineage"] = [{**turn, "at": None} for turn in topic["lineage"]]
    return said


def _assert_ends_as_if_undisturbed(export: Path, folder: Path, other: Path) -> None:
    """Run to the end, and compare with a run at one go that has the same key of pseudonyms."""
    killed = _run(export, folder)
    (other / "project").mkdir(parents=True)
    shutil.copy(folder / "project" / "pseudonym.key", other / "project")
    whole = _run(export, other)
    _assert_no_key_twice(killed.project)
    wanted = _content(whole)
    for name, frame in _content(killed).items():
        key = [c for c in TABLES[name].primary_key() if c in frame.columns]
        assert frame.sort(key).equals(wanted[name].sort(key)), f"{name} differs"
    assert _said(killed) == _said(whole)


def _run(export: Path, folder: Path) -> Mined:
    done = invoke("run", export, "--project", folder / "project", "--out", folder / "out")
    assert done.exit_code == 0, done.stderr
    return Mined(folder / "project", folder / "out", 0, done.stderr)


def _assert_no_key_twice(project: Path) -> None:
    """Read past the store's own check."""
    for name in sorted(path.name for path in (project / "tables").iterdir()):
        frame = pl.read_delta(str(project / "tables" / name))
        assert not frame.select(TABLES[name].primary_key()).is_duplicated().any(), name


@pytest.mark.usefixtures("forkserver")
def test_a_run_killed_in_every_stage_ends_as_if_undisturbed(export: Path, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    folder = tmp_path / "killed"
    for stage in STAGES:
        _kill_in(stage, chance.uniform(0, 0.3), export, folder)
    _assert_ends_as_if_undisturbed(export, folder, tmp_path / "whole")


@pytest.mark.usefixtures("forkserver")
def test_a_run_killed_at_random_moments_ends_as_if_undisturbed(
    export: Path, small_encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(SEED + 1)
    folder = tmp_path / "killed"
    monkeypatch.setenv("FEEDBACKMINER_EMBED__MODEL", small_encoder)
    for _ in range(KILLS_AT_RANDOM):
        attempt = _attempt(export, folder, encoder=small_encoder)
        attempt.process.join(chance.uniform(0.1, LONGEST))
        attempt.kill()
        if (folder / "project" / "tables" / "posts").exists():
            Store(folder / "project" / "tables").read("posts")  # whole at any moment
    _assert_ends_as_if_undisturbed(export, folder, tmp_path / "whole")


@pytest.mark.usefixtures("forkserver")
def test_a_run_killed_between_two_chunks_encodes_only_the_rest(
    small_encoder: str, tmp_path: Path
) -> None:
    count = 4 * CHUNK
    rows = [{"id": n, "body": f"Sync note {_words(n)}"} for n in range(count)]
    export = write_jsonl(tmp_path / "short.jsonl", rows)
    command = ("run", str(export), "--project", tmp_path / "project", "--out", tmp_path / "out")
    extra = {"FEEDBACKMINER_EMBED__MODEL": small_encoder}
    # This one is the command as a user starts it, from the start of Python on.
    first = subprocess.Popen([*COMMAND, *command], env=environment(extra),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    log = tmp_path / "project" / "tables" / "vectors" / "_delta_log"
    while not (log / f"{1:020d}.json").exists():  # the first chunk; commit 0 makes the table
        assert first.poll() is None, "it ended before it stored a chunk"
        time.sleep(0.01)
    first.kill()
    first.wait()
    stored = len(Store(tmp_path / "project" / "tables").read("vectors"))
    assert stored % CHUNK == 0
    assert 0 < stored < count
    second = kills.Attempt(*command, log=tmp_path / "second.log", extra=extra)
    line = next(line for line in second.lines() if line.startswith("embed"))
    second.kill()
    assert f"{count - stored:,} of {count:,} distinct texts and parts encoded" in line
    vectors = pl.read_delta(str(tmp_path / "project" / "tables" / "vectors"))
    assert len(vectors) == vectors["content_hash"].n_unique() == count


def _words(number: int) -> str:
    """Spell a number with words, for short distinct texts."""
    digits = ("oak", "elm", "ash", "fir", "yew", "bay", "fig", "nut", "ivy", "rye")
    return " ".join(digits[int(digit)] for digit in f"{number:04d}")


@dataclass(frozen=True)
class Repeated:
    """The same command on the same export twice."""

    first: Mined
    second: Mined
    told: dict[str, Any]


@pytest.fixture(scope="module")
def repeated(sample: Mined, tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    copy = sample.copy_to(tmp_path_factory.mktemp("again"))
    command = ("run", SAMPLE, "--project", copy.project, "--out", copy.out, "--product", "Inkwren")
    before = processor_time()
    done = process(*command, "--json")
    assert done.returncode == 0, done.stderr
    seconds = processor_time() - before
    return Repeated(
        sample, Mined(copy.project, copy.out, seconds, done.stderr), json.loads(done.stdout)
    )


class TestSecondRun:
    def test_does_nothing_but_the_digest(self, repeated: Repeated) -> None:
        reused = {stage["stage"]: stage["reused"] for stage in repeated.told["stages"]}
        assert reused == {stage: stage != "digest" for stage in STAGES}

    def test_leaves_every_table_at_its_version(self, repeated: Repeated) -> None:
        first, second = repeated.first, repeated.second
        names = [name for name in TABLES if name not in LOGS]
        before = Store(first.project / "tables").versions(names)
        assert Store(second.project / "tables").versions(names) == before

    def test_keeps_topics_and_says_the_same(self, repeated: Repeated) -> None:
        first, second = repeated.first, repeated.second
        assert second.table("assignments").equals(first.table("assignments"))
        assert _said(second) == _said(first)

    def test_takes_less_than_a_sixth_of_the_time(self, repeated: Repeated) -> None:
        first, second = repeated.first, repeated.second
        print(f"\nfirst run {first.seconds:.1f} s, second {second.seconds:.1f} s")
        if first.seconds > 60:  # where encoding is quick, starting Python is most of it
            assert second.seconds < 0.15 * first.seconds

    def test_on_half_of_the_export_again_encodes_nothing(
        self, repeated: Repeated, tmp_path: Path
    ) -> None:
        half = tmp_path / "posts.jsonl"
        text = SAMPLE.read_text("utf-8").splitlines(keepends=True)
        half.write_text("".join(text[: len(text) // 2]), "utf-8")
        copy = repeated.second.copy_to(tmp_path)
        told = invoke("import", half, "--project", copy.project, "--source", "sample")
        assert told.exit_code == 0, told.stderr
        assert copy.table("posts").equals(repeated.second.table("posts"))
