"""The digest of the sample community finds what was planted, and nothing loud that was not."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.insight.stage import READS, mine_claims
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.signals.stage import read_conversation
from feedbackminer.steps.mining import STAGES
from tests.support.command import SAMPLE, Mined, Rows, invoke, process

LOUD, LOUD_POSTS = "modal_mortimer", 80
LARGE = 0.4  # share of a claim's posts that are about the planted topic, which is its largest
EVENTS = json.loads(SAMPLE.with_name("events.json").read_text("utf-8"))
BY_ID = {event["id"]: event for event in EVENTS}
PROBLEMS = {"bug", "complaint", "usability", "performance", "documentation"}
Gold = dict[str, dict[str, Any]]
Claim = dict[str, Any]

pytestmark = pytest.mark.slow


def native(post_id: str) -> str:
    """Return the id of a post in the export."""
    return post_id.split(":", 1)[1]


def about(claim: Claim, gold: Gold) -> Counter[str]:
    """Count the gold topics of a claim's posts."""
    return Counter(gold[native(post_id)]["topic"] for post_id in claim["evidence"])


def is_about(claim: Claim, topics: list[str], gold: Gold) -> bool:
    """Tell whether planted topics are the largest part of a claim's posts, and a large one."""
    counts = about(claim, gold)
    planted = sum(counts[topic] for topic in topics)
    return counts.most_common(1)[0][0] in topics and planted >= LARGE * claim["n_posts"]


def showing(event: dict[str, Any], claims: list[Claim], gold: Gold) -> list[Claim]:
    """Return the claims that show an event: of its kind, mostly on its topic, at its time."""
    return [
        claim
        for claim in claims
        if claim["kind"] in event["shown_by"]
        and is_about(claim, event["topics"], gold)
        and claim["since"][:10] <= event["to"]
        and claim["until"][:10] > event["from"]
    ]


@pytest.fixture(scope="module")
def tables(sample: Mined) -> dict[str, pl.DataFrame]:
    return {name: sample.table(name) for name in (*READS, "texts")}


def claims_of(
    tables: dict[str, pl.DataFrame], period: str, until: str | None = None
) -> list[Claim]:
    """Return the claims that a digest of a period makes, dates as digest.json writes them."""
    settings = InsightSettings.model_validate({"period": period, "until": until})
    claims = mine_claims(tables, settings=settings).claims
    dates = (pl.col(name).dt.strftime("%F") for name in ("since", "until"))
    return claims.with_columns(dates).to_dicts()


def shuffled(tables: dict[str, pl.DataFrame], seed: int) -> dict[str, pl.DataFrame]:
    """Let threads exchange the moments they begin at; what falls after the end is left out."""
    posts = tables["posts"]
    begin = posts.group_by("thread_id").agg(begin=pl.col("created_at").min()).sort("thread_id")
    begin = begin.with_columns(new=pl.col("begin").shuffle(seed))
    moved = posts.join(begin, on="thread_id").with_columns(
        created_at=pl.col("created_at") + (pl.col("new") - pl.col("begin"))
    )
    kept = moved.filter(pl.col("created_at") <= posts["created_at"].max()).select(posts.columns)
    ids = kept["post_id"].implode()
    told = read_conversation(kept, *(tables[name] for name in ("tags", "texts")))
    changed = {"posts": kept, "threads": told.threads, "members": told.members}
    of_posts = {
        name: frame.filter(pl.col("post_id").is_in(ids))
        for name, frame in tables.items()
        if "post_id" in frame.columns and name not in ("threads", "members", "key_points")
    }
    return {**tables, **of_posts, **changed}


@pytest.fixture(scope="module")
def of_all(tables: dict[str, pl.DataFrame]) -> list[Claim]:
    return claims_of(tables, "all")


@pytest.mark.parametrize("event", EVENTS, ids=list(BY_ID))
def test_what_was_planted_is_found(event: dict[str, Any], of_all: list[Claim], gold: Gold) -> None:
    found = showing(event, of_all, gold)
    assert found, event["what"]
    assert set(event["editions"]) <= {name for claim in found for name in claim["editions"]}


def test_the_demo_ships_on_the_topic_that_the_release_mended(
    of_all: list[Claim], gold: Gold
) -> None:
    makefile = SAMPLE.parents[2].joinpath("Makefile").read_text("utf-8")
    (topic,) = re.findall(r"insight ship problem/(\w+) ", makefile)
    of_topic = [c for c in of_all if (c["kind"], c["topic_id"]) == ("problem", topic)]
    assert showing(BY_ID["sync_regression"], of_topic, gold)


