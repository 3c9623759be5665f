"""Waves: one text of many new accounts is one voice; old members and own words stay."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.clean.stage import clean_posts
from feedbackminer.insight.stage import mine_claims
from feedbackminer.settings.sections import CleanSettings, InsightSettings
from feedbackminer.signals.stage import read_conversation
from feedbackminer.tables import Repeats
from tests.support.builders import (
    aspects,
    assignments,
    day,
    events,
    key_points,
    matches,
    needs,
    posts,
    sentences,
    tags,
    topics,
    undecided,
)

Post = dict[str, Any]
SPAM = (
    "I moved to the planner of Voltania last month and never looked back, the setup took ten "
    "minutes, the sync is quick and their support answers fast"
)
WAVE_DAY = 60.0
OWN_WORDS = [
    "The export to PDF drops every second footnote since the update, which ruins my thesis.",
    "Half of my footnotes are missing after I save the paper as a PDF file.",
    "Has anybody else lost notes at the foot of the page when printing to PDF?",
    "My lecturer sent the essay back because the printed file had no references at all.",
    "Footnotes vanish. I tried two machines and an older template, always the same result.",
    "Please look at the exporter, it forgets what stands below the line on each page.",
    "Exporting worked in March; now the numbers of the notes stay but their text is gone.",
    "I had to type all remarks again because the new version left them out of my book.",
    "Where do the notes go when I export? The preview still shows every one of them.",
    "Since Tuesday our reports come without sources, and the customers have begun to ask.",
]


def post(who: str, when: float | None, body: str, **more: Any) -> Post:
    moment = None if when is None else day(when)
    return {"author_id": who, "created_at": moment, "body": body} | more


def members(count: int = 20, first: float = 0, last: float = 120, every: float = 5) -> list[Post]:
    """Let members write now and then, each in words that nobody else has."""
    n_times = int((last - first) / every)
    return [
        post(f"old{m}", first + every * n + m / count, thought(m * 997 + n))
        for m in range(count)
        for n in range(n_times)
    ]


def thought(seed: int) -> str:
    """Say something short."""
    words = (
        "note page sync paper week button screen export word list tag colour search plan".split()
    )
    return " ".join(random.Random(seed).sample(words, 6))


def nearly(text: str, changes: int, seed: int) -> str:
    """Change some words of a text."""
    rng = random.Random(seed)
    words = text.split()
    for place in rng.sample(range(len(words)), changes):
        words[place] = f"{words[place]}{rng.choice('aeiou')}"
    return " ".join(words)


def wave(
    size: int = 18, start: float = WAVE_DAY, text: str = SPAM, *, changes: int = 2, **more: Any
) -> list[Post]:
    """Let new accounts post nearly one text within two days."""
    return [
        post(f"{more.get('name', 'new')}{n}", start + 2 * n / size, nearly(text, changes, n))
        | {key: value for key, value in more.items() if key != "name"}
        for n in range(size)
    ]


def repeats(*written: Post) -> pl.DataFrame:
    """Return ``repeats`` of a community, with who wrote each post."""
    table = posts(*written)
    found = clean_posts(table, settings=CleanSettings()).repeats
    return found.join(table.select("post_id", "author_id", "source"), on="post_id")


def in_waves(*written: Post) -> set[str]:
    """Return who is in waves, but for whoever began one."""
    return set(repeats(*written).drop_nulls("wave_id")["author_id"])


@pytest.mark.parametrize("size", [5, 10, 18])
@pytest.mark.parametrize("changes", [0, 1, 3])
def test_one_text_of_many_new_accounts_is_one_wave(size: int, changes: int) -> None:
    found = repeats(*members(), *wave(size, changes=changes)).drop_nulls("wave_id")
    assert len(found) == size - 1
    assert found["copy_of"].unique().to_list() == found["wave_id"].unique().to_list()


@pytest.mark.parametrize(
    ("written", "because"),
    [
        (wave(4), "four may be colleagues"),
        (wave(18, text="This is great, buy one!"), "short phrases are alike by chance"),
        (
            [p for n in range(9) for p in wave(2, 9 * n, name=f"n{n}-")],
            "they are spread over weeks",
        ),
        ([post(f"old{n}", WAVE_DAY + n / 9, SPAM) for n in range(18)], "members have signed it"),
        ([post(f"new{n}", WAVE_DAY, text) for n, text in enumerate(OWN_WORDS)], "in own words"),
        ([p | {"created_at": None} for p in wave()], "without dates nobody is known to be new"),
        ([p | {"author_id": None} for p in wave()], "nobody knows who wrote"),
        ([p | {"author_role": "staff"} for p in wave()], "announcements of the staff"),
    ],
)
def test_what_is_no_wave(written: list[Post], because: str) -> None:
    assert in_waves(*members(), *written) == set(), because


def test_ten_complaints_in_own_words_repeat_nothing() -> None:
    written = [post(f"new{n}", WAVE_DAY, text) for n, text in enumerate(OWN_WORDS)]
    assert repeats(*members(), *written).is_empty()


def test_an_old_member_who_repeats_the_text_stays_a_voice() -> None:
    later = post("old3", WAVE_DAY + 1, SPAM)
    found = repeats(*members(), *wave(changes=0), later)
    assert found.filter(author_id="old3").select("copy_of", "wave_id").row(0) == (None, None)
    assert found["wave_id"].count() == 17


def test_a_wave_that_repeats_an_old_member_is_a_voice_beside_that_member() -> None:
    found = repeats(*members(), post("old3", 30, SPAM), *wave(changes=0))
    assert found["wave_id"].count() == 18
    assert found.filter(author_id="new0")["copy_of"].to_list() == [None]
    assert found["copy_of"].count() == 17


def test_a_petition_that_some_newcomers_sign_too_is_no_wave() -> None:
    signed = [post(f"old{n}", WAVE_DAY + n / 20, SPAM) for n in range(20)]
    assert in_waves(*members(), *signed, *wave(6, changes=0)) == set()


def test_where_everybody_is_new_nobody_is_in_a_wave() -> None:
    begun = [post(f"first{n}", WAVE_DAY + n / 10, thought(n)) for n in range(40)]
    assert in_waves(*begun, *wave(10)) == set()
    assert in_waves(*wave(18)) == set()  # nothing else is known


def test_members_of_the_first_days_of_an_export_are_in_no_wave() -> None:
    signed = [post(f"old{n}", n / 10, SPAM) for n in range(18)]
    assert in_waves(*members(), *signed) == set()


def test_a_wave_in_a_young_community_is_seen() -> None:
    assert len(in_waves(*members(40, 0, 21, every=2), *wave(start=14))) == 17


def test_reviews_where_each_account_has_one_post_have_no_waves() -> None:
    reviews = [post(f"r{n}", n / 3, thought(n)) for n in range(300)]
    assert in_waves(*reviews, *wave()) == set()


def test_a_greeting_does_not_make_an_account_older() -> None:
    greetings = [post(f"new{n}", WAVE_DAY - 1, thought(n)) for n in range(18)]
    assert len(in_waves(*members(), *greetings, *wave())) == 17


def test_who_came_back_with_words_of_their_own_is_in_no_wave() -> None:
    own = [
        post(f"new{n}", WAVE_DAY + 9 + m, thought(n * 9 + m)) for n in range(18) for m in range(4)
    ]
    assert in_waves(*members(), *own, *wave()) == set()


def test_two_waves_are_two_voices() -> None:
    other = " ".join(OWN_WORDS[:2])
    second = wave(9, WAVE_DAY + 1, other, name="more")
    found = repeats(*members(), *wave(), *second).drop_nulls("wave_id")
    assert sorted(found.group_by("wave_id").len()["len"].to_list()) == [8, 17]


def test_accounts_that_post_one_text_after_another_are_new_all_the_same() -> None:
    campaigns = [
        p for n in range(4) for p in wave(10, WAVE_DAY + n, OWN_WORDS[n], changes=0)
    ]  # the same ten accounts
    assert repeats(*members(), *campaigns)["wave_id"].drop_nulls().n_unique() == 4


def test_a_text_that_comes_again_after_months_is_a_second_wave() -> None:
    found = repeats(*members(), *wave(), *wave(start=100, name="more")).drop_nulls("wave_id")
    assert found["wave_id"].n_unique() == 2
    assert found["copy_of"].drop_nulls().n_unique() == 2


def test_a_wave_over_two_sources_counts_once() -> None:
    elsewhere = [p | {"source": "reddit"} for p in members()]
    renamed = [p | {"author_id": f"{p['author_id']}r"} for p in elsewhere]
    there = wave(9, WAVE_DAY + 0.1, name="there", source="reddit")
    found = repeats(*members(), *renamed, *wave(9), *there).drop_nulls("wave_id")
    assert len(found) == 17
    assert found["copy_of"].n_unique() == 1


def test_the_notice_counts_texts_and_posts() -> None:
    notices = clean_posts(posts(*members(), *wave()), settings=CleanSettings()).notices
    assert notices == (
        "texts that many new accounts posted within days, each of which counts as one voice: "
        "1, in 18 posts",
    )


def claims(written: Sequence[Post], **how: Any) -> pl.DataFrame:
    """Mine a community of one topic in which everybody complains."""
    table = posts(*written)
    cleaned = clean_posts(table, settings=CleanSettings())
    ids = cleaned.texts["post_id"].to_list()
    given = tags(*({"post_id": i, "kinds": ["complaint"]} for i in ids))
    signals = read_conversation(table, given, cleaned.texts)
    tables = {
        "posts": table,
        "topics": topics(t1="Sync"),
        "assignments": assignments(**dict.fromkeys(ids, "t1")),
        "tags": given,
        "replies": signals.replies,
        "threads": signals.threads,
        "members": signals.members,
        "repeats": cleaned.repeats,
        "aspects": aspects(),
        "needs": needs(),
        "sentences": sentences(),
        "key_points": key_points(),
        "matches": matches(),
        "events": events(),
        **undecided(),
    }
    columns = ["kind", "metric", "value", "low", "high", "baseline", "n_voices", "n_posts", "p"]
    return mine_claims(tables, settings=InsightSettings(**how)).claims.select(*columns, "headline")


def named(written: Sequence[Post]) -> list[Post]:
    return [row | {"post_id": f"id{n}", "thread_id": f"id{n}"} for n, row in enumerate(written)]


@settings(max_examples=8, deadline=None)
@given(st.integers(6, 18), st.integers(0, 3), st.integers(45, 75))
def test_a_wave_changes_every_number_as_its_first_post_alone_does(
    size: int, changes: int, start: int
) -> None:
    rows = named([*members(30), *wave(size, start, changes=changes)])
    alone = rows[: -size + 1]
    assert claims(rows).equals(claims(alone))


def test_of_a_wave_that_began_before_the_period_one_voice_is_left() -> None:
    rows = named([*members(), *wave(18, WAVE_DAY - 1)])
    begun = (day(WAVE_DAY) - timedelta(minutes=1), day(WAVE_DAY + 20))
    counted = claims(rows, since=begun[0], until=begun[1])
    (active,) = counted.filter(metric="members")["value"].to_list()
    assert active == 20 + 1


def test_without_posts_there_are_no_waves() -> None:
    assert clean_posts(posts(), settings=CleanSettings()).repeats.schema == (
        Repeats.create_empty().schema
    )
