"""``forget``, ``retain`` and ``audit`` as somebody at a terminal meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.project.store import Store
from tests.support.command import Mined, Rows, invoke, write_jsonl
from tests.support.erase_project import needles, remains

LOUDEST = "modal_mortimer"  # of the sample community: eighty posts, quoted and answered


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three posts, one of them two years old."""
    now = datetime.now(UTC)
    rows = [
        {"id": f"native-{n}", "author": name, "body": body, "created_at": when.isoformat()}
        for n, (name, body, when) in enumerate([
            ("Ann_Lee7", "The calendar forgets entries.", now),
            ("Bo_Ray9", "Ask Ann_Lee7, she knows.", now),
            ("Bo_Ray9", "An old complaint of mine.", now - timedelta(days=730)),
        ])
    ]  # fmt: skip
    done = invoke("import", write_jsonl(tmp_path / "forum.jsonl", rows), "--project",
                  tmp_path / "p", "--source", "forum")  # fmt: skip
    assert done.exit_code == 0, done.output
    return tmp_path / "p"


def bodies(project: Path) -> list[str]:
    return Store(project / "tables").read("posts")["body"].to_list()


def test_forget_prints_a_receipt_that_names_nobody(project: Path) -> None:
    done = invoke("forget", "--author", "ann_lee7", "--project", project)
    assert done.exit_code == 0, done.output
    assert "1 posts erased (on request)" in done.stdout
    assert "not reached: exports and backups of yours" in done.stdout
    assert not [
        word for word in ("ann_lee7", "native-0", "calendar") if word in done.output.lower()
    ]
    assert bodies(project) == ["Ask [erased], she knows.", "An old complaint of mine."]


def test_forget_as_json_is_the_whole_receipt(project: Path) -> None:
    done = invoke("forget", "--post", "forum:native-2", "--project", project, "--json")
    receipt = json.loads(done.stdout)
    assert (receipt["action"], receipt["posts"]) == ("erase", 1)
    assert receipt["tables"]["posts"]["removed"] == 1
    assert len(receipt["seal"]) == 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one author"),
        (("--author", "Ann_Lee7", "--post", "forum:native-0"), "name one author"),
        (("--author", "Ann_Lee8"), "no such author"),
        (("--post", "forum:native-9"), "no such post"),
        (("--pseudonym", "m_x"), "no pseudonym"),
    ],
)
def test_forget_says_what_is_wrong(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = invoke("forget", *arguments, "--project", project)
    assert done.exit_code == 2
    assert message in done.output
    assert "Ann_Lee8" not in done.output
    assert len(bodies(project)) == 3


def test_retain_erases_what_is_older_than_the_settings_allow(project: Path) -> None:
    done = invoke("retain", "--project", project)
    assert "nothing is erased by age" in done.stdout
    (project / "feedbackminer.toml").write_text("[retain]\ndays = 365\n")
    done = invoke("retain", "--project", project)
    assert done.exit_code == 0, done.output
    assert "1 posts erased ([retain] days = 365)" in done.stdout
    assert "An old complaint of mine." not in bodies(project)


def test_audit_shows_imports_and_erasures_in_order(project: Path) -> None:
    invoke("forget", "--author", "Ann_Lee7", "--project", project)
    done = invoke("audit", "--project", project, "--json")
    rows = json.loads(done.stdout)
    events = [(row["action"], row["rows"], row["detail"]) for row in rows]
    assert events == [("import", 3, ""), ("erase", 1, "on request"), ("erase", 0, "finished")]
    done = invoke("audit", "--project", project)
    assert "forum.jsonl" in done.stdout
    assert "ann_lee7" not in done.stdout.lower()


@pytest.mark.slow
def test_the_loudest_member_is_gone_and_stays_away(sample_rows: Rows, tmp_path: Path) -> None:
    theirs_first = [row["thread_id"] for row in sample_rows if row["username"] == LOUDEST][:30]
    rows = [row for row in sample_rows if row["thread_id"] in theirs_first]
    project, out = tmp_path / "project", tmp_path / "digest"
    places = ("--project", project, "--out", out)
    export = write_jsonl(tmp_path / "inkwren.jsonl", rows)
    done = invoke("run", export, "--source", "sample", "--product", "Inkwren", *places)
    assert done.exit_code == 0, done.output
    mined = Mined(project, out, 0, done.stderr)
    member = Pseudonyms(load_or_create_key(project / "pseudonym.key")).of(LOUDEST)
    posts = mined.table("posts")
    theirs = posts.filter(pl.col("author_id") == member)
    assert len(theirs) > 25
    others = posts.filter(pl.col("author_id") != member)
    others_wrote = "\n".join([*others["body"], *others["title"].drop_nulls()])
    wanted = [n for n in needles(theirs, member) if n not in others_wrote]  # nobody else's words
    assert remains([project, out], wanted) != {}
    done = invoke("forget", "--author", LOUDEST, "--project", project)
    assert done.exit_code == 0, done.output
    assert f"digest {out}: rendered again" in done.stdout
    assert remains([project, out], wanted) == {}
    copy = write_jsonl(tmp_path / "again.jsonl", [*rows, {**rows[0], "id": "another"}])
    done = invoke("run", copy, "--source", "sample", "--product", "Inkwren", *places)
    assert done.exit_code == 0, done.output
    assert remains([project, out], wanted) == {}
    assert "erased_on_request" in str(mined.digest["account"])
