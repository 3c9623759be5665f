"""Cleaning: every post becomes a text or is dropped with a reason."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.clean import language
from feedbackminer.clean.stage import Cleaned, Earlier, clean_posts
from feedbackminer.errors import TableError
from feedbackminer.settings.sections import CleanSettings
from feedbackminer.tables import Posts, column_types
from feedbackminer.text.words import count_words

ENGLISH = "the app crashes every time when I open the settings of my account"
GERMAN = "die Anwendung stürzt jedes Mal ab, wenn ich die Einstellungen öffne"
BLANK = dict.fromkeys(column_types(Posts)) | {
    "source": "x",
    "thread_id": "x:1",
    "author_role": "member",
    "accepted": False,
    "meta": "{}",
    "collected_at": datetime(2026, 3, 2, tzinfo=UTC),
}


def posts(*rows: dict[str, Any] | str) -> pl.DataFrame:
    """Posts x:0, x:1, …; a string stands for a body."""
    full = [
        BLANK | {"post_id": f"x:{n}"} | ({"body": row} if isinstance(row, str) else row)
        for n, row in enumerate(rows)
    ]
    return pl.DataFrame(full, schema=column_types(Posts))


def clean(*rows: dict[str, Any] | str, **change: Any) -> Cleaned:
    return clean_posts(posts(*rows), settings=CleanSettings(**change))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("👍👍👍", "no_words"),
        ("+1 !!! 123", "no_words"),
        ("> only a quote", "no_words"),
        ("```\nonly code\n```", "no_words"),
        ("https://x.org", "no_words"),
        ("thanks", "too_few_words"),
        ({"body": "All services are up", "author_role": "bot"}, "by_a_bot"),
        ({"body": "", "author_role": "bot"}, "by_a_bot"),
    ],
)
def test_a_post_that_says_nothing_is_dropped_with_a_reason(row: Any, reason: str) -> None:
    cleaned = clean("it crashes", row)
    assert cleaned.texts["post_id"].to_list() == ["x:0"]
    assert cleaned.dropped.select("stage", "ref", "reason").rows() == [("clean", "x:1", reason)]
    assert cleaned.account.dropped == {reason: 1}


def test_two_words_or_a_title_are_enough() -> None:
    cleaned = clean("it crashes", {"title": "Login broken", "body": "👍"})
    assert cleaned.texts.select("title", "text", "n_words").rows() == [
        (None, "it crashes", 2),
        ("Login broken", "👍", 2),
    ]


def test_a_text_holds_what_was_newly_said() -> None:
    (row,) = clean("Ann wrote:\n> old\n\nit  crashes").texts.iter_rows(named=True)
    assert row["text"] == "it crashes"
    assert (row["language"], row["truncated"]) == ("und", False)


def test_a_number_that_a_line_break_hid_is_masked_where_lines_are_joined() -> None:
    mail = (
        "since the update nothing opens any more, so please call me on my number +49 170\n"
        "1234567 or write to me, whatever suits you more, and tell me what to do about\n"
        "it, for my notes are all in there"
    )
    (text,) = clean(mail).texts["text"]
    assert "1234567" not in text
    assert "\n" not in text


def test_equal_texts_share_a_hash_and_others_do_not() -> None:
    rows: list[Any] = [
        "it crashes",
        "it  crashes ",
        "it works",
        {"title": "it", "body": "crashes again"},
    ]
    hashes = clean(*rows).texts["content_hash"].to_list()
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_a_post_in_another_language_is_dropped_and_a_short_one_stays() -> None:
    cleaned = clean(ENGLISH, ENGLISH, GERMAN, "pls fix")
    assert cleaned.texts["language"].to_list() == ["en", "en", "und"]
    (row,) = cleaned.dropped.iter_rows(named=True)
    assert (row["ref"], row["reason"], row["detail"]) == ("x:2", "other_language", "language de")
    assert row["value"] == "de"
    assert cleaned.notices == ()


def test_wanted_languages_are_kept() -> None:
    cleaned = clean(ENGLISH, ENGLISH, GERMAN, languages=("en", "de"))
    assert cleaned.texts["language"].to_list() == ["en", "en", "de"]


def test_a_community_in_another_language_is_kept_with_a_notice() -> None:
    cleaned = clean(GERMAN, GERMAN, GERMAN)
    assert len(cleaned.texts) == 3
    (notice,) = cleaned.notices
    assert "mainly in language 'de'" in notice
    assert "multilingual" in notice


def test_what_follows_a_very_long_log_is_read() -> None:
    log = "2024-03-01 10:00:00 worker waits for the next job\n" * 5_000
    cleaned = clean("it crashes", f"See:\n```\n{log}```\nWhy does it wait?")
    assert cleaned.texts.sort("post_id")["text"][1] == "See:\n\nWhy does it wait?"
    assert not cleaned.texts["truncated"].any()


def test_an_english_answer_to_a_german_mail_is_english() -> None:
    quoted = "\n".join(f"> {GERMAN}" for _ in range(9))
    answer = f"{ENGLISH}\n\nAm Mo., 4. März 2024 um 10:00 schrieb Jemand <<email>>:\n{quoted}"
    cleaned = clean(ENGLISH, f"{answer}\n\nVon meinem iPhone gesendet")
    assert cleaned.texts["language"].to_list() == ["en", "en"]
    assert set(cleaned.texts["text"]) == {ENGLISH}


def test_lines_of_a_form_are_left_out_and_told() -> None:
    form = "## What broke\nName the part in a few words.\n\nThe {} is broken.\n\n## Since when"
    rows: list[Any] = [
        {"author_id": f"m_{n}", "title": "What broke", "body": form.format(thing)}
        for n, thing in enumerate(("lamp", "drill", "hose", "rake", "pump", "lid"))
    ]
    cleaned = clean(*rows)
    assert cleaned.texts["text"].to_list()[0] == "The lamp is broken."
    assert cleaned.texts["title"].to_list()[0] == "What broke"
    (notice,) = cleaned.notices
    assert notice.startswith("lines of forms that many members filled in, left out: 3; ")
    assert "'what broke' (6 members)" in notice


def test_a_post_of_a_megabyte_is_kept_read_in_part_and_told() -> None:
    cleaned = clean("it crashes", "again and again " * 65_536)
    texts = cleaned.texts.sort("post_id")
    assert texts["truncated"].to_list() == [False, True]
    assert 19_990 <= len(texts["text"][1]) <= 20_000
    (notice,) = cleaned.notices
    assert (
        notice == "posts longer than 20,000 characters, of which only the beginning was analysed: 1"
    )


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("it crashes", 2),
        ("I am a dev", 2),  # one letter is no word
        ("v2 4.1 !", 0),
        ("größer café", 2),
        ("アプリが落ちます", 4),
        ("👍", 0),
        ("", 0),
    ],
)
def test_words_are_counted_in_any_script(text: str, want: int) -> None:
    assert count_words(text) == want


def test_no_posts_give_no_texts() -> None:
    cleaned = clean()
    assert cleaned.texts.is_empty()
    assert (cleaned.account.rows_in, cleaned.notices) == (0, ())


def test_posts_against_their_contract_are_refused() -> None:
    with pytest.raises(TableError, match="clean: table posts"):
        clean_posts(posts("a").drop("body"), settings=CleanSettings())
    with pytest.raises(TableError, match="clean: table posts"):
        clean_posts(pl.concat([posts("a"), posts("b")]), settings=CleanSettings())


PIECES = ("it crashes", "👍", "> old", "```", "\n", ENGLISH, GERMAN, "-- ", "thanks", "\u202e")
BODIES = st.one_of(st.text(max_size=50), st.lists(st.sampled_from(PIECES)).map("\n".join))


@settings(max_examples=40, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_rows_are_conserved_and_their_order_changes_nothing(bodies: list[str], random: Any) -> None:
    frame = posts(*bodies)
    shuffled = frame.select(pl.all().shuffle(random.randrange(99)))
    first, again = (clean_posts(f, settings=CleanSettings()) for f in (frame, shuffled))
    assert len(first.texts) + len(first.dropped) == len(bodies)
    assert set(first.texts["post_id"]) | set(first.dropped["ref"]) == set(frame["post_id"])
    assert first.texts.sort("post_id").equals(again.texts.sort("post_id"))
    assert first.dropped.sort("ref").equals(again.dropped.sort("ref"))


LONG = " ".join(f"The sync of note {n} fails since the update of last week." for n in range(40))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(BODIES, st.sampled_from([LONG, ENGLISH, GERMAN])), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_what_was_known_before_changes_no_row(bodies: list[str], n_before: int) -> None:
    frame, limits = posts(*bodies), CleanSettings(long_words=80)
    before = clean_posts(frame.head(n_before), settings=limits)
    again = clean_posts(frame, settings=limits, earlier=Earlier(before.texts, before.segments))
    anew = clean_posts(frame, settings=limits)
    assert again.texts.equals(anew.texts)
    assert again.segments.sort("post_id", "number").equals(anew.segments.sort("post_id", "number"))
    assert again.dropped.equals(anew.dropped)
    assert again.account == anew.account


def test_of_a_text_that_was_there_before_neither_language_nor_parts_are_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = clean_posts(posts(LONG, ENGLISH), settings=CleanSettings())
    assert len(before.segments) > 1
    seen: list[str] = []

    def counted(text: str) -> str:
        seen.append(text)
        return detect(text)

    detect = language.detect
    monkeypatch.setattr(language, "detect", counted)
    earlier = Earlier(before.texts, before.segments)
    clean_posts(
        posts(LONG, ENGLISH, "and this one is new"), settings=CleanSettings(), earlier=earlier
    )
    assert seen == ["and this one is new"]