@pytest.mark.parametrize(
    "event", [e for e in EVENTS if "first_window" in e], ids=lambda event: event["id"]
)
def test_what_happens_is_found_in_the_first_window_in_which_it_does(
    event: dict[str, Any], tables: dict[str, pl.DataFrame], gold: Gold
) -> None:
    claims = claims_of(tables, **event["first_window"])
    found = showing(event, [c for c in claims if c["scope"] == "period"], gold)
    assert found, event["what"]
    read_by = {edition for claim in found for edition in claim["editions"]}
    assert set(event["editions"]) <= read_by


def test_what_matters_most_in_a_week_stands_on_its_front_page(
    sample: Mined, gold: Gold, tmp_path: Path
) -> None:
    own, event = sample.copy_to(tmp_path), BY_ID["price_change"]
    week = ("--period", "week", "--until", event["first_window"]["until"])
    done = process("digest", "--project", own.project, "--out", own.out, *week)
    assert done.returncode == 0, done.stderr
    claims = {claim["claim_id"]: claim for claim in own.digest["claims"]}
    for first, *_ in (own.digest["front"], own.digest["editions"]["communications"]):
        assert showing(event, [claims[first]], gold), claims[first]["headline"]


def reports_problems(claim: Claim, gold: Gold) -> bool:
    """Tell whether half of a problem claim's posts report one, as their authors meant them."""
    kinds = [set(gold[native(post_id)]["kinds"]) for post_id in claim["evidence"]]
    return claim["kind"] == "problem" and 2 * sum(bool(k & PROBLEMS) for k in kinds) >= len(kinds)


def test_nothing_loud_stands_on_the_front_page_that_was_not_planted_or_is_not_so(
    sample: Mined, gold: Gold
) -> None:
    front = [c for c in sample.digest["claims"] if c["claim_id"] in sample.digest["front"]]
    assert any(showing(BY_ID["search_rises"], [claim], gold) for claim in front)
    for claim in front:
        planted = any(showing(event, [claim], gold) for event in EVENTS)
        is_loud = claim["kind"] in {"surge", "problem", "severe", "churn"}
        assert planted or not is_loud or reports_problems(claim, gold), claim["headline"]


def test_surges_name_the_week(of_all: list[Claim], gold: Gold) -> None:
    found = [c for c in showing(BY_ID["price_change"], of_all, gold) if c["kind"] == "surge"]
    assert "27 April 2026" in found[0]["headline"]
    assert found[0]["since"] == "2026-04-27"


@pytest.mark.parametrize("seed", range(10))
def test_where_threads_begin_at_random_times_next_to_nothing_changes(
    seed: int, tables: dict[str, pl.DataFrame]
) -> None:
    kinds = mine_claims(shuffled(tables, seed), settings=InsightSettings()).claims["kind"]
    assert not {"change", "surge"} & set(kinds)


class TestLoudMember:
    """80 posts of one member weigh as one voice."""

    @pytest.fixture
    def pseudonym(self, sample: Mined, sample_rows: Rows) -> str:
        his = next(row["id"] for row in sample_rows if row["username"] == LOUD)
        posts = sample.table("posts").filter(pl.col("post_id") == f"sample:{his}")
        return str(posts["author_id"].item())

    def test_all_his_posts_are_his(self, pseudonym: str, sample: Mined) -> None:
        posts = sample.table("posts").filter(pl.col("author_id") == pseudonym)
        assert len(posts) == LOUD_POSTS

    def test_carries_no_front_page_claim(self, pseudonym: str, sample: Mined) -> None:
        his = set(sample.table("posts").filter(pl.col("author_id") == pseudonym)["post_id"])
        for claim in sample.digest["claims"]:
            if claim["claim_id"] in sample.digest["front"]:
                assert len(his & set(claim["evidence"])) < 0.2 * claim["n_posts"], claim["headline"]

    def test_is_quoted_once_for_each_claim_at_most(self, pseudonym: str, sample: Mined) -> None:
        his = set(sample.table("posts").filter(pl.col("author_id") == pseudonym)["post_id"])
        quoted = Counter(q["stands_for"] for q in sample.digest["quotes"] if q["post_id"] in his)
        assert max(quoted.values(), default=0) <= 1

    def test_his_topic_ranks_below_broader_ones_of_its_size(
        self, sample: Mined, of_all: list[Claim], gold: Gold
    ) -> None:
        (loud,) = showing(BY_ID["one_loud_member"], of_all, gold)[:1]
        topics = sample.digest["topics"]
        place = [topic["topic_id"] for topic in topics].index(loud["topic_id"])
        assert all(t["n_voices"] >= topics[place]["n_voices"] for t in topics[:place])


