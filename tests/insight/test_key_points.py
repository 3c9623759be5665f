"""Claims on what members say: in the words of one, with who says it and what to do next."""

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from feedbackminer.insight.stage import Mined, mine_claims
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.tags import HEADLINES
from tests.insight.test_finders import (
    PostRow,
    crowd,
    of_kind,
    only,
    tables,
    wrote,
)
from tests.support.builders import day, key_points, matches, sentences

# What a post says with its kind, on its topic; without a kind it asks.
SAYS = {"feature_request": "request", "praise": "praise", "question": "question", "": "question"}


def said(written: Sequence[PostRow], ids: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Let each post on a topic say the one key point that there is of its kind on it."""
    points = [
        (i, SAYS.get(row["kinds"][0] if row["kinds"] else "", "problem"), row["topic"])
        for i, row in zip(ids, written, strict=True)
        if row["topic"]
    ]
    heads = {(says, topic): i for i, says, topic in reversed(points)}
    return {
        "sentences": sentences(
            *({"post_id": i, "text": f"{topic} {says} as {i} says"} for i, says, topic in points)
        ),
        "key_points": key_points(
            *(
                {
                    "key_point_id": f"{says}-{topic}",
                    "says": says,
                    "post_id": i,
                    "text": f"{topic} {says}",
                }
                for (says, topic), i in sorted(heads.items())
            )
        ),
        "matches": matches(
            *({"key_point_id": f"{says}-{topic}", "post_id": i} for i, says, topic in points)
        ),
    }


def mine(
    written: Sequence[PostRow], *, settings: InsightSettings | None = None, **how: Any
) -> Mined:
    """Mine a community in which each post on a topic says what the others of its kind say."""
    ids = [f"p{i}" for i in range(len(written))]
    built = tables(written, **how) | said(written, ids)
    return mine_claims(built, settings=settings or InsightSettings())


@pytest.mark.parametrize(
    ("tag", "kind", "says"),
    [
        ("bug", "problem", "problem"),
        ("feature_request", "request", "request"),
        ("question", "question", "question"),
        ("praise", "love", "praise"),
    ],
)
def test_what_three_members_say_is_a_claim_in_the_words_of_one(
    tag: str, kind: str, says: str
) -> None:
    written = [*crowd(3, 0, "sync", tag), *crowd(3, 1, "export", "bug", start=3)]
    (claim,) = [c for c in of_kind(mine(written), kind) if c["topic_id"] == "sync"]
    assert claim["headline"] == f"“sync {says}”: 3 members"
    assert claim["key_point_id"] == f"{says}-sync"
    assert (claim["quoted"], claim["quoted_from"]) == (f"sync {says}", "p0")
    assert (claim["value"], claim["evidence"]) == (0.5, ["p0", "p1", "p2"])


@pytest.mark.parametrize(("least", "n_claims"), [(2, 1), (3, 0)])
def test_two_members_who_say_it_often_are_enough_where_the_settings_say_so(
    least: int, n_claims: int
) -> None:
    written = [wrote(f"m{i % 2}", i, "sync", "question") for i in range(9)]
    mined = mine(written, settings=InsightSettings(min_voices=least))
    assert len(of_kind(mined, "question")) == n_claims


def test_a_member_who_says_it_in_two_sentences_of_a_post_is_one_voice_and_one_post() -> None:
    written = crowd(3, 0, "sync", "bug")
    once = said(written, ["p0", "p1", "p2"])
    again = {
        name: pl.concat([once[name], once[name].with_columns(number=pl.lit(2, pl.Int64))])
        for name in ("sentences", "matches")
    }
    built = tables(written) | once | again
    claim = only(mine_claims(built, settings=InsightSettings()), "problem")
    assert (claim["n_posts"], claim["n_voices"]) == (3, 3)


@pytest.mark.parametrize(
    ("n_sync", "n_unsorted", "topic"), [(3, 0, "sync"), (2, 0, "export"), (1, 2, None)]
)
def test_a_point_is_about_a_topic_that_half_of_its_posts_are_about(
    n_sync: int, n_unsorted: int, topic: str | None
) -> None:
    written = [
        *crowd(2, 0, "export", "bug"),
        *crowd(n_sync, 1, "sync", "bug", start=2),
        *crowd(n_unsorted, 1, "unsorted", "bug", start=7),
    ]
    built = tables(written) | said(written, [f"p{i}" for i in range(len(written))])
    together = built["matches"].with_columns(key_point_id=pl.lit("problem-sync"))
    claim = only(mine_claims({**built, "matches": together}, settings=InsightSettings()), "problem")
    assert (claim["topic_id"], claim["n_voices"]) == (topic, len(written))


@pytest.mark.parametrize(
    ("who", "when", "thread", "experience", "went_well"),
    [
        ("m0", 5, "p0", "good", ["p4"]),
        ("m0", -1, "p0", "good", []),  # before the problem
        ("m0", 5, "elsewhere", "good", []),
        ("m0", 5, "p0", "mixed", []),
        ("m9", 5, "p0", "good", []),  # somebody else
    ],
)
def test_who_told_a_problem_and_then_that_it_works_is_the_other_side(
    who: str, when: float, thread: str, experience: str, went_well: list[str]
) -> None:
    written = [*crowd(3, 0, "sync", "bug"), wrote("m8", 0, "sync"), wrote(who, when, None)]
    built = tables(written) | said(written, [f"p{i}" for i in range(len(written))])
    is_last = pl.col("post_id") == "p4"
    posts = built["posts"].with_columns(
        thread_id=pl.when(is_last).then(pl.lit(thread)).otherwise("post_id")
    )
    tags = built["tags"].with_columns(
        experience=pl.when(is_last)
        .then(pl.lit(experience))
        .otherwise(pl.lit("bad"))
        .cast(built["tags"].schema["experience"])
    )
    mined = mine_claims({**built, "posts": posts, "tags": tags}, settings=InsightSettings())
    assert only(mined, "problem")["went_well"] == went_well


def told(*, resolved: int = 0, silent: int = 0, of: int = 4, tag: str = "bug") -> str:
    """Return the next step on what four members say, by how their threads went."""
    asked = [
        {
            "thread_id": f"p{i}",
            "opened_at": day(i),
            "resolved": i < resolved,
            "answered_by": None if i >= of - silent else "member",
        }
        for i in range(of)
    ]
    written = [wrote(f"m{i}", i, "sync", tag) for i in range(of)]
    kind = {"bug": "problem", "praise": "love"}.get(tag, tag)
    return str(only(mine(written, asked=asked), kind)["action"])


def test_what_mostly_ended_solved_is_to_be_written_down() -> None:
    assert told(resolved=3).startswith("3 of 4 threads ended solved: put the answer where")


def test_what_mostly_got_no_answer_is_to_be_answered() -> None:
    assert told(silent=3).startswith("3 of 4 threads got no answer: write one where")


def test_where_nobody_answers_anybody_no_answer_is_asked_for() -> None:
    assert told(silent=4) == "Ask those quoted for version and steps; reproduce it."


def test_a_problem_that_is_open_is_to_be_reproduced_and_a_question_to_be_answered() -> None:
    assert told() == "Ask those quoted for version and steps; reproduce it."
    assert told(tag="question").startswith("Link the best answer from the guide")
    assert "quoted" in told(tag="praise")


def step(*days: float, settings: InsightSettings | None = None) -> str:
    """Return the next step on a problem that a member told on each of some days of a hundred."""
    steady = crowd(30, 0, "export", "question") + crowd(30, 99, "export", "question")
    written = [wrote(f"n{when}", when, "sync", "bug") for when in days]
    claims = of_kind(mine([*steady, *written], settings=settings), "problem")
    (claim,) = [claim for claim in claims if claim["scope"] == "period"]
    return str(claim["action"])


def test_a_problem_that_began_lately_or_was_not_told_lately_is_said_to_have() -> None:
    assert step(90, 91, 92, settings=InsightSettings(period="month")) == (
        "First found on 5 April 2026: look for what was changed shortly before."
    )
    quiet = step(3, 4, 5, settings=InsightSettings(period="all"))
    assert quiet.startswith("Last told in January 2026: if it was fixed since")


def test_what_was_told_before_the_period_did_not_begin_in_it() -> None:
    settings = InsightSettings(since=day(80))
    assert step(90, 91, 92, settings=settings).startswith("First found on")
    assert step(5, 90, 91, 92, settings=settings).startswith("Ask those quoted")


def test_without_a_time_before_nothing_is_known_to_have_begun() -> None:
    settings = InsightSettings(period="all")
    assert step(90, 91, 92, settings=settings).startswith("Ask those quoted")


def test_a_point_is_counted_with_the_windows_before_and_told_while_somebody_still_says_it() -> None:
    settings = InsightSettings(period="week")
    steady = crowd(30, 0, "export", "question") + crowd(30, 99, "export", "question")
    written = [wrote(f"n{when}", when, "sync", "bug") for when in (60, 70, 80, 95, 96)]
    claims = of_kind(mine([*steady, *written], settings=settings), "problem")
    (claim,) = [claim for claim in claims if claim["scope"] == "period"]
    assert (
        claim["headline"] == "“sync problem”: 2 members in this week, fewer than one in a usual one"
    )
    assert (claim["n_voices"], claim["since"]) == (5, day(9))
    assert claim["baseline"] == pytest.approx(3 / 12)
    assert claim["rank_score"] < math.log2(1 + 3)  # by those who say it now

    single = mine([*steady, *written[:4]], settings=settings)
    assert {c["scope"] for c in of_kind(single, "problem")} == {"history"}


# ── what topics say where no key point does ──────────────────────────────────────────────────


def test_where_a_key_point_says_what_it_is_no_count_of_the_topic_is_told_beside_it() -> None:
    written = crowd(4, 0, "sync", "bug")
    assert only(mine(written), "problem")["key_point_id"] == "problem-sync"
    alone = mine_claims(tables(written), settings=InsightSettings())
    assert only(alone, "problem")["headline"] == (
        "Sync, tablet: 4 of 4 members report problems, mostly bugs"
    )


def test_what_newcomers_ask_on_a_topic_is_told_with_an_example() -> None:
    later = [wrote(f"m{i % 20}", 1 + i / 10, "export", "question") for i in range(60)]
    asks = [0.0] * len(HEADLINES)
    asks[2], asks[-1] = 0.9, 0.9
    row = {"post_id": "p3", "text": "How do I set up the sync?", "chances": asks}
    built = tables([*crowd(20, 0, "sync", "question"), *later]) | {"sentences": sentences(row)}
    claim = only(mine_claims(built, settings=InsightSettings()), "newcomers")
    assert claim["headline"].endswith("in their first post, such as “How do I set up the sync?”")
    assert (claim["quoted"], claim["quoted_from"]) == ("How do I set up the sync?", "p3")


def test_a_count_is_told_with_the_fittest_example_of_a_sentence_that_says_so() -> None:
    fit = [[0.0] * len(HEADLINES) for _ in range(4)]
    fit[0][0], fit[0][-1] = 0.9, 0.4
    fit[1][0], fit[1][-1] = 0.8, 0.9
    fit[2][2], fit[2][-1] = 0.9, 0.9  # it asks
    fit[3][0], fit[3][-1] = 0.9, 0.9  # of something else
    texts = (
        "It fails to sync.",
        "However, the sync loses my notes.",
        "How do I sync my notes?",
        "My screen stays black.",
    )
    rows = [
        {"post_id": f"p{i}", "text": text, "chances": chances}
        for i, (text, chances) in enumerate(zip(texts, fit, strict=True))
    ]
    erased = {"post_id": "p1", "number": 2, "text": "[erased] is", "chances": []}
    built = tables(crowd(4, 0, "sync", "bug")) | {"sentences": sentences(*rows, erased)}
    claim = only(mine_claims(built, settings=InsightSettings()), "problem")
    assert claim["headline"].endswith("mostly bugs, such as “the sync loses my notes”")


PRAISE = [0.0, 0.0, 0.0, 0.9, 0.9, 0.9]


def test_where_no_sentence_names_the_label_one_that_names_a_keyword_is_the_example() -> None:
    said = [0.9, 0.0, 0.0, 0.0, 0.9, 0.9]
    texts = ["Pairing asks me for a code.", "My screen stays black."]
    rows = [{"post_id": f"p{i}", "text": text, "chances": said} for i, text in enumerate(texts)]
    built = tables(crowd(4, 0, "sync", "bug")) | {"sentences": sentences(*rows)}
    built["topics"] = built["topics"].with_columns(keywords=pl.lit(["pairing"]))
    built["posts"] = built["posts"].with_columns(title=pl.lit("Pairing fails"))
    claim = only(mine_claims(built, settings=InsightSettings()), "problem")
    assert claim["quoted"] == "Pairing asks me for a code"


def test_a_sentence_that_denies_what_the_topic_is_of_is_no_example() -> None:
    said = [0.9, 0.0, 0.0, 0.0, 0.9, 0.9]
    row = {"post_id": "p0", "text": "It does not sync, it only warns.", "chances": said}
    built = tables(crowd(4, 0, "sync", "bug")) | {"sentences": sentences(row)}
    assert only(mine_claims(built, settings=InsightSettings()), "problem")["quoted"] == ""


def test_praise_that_is_qualified_is_no_example() -> None:
    row = {"post_id": "p0", "text": "I love the sync, but not much.", "chances": PRAISE}
    built = tables(crowd(4, 0, "sync", "praise")) | {"sentences": sentences(row)}
    assert only(mine_claims(built, settings=InsightSettings()), "love")["quoted"] == ""


def test_a_sentence_that_praises_is_an_example_though_its_post_is_no_praise() -> None:
    row = {"post_id": "p9", "text": "I love the sync.", "chances": PRAISE}
    written = [*crowd(4, 0, "sync", "praise"), *crowd(6, 1, "sync", "question", start=4)]
    built = tables(written) | {"sentences": sentences(row)}
    claim = only(mine_claims(built, settings=InsightSettings()), "love")
    assert (claim["quoted"], claim["quoted_from"]) == ("I love the sync", "p9")
    assert set(claim["evidence"]) == {"p0", "p1", "p2", "p3", "p9"}
