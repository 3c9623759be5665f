"""What the stages make, they make again, equal; what an older version left, they go on from."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feedbackminer.admin.doctor import REMADE
from feedbackminer.clean import stage as clean
from feedbackminer.embed.load import encoder_name
from feedbackminer.engine.history import past_runs
from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN, STAGES, mine
from tests.support.command import Rows, whole_threads, write_jsonl
from tests.support.tiny_encoder import save_tiny_encoder

pytestmark = pytest.mark.slow

OLDER = Path(__file__).parents[1] / "data" / "project_0_1_0.zip"  # as 117fa59 wrote it
KEYS = (("posts", "post_id"), ("topics", "topic_id"), ("members", "author_id"))
OF_THE_RUN = ("run_id", "fitted_in", "born_in", "checked_at")  # what no two runs have in common


@pytest.fixture(scope="module")
def project(sample_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Some 200 posts of the sample, mined with a quick encoder."""
    folder = tmp_path_factory.mktemp("remade")
    encoder = save_tiny_encoder(folder / "encoder")
    export = write_jsonl(folder / "inkwren.jsonl", whole_threads(sample_rows, 160))
    project = open_project(folder / "project", {"embed": {"model": encoder}})
    collect_exports(Run(project), [str(export)])
    mine(Run(project))
    return project


def remade(project: Project) -> dict[str, pl.DataFrame]:
    """Return the tables that can be made again, without what differs between runs."""
    names = (*REMADE, "lineage")  # that nothing is told of twice
    return {name: project.store.read(name).drop(OF_THE_RUN, strict=False) for name in names}


def test_every_stage_but_the_lasting_tables_can_be_made_again() -> None:
    lasting = {name for stage in STAGES for name in stage.lasting}
    assert lasting == {"topics", "lineage", "key_points", "matches", "health"}
    assert {name for stage in STAGES for name in stage.writes} - lasting == REMADE


@pytest.mark.parametrize("name", sorted(REMADE))
def test_a_table_that_was_removed_is_made_again_equal(name: str, project: Project) -> None:
    before = remade(project)
    shutil.rmtree(project.folder / "tables" / name)

    outcomes = mine(Run(project))

    after = remade(project)
    assert [table for table in before if not before[table].equals(after[table])] == []
    writer = next(stage.name for stage in STAGES if name in stage.writes)
    assert writer in {o.account.stage for o in outcomes if not o.reused}


def test_a_second_run_does_nothing(project: Project) -> None:
    mine(Run(project))
    assert all(outcome.reused for outcome in mine(Run(project)))


def test_only_what_is_new_is_read_again(
    project: Project, sample_rows: Rows, tmp_path: Path
) -> None:
    mine(Run(project))
    here = set(project.store.read("posts")["post_id"].str.split(":").list.last())
    new = [row for row in sample_rows if str(row["id"]) not in here][:30]
    copy = shutil.copytree(project.folder, tmp_path / "project")
    grown = open_project(copy, {"embed": {"model": project.settings.embed.model}})
    collect_exports(Run(grown), [str(write_jsonl(tmp_path / "new.jsonl", new))], source="inkwren")
    outcomes = {outcome.account.stage: outcome for outcome in mine(Run(grown))}

    n_before, n_now = (len(p.store.read("texts")) for p in (project, grown))
    assert outcomes["tag"].detail == f"{n_now - n_before:,} of {n_now:,} posts read anew"
    nightly = remade(grown)
    shutil.rmtree(copy / "tables" / "tags")
    shutil.rmtree(copy / "tables" / "needs")
    mine(Run(grown))
    at_once = remade(grown)  # in other batches, and so with other last digits
    for name in ("tags", "needs"):
        both = (tables[name].drop("vector", strict=False) for tables in (nightly, at_once))
        assert_frame_equal(*both, abs_tol=1e-3)


