"""Erasing: nothing of it is found again in any byte, what others said stays, and it stays away."""

from __future__ import annotations

import json
import random
import shutil
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import ERASED
from feedbackminer.project.project import Project, open_project
from feedbackminer.project.store import Store
from feedbackminer.settings.sections import RetainSettings
from feedbackminer.steps import mining
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.erase import erase_posts, forget, retain
from feedbackminer.steps.exports import collect_exports
from feedbackminer.tables import TABLES, Phrases, column_types
from tests.support import kills
from tests.support.builders import day
from tests.support.command import invoke
from tests.support.erase_project import NAME, WORDS, export, mined, needles, remains

pytestmark = pytest.mark.slow  # each in a mined project of its own


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was mined and published, for copies."""
    folder = tmp_path_factory.mktemp("original")
    write_digest(Run(mined(folder)), folder / "digest")
    shutil.rmtree(folder / "project" / "tables" / "audit")  # it tells where this digest is
    return folder


@pytest.fixture
def place(original: Path, tmp_path: Path) -> Path:
    """A copy of it, as if it had always been there."""
    for name in ("project", "digest"):
        shutil.copytree(original / name, tmp_path / name)
    run = Run(project_at(tmp_path))
    audit.record(run, "publish", str(tmp_path / "digest"), 1)
    return tmp_path


def project_at(place: Path) -> Project:
    return open_project(place / "project", {"digest": {"product": "Inkwren"}})


def pseudonym(project: Project, name: str = NAME) -> str:
    return Pseudonyms(load_or_create_key(project.key_path)).of(name)


def posts_of(project: Project, member: str) -> pl.DataFrame:
    return project.store.read("posts").filter(pl.col("author_id") == member)


def found_in(place: Path, wanted: list[str]) -> dict[str, list[str]]:
    return remains([place / "project", place / "digest"], wanted)


class TestAMember:
    def test_no_id_no_name_and_no_twenty_characters_are_in_any_file_afterwards(
        self, place: Path
    ) -> None:
        project = project_at(place)
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        before = found_in(place, wanted)
        assert len(before) > 20
        assert str(place / "digest" / "assets" / "search-entries.js") in before
        receipt = forget(Run(project), author=NAME)
        assert found_in(place, wanted) == {}
        assert receipt.posts == 4
        assert receipt.digests == {str(place / "digest"): "rendered again"}

    def test_what_others_said_stays_in_every_table(self, place: Path) -> None:
        project = project_at(place)
        member = pseudonym(project)
        before = {name: project.store.read(name) for name in ("posts", "prose", "texts", "tags")}
        forget(Run(project), pseudonym=member)
        erased = before["posts"].filter(pl.col("author_id") == member)["post_id"].to_list()
        for name, table in before.items():
            after = project.store.read(name)
            assert after["post_id"].to_list() == [i for i in table["post_id"] if i not in erased]
            assert len(after.join(table, on=["post_id", *_texts_in(name)])) == len(after) - 2

    def test_a_body_that_was_changed_is_no_longer_known_by_the_hash_of_what_it_was(
        self, place: Path
    ) -> None:
        project = project_at(place)
        before = project.store.read("prose")
        forget(Run(project), author=NAME)
        changed = project.store.read("prose").join(before, on=["post_id", "text"], how="anti")
        assert changed["read_as"].to_list() == ["", ""]

    def test_phrases_of_a_sentence_that_was_changed_are_not_taken_for_those_of_what_it_was(
        self, place: Path
    ) -> None:
        project = project_at(place)
        before = project.store.read("prose")
        flags = {name: [False] for name in ("greeted", "inside", "used", "failing")}
        rows = [
            {"post_id": post_id, "number": 1, "phrases": ["calendar"], "read_as": "mark", **flags}
            for post_id in before["post_id"]
        ]
        project.store.replace("phrases", pl.DataFrame(rows, schema=column_types(Phrases)))
        forget(Run(project), author=NAME)
        changed = project.store.read("prose").join(before, on=["post_id", "text"], how="anti")
        phrases = project.store.read("phrases")
        is_emptied = phrases["read_as"] == ""
        assert set(phrases.filter(is_emptied)["post_id"]) == set(changed["post_id"])
        assert 0 < is_emptied.sum() < len(phrases) < len(rows)

    def test_quotes_mentions_links_and_the_thread_of_others_do_not_tell(self, place: Path) -> None:
        project = project_at(place)
        forget(Run(project), author=NAME)
        replies = project.store.read("posts").filter(pl.col("thread_id").str.contains("erased"))
        assert replies["body"].to_list() == [
            f"> {ERASED}\n\nSame here, @{ERASED}, see {ERASED}.",
            f"{ERASED} is right, it is the sync.",
        ]
        assert replies["parent_id"].to_list() == [None, None]
        assert replies["thread_id"].n_unique() == 1
        thread = project.store.read("threads").filter(thread_id=replies["thread_id"][0])
        assert thread["opener_post_id"].to_list() == [replies["post_id"][0]]
        assert thread["title"].to_list() == [None]

    def test_topics_needs_and_claims_are_named_and_counted_without_them(self, place: Path) -> None:
        project = project_at(place)
        store = project.store
        forget(Run(project), author=NAME)
        topics = {row["topic_id"]: row for row in store.read("topics").to_dicts()}
        assert (topics["t001"]["label"], topics["t001"]["words"]) == ("sync", ["sync"])
        assert (topics["t002"]["label"], topics["t002"]["status"]) == (ERASED, "retired")
        assert not any(topics["t002"]["centroid"])
        assert topics["t001"]["size"] == topics["g001"]["size"] == len(store.read("posts"))
        assert store.read("vocabulary")["word"].to_list() == ["sync"]
        assert store.read("needs")["label"].unique().to_list() == ["find them"]
        evidence = store.read("claims")["evidence"].explode().drop_nulls()
        assert set(evidence) <= set(store.read("posts")["post_id"])
        assert len(store.read("members")) == store.read("posts")["author_id"].n_unique()

    def test_every_text_has_the_vector_of_its_hash_and_no_vector_is_left_over(
        self, place: Path
    ) -> None:
        store = project_at(place).store
        forget(Run(project_at(place)), author=NAME)
        hashes = set(store.read("texts")["content_hash"])
        assert set(store.read("vectors")["content_hash"]) == hashes

    def test_the_receipt_and_the_audit_tell_neither_name_nor_id_nor_word(self, place: Path) -> None:
        project = project_at(place)
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        receipt = forget(Run(project), author=NAME)
        texts = [*receipt.lines(), json.dumps(receipt.as_json())]
        texts.append(str(project.store.read("audit").to_dicts()))
        assert not [text for text in texts for needle in wanted if needle in text]
        assert receipt.seal in str(project.store.read("audit")["subject"].to_list())
        assert receipt.tables["posts"]["removed"] == 4

    def test_an_export_that_lies_in_the_project_is_named(self, place: Path) -> None:
        shutil.copy(export(place), place / "project" / "march.jsonl")
        (place / "project" / "notes.txt").write_text("Nothing of it.")
        receipt = forget(Run(project_at(place)), author=NAME)
        assert receipt.still_in == (str(place / "project" / "march.jsonl"),)

    def test_a_cursor_that_names_a_post_is_dropped_and_told(self, place: Path) -> None:
        project = project_at(place)
        rows = [
            {"source": "forum", "channel": native, "position": json.dumps({"recent": [native]}),
             "complete": True, "withheld": "", "read_at": day(60)}
            for native in ("native-000050-post", "native-000001-post")
        ]  # fmt: skip
        project.store.append("cursors", pl.DataFrame(rows))
        receipt = forget(Run(project), author=NAME)
        assert project.store.read("cursors")["channel"].to_list() == ["native-000001-post"]
        assert "read from its beginning" in receipt.notes[0]

    def test_somebody_unknown_is_an_error_and_changes_nothing(self, place: Path) -> None:
        project = project_at(place)
        with pytest.raises(InputError, match="no such author"):
            forget(Run(project), author="Zebulon_Quist8")
        with pytest.raises(InputError, match="one author, one pseudonym or one post"):
            forget(Run(project), author=NAME, post_id="forum:1")
        assert project.store.read("suppressed").is_empty()

    def test_forgetting_twice_is_no_error(self, place: Path) -> None:
        project = project_at(place)
        first = forget(Run(project), author=NAME)
        second = forget(Run(project), author=NAME)
        assert (second.posts, second.seal, second.tables) == (0, first.seal, {})


class TestAPost:
    def test_one_post_goes_and_its_member_stays(self, place: Path) -> None:
        project = project_at(place)
        member = pseudonym(project)
        erased = posts_of(project, member).filter(pl.col("body") == WORDS[0])
        wanted = [n for n in needles(erased) if n != NAME]
        receipt = forget(Run(project), post_id=erased["post_id"][0])
        assert receipt.posts == 1
        assert len(posts_of(project, member)) == 3
        assert found_in(place, wanted) == {}

    def test_an_id_that_begins_another_id_takes_nothing_from_it(self, tmp_path: Path) -> None:
        project = open_project(tmp_path / "p")
        rows = [{"id": "post-123", "body": "One thing."}, {"id": "post-1234", "body": "Another."}]
        rows.append({"id": "post-9", "body": "See forum:post-123 and forum:post-1234."})
        file = tmp_path / "forum.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        collect_exports(Run(project), [str(file)])
        forget(Run(project), post_id="forum:post-123")
        bodies = project.store.read("posts")["body"].to_list()
        assert bodies == ["Another.", f"See {ERASED} and forum:post-1234."]


class TestWhatComesAfter:
    def test_the_same_posts_are_not_imported_again(self, place: Path) -> None:
        project = project_at(place)
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        forget(Run(project), author=NAME)
        before = project.store.read("posts")
        again = export(place)
        again.write_text(again.read_text() + "\n")  # another file by its hash
        outcome = collect_exports(Run(project), [str(again)])
        assert outcome.account.dropped == {"duplicate_id": 2, "erased_on_request": 4}
        assert project.store.read("posts").equals(before)
        again.unlink()
        assert found_in(place, wanted) == {}

    def test_versions_go_on_rising_so_that_later_steps_see_the_change(self, place: Path) -> None:
        project = project_at(place)
        before = project.store.versions(list(TABLES))
        forget(Run(project), author=NAME)
        after = project.store.versions(list(TABLES))
        risen = [name for name in TABLES if (after[name] or 0) > (before[name] or 0)]
        assert {"posts", "texts", "vectors", "tags", "claims", "threads"} <= {*risen}
        assert all((after[name] or 0) >= (before[name] or 0) for name in TABLES)
        assert not Run(project).step(mining.CLEAN).reused

    def test_cleaning_again_gives_the_texts_that_are_there(self, place: Path) -> None:
        project = project_at(place)
        forget(Run(project), author=NAME)
        texts = project.store.read("texts")
        Run(project).step(mining.CLEAN)
        again = project.store.read("texts")
        same = ["post_id", "title", "text", "content_hash"]
        changed = again.join(texts, on=same, how="anti", nulls_equal=True)["text"].to_list()
        assert changed == [f"Same here, @{ERASED}, see {ERASED}."]  # where there was a link

    def test_a_digest_that_cannot_be_rendered_is_withdrawn(self, place: Path) -> None:
        project = project_at(place)
        shutil.rmtree(place / "project" / "tables" / "claims")
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        receipt = forget(Run(project), author=NAME)
        assert receipt.digests[str(place / "digest")].startswith("withdrawn")
        assert list((place / "digest").iterdir()) == []
        assert found_in(place, wanted) == {}

    def test_several_digests_are_rendered_in_one_erasure(self, place: Path) -> None:
        project = project_at(place)
        write_digest(Run(project), place / "second")
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        receipt = forget(Run(project), author=NAME)
        assert set(receipt.digests.values()) == {"rendered again"}
        assert remains([place], wanted) == {}
        assert len(project.store.read("runs").filter(stage="digest")) == 4

    def test_a_digest_keeps_its_title_and_one_that_is_gone_is_told(self, place: Path) -> None:
        run = Run(open_project(place / "project"))  # without the option that named the product
        audit.record(run, "publish", str(place / "lost"), 1)
        receipt = forget(run, author=NAME)
        assert json.loads((place / "digest" / "digest.json").read_text())["title"] == "Inkwren"
        assert "not there any more" in receipt.digests[str(place / "lost")]


class TestByAge:
    def retaining(self, place: Path, days: int, now: datetime) -> Run:
        project = project_at(place)
        settings = project.settings.model_copy(update={"retain": RetainSettings(days=days)})
        return Run(replace(project, settings=settings), started_at=now)

    def test_older_posts_go_and_later_replies_keep_their_thread(self, place: Path) -> None:
        run = self.retaining(place, 30, day(63))  # posts of days 33 to 62 stay
        posts = run.project.store.read("posts")
        old = posts.filter(pl.col("created_at") < day(33))
        receipt = retain(run)
        assert (receipt.action, receipt.posts) == ("retain", len(old))
        after = run.project.store.read("posts")
        assert after["thread_id"].to_list() == posts.filter(
            pl.col("created_at") >= day(33)
        )["thread_id"].to_list()  # fmt: skip
        assert (
            found_in(place, old["post_id"].to_list()).keys()
            <= found_in(place, after["thread_id"].to_list()).keys()
        )
        assert run.project.store.read("suppressed").is_empty()

    def test_no_word_of_older_posts_is_left(self, place: Path) -> None:
        run = self.retaining(place, 1, day(400))
        beginnings = [text[:20] for text in run.project.store.read("posts")["body"]]
        retain(run)
        assert found_in(place, beginnings) == {}

    def test_zero_days_erases_nothing_and_says_so(self, place: Path) -> None:
        versions = project_at(place).store.versions(list(TABLES))
        receipt = retain(self.retaining(place, 0, day(400)))
        assert "nothing is erased by age" in receipt.lines()[0]
        assert project_at(place).store.versions(list(TABLES)) == versions

    def test_a_digest_of_another_time_stays_as_it_is(self, place: Path) -> None:
        data = place / "digest" / "digest.json"
        content = json.loads(data.read_text())
        content["since"] = content["period"]["history_since"] = day(30).isoformat()
        data.write_text(json.dumps(content))
        receipt = retain(self.retaining(place, 40, day(60)))
        assert receipt.digests == {str(place / "digest"): "covers another time"}
        assert json.loads(data.read_text()) == content


class TestAtTheSource:
    def test_posts_that_a_source_deleted_go_and_may_come_back(self, place: Path) -> None:
        project = project_at(place)
        erased = posts_of(project, pseudonym(project))
        receipt = erase_posts(
            Run(project), erased["post_id"].to_list(), action="erase", why="deleted_at_source"
        )
        assert receipt.posts == 4
        again = export(place)
        again.write_text(again.read_text() + "\n")
        collect_exports(Run(project), [str(again)])
        assert posts_of(project, pseudonym(project))["body"].to_list() == erased["body"].to_list()

    def test_posts_that_are_not_there_are_no_work(self, place: Path) -> None:
        versions = project_at(place).store.versions(list(TABLES))
        erase_posts(Run(project_at(place)), ["forum:none"], action="erase", why="gone")
        assert project_at(place).store.versions(list(TABLES)) == versions


class TestCutOff:
    def test_a_later_retention_finishes_an_erasure_that_was_cut_off(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = project_at(place)
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)

        def cut_off(_: Store, __: str) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Store, "purge", cut_off)
        with pytest.raises(KeyboardInterrupt):
            forget(Run(project), author=NAME)
        monkeypatch.undo()
        assert found_in(place, wanted) != {}
        retain(Run(project))
        assert found_in(place, wanted) == {}
        erasures = project.store.read("audit").filter(pl.col("action") == "erase")
        assert erasures["detail"].to_list() == ["on request", "finished"]
        assert erasures["rows"].sum() == 4

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.usefixtures("forkserver")
    def test_killed_at_any_moment_every_table_is_readable_and_a_rerun_finishes(
        self, place: Path, seed: int
    ) -> None:
        project = project_at(place)
        member = pseudonym(project)
        wanted = needles(posts_of(project, member), member)
        command = ("forget", "--author", NAME, "--project", place / "project")
        attempt = kills.Attempt(*command, log=place / "attempt.log")
        kills.wait_until(lambda: len(project.store.read("suppressed")) > 0, attempt.process)
        time.sleep(random.Random(seed).random() * 1.5)
        attempt.kill()
        for name in TABLES:
            project.store.read(name)
        done = invoke(*command)
        assert done.exit_code == 0, done.stderr
        assert found_in(place, wanted) == {}
        events = project.store.read("audit").filter(pl.col("action") == "erase")
        assert events["detail"].to_list().count("finished") >= 1
        assert events["rows"].sum() == 4


def _texts_in(name: str) -> tuple[str, ...]:
    return {"posts": ("body",), "prose": ("text",), "texts": ("text",), "tags": ("sentences",)}[
        name
    ]