def test_the_bot_is_no_voice_and_no_evidence(sample: Mined, sample_rows: Rows) -> None:
    by_bot = {f"sample:{row['id']}" for row in sample_rows if row["role"] == "bot"}
    assert by_bot
    for claim in sample.digest["claims"]:
        assert not by_bot & set(claim["evidence"]), claim["headline"]
    assert not by_bot & {quote["post_id"] for quote in sample.digest["quotes"]}
    dropped = sample.table("dropped").filter(pl.col("reason") == "by_a_bot")
    assert set(dropped["ref"]) == by_bot


def test_staff_are_no_voices(sample: Mined, sample_rows: Rows) -> None:
    staff = {f"sample:{row['id']}" for row in sample_rows if row["role"] == "staff"}
    quoted = {quote["post_id"] for quote in sample.digest["quotes"]}
    assert staff
    assert not staff & quoted


def test_two_quotes_of_one_claim_never_say_the_same(sample: Mined) -> None:
    quotes: dict[str, list[set[str]]] = {}
    for quote in sample.digest["quotes"]:
        words = set(re.findall(r"[a-z]{3,}", quote["text"].lower()))
        quotes.setdefault(quote["stands_for"], []).append(words)
    for place, said in quotes.items():
        for one, other in combinations(said, 2):
            assert len(one & other) < 0.6 * len(one | other), place


def test_a_petition_that_was_posted_three_times_is_quoted_once(sample: Mined) -> None:
    petition = sample.table("posts").filter(pl.col("body").str.starts_with("PETITION: We"))
    assert len(petition) == 3
    ids = set(petition["post_id"])
    quoted = Counter(q["stands_for"] for q in sample.digest["quotes"] if q["post_id"] in ids)
    assert max(quoted.values(), default=0) <= 1


def test_posts_in_other_languages_are_set_aside_with_the_reason(sample: Mined, gold: Gold) -> None:
    foreign = {post_id for post_id, row in gold.items() if row["lang"] != "en"}
    reasons = dict(sample.table("dropped").select("ref", "reason").iter_rows())
    aside = {native(ref) for ref, why in reasons.items() if why == "other_language"}
    print(f"\n{len(foreign)} foreign posts, {len(aside & foreign)} of them set aside as such")
    assert len(aside & foreign) >= 0.85 * len(foreign)
    assert len(aside - foreign) <= 5


def test_no_address_number_or_name_is_left(sample: Mined, sample_rows: Rows) -> None:
    posts = sample.table("posts")
    assert not posts["body"].str.contains(r"[\w.+-]+@[\w-]+\.[a-z]{2,}").any()
    content = (sample.out / "digest.json").read_text("utf-8")
    pages = "".join(page.read_text("utf-8") for page in sample.out.rglob("*.html"))
    distinctive = {r["username"] for r in sample_rows if re.search(r"[_.]", r["username"])}
    for name in distinctive:  # a hyphen makes no name: it stands in many words
        assert not re.search(rf"\b{re.escape(name)}\b", content + pages), name


