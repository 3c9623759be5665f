"""What was erased on request stays away, and others' posts do not tell of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import Row
from feedbackminer.collect.stage import Collected, collect_posts
from feedbackminer.collect.suppress import REASON, suppress
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import ERASED, Sealer, without_quotes
from feedbackminer.settings.sections import CollectSettings

PSEUDONYMS = Pseudonyms(b"k" * 32)
ZED = PSEUDONYMS.of("Zed_Quist")


def collected(*rows: dict[str, Any]) -> Collected:
    numbered = [
        Row(f"f:{n}", {"thread_id": "t1", "author": "Ann", "body": "A word.", **row})
        for n, row in enumerate(rows, 1)
    ]
    return collect_posts(
        numbered,
        CollectContext(
            name="f",
            source="forum",
            settings=CollectSettings(),
            pseudonyms=PSEUDONYMS,
            now=datetime(2026, 3, 1, tzinfo=UTC),
        ),
    )


def seals(**named: str) -> frozenset[str]:
    return frozenset(PSEUDONYMS.seal(f"{what}:{name}") for what, name in named.items())


def left(before: Collected, sealed: frozenset[str]) -> dict[str, dict[str, Any]]:
    rows = suppress(before, sealed, PSEUDONYMS).posts.to_dicts()
    return {row["post_id"].removeprefix("forum:"): row for row in rows}


def test_posts_of_a_sealed_member_are_dropped_and_accounted_for_without_their_ids() -> None:
    before = collected({"id": "one"}, {"id": "native-42", "author": "Zed_Quist"})
    result = suppress(before, seals(author=ZED), PSEUDONYMS)
    assert result.posts["post_id"].to_list() == ["forum:one"]
    assert (result.account.rows_in, result.account.rows_out) == (2, 1)
    assert result.account.dropped == {REASON: 1}
    assert "native-42" not in str(result.dropped.to_dicts())


def test_a_sealed_post_is_dropped_whoever_its_author_is_now() -> None:
    before = collected({"id": "one"}, {"id": "two", "author": "[deleted]"})
    assert left(before, seals(post="forum:two")).keys() == {"one"}


def test_a_row_that_repeats_a_sealed_post_does_not_name_it() -> None:
    before = collected({"id": "one"}, {"id": "native-42"}, {"id": "native-42"})
    result = suppress(before, seals(post="forum:native-42"), PSEUDONYMS)
    assert result.account.dropped == {"duplicate_id": 1, REASON: 1}
    assert "native-42" not in str(result.dropped.to_dicts())


def test_a_mention_of_a_sealed_member_is_erased_and_so_is_a_name_in_clear() -> None:
    rows = [{"id": "one", "body": "Ask @zed_quist or Ann."}, {"id": "two", "body": "Zed_Quist?"}]
    posts = left(collected(*rows), seals(author=ZED))
    assert posts["one"]["body"] == f"Ask @{ERASED} or Ann."
    assert posts["two"]["body"] == f"{ERASED}?"


def test_a_thread_named_after_a_sealed_post_gets_another_name_and_its_replies_no_parent() -> None:
    rows = [
        {"id": "t1", "title": "Grief", "url": "https://x.example/grief/1"},
        {"id": "two", "parent_id": "t1", "url": "https://x.example/grief/2"},
    ]
    sealed = seals(post="forum:t1", opened="forum:t1")
    reply = left(collected(*rows), sealed)["two"]
    sealer = Sealer(sealed, PSEUDONYMS)
    assert reply["thread_id"] == f"forum:{sealer.name_of_sealed('forum:t1')}"
    assert (reply["parent_id"], reply["url"]) == (None, None)


def test_a_reply_that_a_source_shows_with_the_title_of_a_sealed_opener_loses_it() -> None:
    before = collected({"id": "two", "thread_id": "t9", "title": "My divorce and my notes"})
    assert left(before, seals(opened="forum:t9"))["two"]["title"] is None


def test_quotes_are_erased_in_sealed_threads_only() -> None:
    body = "> the words of somebody\n\nI agree."
    rows = [{"id": "one", "body": body}, {"id": "two", "body": body, "thread_id": "t2"}]
    posts = left(collected(*rows), seals(thread="forum:t1"))
    assert posts["one"]["body"] == f"> {ERASED}\n\nI agree."
    assert posts["two"]["body"] == body


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("> a\n> b\nmine\n&gt; c", f"> {ERASED}\nmine\n> {ERASED}"),
        ("[quote=x]a[quote]b[/quote]c[/quote] mine", f"\n> {ERASED}\n mine"),
        ("[quote]a[/quote]mine[quote]b[/quote]", f"\n> {ERASED}\nmine\n> {ERASED}\n"),
        ("mine\n-- Original Message --\nFrom: a\nb", f"mine\n> {ERASED}"),
        ("a > b, and [quote] stays open", "a > b, and [quote] stays open"),
    ],
)
def test_quotes_become_one_mark_and_own_words_stay(body: str, want: str) -> None:
    assert without_quotes(body) == want


def test_hostile_quotes_cost_linear_time() -> None:
    assert ERASED not in without_quotes("[quote]" * 50_000)


def test_nothing_sealed_changes_nothing() -> None:
    before = collected({"id": "one"}, {"id": "two", "body": "> quoted\n\nmine"})
    assert suppress(before, frozenset(), PSEUDONYMS) is before
    other = suppress(before, seals(author=PSEUDONYMS.of("Nobody")), PSEUDONYMS)
    assert pl.DataFrame(other.posts).equals(pl.DataFrame(before.posts))
    assert other.account == before.account
