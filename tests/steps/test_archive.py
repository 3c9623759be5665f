"""An archive keeps the digest of each period, and its index tells what is there, no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from selectolax.lexbor import LexborHTMLParser as Html

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.archive import Destination, before_in, check_archive, digests_in, renew
from feedbackminer.steps.erase import forget
from tests.support.builders import day, periods
from tests.support.command import invoke
from tests.support.erase_project import NAME, WORDS, mined, needles, remains

pytestmark = pytest.mark.slow  # with a project that was mined


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mined(tmp_path_factory.mktemp("original")).folder


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Project:
    shutil.copytree(original, tmp_path / "project")
    return open_project(tmp_path / "project", {"digest": {"product": "Inkwren"}})


def archived(project: Project, archive: Path, *, until: float = 60) -> Path:
    """Write the digest of a month into an archive; return its folder."""
    month = periods(day(until - 31), day(until), name="month")
    project.store.replace("periods", month)
    destination = Destination(archive=archive)
    destination.write(Run(project))
    return destination.folder(project)


def listed(archive: Path) -> list[str]:
    links = Html((archive / "index.html").read_text("utf-8")).css("h2 a")
    return [(link.attributes["href"] or "").partition("/")[0] for link in links]


def test_each_period_has_a_folder_and_a_digest_of_the_same_period_replaces_it(
    project: Project, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    first = archived(project, archive, until=40)
    before = (first / "digest.json").read_text("utf-8")
    second = archived(project, archive, until=60)
    again = archived(project, archive, until=40)
    assert first == again != second
    assert (first / "digest.json").read_text("utf-8") != before, "of a later run"
    assert listed(archive) == [second.name, first.name]
    assert before_in(archive, project) is None
    assert {path.name for path in archive.iterdir()} == {
        first.name, second.name, "index.html", "style.css"
    }  # fmt: skip


def test_the_digest_before_is_of_a_time_as_long_that_ended_sooner(
    project: Project, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    first = archived(project, archive, until=20)
    second = archived(project, archive, until=40)
    archived(project, archive, until=60)
    assert before_in(archive, project) == second
    shutil.rmtree(second)
    assert before_in(archive, project) == first
    project.store.replace("periods", periods(day(0), day(60), name="quarter"))
    assert before_in(archive, project) is None


def test_every_link_of_the_index_leads_to_a_page(project: Project, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    folder = archived(project, archive)
    (folder / "editions" / "product.html").unlink()  # as in a digest of an older version
    renew(archive)
    links = Html((archive / "index.html").read_text("utf-8")).css("[href]")
    assert len(links) == 6
    assert all((archive / (link.attributes["href"] or "")).is_file() for link in links)


def test_what_is_no_digest_is_told_and_stops_nothing(project: Project, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    folder = archived(project, archive)
    for name, text in {"damaged": '{"title":', "empty": ""}.items():
        (archive / name).mkdir()
        (archive / name / "digest.json").write_text(text)
    (archive / "notes").mkdir()
    (archive / "notes.txt").write_text("mine")
    (archive / "loop").symlink_to(archive / "loop")
    archived(project, archive)
    assert listed(archive) == [folder.name]
    page = (archive / "index.html").read_text("utf-8")
    assert all(f"<code>{name}</code>" in page for name in ("damaged", "empty", "notes"))
    assert (archive / "notes.txt").read_text() == "mine"
    assert len(digests_in(archive)) == 4


def test_a_folder_of_something_else_is_no_archive(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        check_archive(tmp_path / "file")
    for name in ("notes.txt", "index.html"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text("mine")
        with pytest.raises(InputError, match="no archive of digests"):
            Destination(archive=folder).write(Run(project))
        assert [path.name for path in folder.iterdir()] == [name]
    Destination(out=tmp_path / "digest").write(Run(project))
    with pytest.raises(InputError, match="no archive of digests"):
        check_archive(tmp_path / "digest")


def test_a_digest_goes_to_one_place(tmp_path: Path) -> None:
    for places in ({}, {"out": tmp_path, "archive": tmp_path}):
        with pytest.raises(InputError, match="one of the two"):
            Destination(**places)


def test_the_command_writes_into_an_archive(project: Project, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    done = invoke("digest", "--project", project.folder, "--archive", archive)
    assert done.exit_code == 0, done.stderr
    (name,) = listed(archive)
    assert str(archive / name / "index.html") in done.stderr
    both = invoke("digest", "--project", project.folder, "--archive", archive, "--out", archive)
    assert both.exit_code == 2
    assert "one of the two" in both.stderr


# ── erasure ──────────────────────────────────────────────────────────────────────────────────


def headed_by_the_erased(project: Project) -> list[str]:
    """Let a claim be headed by words of the member to erase; return what must not stay."""
    posts = project.store.read("posts").filter(pl.col("body") == WORDS[0])
    post = posts.row(0, named=True)
    claims = project.store.read("claims").sort("rank_score", descending=True)
    headed = pl.Series([True] + [False] * (len(claims) - 1))
    words = post["body"][:60]
    kept = claims.with_columns(
        kind=pl.when(headed).then(pl.lit("problem")).otherwise("kind"),
        headline=pl.when(headed).then(pl.lit(f"“{words}”: 3 members")).otherwise("headline"),
        quoted=pl.when(headed).then(pl.lit(words)).otherwise("quoted"),
        quoted_from=pl.when(headed).then(pl.lit(post["post_id"])).otherwise("quoted_from"),
        rank_score=pl.when(headed).then(99.0).otherwise("rank_score"),
    )
    project.store.replace("claims", kept)
    return needles(posts)


def test_the_index_forgets_with_its_digests(project: Project, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    wanted = headed_by_the_erased(project)
    folder = archived(project, archive)
    assert str(archive / "index.html") in remains([archive], wanted)
    receipt = forget(Run(project), author=NAME)
    assert remains([archive], wanted) == {}
    assert listed(archive) == [folder.name]
    assert receipt.digests == {
        str(folder): "rendered again",
        str(archive): "its index was renewed",
    }


def test_the_index_forgets_a_digest_that_is_withdrawn(project: Project, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    wanted = headed_by_the_erased(project)
    folder = archived(project, archive)
    (folder / "digest.json").write_text("{")
    forget(Run(project), author=NAME)
    assert remains([archive], wanted) == {}
    assert listed(archive) == []
