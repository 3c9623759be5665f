"""Claims: found where a community was made so, absent where it was not, and always countable."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from feedbackminer.insight.stage import Mined, mine_claims
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.stage import tag_texts
from feedbackminer.vocabulary.tags import KINDS
from tests.support.builders import (
    aspects,
    assignments,
    copies,
    day,
    events,
    key_points,
    matches,
    members,
    needs,
    posts,
    read,
    replies,
    sentences,
    tags,
    threads,
    topics,
    undecided,
)

PostRow = Mapping[str, Any]
LABELS = {"sync": "Sync, tablet", "export": "PDF export"}


def wrote(
    who: str | None, when: float | None, topic: str | None, *kinds: str, **more: Any
) -> PostRow:
    """One post: who, on which day, on what, and what it does."""
    return {
        "who": who,
        "when": when,
        "topic": topic,
        "kinds": kinds,
        "sentiment": "neutral",
        **more,
    }


def crowd(count: int, when: float, topic: str | None, *kinds: str, start: int = 0) -> list[PostRow]:
    """Let different members say the same."""
    return [wrote(f"m{start + i}", when + i / 1_000, topic, *kinds) for i in range(count)]


def likely(chances: Mapping[str, float]) -> dict[str, list[float]]:
    """Return what the heads say of kinds; nothing where rules stand in for them."""
    if not chances:
        return {}
    return {"kind_chances": [chances.get(kind, 0.0) for kind in KINDS]}


def tables(
    written: Sequence[PostRow],
    *,
    asked: Sequence[PostRow] = (),
    answered: Sequence[PostRow] = (),
    roles: Mapping[str, str] | None = None,
    copied: Mapping[str, str] | None = None,
    judged: Sequence[Mapping[str, Any]] = (),
    wanted: Sequence[Mapping[str, Any]] = (),
) -> dict[str, pl.DataFrame]:
    """Build the tables of a community; ``roles`` names who is no plain member."""
    roles = roles or {}
    authors = sorted({row["who"] for row in written if row["who"]})
    ids = [row.get("post_id", f"p{i}") for i, row in enumerate(written)]
    return {
        "posts": posts(
            *(
                {
                    "post_id": i,
                    "author_id": row["who"],
                    "author_role": roles.get(row["who"] or "", "member"),
                    "created_at": None if row["when"] is None else day(row["when"]),
                    "source": row.get("source", "test"),
                    "thread_id": row.get("thread", i),
                }
                for i, row in zip(ids, written, strict=True)
            )
        ),
        "topics": topics(**LABELS),
        "assignments": assignments(
            **{i: row["topic"] for i, row in zip(ids, written, strict=True) if row["topic"]}
        ),
        "tags": tags(
            *(
                {
                    "post_id": i,
                    "kinds": list(row["kinds"]),
                    "sentiment": row["sentiment"],
                    "severity": row.get("severity"),
                    "by_human": row.get("by_human", False),
                    "sentences": list(row.get("sentences", ())),
                    **likely(row.get("chances", {})),
                }
                for i, row in zip(ids, written, strict=True)
            )
        ),
        "replies": replies(*answered),
        "threads": threads(*asked),
        "members": members(*({"author_id": m, "role": roles.get(m, "member")} for m in authors)),
        "repeats": copies(**(copied or {})),
        "aspects": aspects(*judged),
        "needs": needs(*wanted),
        "sentences": sentences(),
        "key_points": key_points(),
        "matches": matches(),
        "events": events(),
        **undecided(),
    }


def mine(
    written: Sequence[PostRow], *, settings: InsightSettings | None = None, **how: Any
) -> Mined:
    return mine_claims(tables(written, **how), settings=settings or InsightSettings())


def of_kind(mined: Mined, kind: str) -> list[dict[str, Any]]:
    return mined.claims.filter(pl.col("kind") == kind).to_dicts()


def only(mined: Mined, kind: str) -> dict[str, Any]:
    (claim,) = of_kind(mined, kind)
    return claim


def reasons(mined: Mined, kind: str) -> set[str]:
    dropped = mined.dropped.filter(pl.col("ref").str.starts_with(f"{kind}-"))
    return set(dropped["reason"])


def test_a_copy_counts_once_with_the_post_it_repeats() -> None:
    written = [*crowd(3, 0, "sync", "bug"), wrote("m0", 1, "sync", "bug")]
    twice, once = (only(mine(written, copied=c), "problem") for c in ({}, {"p3": "p0"}))
    assert (twice["n_posts"], once["n_posts"]) == (4, 3)
    assert twice["n_voices"] == once["n_voices"] == 3
    assert "p3" not in once["evidence"]


def test_a_copy_whose_original_is_not_counted_counts() -> None:
    written = [wrote("zoe", 0, "sync", "bug"), *crowd(3, 9, "sync", "bug")]
    recent = InsightSettings(since=day(5), until=day(30))
    claim = only(mine(written, copied={"p1": "p0"}, settings=recent), "problem")
    assert (claim["n_posts"], claim["n_voices"]) == (3, 3)


# ── what they talk about ─────────────────────────────────────────────────────────────────────


def test_a_topic_counts_people_before_posts() -> None:
    claim = only(mine([*crowd(3, 0, "sync"), *crowd(1, 1, "sync"), *crowd(4, 2, None)]), "topic")
    assert claim["headline"] == "Sync, tablet: 3 members in 4 posts"
    assert (claim["value"], claim["n_voices"], claim["n_posts"]) == (0.75, 3, 4)
    assert claim["effective_voices"] == pytest.approx(16 / 6)
    assert claim["evidence"] == ["p0", "p1", "p2", "p3"]


def test_staff_and_bots_are_no_voices_and_their_posts_are_not_counted() -> None:
    written = [
        *crowd(3, 0, "sync", "bug"),
        wrote("sue", 1, "sync", "bug"),
        wrote("hal", 1, "sync", "bug"),
    ]
    mined = mine(written, roles={"sue": "staff", "hal": "bot"})
    for claim in (only(mined, "topic"), only(mined, "problem")):
        assert (claim["n_voices"], claim["n_posts"], claim["value"]) == (3, 3, 1.0)


def test_posts_of_nobody_known_are_counted_as_posts_but_are_no_voice() -> None:
    claim = only(mine([*crowd(3, 0, "sync"), wrote(None, 1, "sync")]), "topic")
    assert (claim["n_voices"], claim["n_posts"]) == (3, 4)


# ── problems, loves, requests, leaving ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tag", "kind", "says_so"),
    [
        ("bug", "problem", "3 of 6 members report problems, mostly bugs"),
        ("complaint", "problem", "3 of 6 members report problems, mostly complaints"),
        ("usability", "problem", "3 of 6 members report problems, mostly usability"),
        ("performance", "problem", "3 of 6 members report problems, mostly speed"),
        ("documentation", "problem", "3 of 6 members report problems, mostly documentation"),
        ("feature_request", "request", "3 of 6 members ask for something"),
        ("churn", "churn", "3 of 6 members talk about leaving"),
    ],
)
def test_what_three_members_say_is_a_claim(tag: str, kind: str, says_so: str) -> None:
    written = [*crowd(3, 0, "sync", tag), *crowd(3, 1, "sync", "question", start=3)]
    claim = only(mine(written), kind)
    assert claim["headline"] == f"Sync, tablet: {says_so}"
    assert claim["value"] == 0.5
    assert claim["evidence"] == ["p0", "p1", "p2"]


@pytest.mark.parametrize("tag", ["bug", "feature_request", "churn"])
def test_what_two_members_say_often_is_none(tag: str) -> None:
    written = [wrote(f"m{i % 2}", i, "sync", tag) for i in range(9)]
    kind = {"bug": "problem", "feature_request": "request"}.get(tag, tag)
    mined = mine(written)
    assert of_kind(mined, kind) == []
    assert reasons(mined, kind) == {"too_few_voices"}


def test_fewer_voices_are_enough_where_the_settings_say_so() -> None:
    written = crowd(2, 0, "sync", "bug")
    assert only(mine(written, settings=InsightSettings(min_voices=2)), "problem")["n_voices"] == 2


def test_what_nobody_said_is_dropped_with_that_reason() -> None:
    assert reasons(mine(crowd(5, 0, "sync", "question")), "love") == {"nobody_said_it"}


def test_love_is_praise_in_a_friendly_voice() -> None:
    written = [
        *(wrote(f"m{i}", i, "sync", "praise", sentiment="positive") for i in range(3)),
        wrote("m8", 4, "sync", "praise", sentiment="negative"),  # "great, it crashed again"
        wrote("m9", 5, "sync", sentiment="positive"),  # "thanks Paul!" is no praise of the product
    ]
    claim = only(mine(written), "love")
    assert claim["headline"] == "Sync, tablet: 3 of 5 members voice praise"
    assert (claim["value"], claim["evidence"]) == (0.6, ["p0", "p1", "p2"])


def doubted(count: int, start: int, **chances: float) -> list[PostRow]:
    """Let members write what is given nothing but may be something."""
    return [wrote(f"m{start + i}", start + i, "sync", chances=chances) for i in range(count)]


def sure(count: int, kind: str, chance: float) -> list[PostRow]:
    return [wrote(f"m{i}", i, "sync", kind, chances={kind: chance}) for i in range(count)]


@pytest.mark.parametrize(
    ("tag", "kind", "says_so"),
    [
        ("bug", "problem", "about 8 of 14 members report problems ({low} to {high}), mostly bugs"),
        ("praise", "love", "about 8 of 14 members voice praise ({low} to {high})"),
        ("feature_request", "request", "about 8 of 14 members ask for something ({low} to {high})"),
        ("churn", "churn", "about 8 of 20 members talk about leaving ({low} to {high})"),
    ],
)
def test_what_is_likely_counts_beside_what_is_sure(tag: str, kind: str, says_so: str) -> None:
    written = [
        *sure(4, tag, 0.95),
        *doubted(10, 4, **{tag: 0.45}),
        *crowd(6, 0, "export", start=90),
    ]
    claim = only(mine(written), kind)
    whole = 20 if kind == "churn" else 14
    low, high = (round(whole * claim[name]) for name in ("low", "high"))
    assert claim["headline"] == f"Sync, tablet: {says_so.format(low=low, high=high)}"
    assert claim["value"] == pytest.approx(8.3 / whole)
    assert claim["low"] < claim["value"] < claim["high"]


def test_evidence_and_voices_are_of_what_is_sure() -> None:
    claim = only(mine([*sure(4, "bug", 0.95), *doubted(10, 4, bug=0.45)]), "problem")
    assert claim["evidence"] == ["p0", "p1", "p2", "p3"]
    assert (claim["n_posts"], claim["n_voices"], claim["effective_voices"]) == (4, 4, 4)


def test_never_less_is_told_than_is_sure() -> None:
    claim = only(mine([*sure(4, "bug", 0.76), *doubted(6, 4, bug=0.01)]), "problem")
    assert claim["headline"] == "Sync, tablet: 4 of 10 members report problems, mostly bugs"
    assert claim["value"] == 0.4


def test_no_range_begins_below_what_is_sure() -> None:
    claim = only(mine([*sure(9, "bug", 0.95), *doubted(10, 9, bug=0.1)]), "problem")
    assert claim["low"] < 9 / 19
    assert "about 10 of 19 members report problems (9 to " in claim["headline"]


def test_what_is_only_likely_is_no_claim() -> None:
    mined = mine([*sure(2, "bug", 0.95), *doubted(20, 2, bug=0.45)])
    assert reasons(mined, "problem") == {"too_few_voices"}
    assert reasons(mine(doubted(20, 0, bug=0.45)), "problem") == {"nobody_said_it"}


def test_mostly_is_what_most_are_expected_to_report() -> None:
    written = [*sure(3, "bug", 0.95), *doubted(10, 3, usability=0.4)]
    assert only(mine(written), "problem")["headline"].endswith("mostly usability")


def test_a_claim_tells_the_share_that_its_topic_has() -> None:
    mined = mine([*sure(4, "bug", 0.95), *doubted(10, 4, bug=0.45)])
    (share,) = mined.shares.filter(topic_id="sync", label="any_problem").to_dicts()
    claim = only(mined, "problem")
    assert [claim[n] for n in ("value", "low", "high")] == [
        share[n] for n in ("value", "low", "high")
    ]


ASSERTING = ("The app crashes every morning.", "Sync does not work on my tablet.")
NOT_ASSERTING = (
    "The app no longer crashes.",
    "The sync bug was fixed in May.",
    "The update solved the crash.",
    "It never crashes.",
    "We have no bugs here.",
    "I had no crash since May.",
)
SPOKEN = st.lists(st.sampled_from([*ASSERTING, *NOT_ASSERTING]), min_size=1, max_size=3)


@given(st.lists(SPOKEN, min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_who_only_denies_problems_or_tells_of_some_that_are_over_is_no_evidence(
    spoken: list[list[str]],
) -> None:
    texts = read(*(" ".join(sentences) for sentences in spoken))
    ids = [f"p{i}" for i in range(len(texts))]
    built = tables([wrote(f"m{i}", i, "sync") for i in range(len(texts))])
    built["tags"] = tag_texts(ids, texts, tagger=RuleTagger())
    mined = mine_claims(built, settings=InsightSettings(min_voices=1))

    asserting = {i for i, said in zip(ids, spoken, strict=True) if {*said} & {*ASSERTING}}
    evidence = {i for claim in of_kind(mined, "problem") for i in claim["evidence"]}
    assert evidence == asserting
    (share,) = mined.shares.filter(topic_id="sync", label="any_problem").to_dicts()
    assert share["value"] == pytest.approx(len(asserting) / len(ids))


# ── change ───────────────────────────────────────────────────────────────────────────────────


def weeks(*members_on_sync: int, others: int = 30) -> list[PostRow]:
    """Every week so many talk of exports, and so many others of the sync, three in a thread."""
    return [
        {**row, "thread": f"{row['topic']}-{week}-{number // 3}"}
        for week, n in enumerate(members_on_sync)
        for number, row in enumerate(
            [
                *crowd(others, 7 * week + 1, "export"),
                *crowd(n, 7 * week + 2, "sync", start=100 * (week + 1)),
            ]
        )
    ]


BY_WEEK = InsightSettings(period="week")
STEADY = (6, 5, 7, 6, 5, 6, 7, 6)


def change(mined: Mined) -> list[dict[str, Any]]:
    return [claim for claim in of_kind(mined, "change") if claim["topic_id"] == "sync"]


def test_a_topic_that_rises_is_a_change() -> None:
    mined = mine(weeks(*STEADY, 45), settings=BY_WEEK)
    (claim,) = change(mined)
    assert claim["headline"] == "Sync, tablet: rose to 45 members, where 12 would be usual"
    usual = 75 * 42 / (7 * 30 + 42)  # active now, times the share of the seven weeks before
    assert claim["baseline"] == pytest.approx(usual)
    assert claim["value"] == pytest.approx(45 / usual)
    assert (claim["since"], claim["until"], claim["n_voices"]) == (day(52), day(59), 45)
    assert claim["q"] <= 0.0125


def test_a_topic_that_falls_is_a_change_shown_by_what_was_said_before() -> None:
    (claim,) = change(mine(weeks(*[30] * 8, 2), settings=BY_WEEK))
    assert claim["headline"] == "Sync, tablet: fell to 2 members, where 16 would be usual"
    assert claim["value"] < 0.3
    assert claim["n_voices"] == 30
    assert claim["rank_score"] < 0.5 * math.log2(31)


def test_a_topic_that_rises_from_nothing_has_no_ratio() -> None:
    (claim,) = change(mine(weeks(*[0] * 8, 30), settings=BY_WEEK))
    assert (claim["value"], claim["baseline"]) == (None, 0.0)


def test_a_small_change_could_be_chance() -> None:
    mined = mine(weeks(*STEADY, 13), settings=BY_WEEK)
    assert change(mined) == []
    assert "could_be_chance" in reasons(mined, "change")


def test_without_a_time_before_nothing_changed() -> None:
    mined = mine(weeks(*STEADY, 30), settings=InsightSettings(period="all"))
    assert of_kind(mined, "change") == []
    assert mined.notices[0].startswith("nothing is said of change in the latest time")


def test_a_change_needs_enough_members() -> None:
    mined = mine(weeks(*[0] * 8, 12, others=4), settings=BY_WEEK)
    assert of_kind(mined, "change") == []
    assert "too few members wrote to tell whether anything changed: 16" in mined.notices[0]


def test_more_of_one_kind_of_post_is_a_change_too() -> None:
    steady = weeks(*STEADY, 6)
    bugs = [wrote(f"b{i}", 58 + i / 10, None, "bug") for i in range(40)]
    found = {c["headline"] for c in of_kind(mine([*steady, *bugs], settings=BY_WEEK), "change")}
    assert "Reports of bugs: rose to 40 members, where 0 would be usual" in found


def test_what_is_told_of_the_tests_is_kept_with_the_period() -> None:
    (row,) = mine(weeks(*STEADY, 30), settings=BY_WEEK).periods.to_dicts()
    assert (row["name"], row["since"], row["until"], row["n_before"]) == (
        "week", day(52), day(59), 7,
    )  # fmt: skip
    assert row["n_shuffles"] == 300
    assert 0 <= row["false_alarms"] <= 0.025
    assert len(row["usual"]) == len(row["seen_from"]) == 3


# ── what only looks like change ──────────────────────────────────────────────────────────────


def apparent(mined: Mined) -> list[str]:
    return [claim["headline"] for claim in of_kind(mined, "apparent")]


def of_source(rows: Sequence[PostRow], source: str) -> list[PostRow]:
    return [{**row, "source": source} for row in rows]


def test_more_of_another_source_is_no_change() -> None:
    forum = of_source(weeks(*STEADY, 6), "forum")
    reviews = of_source(crowd(40, 59, "sync", start=2_000), "reviews")
    mined = mine([*forum, *reviews], settings=BY_WEEK)
    assert change(mined) == []
    (headline,) = [text for text in apparent(mined) if text.startswith("Sync")]
    assert headline.endswith("but more of what is read comes from reviews than before")


def test_a_rise_in_each_source_is_one() -> None:
    both = [
        row
        for source, begin in (("forum", 0), ("reviews", 5_000))
        for row in of_source(
            [{**r, "who": f"{r['who']}-{begin}"} for r in weeks(*STEADY, 45)], source
        )
    ]
    assert len(change(mine(both, settings=BY_WEEK))) == 1


def test_posts_that_people_labelled_are_held_against_such_posts_only() -> None:
    steady = weeks(*STEADY, 6)
    relabelled = [wrote(f"b{i}", 58 + i / 10, None, "bug", by_human=True) for i in range(40)]
    mined = mine([*steady, *relabelled], settings=BY_WEEK)
    assert not [c for c in of_kind(mined, "change") if "bugs" in c["headline"]]
    (headline,) = [text for text in apparent(mined) if text.startswith("Reports of bugs")]
    assert headline.endswith("labelled by people than before")


def test_one_loud_member_is_no_change() -> None:
    loud = [wrote("loud", 58 + i / 20, "sync") for i in range(40)]
    mined = mine([*weeks(*STEADY, 6), *loud], settings=BY_WEEK)
    assert change(mined) == []
    assert "Sync, tablet: 46 posts, where 13 would be usual, but one member wrote 40 of them" in (
        apparent(mined)
    )


def test_one_thread_that_many_join_is_no_change_and_is_said_to_be_one() -> None:
    one = [wrote(f"j{i}", 58 + i / 20, "sync", thread="hot") for i in range(40)]
    mined = mine([*weeks(*STEADY, 6), *one], settings=BY_WEEK)
    assert change(mined) == []
    (headline,) = apparent(mined)
    assert headline.startswith("Sync, tablet: 46 members, where ")
    assert headline.endswith("but 40 of them in one thread")


def test_a_window_whose_end_is_missing_is_said_to_be_incomplete() -> None:
    settings = InsightSettings(period="week", until=day(59))
    (headline,) = apparent(mine(weeks(*STEADY, 6)[:-36], settings=settings))
    assert headline.startswith("The week is incomplete: after 25 February 2026 nothing was written")
    assert apparent(mine(weeks(*STEADY, 6), settings=InsightSettings(period="week"))) == []


def test_a_source_that_stopped_is_named() -> None:
    forum = of_source(weeks(*STEADY, 6, 6), "forum")
    chat = of_source([{**r, "who": f"{r['who']}c"} for r in weeks(*STEADY)], "chat")
    found = apparent(mine([*forum, *chat], settings=BY_WEEK))
    gap = "nothing was written in chat, which by the threads before is no chance"
    assert [text for text in found if text.endswith(gap)]


# ── surges ───────────────────────────────────────────────────────────────────────────────────


def surge(mined: Mined) -> dict[str, Any]:
    (claim,) = [claim for claim in of_kind(mined, "surge") if claim["topic_id"] == "sync"]
    return claim


OUTBREAK = (2, 1, 2, 1, 2, 1, 20, 2, 1, 2, 2, 1, 2, 2)


def test_a_planted_surge_is_found_in_its_week() -> None:
    claim = surge(mine(weeks(*OUTBREAK)))
    assert claim["headline"] == (
        "Sync, tablet: broke out in the week of 16 February 2026 with 20 members, where 3 would "
        "be usual"
    )
    assert (claim["since"], claim["until"]) == (day(42), day(49))
    assert (claim["n_posts"], claim["topic_id"], claim["scope"]) == (20, "sync", "period")
    usual = 50 * 15 / (9 * 30 + 15)  # the two weeks on each side are left out
    assert claim["value"] == pytest.approx(20 / usual)


def test_where_it_is_something_that_posts_do_the_claim_says_what() -> None:
    assert surge(mine(weeks(*OUTBREAK)))["does"] == ""
    priced = [wrote(f"p{i}", 43 + i / 10, None, "pricing") for i in range(30)]
    (claim,) = [
        claim
        for claim in of_kind(mine([*weeks(*STEADY), *priced]), "surge")
        if claim["headline"].startswith("Talk of prices")
    ]
    assert claim["does"] == "pricing"


def test_what_broke_out_before_the_period_is_of_the_long_view() -> None:
    assert surge(mine(weeks(*OUTBREAK), settings=BY_WEEK))["scope"] == "history"


def test_flat_talk_has_no_surge() -> None:
    mined = mine(weeks(2, 3, 2, 3, 2, 3, 2, 3))
    assert of_kind(mined, "surge") == []
    assert "small_effect" in reasons(mined, "surge")


def test_a_few_more_than_usual_could_be_chance() -> None:
    mined = mine(weeks(1, 1, 0, 7, 1, 0, 1, 1))
    assert of_kind(mined, "surge") == []
    assert "could_be_chance" in reasons(mined, "surge")


def test_a_surge_weighs_by_the_voices_beyond_the_usual() -> None:
    claim = surge(mine(weeks(*OUTBREAK)))
    beyond = 20 * (1 - 1 / claim["value"])
    assert claim["rank_score"] == pytest.approx(0.95 * math.log2(1 + beyond))


def test_over_years_a_surge_is_a_month() -> None:
    written = weeks(*(20 if 26 <= week < 30 else 2 for week in range(80)))
    claim = surge(mine(written, settings=InsightSettings(period="all")))
    assert "broke out in July 2026" in claim["headline"]
    assert (claim["since"], claim["until"]) == (
        datetime(2026, 7, 1, tzinfo=UTC),
        datetime(2026, 8, 1, tzinfo=UTC),
    )


# ── events ───────────────────────────────────────────────────────────────────────────────────


def test_what_began_soon_after_a_release_is_to_be_looked_for_there_first() -> None:
    built = tables(weeks(*OUTBREAK)) | {"events": events(**{"4.4": 42})}
    claim = surge(mine_claims(built, settings=InsightSettings()))
    assert claim["action"] == (
        "Began 2 days after 4.4 (16 February 2026, release): look there first."
    )
    before = tables(weeks(*OUTBREAK)) | {"events": events(**{"4.3": 20, "4.5": 46})}
    action = surge(mine_claims(before, settings=InsightSettings()))["action"]
    assert action.startswith("Compare the date")


# ── the long view ────────────────────────────────────────────────────────────────────────────


def test_beside_the_period_the_whole_history_is_counted() -> None:
    mined = mine([*crowd(4, 0, "sync", "bug"), *crowd(3, 20, "sync", start=9)], settings=BY_WEEK)
    sizes = {c["scope"]: c["n_voices"] for c in of_kind(mined, "topic") if c["topic_id"] == "sync"}
    assert sizes == {"period": 3, "history": 7}
    assert not [c for c in of_kind(mined, "problem") if c["scope"] == "period"]


def test_where_the_period_is_all_nothing_is_told_twice() -> None:
    assert set(mine(crowd(4, 0, "sync", "bug")).claims["scope"]) == {"period"}


# ── newcomers ────────────────────────────────────────────────────────────────────────────────


def newcomers_ask(topic: str) -> list[PostRow]:
    first = crowd(20, 0, topic, "question")
    later = [wrote(f"m{i % 20}", 1 + i / 10, "export", "question") for i in range(60)]
    return [*first, *later]


def test_what_first_posts_ask_and_later_ones_do_not_is_a_hurdle() -> None:
    claim = only(mine(newcomers_ask("sync")), "newcomers")
    assert claim["headline"] == "Sync, tablet: 20 members came with this in their first post"
    assert (claim["value"], claim["n_posts"], claim["baseline"]) == (None, 20, 0.0)


def test_what_everybody_asks_is_no_hurdle() -> None:
    mined = mine(newcomers_ask("export"))
    assert of_kind(mined, "newcomers") == []
    assert reasons(mined, "newcomers") == {"small_effect"}


def test_of_posts_written_at_one_instant_only_one_is_the_first() -> None:
    twice = [
        wrote(f"m{i}", 0, "sync", "question", post_id=f"{i:02}{part}")
        for i in range(20)
        for part in "ab"
    ]
    later = [wrote(f"m{i % 20}", 1 + i / 10, "export", "question") for i in range(60)]
    claim = only(mine([*twice, *later]), "newcomers")
    assert claim["evidence"] == [f"{i:02}a" for i in range(20)]


# ── unanswered ───────────────────────────────────────────────────────────────────────────────


def test_questions_without_an_answer_are_counted_whoever_asks() -> None:
    written = [wrote("ann", i, "sync", "question") for i in range(4)]
    asked = [
        {
            "thread_id": f"p{i}",
            "is_question": True,
            "opened_at": day(i),
            "answered_by": answered,
            "n_posts": 2,
        }
        for i, answered in enumerate([None, "member", None, "staff"])
    ]
    settings = InsightSettings(min_voices=2)
    mined = mine(written, asked=asked, settings=settings)
    whole, of_topic = sorted(of_kind(mined, "unanswered"), key=lambda c: c["headline"])
    assert whole["headline"] == "All topics: 2 of 4 questions got no answer"
    assert of_topic["headline"] == "Sync, tablet: 2 of 4 questions got no answer"
    assert of_topic["evidence"] == ["p0", "p2"]
    assert of_topic["value"] == 0.5
    assert only(mine(written, asked=asked), "unanswered")["topic_id"] is None  # two are too few


def test_an_export_without_threads_has_no_unanswered_questions() -> None:
    asked = [{"thread_id": "p0", "is_question": True, "opened_at": day(0)}]
    assert of_kind(mine([wrote("ann", 0, "sync", "question")], asked=asked), "unanswered") == []


def test_what_the_staff_asks_is_no_open_question() -> None:
    asked = [{"thread_id": "p0", "is_question": True, "opened_at": day(0), "n_posts": 2}]
    written = [wrote("sue", 0, "sync", "question"), wrote("ann", 1, "sync")]
    assert of_kind(mine(written, asked=asked, roles={"sue": "staff"}), "unanswered") == []


def test_how_soon_and_by_whom_questions_are_answered() -> None:
    written = [wrote(f"m{i}", i, "sync", "question") for i in range(4)]
    asked = [
        {
            "thread_id": f"p{i}",
            "is_question": True,
            "opened_at": day(i),
            "answered_by": by,
            "first_reply_hours": hours,
        }
        for i, (by, hours) in enumerate(
            [("member", 0.5), ("member", 2.0), ("staff", 72.0), (None, None)]
        )
    ]
    mined = mine([*written, wrote("sue", 5, None)], asked=asked, roles={"sue": "staff"})
    by_metric = {claim["metric"]: claim for claim in of_kind(mined, "community")}
    peers = by_metric["share_of_answered_questions"]
    assert (peers["value"], peers["evidence"]) == (pytest.approx(2 / 3), ["p0", "p1"])
    soon = by_metric["median_hours"]
    assert soon["headline"] == "Half of the answered questions had a first reply within 2.0 hours"
    assert soon["n_posts"] == 3


def test_how_few_members_write_half_of_the_replies_to_others() -> None:
    opened = [wrote("ann", n, "sync", "question") for n in range(8)]
    replies = [wrote("max", n + 0.1, "sync", thread="p0") for n in range(8)]
    replies += [wrote(f"m{n}", n + 0.2, "sync", thread="p1") for n in range(10)]
    replies += [wrote("ann", 9, "sync", thread="p0")]  # in a thread of her own
    asked = [{"thread_id": f"p{n}", "opener_id": "ann", "opened_at": day(n)} for n in range(8)]
    by_metric = {
        claim["metric"]: claim
        for claim in of_kind(mine([*opened, *replies], asked=asked), "community")
    }
    claim = by_metric["helpers_of_half"]
    assert (claim["value"], claim["n_voices"]) == (2, 2)
    assert claim["headline"].startswith("2 members of the 11 who replied to others wrote half")


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ([1.0, 24.0, 25.0, 30.0, None], "2 of 5 newcomers"),
        ([1.0, 24.0, 25.0, None], None),  # so few that it would tell who
    ],
)
def test_how_many_newcomers_are_answered_within_a_day(
    hours: list[float | None], told: str | None
) -> None:
    written = [wrote(f"m{n}", n, "sync") for n in range(len(hours))]
    written.append(wrote("late", 40.5, "sync"))  # whose day is not over
    asked = [
        {"thread_id": f"p{n}", "opened_at": day(n), "n_posts": 2, "first_reply_hours": reply}
        for n, reply in enumerate([*hours, None])
    ]
    asked[-1]["opened_at"] = day(40.5)
    claims = of_kind(mine(written, asked=asked), "community")
    found = [claim["headline"] for claim in claims if claim["metric"] == "share_of_newcomers"]
    assert [headline.partition(" who")[0] for headline in found] == ([told] if told else [])


def of_metric(mined: Mined, metric: str) -> dict[str, Any]:
    (claim,) = [c for c in of_kind(mined, "community") if c["metric"] == metric]
    return claim


def none_of_metric(mined: Mined, metric: str) -> bool:
    return metric not in [claim["metric"] for claim in of_kind(mined, "community")]


def test_how_much_of_what_members_write_answers_another_and_is_answered() -> None:
    names = ["ann", "ben", "ann", "cat", "sue", "ann"]
    written = [wrote(who, n, "sync", thread="p0") for n, who in enumerate(names)]
    whom = {"p1": "ann", "p2": "ben", "p3": "ann", "p4": "ann", "p5": "sue"}
    answered = [
        {"post_id": post, "answers": "p0", "answers_author": who} for post, who in whom.items()
    ]
    mined = mine(written, answered=answered, roles={"sue": "staff"})
    dialogue = of_metric(mined, "share_of_dialogue")
    assert dialogue["evidence"] == ["p1", "p2", "p3"]  # what staff says, or is told, is none of it
    assert dialogue["value"] == pytest.approx(3 / 5)
    pairs = of_metric(mined, "share_of_pairs")
    assert pairs["value"] == 0.5
    assert pairs["headline"].startswith("1 of 2 pairs of members who talk answered each other")


def test_where_nobody_answers_anybody_nothing_is_said_of_dialogue() -> None:
    assert none_of_metric(mine(crowd(12, 0, "sync")), "share_of_dialogue")


def test_how_much_of_all_the_busiest_tenth_writes() -> None:
    busy = [wrote("max", n, "sync") for n in range(18)]
    mined = mine([*busy, *crowd(18, 1, "sync")])
    claim = of_metric(mined, "gini_of_posts")
    assert claim["headline"] == "The busiest tenth of the members wrote 50 % of the posts"
    assert claim["value"] == pytest.approx(17 / 36)
    assert none_of_metric(mine(crowd(9, 0, "sync")), "gini_of_posts")
    more = mine([*busy, *crowd(199, 1, "sync")])
    assert of_metric(more, "gini_of_posts")["headline"] == (
        "The busiest tenth of the members wrote 17 % of the posts, the busiest hundredth alone 9 %"
    )


def solved(by: str | None, number: int) -> PostRow:
    return {
        "thread_id": f"p{number}",
        "is_question": True,
        "opened_at": day(number),
        "solved_by": by,
        "resolved": by is not None,
    }


def test_how_many_questions_members_solved_and_how_many_tickets_that_would_have_been() -> None:
    written = [wrote(f"m{n}", n, "sync", "question") for n in range(5)]
    by = ["member", "member", "staff", "opener", None]
    asked = [solved(who, n) for n, who in enumerate(by)]
    told = of_metric(mine(written, asked=asked), "share_solved_by_members")
    assert (told["value"], told["evidence"]) == (pytest.approx(0.4), ["p0", "p1"])
    assert none_of_metric(mine(written, asked=asked), "tickets_not_written")

    assumed = InsightSettings(tickets_per_answer=0.5)
    tickets = of_metric(mine(written, asked=asked, settings=assumed), "tickets_not_written")
    assert tickets["value"] == pytest.approx(1.0)
    assert tickets["low"] < 1.0 < tickets["high"] < 2.5
    assert "if 50 % of those who asked had written to support" in tickets["headline"]


def weekly(who: str, weeks: int) -> list[PostRow]:
    return [wrote(who, 7 * week + 1 + part / 9, "sync") for week in range(weeks) for part in (0, 1)]


def test_who_wrote_week_by_week_and_fell_silent_is_counted() -> None:
    steady = [post for n in range(3) for post in weekly(f"busy{n}", 16)]
    gone = weekly("gone", 12)
    once = [wrote("burst", 20 + n / 50, "sync") for n in range(40)]  # one thread, soon over
    others = [wrote(f"m{n}", 3 * n, "sync") for n in range(20)]
    mined = mine([*steady, *gone, *once, *others, wrote("last", 111.9, "sync")])
    claim = of_metric(mined, "share_of_busiest")
    assert claim["headline"].startswith("1 of the 4 members who wrote most, week by week")
    assert claim["action"].startswith("Ask one or two of them")


def test_where_nobody_fell_silent_nobody_is_to_be_asked() -> None:
    steady = [post for n in range(4) for post in weekly(f"busy{n}", 16)]
    ends = [wrote("first", 0, "sync"), wrote("last", 111.9, "sync")]
    claim = of_metric(mine([*steady, *ends]), "share_of_busiest")
    assert claim["headline"] == (
        "None of the 4 members who wrote most, week by week, has been silent for four weeks"
    )
    assert (claim["value"], claim["action"]) == (0.0, "")


def test_a_history_of_a_few_weeks_does_not_tell_who_fell_silent() -> None:
    written = [post for n in range(9) for post in weekly(f"m{n}", 8)]
    assert none_of_metric(mine(written), "share_of_busiest")


def newcomers(count: int, hours: float | None, *, stay: int, start: int) -> Any:
    """Let newcomers open threads; ``stay`` of them write in another one later."""
    numbers = range(start, start + count)
    first = [wrote(f"new{n}", n / 10, "sync", thread=f"p{n}", post_id=f"p{n}") for n in numbers]
    again = [
        wrote(f"new{n}", n / 10 + 30, "sync", thread="old", post_id=f"again{n}")
        for n in numbers[:stay]
    ]
    late = wrote(f"new{start}", start / 10 + 61, "sync", thread="old2", post_id=f"late{start}")
    asked = [
        {"thread_id": f"p{n}", "opened_at": day(n / 10), "n_posts": 2, "first_reply_hours": hours}
        for n in numbers
    ]
    return [*first, *again, late], asked


def test_newcomers_who_were_answered_are_compared_with_those_who_were_not() -> None:
    answered, asked = newcomers(40, 2.0, stay=30, start=0)
    others, asked_of_others = newcomers(20, 30.0, stay=3, start=50)
    written = [*answered, *others, wrote("last", 100, "sync")]
    claim = of_metric(mine(written, asked=[*asked, *asked_of_others]), "points_of_return")
    assert claim["headline"].startswith("30 of 40 newcomers who had a reply within a day wrote")
    assert claim["headline"].endswith("and 3 of 20 who had none")
    assert claim["value"] == pytest.approx(60.0)
    assert 0 < claim["low"] < 60 < claim["high"] < 100


def test_a_difference_that_chance_may_make_is_said_to_be_one() -> None:
    answered, asked = newcomers(12, 2.0, stay=6, start=0)
    others, asked_of_others = newcomers(12, None, stay=5, start=50)
    written = [*answered, *others, wrote("last", 100, "sync")]
    claim = of_metric(mine(written, asked=[*asked, *asked_of_others]), "points_of_return")
    assert claim["headline"].endswith("who had none, which chance may make as well")


def test_too_few_newcomers_are_not_compared() -> None:
    answered, asked = newcomers(40, 2.0, stay=30, start=0)
    others, asked_of_others = newcomers(9, None, stay=3, start=50)
    written = [*answered, *others, wrote("last", 100, "sync")]
    assert none_of_metric(mine(written, asked=[*asked, *asked_of_others]), "points_of_return")


# ── loud members ─────────────────────────────────────────────────────────────────────────────


def test_a_topic_that_is_mostly_one_member_is_said_to_be() -> None:
    written = [*(wrote("max", i / 10, "sync") for i in range(12)), *crowd(6, 2, "sync")]
    claim = only(mine(written), "loud")
    assert claim["headline"] == "Sync, tablet: one member wrote 12 of 18 posts"
    assert (claim["n_voices"], claim["n_posts"]) == (1, 12)


@pytest.mark.parametrize(("loud", "others"), [(9, 1), (10, 40)])
def test_few_posts_or_a_small_share_are_not_loud(loud: int, others: int) -> None:
    written = [*(wrote("max", i / 10, "sync") for i in range(loud)), *crowd(others, 2, "sync")]
    assert of_kind(mine(written), "loud") == []


# ── who reads what ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("routing", "editions"),
    [
        ({}, ["product", "support", "leadership"]),
        ({"problem": ["marketing"]}, ["marketing"]),
        ({"problem": ["marketing"], "t001": ["support"]}, ["support"]),
        ({"t009": ["support"]}, ["product", "support", "leadership"]),
    ],
)
def test_a_claim_goes_to_whom_the_settings_say_by_topic_before_kind(
    routing: dict[str, list[str]], editions: list[str]
) -> None:
    settings = InsightSettings.model_validate({"routing": routing})
    written = tables(crowd(4, 0, "sync", "bug"))
    numbered = pl.col("topic_id").replace("sync", "t001")
    written |= {name: written[name].with_columns(numbered) for name in ("topics", "assignments")}
    claim = only(mine_claims(written, settings=settings), "problem")
    assert (claim["topic_id"], claim["editions"]) == ("t001", editions)


# ── the account, the period and the order of rows ────────────────────────────────────────────

BUSY = [
    *weeks(2, 1, 2, 20, 2, 1, 2, 2),
    *newcomers_ask("sync"),
    *crowd(4, 3, "export", "bug", "churn"),
]


def test_every_candidate_is_a_claim_or_dropped_with_a_reason() -> None:
    mined = mine(BUSY)
    assert mined.account.rows_in == len(mined.claims) + len(mined.dropped)
    assert mined.claims["claim_id"].n_unique() == len(mined.claims)


def test_every_claim_names_the_posts_and_voices_it_counted() -> None:
    who = dict(enumerate(row["who"] for row in BUSY))
    for claim in mine(BUSY).claims.iter_rows(named=True):
        assert len(set(claim["evidence"])) == claim["n_posts"] == len(claim["evidence"])
        voices = {who[int(post_id[1:])] for post_id in claim["evidence"]}
        assert len(voices) == claim["n_voices"]
        assert 1 <= claim["effective_voices"] <= claim["n_voices"] + 1e-9


def test_the_order_of_rows_changes_no_claim() -> None:
    built = tables(BUSY)
    shuffled = {
        name: table.sample(fraction=1, shuffle=True, seed=7) for name, table in built.items()
    }
    one, other = (mine_claims(t, settings=InsightSettings()) for t in (built, shuffled))
    assert one.claims.equals(other.claims)
    assert one.shares.equals(other.shares)
    assert one.dropped.sort("ref").equals(other.dropped.sort("ref"))


def test_posts_outside_the_period_are_not_counted() -> None:
    written = [*crowd(3, 0, "sync"), *crowd(3, 10, "sync", start=3), *crowd(3, 20, "sync", start=6)]
    limits = InsightSettings(since=day(5), until=day(15))
    (claim,) = [
        c for c in of_kind(mine(written, settings=limits), "topic") if c["scope"] == "period"
    ]
    assert claim["evidence"] == ["p3", "p4", "p5"]
    assert (claim["since"], claim["until"]) == (day(5), day(15))


def test_a_first_post_before_the_period_makes_no_newcomer_of_the_second() -> None:
    written = [*crowd(20, 0, "export"), *crowd(20, 10, "sync", "question")]
    assert of_kind(mine(written, settings=InsightSettings(since=day(5))), "newcomers") == []


def test_without_dates_all_posts_count_and_nothing_changes() -> None:
    mined = mine([wrote(f"m{i}", None, "sync", "bug") for i in range(40)])
    assert only(mined, "problem")["n_voices"] == 40
    assert not {"change", "surge"} & set(mined.claims["kind"])
    assert mined.notices == ()


def test_posts_without_a_date_among_dated_ones_are_told_of() -> None:
    mined = mine([*crowd(3, 0, "sync"), wrote("ann", None, "sync"), wrote("bob", None, None)])
    assert only(mined, "topic")["n_posts"] == 3
    assert "posts without a date, which no claim can count: 2" in mined.notices


def test_a_time_in_which_nobody_wrote_is_told_of() -> None:
    settings = InsightSettings(since=day(40), until=day(50))
    notices = mine([*crowd(3, 0, "sync"), *crowd(3, 60, "sync")], settings=settings).notices
    assert "nobody wrote from 14 February 2026 to 24 February 2026" in notices


def test_no_posts_give_no_claims() -> None:
    mined = mine([])
    assert mined.claims.is_empty()
    assert mined.account.rows_out == 0


def test_claims_come_best_first() -> None:
    scores = mine(BUSY).claims["rank_score"].to_list()
    assert scores == sorted(scores, reverse=True)


def test_many_voices_rank_above_one_that_repeats_itself() -> None:
    written = [
        *crowd(10, 0, "sync", "bug"),
        *(wrote(f"r{i % 3}", i, "export", "bug") for i in range(30)),
    ]
    first, second = of_kind(mine(written), "problem")
    assert (first["topic_id"], second["topic_id"]) == ("sync", "export")


# ── severity, parts and needs ────────────────────────────────────────────────────────────────


def test_what_does_not_work_at_all_is_told_apart_from_other_problems() -> None:
    grave = [wrote(f"m{i}", i, "sync", "bug", severity=3) for i in range(4)]
    small = [wrote(f"m{i + 4}", i, "sync", "bug", severity=1) for i in range(4)]
    claims = mine([*grave, *small]).claims
    assert claims.filter(kind="severe")["n_voices"].to_list() == [4]
    assert claims.filter(kind="problem")["n_voices"].to_list() == [8]


SAYS = {"problem": [0.9, 0.0, 0.0, 0.0, 0.9, 0.9], "praise": [0.0, 0.0, 0.0, 0.9, 0.9, 0.9]}


def of_editor(said: Sequence[str], **how: Any) -> Mined:
    """Mine posts of one sentence each, all on the editor: each a problem, praise, or neither."""
    written = crowd(len(said), 1, "sync")
    judged = [
        {"post_id": f"p{i}", "aspect": "Editor", "text": "the editor"} for i in range(len(said))
    ]
    spoken = [
        {
            "post_id": f"p{i}",
            "text": f"What the editor is, says {i}.",
            "chances": SAYS.get(s, [0.0] * 6),
        }
        for i, s in enumerate(said)
    ]
    judged = [row | how.get(row["post_id"], {}) for row in judged]
    built = tables(written, judged=judged) | {"sentences": sentences(*spoken)}
    return mine_claims(built, settings=InsightSettings())


def test_so_many_of_those_who_speak_of_a_part_tell_of_a_problem_with_it() -> None:
    claim = only(of_editor(["problem"] * 4 + ["praise"] * 3 + ["neither"]), "component")
    assert claim["value"] == pytest.approx(0.5)
    assert claim["headline"] == (
        "Editor: 4 members tell of a problem with it, 3 speak well of it, such as "
        "“What the editor is, says 0”"
    )
    assert (claim["quoted"], claim["quoted_from"]) == ("What the editor is, says 0", "p0")
    assert set(claim["evidence"]) == {f"p{i}" for i in range(4)}


def test_a_part_that_most_speak_well_of_is_no_news() -> None:
    mined = of_editor(["problem"] * 4 + ["praise"] * 9)
    assert reasons(mined, "component") == {"small_effect"}


def test_a_clause_that_sounds_well_tells_of_no_problem_though_its_sentence_does() -> None:
    claim = only(of_editor(["problem"] * 4, p0={"sentiment": "positive"}), "component")
    assert set(claim["evidence"]) == {"p1", "p2", "p3"}


@pytest.mark.parametrize(
    ("clause", "counts"),
    [
        ("It crashes on the new editor", False),
        ("It is slow with my editor", False),
        ("I have a problem with the editor", True),
        ("The editor crashes on my tablet", True),
    ],
)
def test_a_part_that_is_only_the_setting_does_not_count(clause: str, *, counts: bool) -> None:
    judged = [
        {"post_id": f"p{i}", "aspect": "editor", "text": "The editor" if i else clause}
        for i in range(4)
    ]
    spoken = [
        {
            "post_id": f"p{i}",
            "text": "The editor fails." if i else f"{clause}.",
            "chances": SAYS["problem"],
        }
        for i in range(4)
    ]
    built = tables(crowd(4, 1, "sync"), judged=judged) | {"sentences": sentences(*spoken)}
    claim = only(mine_claims(built, settings=InsightSettings()), "component")
    assert ("p0" in claim["evidence"]) is counts


def test_who_names_a_part_in_another_sentence_than_the_problem_does_not_speak_badly_of_it() -> None:
    claim = only(of_editor(["problem"] * 4, p0={"text": "the old editor"}), "component")
    assert set(claim["evidence"]) == {"p1", "p2", "p3"}


def test_what_only_points_at_a_thing_names_no_need() -> None:
    wanted = [
        {"post_id": f"p{i}", "text": text, "label": "do the same"}
        for i, text in enumerate(["do the same", "do it", "send that to you", "do so"])
    ]
    assert of_kind(mine(crowd(4, 1, "sync"), wanted=wanted), "need") == []


def test_a_need_is_told_in_words_that_say_what_for_by_the_head() -> None:
    said = [("get there", False), ("print the week of a team", True), ("x", None), ("y", None)]
    wanted = [
        {"post_id": f"p{i}", "text": text, "label": "get there", "names_job": names_job}
        for i, (text, names_job) in enumerate(said)
    ]
    claim = only(mine(crowd(4, 1, "sync"), wanted=wanted), "need")
    assert (claim["n_voices"], claim["quoted"]) == (4, "print the week of a team")


def test_needs_of_which_none_says_what_for_are_no_claim() -> None:
    wanted = [{"post_id": f"p{i}", "text": "sort it all out", "names_job": False} for i in range(4)]
    mined = mine(crowd(4, 1, "sync"), wanted=wanted)
    assert reasons(mined, "need") == {"small_effect"}


def test_who_points_at_a_job_that_another_names_is_counted_with_it() -> None:
    texts = ["do it", "do this too", "send it to Inkwren", "print notes"]
    wanted = [{"post_id": f"p{i}", "text": text, "label": "do it"} for i, text in enumerate(texts)]
    claim = only(mine(crowd(4, 1, "sync"), wanted=wanted), "need")
    assert (claim["n_voices"], claim["quoted"]) == (4, "print notes")


def test_who_retells_or_denies_that_a_part_is_bad_does_not_speak_badly_of_it() -> None:
    statuses = ["asserted"] * 4 + ["another", "negated", "over", "quoted"]
    how = {f"p{i}": {"status": status} for i, status in enumerate(statuses)}
    claim = only(of_editor(["problem"] * 8, **how), "component")
    assert set(claim["evidence"]) == {f"p{i}" for i in range(4)}
    assert claim["value"] == pytest.approx(0.5)


def test_two_clauses_of_one_post_are_one_voice_and_one_post() -> None:
    judged = [
        {"post_id": f"p{i % 4}", "number": i + 1, "aspect": "Editor", "text": "editor"}
        for i in range(8)
    ]
    spoken = [
        {"post_id": f"p{i}", "text": "The editor fails.", "chances": SAYS["problem"]}
        for i in range(4)
    ]
    built = tables(crowd(4, 1, "sync"), judged=judged) | {"sentences": sentences(*spoken)}
    claim = only(mine_claims(built, settings=InsightSettings()), "component")
    assert (claim["n_posts"], claim["n_voices"]) == (4, 4)


def test_a_need_that_enough_members_share_is_told_in_the_words_of_one() -> None:
    wanted: list[dict[str, Any]] = [
        {"post_id": f"p{i}", "text": "export to PDF", "label": "export to PDF"} for i in range(4)
    ]
    wanted += [{"post_id": "p5", "label": "print it", "group": 1}]
    claims = mine(crowd(8, 1, "sync"), wanted=wanted).claims.filter(kind="need")
    assert claims["headline"].to_list() == ["“export to PDF”: 4 members want this"]
    assert set(claims["evidence"][0]) == {f"p{i}" for i in range(4)}


def test_a_need_is_told_in_words_of_a_post_that_counts() -> None:
    wanted = [
        {"post_id": f"p{i}", "text": "print notes", "label": "a bot's words"} for i in range(4)
    ]
    claims = mine(crowd(8, 1, "sync"), wanted=wanted).claims.filter(kind="need")
    assert claims["headline"].to_list() == ["“print notes”: 4 members want this"]


# ── other products ───────────────────────────────────────────────────────────────────────────

RIVALS = InsightSettings(rivals={"Quillpad": ("quill pad",), "Notably": ()}, min_voices=2)


def compared(*said: str) -> Mined:
    written = [wrote(f"m{n}", n, None, sentences=[text]) for n, text in enumerate(said)]
    return mine(written, settings=RIVALS)


def test_members_who_compare_with_another_product_are_counted_under_its_name() -> None:
    mined = compared(
        "Sync is faster than in Quillpad.",
        "I moved from quill pad to this one in March.",
        "My Quillpad is blue and old.",
        "Notably is better.",
    )
    claim = only(mined, "rival")
    assert claim["evidence"] == ["p0", "p1"]
    assert claim["headline"] == (
        "Quillpad: 2 members compare it, come from it or leave for it, such as “I moved from quill "
        "pad to this one in March”"
    )
    assert claim["quoted_from"] == "p1"
    assert reasons(mined, "rival") == {"too_few_voices"}


@pytest.mark.parametrize(
    "text",
    [
        "I use Quillpad rather than paper.",
        "There is more than one Quillpad.",
        "Nothing other than Quillpad opens it.",
        "It came out later than Quillpad 5 did.",
        f"It is better. {'So we wrote and wrote and wrote. ' * 3}Quillpad!",
        "Quillpads are better.",
    ],
)
def test_who_only_names_another_product_compares_nothing(text: str) -> None:
    assert of_kind(compared(text, text), "rival") == []


def test_a_name_is_no_pattern() -> None:
    odd = InsightSettings(rivals={"C++ (any.)": (), "a|b": ()}, min_voices=1)
    written = [wrote("ann", 0, None, sentences=["It is better than C++ (any.) or so I think."])]
    assert only(mine(written, settings=odd), "rival")["subject"] == "C++ (any.)"


@pytest.mark.parametrize("rivals", [{"": ()}, {"Quillpad": ("",)}, {"Quillpad": (" ",)}])
def test_a_name_that_stands_everywhere_is_a_wrong_setting(rivals: Any) -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        InsightSettings(rivals=rivals)


def test_without_names_nothing_is_compared() -> None:
    written = [wrote("ann", 0, None, sentences=["It is better than Quillpad."])]
    assert of_kind(mine(written), "rival") == []
