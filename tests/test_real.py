"""A real forum: every quote is verbatim, every number can be counted again, nothing is lost."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.text.words import PSEUDONYM_PATTERN, on_one_line
from feedbackminer.vocabulary.tags import KINDS
from tests.support.command import (
    COMMAND,
    SHARED,
    Mined,
    Rows,
    environment,
    process,
    processor_time,
    whole_threads,
    write_jsonl,
)

FORUM = SHARED / "openenergymonitor_forum"
POSTS = (600, 2_500)
PROBLEMS = {"bug", "complaint", "usability", "performance", "documentation"}
SAYS = {
    "problem": PROBLEMS,
    "love": {"praise"},
    "request": {"feature_request"},
    "churn": {"churn"},
}  # kinds of claims that estimate how many members do something
# What a mask or a pseudonym looks like: where one stands, the author wrote something else.
MASKED = re.compile(rf"<[a-z]+>|\[[a-z_ ]+\]|{PSEUDONYM_PATTERN}")
# Words that name nothing; a list of our own, so that the one of the code is checked too.
EMPTY_WORDS = set(
    "a an and any are as at be but can could do does for from get got had has have help hi how i "
    "if in is it its just like me my need new no not of ok on one or please post problem question "
    "so some thank thanks that the then there this to try up use used using very was what when "
    "where which who why will with would you your".split()
)

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not FORUM.exists(), reason=f"no real corpora at {SHARED}"),
]


def read_gz(path: Path) -> Rows:
    """Read a corpus."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module", params=[POSTS[0], pytest.param(POSTS[1], marks=pytest.mark.full)])
def rows(request: pytest.FixtureRequest) -> Rows:
    """Return the first posts of the forum, in whole threads."""
    return whole_threads(read_gz(FORUM / "posts.jsonl.gz"), request.param)


# So few posts say little about each of a hundred topics: this gives every kind of claim. Long posts
# are cut, which halves the time that takes.
FEW = (
    "[clean]\nmax_chars = 1000\n[topics]\nmin_threads = 20\n"
    "[insight]\nmin_voices = 2\nfalse_discovery = 0.99\n"
)