class TestTopicsAgainstGold:
    """How pure the found topics are; floors a little under what was measured."""

    @pytest.fixture(scope="class")
    @classmethod
    def labelled(cls, sample: Mined, gold: Gold) -> pl.DataFrame:
        assigned = sample.table("assignments").filter(pl.col("rank") == 1)
        frame = sample.table("texts").select("post_id").join(assigned, on="post_id", how="left")
        topics = [gold[native(post_id)]["topic"] for post_id in frame["post_id"]]
        return frame.with_columns(gold=pl.Series(topics)).filter(pl.col("gold") != "none")

    def test_purity(self, labelled: pl.DataFrame) -> None:
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        sorted_ = labelled.drop_nulls("topic_id")
        found, wanted = sorted_["topic_id"].to_list(), sorted_["gold"].to_list()
        nmi = normalized_mutual_info_score(wanted, found)
        ari = adjusted_rand_score(wanted, found)
        largest = sorted_.group_by("topic_id", "gold").len().group_by("topic_id")
        purity = largest.agg(pl.col("len").max())["len"].sum() / len(sorted_)
        unsorted = 1 - len(sorted_) / len(labelled)
        print(f"\n{sorted_['topic_id'].n_unique()} topics for {labelled['gold'].n_unique()} gold")
        print(f"NMI {nmi:.3f}  ARI {ari:.3f}  purity {purity:.3f}  unsorted {unsorted:.3f}")
        assert nmi >= 0.55
        assert ari >= 0.38
        assert purity >= 0.62
        assert unsorted <= 0.2

    def test_each_large_gold_topic_has_a_topic_of_its_own(self, labelled: pl.DataFrame) -> None:
        counts = labelled.drop_nulls("topic_id").group_by("topic_id", "gold").len()
        main = counts.sort("len").group_by("topic_id", maintain_order=True).last()
        sizes = labelled["gold"].value_counts()
        large = set(sizes.filter(pl.col("count") >= 100)["gold"])
        print("\nwithout a topic of their own:", sorted(set(sizes["gold"]) - set(main["gold"])))
        assert large <= set(main["gold"])


# Of precision. These members put things in unusual words; rules alone reached 0.29 for bugs.
FLOORS = {"bug": 0.4, "question": 0.55, "feature_request": 0.4, "praise": 0.5, "churn": 0.5}


class TestTagsAgainstGold:
    """How often tags are right; precision first, for a claim must hold."""

    @pytest.fixture(scope="class")
    @classmethod
    def tagged(cls, sample: Mined, gold: Gold) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        rows = sample.table("tags").iter_rows(named=True)
        return [(row, gold[native(row["post_id"])]) for row in rows]

    def test_precision_of_kinds(self, tagged: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        kinds = sorted({kind for _, wanted in tagged for kind in wanted["kinds"]})
        print(f"\n{'kind':16}{'gold':>6}{'found':>6}{'precision':>11}{'recall':>8}")
        below = []
        for kind in kinds:
            wanted = [kind in gold["kinds"] for _, gold in tagged]
            found = [kind in row["kinds"] for row, _ in tagged]
            precision, recall = _precision_recall(wanted, found)
            print(f"{kind:16}{sum(wanted):6}{sum(found):6}{precision:11.2f}{recall:8.2f}")
            if precision < FLOORS.get(kind, 0):
                below.append(f"{kind}: precision {precision:.2f} < {FLOORS[kind]}")
        assert below == []

    def test_sentiment(self, tagged: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        print(f"\n{'sentiment':16}{'gold':>6}{'found':>6}{'precision':>11}{'recall':>8}")
        for feeling in ("negative", "neutral", "positive"):
            wanted = [gold["sentiment"] == feeling for _, gold in tagged]
            found = [row["sentiment"] == feeling for row, _ in tagged]
            precision, recall = _precision_recall(wanted, found)
            print(f"{feeling:16}{sum(wanted):6}{sum(found):6}{precision:11.2f}{recall:8.2f}")
            assert not precision < {"positive": 0.6, "neutral": 0.5}.get(feeling, 0)


def _precision_recall(wanted: list[bool], found: list[bool]) -> tuple[float, float]:
    both = sum(w and f for w, f in zip(wanted, found, strict=True))
    nan = float("nan")
    return both / sum(found) if any(found) else nan, both / sum(wanted) if any(wanted) else nan


def test_the_period_is_the_latest_quarter_and_the_long_view_goes_back_to_the_first_post(
    sample: Mined,
) -> None:
    period = sample.digest["period"]
    assert [period["name"], period["n_before"]] == ["quarter", 1]
    assert [period[name][:10] for name in ("since", "until", "history_since")] == [
        "2026-04-06", "2026-07-06", "2026-01-05",
    ]  # fmt: skip
    assert sample.digest["until"].startswith("2026-07-06")


def test_a_plan_names_what_would_be_done_anew_and_does_nothing(sample: Mined) -> None:
    before = len(sample.table("runs"))
    options = ("--plan", "--product", "Inkwren", "--project", sample.project)
    planned = json.loads(invoke("mine", *options, "--json").stdout)
    assert [row["stage"] for row in planned] == [stage.name for stage in STAGES]
    assert {row["what"] for row in planned} == {"done"}

    later = invoke("mine", *options, "--until", "2026-04-01").stdout
    assert re.search(r"insight\W+anew\W+settings", later)
    assert re.search(r"clean\W+done", later)
    assert len(sample.table("runs")) == before
