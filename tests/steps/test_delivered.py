"""An erasure reaches what was delivered, tells what is out of reach, and has nothing sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy

from feedbackminer.engine.run import Run
from feedbackminer.erasure.receipt import Receipt
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.erase import forget
from feedbackminer.steps.publish import Request, publish
from tests.support.erase_project import NAME, mined, needles, remains
from tests.support.mailbox import ANN, Mailbox

pytestmark = pytest.mark.slow  # each in a mined project of its own


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_digest(Run(mined(tmp_path)), tmp_path / "digest")
    return tmp_path


def channels(place: Path, box: Mailbox) -> dict[str, Any]:
    parts = ["support", "product"]
    return {
        "site": {"kind": "folder", "path": str(place / "site")},
        "notes": {
            "kind": "folder", "path": str(place / "notes"), "format": "markdown", "editions": parts
        },
        "team": box.channel(to=[ANN], editions=parts),
        "bi": {"kind": "warehouse", "url": f"sqlite:///{place}/bi.db"},
        "lake": {"kind": "warehouse", "folder": str(place / "lake")},
    }  # fmt: skip


def opened(place: Path, channels: dict[str, Any]) -> Project:
    settings = {"digest": {"product": "Inkwren"}, "channels": channels}
    return open_project(place / "project", settings)


def delivered(project: Project, folder: Path, **request: Any) -> list[str]:
    return [one.status for one in publish(Run(project), folder, Request(**request))]


def of_the_member(project: Project) -> list[str]:
    """Return what to look for afterwards."""
    member = Pseudonyms(load_or_create_key(project.key_path)).of(NAME)
    return needles(project.store.read("posts").filter(author_id=member), member)


def told(receipt: Receipt, name: str) -> str:
    (line,) = [line for line in receipt.lines() if line.startswith(f"  delivered by {name}: ")]
    return line


def asked(place: Path, query: str) -> Any:
    engine = sqlalchemy.create_engine(f"sqlite:///{place}/bi.db", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text(query)).scalar_one()


def test_no_word_or_id_is_left_where_it_was_delivered(place: Path, box: Mailbox) -> None:
    project = opened(place, channels(place, box))
    assert {*delivered(project, place / "digest")} == {"sent"}
    wanted = of_the_member(project)
    assert {"site", "lake", "bi.db"} <= {
        Path(file).relative_to(place).parts[0] for file in remains([place], wanted)
    }
    receipt = forget(Run(project), author=NAME)
    box.mails.clear()
    (place / "forum.jsonl").unlink()
    assert remains([place], wanted) == {}
    assert receipt.digests[str(place / "site")] == "rendered again"
    assert told(receipt, "notes").endswith("2 files removed; the next delivery writes them again")
    assert told(receipt, "bi").endswith("removed or counted anew")
    assert "2 messages may hold some of it" in told(receipt, "team")


def test_a_delivery_that_failed_after_another_hides_nothing(place: Path, box: Mailbox) -> None:
    settings = channels(place, box)
    project = opened(place, settings)
    delivered(project, place / "digest")
    wanted = of_the_member(project)
    (place / "site" / "mine.txt").write_text("This is no digest.")
    (place / "notes" / "editions").rename(place / "notes" / "away")
    (place / "notes" / "editions").write_text("This is no folder.")
    (place / "bi.db").rename(place / "away.db")
    (place / "bi.db").mkdir()
    settings["team"]["port"] = 1
    statuses = delivered(opened(place, settings), place / "digest", again=True)
    assert statuses == ["failed"] * 6 + ["sent"]

    (place / "site" / "mine.txt").unlink()
    (place / "notes" / "editions").unlink()
    (place / "notes" / "away").rename(place / "notes" / "editions")
    (place / "bi.db").rmdir()
    (place / "away.db").rename(place / "bi.db")
    receipt = forget(Run(project), author=NAME)
    (place / "forum.jsonl").unlink()
    box.mails.clear()
    assert remains([place], wanted) == {}
    assert "2 messages may hold some of it" in told(receipt, "team")


def test_a_place_that_the_settings_named_before_is_reached_too(place: Path, box: Mailbox) -> None:
    settings = {name: channels(place, box)[name] for name in ("site", "notes")}
    delivered(opened(place, settings), place / "digest")
    for name in settings:
        settings[name]["path"] = str(place / "new" / name)
    project = opened(place, settings)
    wanted = of_the_member(project)
    assert {*delivered(project, place / "digest")} == {"sent"}
    assert "site" in {Path(file).relative_to(place).parts[0] for file in remains([place], wanted)}
    receipt = forget(Run(project), author=NAME)
    (place / "forum.jsonl").unlink()
    assert remains([place], wanted) == {}
    assert {str(place / "site"), str(place / "new" / "site")} <= {*receipt.digests}


def test_what_stays_in_a_warehouse_still_sums_up(place: Path, box: Mailbox) -> None:
    project = opened(place, channels(place, box))
    delivered(project, place / "digest")
    forget(Run(project), author=NAME)
    n_claims = asked(place, "SELECT count(*) FROM digest_claims")
    differing = """SELECT count(*) FROM digest_claims c WHERE n_posts != (
        SELECT count(*) FROM digest_claim_posts p WHERE p.claim_id = c.claim_id)"""
    assert n_claims > 0
    assert asked(place, differing) == 0
    weeks = asked(place, "SELECT sum(n_posts) FROM digest_voice_weeks")
    assert weeks == asked(place, "SELECT count(voice) FROM digest_posts")


def test_a_digest_that_was_rendered_again_is_not_mailed_again(place: Path, box: Mailbox) -> None:
    project = opened(place, channels(place, box))
    delivered(project, place / "digest")
    periods = project.store.read("periods")["until"][0]
    newest = project.store.read("posts").sort("created_at")["post_id"][-1]
    for post_id in (newest, "forum:native-000051-post", "forum:native-000050-post"):
        forget(Run(project), post_id=post_id)
    assert project.store.read("periods")["until"][0] < periods  # so it is of another period
    assert delivered(project, place / "digest", channels=["team"]) == ["before", "before"]
    assert len(box.mails) == 2
    assert delivered(project, place / "digest", channels=["notes", "bi"]) == ["sent"] * 3


def test_a_warehouse_out_of_reach_is_told_and_erased_by_the_next_delivery(
    place: Path, box: Mailbox
) -> None:
    project = opened(place, channels(place, box))
    delivered(project, place / "digest")
    wanted = of_the_member(project)
    (place / "bi.db").rename(place / "away.db")
    (place / "bi.db").mkdir()
    receipt = forget(Run(project), author=NAME)
    assert "not reached (the database" in told(receipt, "bi")
    assert told(receipt, "bi").endswith("the next delivery erases it there")
    (place / "bi.db").rmdir()
    (place / "away.db").rename(place / "bi.db")
    delivered(project, place / "digest", channels=["bi"])
    with sqlalchemy.create_engine(f"sqlite:///{place}/bi.db").connect() as connection:
        connection.execute(sqlalchemy.text("VACUUM"))
        connection.engine.dispose()
    assert remains([place / "bi.db"], wanted) == {}
    text = (place / "bi.db").read_bytes().decode("utf-8", "ignore")
    assert not [needle for needle in wanted if needle in text]


def test_a_warehouse_that_the_settings_forgot_is_told(place: Path, box: Mailbox) -> None:
    delivered(opened(place, channels(place, box)), place / "digest", channels=["bi"])
    receipt = forget(Run(opened(place, {})), author=NAME)
    assert f"erase it at sqlite:///{place}/bi.db" in told(receipt, "bi")


def test_the_receipt_and_the_ledger_tell_no_address(place: Path, box: Mailbox) -> None:
    project = opened(place, channels(place, box))
    delivered(project, place / "digest")
    receipt = forget(Run(project), author=NAME)
    kept = str(receipt.as_json()) + str(project.store.read("deliveries").rows())
    assert "ann@example.com" not in kept
    assert pl.Series([kept]).str.contains_any(of_the_member(project)).sum() == 0