def test_of_bodies_only_those_that_changed_are_cleaned_again(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine(Run(project))
    copy = shutil.copytree(project.folder, tmp_path / "project")
    edited = open_project(copy, {"embed": {"model": project.settings.embed.model}})
    posts = project.store.read("posts")
    is_first = pl.col("post_id") == posts["post_id"][0]
    body = pl.when(is_first).then(pl.lit("I changed my mind about it.")).otherwise("body")
    edited.store.replace("posts", posts.with_columns(body=body))
    cleaned: list[str] = []
    clean_text = clean.clean_text

    def counted(body: str) -> str:
        cleaned.append(body)
        return clean_text(body)

    monkeypatch.setattr(clean, "clean_text", counted)
    Run(edited).step(CLEAN)
    assert cleaned == ["I changed my mind about it."]
    anew = clean.clean_posts(edited.store.read("posts"), settings=edited.settings.clean)
    assert edited.store.read("texts").equals(anew.texts.sort("post_id"))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("older")
    with zipfile.ZipFile(OLDER) as packed:
        packed.extractall(folder)
    return open_project(folder / "project", {"digest": {"product": "Inkwren"}})


PER_POST = (
    *("prose", "texts", "segments", "repeats", "tags", "phrases", "aspects", "needs"),
    *("replies", "threads", "members", "sentences", "clauses"),
)


def test_night_by_night_tables_become_what_mining_all_at_once_makes_of_them(
    project: Project, sample_rows: Rows, tmp_path: Path
) -> None:
    rows = whole_threads(sample_rows, 160)
    nightly = open_project(tmp_path / "nightly", {"embed": {"model": project.settings.embed.model}})
    shutil.copy(project.key_path, nightly.key_path)  # members have the same pseudonyms in both
    for until in (120, 150, len(rows)):
        export = write_jsonl(tmp_path / "inkwren.jsonl", rows[:until])
        collect_exports(Run(nightly), [str(export)])
        mine(Run(nightly))
    for name in PER_POST:
        assert_frame_equal(nightly.store.read(name), project.store.read(name), abs_tol=1e-5)


class TestProjectOfTheVersionBefore:
    def test_its_stages_are_done_once_more_and_its_texts_encoded_by_the_encoder_of_today(
        self, older: Project
    ) -> None:
        ids = {name: older.store.read(name, [key])[key].sort().to_list() for name, key in KEYS}
        n_texts = older.store.read("texts")["content_hash"].n_unique()

        first, second = mine(Run(older)), mine(Run(older))

        assert not any(outcome.reused for outcome in first)
        assert all(outcome.reused for outcome in second)
        encoders = older.store.read("vectors")["encoder"].value_counts()
        today = encoder_name(older.settings.embed)
        assert dict(encoders.iter_rows())[today] >= n_texts
        assert len(encoders) == 2  # what the version before encoded is still there
        for name, key in KEYS:  # by the encoder of today there may be a topic more
            assert {*ids[name]} <= {*older.store.read(name, [key])[key]}

    def test_its_digest_can_be_written_before_it_is_mined_again(
        self, older: Project, tmp_path: Path
    ) -> None:
        write_digest(Run(older), tmp_path / "digest")
        assert (tmp_path / "digest" / "index.html").is_file()

    def test_it_goes_on(self, older: Project, sample_rows: Rows, tmp_path: Path) -> None:
        before = len(older.store.read("posts"))
        more = write_jsonl(tmp_path / "posts.jsonl", sample_rows[-20:])
        collect_exports(Run(older), [str(more)], source="later")
        mine(Run(older))
        write_digest(Run(older), tmp_path / "digest")
        assert len(older.store.read("posts")) == before + 20
        assert (tmp_path / "digest" / "index.html").is_file()

    def test_its_runs_are_still_told_of(self, older: Project) -> None:
        runs = past_runs(older.store)
        assert any(run.steps[-1]["stage"] == "digest" for run in runs)
        assert all(step["source"] == "" for run in runs for step in run.steps)
