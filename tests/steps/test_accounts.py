"""Accounts of several sources: never one person by guess, always where a file says so."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from feedbackminer.engine.run import Run
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.project.project import open_project
from feedbackminer.project.store import Store
from feedbackminer.steps.erase import erase_posts, forget
from feedbackminer.steps.sources import collect_source
from tests.support.command import invoke, write_jsonl
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import serve

HEADER = "source,author,person\n"


def imported(
    folder: Path, source: str, *authors: str, first: int = 0, more: tuple[str, ...] = ()
) -> str:
    """Import a post of each author; every one thanks the first. Returns what was printed.

    Args:
        first: id of the first post.
    """
    rows = [
        {"id": n, "author": name, "body": f"{source} says so, thanks @{authors[0]}, number {n}"}
        for n, name in enumerate(authors, start=first)
    ]
    file = write_jsonl(folder / f"{source}.jsonl", rows)
    done = invoke("import", file, "--project", folder / "p", *more)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def authors_of(folder: Path, source: str) -> list[str]:
    posts = Store(folder / "p" / "tables").read("posts").sort("post_id")
    return [row["author_id"] for row in posts.to_dicts() if row["source"] == source]


def bodies_of(folder: Path, source: str) -> str:
    posts = Store(folder / "p" / "tables").read("posts")
    return "\n".join(row["body"] for row in posts.to_dicts() if row["source"] == source)


def test_one_name_in_two_sources_is_two_members_and_told(tmp_path: Path) -> None:
    assert "occur in another source" not in imported(tmp_path, "kitchen", "ann_z", "bob")
    printed = imported(tmp_path, "garden", "ann_z", "cy")

    kitchen, garden = authors_of(tmp_path, "kitchen"), authors_of(tmp_path, "garden")
    assert not {*kitchen} & {*garden}
    assert "1 names of it occur in another source" in printed
    assert bodies_of(tmp_path, "garden").count(f"@{garden[0]}") == 2
    assert kitchen[0] not in bodies_of(tmp_path, "garden")


def test_files_of_one_source_have_the_same_members(tmp_path: Path) -> None:
    imported(tmp_path, "kitchen", "ann_z", "bob")
    rows = [{"id": "later", "author": "ann_z", "body": "me again, a year later"}]
    later = write_jsonl(tmp_path / "later.jsonl", rows)
    done = invoke("import", later, "--project", tmp_path / "p", "--source", "kitchen")
    assert done.exit_code == 0
    assert len({*authors_of(tmp_path, "kitchen")}) == 2


def test_two_files_of_one_command_are_two_sources(tmp_path: Path) -> None:
    files = [
        write_jsonl(
            tmp_path / f"{name}.jsonl", [{"id": 1, "author": "ann_z", "body": f"in {name}"}]
        )
        for name in ("kitchen", "garden")
    ]
    assert invoke("import", *files, "--project", tmp_path / "p").exit_code == 0
    assert authors_of(tmp_path, "kitchen") != authors_of(tmp_path, "garden")


def test_sources_that_a_project_has_keep_their_pseudonyms(tmp_path: Path) -> None:
    """Before, a name was one member in all sources: it stays so where it is stored so."""
    imported(tmp_path, "kitchen", "ann_z")
    imported(tmp_path, "garden", "ann_z")
    plain = Pseudonyms(load_or_create_key(tmp_path / "p" / "pseudonym.key")).of("ann_z")
    store = Store(tmp_path / "p" / "tables")
    posts = store.read("posts").with_columns(author_id=pl.lit(plain))
    store.merge("posts", posts)

    imported(tmp_path, "garden", "ann_z", "bob")
    assert authors_of(tmp_path, "kitchen") == [plain]
    assert authors_of(tmp_path, "garden")[0] == plain


def test_a_file_joins_the_accounts_of_one_person(tmp_path: Path) -> None:
    identities = tmp_path / "people.csv"
    identities.write_text(HEADER + "kitchen,ann_z,Ann\ngarden,Ann Zed,Ann\n", "utf-8")
    more = ("--identities", str(identities))
    imported(tmp_path, "kitchen", "ann_z", "bob", more=more)
    printed = imported(tmp_path, "garden", "ANN ZED", "bob", more=more)

    kitchen, garden = authors_of(tmp_path, "kitchen"), authors_of(tmp_path, "garden")
    assert kitchen[0] == garden[0]
    assert kitchen[1] != garden[1]
    assert "1 names" in printed
    assert f"@{kitchen[0]}" in bodies_of(tmp_path, "kitchen")


def test_a_setting_names_the_file_from_the_project_and_the_option_beats_it(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "feedbackminer.toml").write_text(
        '[collect]\nidentities = "people.jsonl"\n', "utf-8"
    )
    rows = [{"source": s, "author": "ann_z", "person": "Ann"} for s in ("kitchen", "garden")]
    write_jsonl(tmp_path / "p" / "people.jsonl", rows)
    imported(tmp_path, "kitchen", "ann_z")
    imported(tmp_path, "garden", "ann_z")
    assert authors_of(tmp_path, "kitchen") == authors_of(tmp_path, "garden")

    other = write_jsonl(tmp_path / "other.jsonl", [{**rows[0], "person": "another Ann"}])
    imported(tmp_path, "kitchen", "ann_z", more=("--identities", str(other)))
    assert authors_of(tmp_path, "kitchen") != authors_of(tmp_path, "garden")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("source,author\nkitchen,ann\n", "has no person"),
        (HEADER + "kitchen,,Ann\n", "has no author"),
        (HEADER + "kitchen,ann,Ann\nkitchen,ANN,Eva\n", "another person's in a row above"),
        (HEADER, "names no account"),
        ("", "is empty"),
        (None, "no such file"),
    ],
)
def test_a_bad_file_of_identities_is_refused_and_says_why(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "people.csv").write_text(content, "utf-8")
    file = write_jsonl(tmp_path / "a.jsonl", [{"author": "ann", "body": "words of mine"}])
    done = invoke(
        *("import", file, "--project", tmp_path / "p", "--identities", tmp_path / "people.csv")
    )
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_a_live_source_keeps_its_members_apart_and_follows_their_mentions(tmp_path: Path) -> None:
    with serve(Discourse(12)) as site:
        settings = {
            name: {"kind": "discourse", "url": site.url, "private_network": True}
            for name in ("one", "two")
        }
        project = open_project(tmp_path / "p", {"sources": settings})
        first, second = (collect_source(Run(project), name) for name in settings)
    one, two = ({*authors_of(tmp_path, name)} for name in settings)
    assert len(one) == len(two)
    assert not one & two
    assert not any("occur in another source" in notice for notice in first.notices)
    assert any("occur in another source" in notice for notice in second.notices)


def test_an_erasure_by_name_reaches_all_sources_and_lasts(tmp_path: Path) -> None:
    imported(tmp_path, "kitchen", "ann_z", "bob")
    imported(tmp_path, "garden", "ann_z", "bob")
    project = open_project(tmp_path / "p")
    receipt = forget(Run(project), author="Ann_Z")
    assert receipt.posts == 2
    for source in ("garden", "kitchen"):
        imported(tmp_path, source, "ann_z", "bob", first=10)
        assert len({*authors_of(tmp_path, source)}) == 1
    assert "ann_z" not in json.dumps(project.store.read("posts").to_dicts(), default=str)


def test_an_erasure_by_pseudonym_leaves_who_has_the_name_elsewhere(tmp_path: Path) -> None:
    imported(tmp_path, "kitchen", "ann_z", "bob")
    imported(tmp_path, "garden", "ann_z", "bob")
    erased = authors_of(tmp_path, "garden")[0]
    forget(Run(open_project(tmp_path / "p")), pseudonym=erased)
    imported(tmp_path, "garden", "ann_z", "bob", first=10)
    assert len({*authors_of(tmp_path, "kitchen")}) == 2
    assert len({*authors_of(tmp_path, "garden")}) == 1


def test_who_was_erased_stays_away_when_the_other_source_is_gone(tmp_path: Path) -> None:
    imported(tmp_path, "kitchen", "ann_z")
    imported(tmp_path, "garden", "ann_z", "bob")
    project = open_project(tmp_path / "p")
    forget(Run(project), pseudonym=authors_of(tmp_path, "garden")[0])
    kitchen = project.store.read("posts").filter(pl.col("source") == "kitchen")
    erase_posts(Run(project), kitchen["post_id"].to_list(), action="retain", why="too old")
    imported(tmp_path, "garden", "ann_z", "bob", first=10)
    assert len({*authors_of(tmp_path, "garden")}) == 1