@pytest.fixture(scope="module")
def forum(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Mined:
    folder = tmp_path_factory.mktemp("forum")
    export = write_jsonl(folder / "oem.jsonl", rows)
    settings = folder / "settings.toml"
    settings.write_text(FEW if len(rows) < 2 * POSTS[0] else "", "utf-8")
    before = processor_time()
    done = process(
        *("run", export, "--threads", FORUM / "threads.jsonl.gz", "--settings", settings),
        *("--project", folder / "project", "--out", folder / "digest"),
    )
    print(f"\n{done.stderr}")
    assert done.returncode == 0, done.stderr
    return Mined(folder / "project", folder / "digest", processor_time() - before, done.stderr)


def claims(mined: Mined, kind: str = "") -> Iterator[dict[str, Any]]:
    """Yield the claims of digest.json; where a kind is named, those of it that count topics."""
    for claim in mined.digest["claims"]:
        if not kind or (kind == claim["kind"] and not claim["key_point_id"]):
            yield claim


class TestQuotes:
    def test_there_are_some(self, forum: Mined) -> None:
        assert len(forum.digest["quotes"]) > 20

    def test_each_stands_in_its_post_as_stored(self, forum: Mined) -> None:
        bodies = dict(forum.table("posts").select("post_id", "body").iter_rows())
        for quote in forum.digest["quotes"]:
            assert quote["text"] in on_one_line(bodies[quote["post_id"]]), quote

    def test_each_without_a_mask_stands_in_the_original(self, forum: Mined, rows: Rows) -> None:
        originals = {f"oem:{row['post_id']}": on_one_line(row["text"]) for row in rows}
        plain = [q for q in forum.digest["quotes"] if not MASKED.search(q["text"])]
        assert len(plain) > 0.8 * len(forum.digest["quotes"])
        for quote in plain:
            assert quote["text"] in originals[quote["post_id"]], quote

    def test_each_stands_for_a_claim_or_topic_that_counted_its_post(self, forum: Mined) -> None:
        evidence = {claim["claim_id"]: set(claim["evidence"]) for claim in claims(forum)}
        for row in forum.table("assignments").iter_rows(named=True):
            evidence.setdefault(row["topic_id"], set()).add(row["post_id"])
        for quote in forum.digest["quotes"]:
            assert quote["post_id"] in evidence[quote["stands_for"]], quote


class Recount:
    """Who said what, counted again from the store in another way than the code does."""

    def __init__(self, mined: Mined) -> None:
        self.posts = {row["post_id"]: row for row in mined.table("posts").iter_rows(named=True)}
        self.tags = {row["post_id"]: row for row in mined.table("tags").iter_rows(named=True)}
        self.topics = {t["topic_id"]: t for t in mined.table("topics").iter_rows(named=True)}
        self.opening: dict[str, str] = {}
        for post in sorted(self.posts.values(), key=lambda p: (p["created_at"], p["post_id"])):
            self.opening.setdefault(post["thread_id"], post["title"] or post["body"])
        assigned = mined.table("assignments").filter(pl.col("rank") == 1)
        copies = mined.table("repeats").filter(pl.col("copy_of").is_not_null())
        for post_id in copies["post_id"]:
            del self.posts[post_id]
        self.topic_of = {
            post_id: topic_id
            for post_id, topic_id in assigned.select("post_id", "topic_id").iter_rows()
            if post_id in self.posts
        }

    def voice(self, post_id: str) -> str | None:
        """Return the member who wrote a post."""
        post = self.posts[post_id]
        return post["author_id"] if post["author_role"] in ("member", "unknown") else None

    def voices(self, post_ids: list[str]) -> set[str]:
        return {voice for post_id in post_ids if (voice := self.voice(post_id))}

    def chances(self, post_ids: set[str], kinds: set[str]) -> dict[str, float]:
        """Return how likely each member does something of some kinds in some of their posts."""
        denied: dict[str, float] = {}
        for post_id in post_ids:
            if voice := self.voice(post_id):
                of_kinds = dict(zip(KINDS, self.tags[post_id]["kind_chances"], strict=True))
                chance = max(of_kinds[kind] for kind in kinds)
                denied[voice] = denied.get(voice, 1.0) * (1 - chance)
        return {voice: 1 - chance for voice, chance in denied.items()}

    def names(self, post_id: str, topic_id: str) -> bool:
        """Tell whether a post, or what opens its thread, names what its topic is called after."""
        topic, post = self.topics[topic_id], self.posts[post_id]
        label = [word.removesuffix("s") for word in re.split(r"[^\w-]+", topic["label"].lower())]
        words = [word.lower().removesuffix("s") for word in topic["keywords"]]
        words = [word for word in words if word in label] or words
        text = f"{post['title']} {post['body']} {self.opening[post['thread_id']]}".lower()
        whole = {word: r"s?(?!\w)" if len(word) <= 3 else "" for word in words}
        return any(re.search(rf"(?<!\w){re.escape(w)}{end}", text) for w, end in whole.items())

    def saying(self, claim: dict[str, Any], kinds: set[str], topic_id: str) -> set[str]:
        """Return the posts of members in a claim's window, of some kinds, on a topic.

        What is told by the name of the topic is told by those who name it.
        """
        by_all = claim["kind"] in ("topic", "churn")
        return {
            post_id
            for post_id, post in self.posts.items()
            if post["author_role"] in ("member", "unknown")
            and post["created_at"]
            and claim["since"] <= post["created_at"].isoformat() < claim["until"]
            and self.topic_of.get(post_id) == topic_id
            and (not kinds or kinds & set(self.tags[post_id]["kinds"]))
            and (by_all or self.names(post_id, topic_id))
        }


@pytest.fixture(scope="module")
def recount(forum: Mined) -> Recount:
    return Recount(forum)


class TestNumbers:
    def test_claims_of_every_kind_that_is_counted_again_are_there(self, forum: Mined) -> None:
        wanted = {"topic", "problem", "newcomers"}  # of wishes and praise too few name the topic
        assert wanted <= {claim["kind"] for claim in claims(forum)}

    def test_posts_and_voices_of_every_claim(self, forum: Mined, recount: Recount) -> None:
        for claim in claims(forum):
            assert len(set(claim["evidence"])) == len(claim["evidence"]), claim["headline"]
            assert claim["n_posts"] == len(claim["evidence"]), claim["headline"]
            assert claim["n_voices"] == len(recount.voices(claim["evidence"])), claim["headline"]

    def test_effective_voices_of_every_claim(self, forum: Mined, recount: Recount) -> None:
        for claim in claims(forum):
            counts = Counter(filter(None, map(recount.voice, claim["evidence"])))
            if counts:
                wanted = sum(counts.values()) ** 2 / sum(n * n for n in counts.values())
                assert claim["effective_voices"] == pytest.approx(wanted), claim["headline"]

    @pytest.mark.parametrize(
        ("kind", "kinds"),
        [
            ("topic", set[str]()),
            ("problem", PROBLEMS),
            ("request", {"feature_request"}),
            ("churn", {"churn"}),
        ],
    )
    def test_the_evidence_of_a_claim_is_all_there_is(
        self, kind: str, kinds: set[str], forum: Mined, recount: Recount
    ) -> None:
        for claim in claims(forum, kind):
            said = recount.saying(claim, kinds, claim["topic_id"])
            assert set(claim["evidence"]) == said, claim["headline"]

    def test_praise_counts_what_does_not_sound_negative(
        self, forum: Mined, recount: Recount
    ) -> None:
        for claim in claims(forum, "love"):
            praise = recount.saying(claim, {"praise"}, claim["topic_id"])
            kept = {p for p in praise if recount.tags[p]["sentiment"] != "negative"}
            assert set(claim["evidence"]) == kept, claim["headline"]

    def test_shares_of_a_topics_voices(self, forum: Mined, recount: Recount) -> None:
        for claim in claims(forum):
            if claim["metric"] == "share_of_topic_voices":
                all_said = recount.saying(claim, set(), claim["topic_id"])
                share = claim["n_voices"] / len(recount.voices(list(all_said)))
                assert claim["value"] == pytest.approx(share), claim["headline"]
                assert claim["low"] <= claim["value"] <= claim["high"]

    def test_expected_shares(self, forum: Mined, recount: Recount) -> None:
        active = recount.voices(list(recount.posts))
        counted = [claim for kind in SAYS for claim in claims(forum, kind)]
        assert counted
        for claim in counted:
            on_topic = recount.saying(claim, set(), claim["topic_id"])
            chances = recount.chances(on_topic, SAYS[claim["kind"]])
            is_of_topic = claim["metric"] == "share_expected_of_topic_voices"
            whole = len(chances) if is_of_topic else len(active)
            expected = max(sum(chances.values()), claim["n_voices"])
            assert claim["value"] == pytest.approx(expected / whole), claim["headline"]
            assert claim["low"] <= claim["value"] <= claim["high"]

    def test_shares_of_members(self, forum: Mined, recount: Recount) -> None:
        active = recount.voices(list(recount.posts))
        for claim in claims(forum):
            if claim["metric"] == "share_of_members":
                assert claim["value"] == pytest.approx(claim["n_voices"] / len(active))

    def test_numbers_in_headlines_are_those_of_the_claim(self, forum: Mined) -> None:
        for kind in ("topic", "severe", "newcomers"):
            for claim in claims(forum, kind):
                said = re.search(r"([\d,]+) members?", claim["headline"])
                assert said, claim["headline"]
                assert int(said[1].replace(",", "")) == claim["n_voices"], claim["headline"]

    def test_numbers_in_headlines_are_the_shares_of_the_claim(self, forum: Mined) -> None:
        for claim in (claim for kind in SAYS for claim in claims(forum, kind)):
            said = re.search(r": (about )?([\d,]+) of ([\d,]+) members", claim["headline"])
            assert said, claim["headline"]
            n, whole = (int(number.replace(",", "")) for number in said.groups()[1:])
            assert n == round(claim["value"] * whole), claim["headline"]
            assert n >= claim["n_voices"], claim["headline"]
            assert said[1] or n == claim["n_voices"], claim["headline"]

    def test_totals(self, forum: Mined, rows: Rows) -> None:
        posts, threads = forum.table("posts"), forum.table("threads")
        totals = forum.digest["totals"]
        named = posts.filter(pl.col("author_role").is_in(["member", "unknown"]))
        assert totals["posts"] == len(posts)
        assert totals["members"] == named["author_id"].drop_nulls().n_unique()
        assert totals["threads"] == len({row["thread_id"] for row in rows}) == len(threads)
        copies = forum.table("repeats").drop_nulls("copy_of")["post_id"].to_list()
        asked = threads.filter("is_question", ~pl.col("opener_post_id").is_in(copies))
        assert totals["questions"] == len(asked)
        assert totals["unanswered"] == asked["answered_by"].null_count()
        shown = forum.table("topics").filter(status="active", level="topic")
        assert totals["topics"] == len(shown)
        placed = forum.table("assignments").filter(pl.col("rank") == 1)
        assert totals["unsorted"] == len(forum.table("texts")) - len(placed)

    def test_topics(self, forum: Mined, recount: Recount) -> None:
        counted = Counter(recount.topic_of.values())
        for topic in forum.digest["topics"]:
            assert topic["n_posts"] <= counted[topic["topic_id"]]
        sizes = Counter(forum.table("assignments").filter(pl.col("rank") == 1)["topic_id"])
        stored = dict(forum.table("topics").select("topic_id", "size").iter_rows())
        assert {t: n for t, n in stored.items() if sizes[t]} == dict(sizes)


class TestRowAccount:
    def test_every_stage_balances(self, forum: Mined, rows: Rows) -> None:
        account = forum.digest["account"]
        assert account[0]["in"] == len(rows)
        for stage in account:
            assert stage["in"] == stage["out"] + sum(stage["dropped"].values()), stage["stage"]

    def test_what_one_stage_gives_the_next_takes(self, forum: Mined) -> None:
        account = {stage["stage"]: stage for stage in forum.digest["account"]}
        chain = ("collect", "clean", "embed")
        for one, other in pairwise(chain):
            assert account[one]["out"] == account[other]["in"]
        for reader in ("topics", "tag"):
            assert account[reader]["in"] == account["clean"]["out"]
        assert account["digest"]["in"] == account["insight"]["out"]

    def test_tables_hold_what_the_account_says(self, forum: Mined) -> None:
        account = {stage["stage"]: stage for stage in forum.digest["account"]}
        for stage, table in (
            ("collect", "posts"),
            ("clean", "texts"),
            ("topics", "assignments"),
            ("tag", "tags"),
            ("insight", "claims"),
        ):
            rows = forum.table(table)
            own = rows.filter(pl.col("rank") == 1) if table == "assignments" else rows
            assert account[stage]["out"] == len(own), stage

    def test_every_dropped_row_has_its_reason_in_the_store(self, forum: Mined) -> None:
        stored = forum.table("dropped").group_by("stage", "reason").len()
        told = {
            (stage["stage"], reason): n
            for stage in forum.digest["account"]
            for reason, n in stage["dropped"].items()
            if stage["stage"] != "digest"
        }
        assert {(stage, reason): n for stage, reason, n in stored.iter_rows()} == told


class TestTopicNames:
    @pytest.fixture(scope="class")
    @classmethod
    def labels(cls, forum: Mined) -> list[str]:
        found = [topic["label"] for topic in forum.digest["topics"]]
        print("\n" + "\n".join(found))
        return found

    def test_each_has_a_word_that_names_something(self, labels: list[str]) -> None:
        for label in labels:
            words = re.findall(r"[^\W_]+", label.lower())
            assert any(len(word) > 2 and word not in EMPTY_WORDS for word in words), label

    def test_no_part_is_an_empty_word_or_one_letter(self, labels: list[str]) -> None:
        for label in labels:
            for part in label.split(", "):
                assert part.lower() not in EMPTY_WORDS, label
                assert len(part) > 1, label

    def test_none_is_code(self, labels: list[str]) -> None:
        for label in labels:
            assert not [part for part in label.split(", ") if re.search(r"[_{}()<>=;\\#$]", part)]

    def test_no_two_are_the_same(self, labels: list[str]) -> None:
        assert len(set(labels)) == len(labels)

    def test_none_is_the_name_of_a_member(self, labels: list[str], rows: Rows) -> None:
        names = {str(row["author"]).lower() for row in rows}
        assert not [part for label in labels for part in label.lower().split(", ") if part in names]


@pytest.mark.full
class TestWholeCorpora:
    """All of it: memory, speed, and a second run that does nothing. Half an hour each."""

    @pytest.mark.parametrize("corpus", ["openenergymonitor_forum", "urho3d_forum"])
    def test_memory_and_speed(self, corpus: str, tmp_path: Path) -> None:
        folder = SHARED / corpus
        command = [
            *COMMAND, "run", str(folder / "posts.jsonl.gz"),
            *("--threads", str(folder / "threads.jsonl.gz"), "--json"),
            *("--project", str(tmp_path / "project"), "--out", str(tmp_path / "digest")),
        ]  # fmt: skip
        told, seconds, peak = _measured(command)
        again, seconds_again, _ = _measured(command)
        spent = {stage["stage"]: stage["seconds"] for stage in told["stages"]}
        encoding, others = spent["embed"], sum(spent.values()) - spent["embed"]
        print(f"\n{corpus}: {seconds:.0f} s, peak {peak:.2f} GB, again {seconds_again:.0f} s")
        print(f"encoding {encoding:.0f} s, the rest {others / encoding:.0%} of it: {spent}")
        mined = Mined(tmp_path / "project", tmp_path / "digest", seconds, "")
        texts = mined.table("texts")
        n_parts = mined.table("segments")["content_hash"].n_unique()
        rate = (texts["content_hash"].n_unique() + n_parts) / encoding
        plain = _plain_rate(texts, 1_500)
        print(f"our encoding {rate:.1f} texts/s, plain sentence-transformers {plain:.1f} texts/s")
        assert peak < 3
        assert others <= 0.35 * encoding
        assert seconds_again < 0.15 * seconds
        assert all(stage["reused"] for stage in again["stages"] if stage["stage"] != "digest")


def _measured(command: list[str]) -> tuple[dict[str, Any], float, float]:
    """Run a command; return what it told, its wall time and its peak memory in GB."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert child.stdout
    with child.stdout:
        told = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return json.loads(told), time.perf_counter() - began, usage.ru_maxrss / 1e6


def _plain_rate(texts: pl.DataFrame, count: int) -> float:
    """Return texts per second of sentence-transformers as it comes, at its best batch size."""
    from sentence_transformers import SentenceTransformer

    from feedbackminer.embed.backends.bert import model_path
    from feedbackminer.embed.encoder import BUNDLED
    from feedbackminer.embed.stage import encoded
    from feedbackminer.settings.sections import EmbedSettings
    from feedbackminer.tables import passage

    model = SentenceTransformer(model_path(BUNDLED), device="cpu")
    model.max_seq_length = EmbedSettings().max_tokens
    distinct = texts.unique("content_hash")
    chosen = distinct.sample(min(count, len(distinct)), seed=1)
    passages = chosen.select(encoded(passage())).to_series().to_list()
    rates = []
    for size in (16, 32, 64):
        began = time.perf_counter()
        model.encode(passages, batch_size=size, show_progress_bar=False)
        rates.append(len(passages) / (time.perf_counter() - began))
    return max(rates)
