"""Collecting: rows become posts with their structure, masked and pseudonymous, none lost."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.finish import ThreadInfo
from feedbackminer.collect.stage import Collected, collect_posts, read_threads
from feedbackminer.errors import FeedbackminerError, InputError, SettingsError
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")
of = PSEUDONYMS.of


def context(pseudonyms: Pseudonyms, **change: Any) -> CollectContext:
    settings = CollectSettings(**change)
    return CollectContext(
        name="f.csv", source="x", settings=settings, pseudonyms=pseudonyms, now=NOW
    )


def collect(
    *rows: dict[str, Any] | BadRow, threads: dict[str, ThreadInfo] | None = None, **change: Any
) -> Collected:
    """Collect rows under the source "x"; ``change`` changes the settings."""
    return collect_posts(
        [
            row if isinstance(row, BadRow) else Row(f"f.csv:{line}", row)
            for line, row in enumerate(rows, start=2)
        ],
        context(PSEUDONYMS, **change),
        threads=threads,
    )


def post(row: dict[str, Any], **change: Any) -> dict[str, Any]:
    """Return the one post that a row becomes."""
    (only,) = collect({"id": "1"} | row, **change).posts.iter_rows(named=True)
    return dict(only)


def reasons(*rows: dict[str, Any] | BadRow, **change: Any) -> list[tuple[str, str]]:
    dropped = collect(*rows, **change).dropped
    return dropped.sort("ref").select("ref", "reason").rows()


# --- rows that are no posts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"body": ""}, "empty"),
        ({"body": " \n\t"}, "empty"),
        ({"body": None}, "empty"),
        ({"body": "\x00"}, "empty"),
        ({"body": "<p> </p>"}, "empty"),
        ({"body": "[deleted]"}, "deleted_at_source"),
        ({"body": "[removed]", "title": "It crashes"}, "deleted_at_source"),
        ({"body": "closed", "post_type": 3}, "system_action"),
    ],
)
def test_a_row_that_is_no_post_is_dropped_with_a_reason(row: dict[str, Any], reason: str) -> None:
    keeper = {"body": "fine", "created_at": "2026-03-01"}
    assert reasons(keeper, row) == [("f.csv:3", reason)]


def test_a_row_that_could_not_be_read_is_dropped_with_its_reason() -> None:
    bad = BadRow("f.csv:9", "malformed_json", "line 1")
    collected = collect({"body": "fine"}, bad)
    assert collected.dropped.rows() == [("collect", "f.csv:9", "malformed_json", "line 1", "", "")]
    assert collected.account.rows_in == 2
    assert collected.account.dropped == {"malformed_json": 1}


def test_a_title_alone_is_a_post() -> None:
    assert post({"title": "It crashes", "body": ""})["title"] == "It crashes"


def test_of_two_rows_with_one_id_the_first_is_kept_and_the_second_told() -> None:
    collected = collect({"id": 1, "body": "first"}, {"id": "1", "body": "second"})
    assert collected.posts["body"].to_list() == ["first"]
    (row,) = collected.dropped.iter_rows(named=True)
    assert (row["ref"], row["reason"]) == ("f.csv:3", "duplicate_id")
    assert row["detail"] == "id '1' stands already at f.csv:2; the first is kept"
    assert row["other_ref"] == "x:1"


def test_ten_identical_posts_without_ids_stay_ten() -> None:
    rows = [{"author": "ann", "body": "me too"}] * 10
    once, again = collect(*rows), collect(*rows)
    assert len(once.posts) == 10
    assert once.posts["post_id"].to_list() == again.posts["post_id"].to_list()


def test_an_id_made_for_a_row_cannot_be_checked_against_a_guess_without_the_key() -> None:
    row = Row("f.csv:2", {"author": "ann", "body": "me too"})
    ids = {
        collect_posts([row], context(Pseudonyms(key * 32))).posts["post_id"].item()
        for key in (b"a", b"b")
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"f\.csv: has no rows; want one post per row"),
        (
            [BadRow("f.csv:1", "malformed_json", "no")],
            r"f\.csv: none of its 1 rows can be read, first f\.csv:1: malformed_json: no",
        ),
        ([{"id": 1, "foo": 2}], r"f\.csv: no column holds the text .*'id', 'foo'.*--map body="),
    ],
)
def test_a_file_without_any_post_is_an_error(rows: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        collect(*rows)


def test_dropped_details_are_masked() -> None:
    twice = {"id": "jane@example.org", "body": "a"}
    (row,) = collect(twice, twice).dropped.iter_rows(named=True)
    assert row["detail"].startswith("id '<email>' stands already at f.csv:2")


@pytest.mark.parametrize("date", ["", None, "yesterday", "2099-01-01", "0001-01-01"])
def test_a_date_that_is_none_costs_the_date_and_is_told(date: str | None) -> None:
    collected = collect(
        {"body": "a", "created_at": "2026-03-01"}, {"body": "b", "created_at": date}
    )
    assert collected.posts["created_at"].to_list() == [datetime(2026, 3, 1, tzinfo=UTC), None]
    assert any(n.startswith("1 of 2 posts have no date") for n in collected.notices)
    assert any("first at f.csv:3" in n for n in collected.notices)


# --- columns ----------------------------------------------------------------------------------


def test_a_mapping_by_the_user_wins() -> None:
    row = {"text": "no", "Freitext": "yes"}
    assert post(row, map={"body": "Freitext"})["body"] == "yes"


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ({"bdy": "text"}, SettingsError, "no field 'bdy'; did you mean 'body'"),
        ({"body": "txt"}, InputError, "no column 'txt'; did you mean 'text'"),
        ({"body": "zzz"}, InputError, "no column 'zzz'; it has 'id', 'text'"),
    ],
)
def test_a_mistaken_mapping_names_the_nearest(
    mapping: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        post({"text": "a"}, map=mapping)


def test_what_an_export_lacks_is_told() -> None:
    assert collect({"body": "a"}).notices == (
        "the export has no dates: nothing can be said about change",
        "the export has no authors: each post counts as one voice",
        "the export has no threads: nothing can be said about answers",
    )


def test_timestamps_are_utc_and_a_bad_edit_date_costs_no_post() -> None:
    row = {"body": "a", "created_at": "2026-03-01 09:30", "updated_at": "soon"}
    only = post(row, timezone="Europe/Berlin")
    assert only["created_at"] == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert only["edited_at"] is None
    assert only["collected_at"] == NOW


# --- people -----------------------------------------------------------------------------------


@pytest.mark.parametrize("author", [None, "", "Guest", "guest_12", "[deleted]", "Anonymous"])
def test_nobody_in_particular_is_no_voice(author: str | None) -> None:
    collected = collect({"body": "a", "author": "ann"}, {"body": "b", "author": author})
    author_ids = dict(collected.posts.select("body", "author_id").iter_rows())
    assert author_ids == {"a": of("ann"), "b": None}


def test_where_nobody_is_named_each_post_is_one_voice() -> None:
    collected = collect(*({"id": n, "body": "a", "author": None} for n in range(3)))
    assert collected.posts["author_id"].n_unique() == 3
    assert collected.posts["author_id"].null_count() == 0


@pytest.mark.parametrize(
    ("row", "role"),
    [
        ({"author": "ann"}, "member"),
        ({"author": "Guest"}, "unknown"),
        ({"author": "Eva Example"}, "staff"),  # named in the settings
        ({"author": "EVA EXAMPLE "}, "staff"),
        ({"author": "ann", "is_staff": True}, "staff"),
        ({"author": "ann", "is_staff": "false"}, "member"),
        ({"author": "ann", "role": "Moderator"}, "staff"),
        ({"author": "ann", "is_bot": "true"}, "bot"),
        ({"author": "helper"}, "bot"),  # named in the settings
        ({"author": "AutoModerator"}, "bot"),
        ({"author": "status-bot"}, "bot"),
        ({"author": "bot_7"}, "bot"),
        ({"author": "dependabot[bot]"}, "bot"),
        ({"author": "GitHubBot"}, "bot"),
        ({"author": "discobot"}, "bot"),
        ({"author": "system"}, "bot"),
        ({"author": "Talbot"}, "member"),
        ({"author": "abbot"}, "member"),
        ({"author": "robottom"}, "member"),
        ({"author": "Botticelli"}, "member"),
        ({"author": "Yann Le Bot"}, "member"),
    ],
)
def test_staff_bots_and_members_are_told_apart(row: dict[str, Any], role: str) -> None:
    only = post({"body": "a"} | row, staff=("Eva Example",), bots=("Helper",))
    assert only["author_role"] == role


def test_mentions_follow_their_member_in_title_and_body() -> None:
    collected = collect(
        {"id": 1, "author": "pb66", "title": "pb66 again", "body": "mail me: a@example.org"},
        {"id": 2, "author": "ann", "body": 'as @pb66 said, [quote="pb66, post:1"]hi[/quote]'},
    )
    name = of("pb66")
    assert collected.posts.select("author_id", "title", "body").rows() == [
        (name, f"{name} again", "mail me: <email>"),
        (of("ann"), None, f'as @{name} said, [quote="{name}, post:1"]hi[/quote]'),
    ]


def test_no_name_or_address_of_a_member_is_kept_anywhere() -> None:
    text = "ask pb66 or jane@example.org, 192.0.2.77"
    only = post(
        {
            "author": "pb66", "title": text, "body": text, "category": "jane@example.org",
            "url": "https://x.org/?token=abcdef123456", "device": "jane@example.org",
        }
    )  # fmt: skip
    for secret in ("pb66", "jane", "192.0.2.77", "abcdef123456"):
        assert secret not in str(only)


# --- texts that are data ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x.org","click")',
        "+1",
        "<script>alert(1)</script>",
        "{{ 7 * 7 }} ${7*7} %s",
        "'; DROP TABLE posts; --",
        "مرحبا بالعالم",
        "👩‍👩‍👧 👍🏽",
    ],
)
def test_any_text_stays_what_it_is(text: str) -> None:
    only = post({"body": text, "title": text, "category": text})
    assert (only["body"], only["title"], only["channel"]) == (text, text, text)
    assert post({"body": "a", "author": text})["author_id"] == of(text)


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("a\ud800b", "ab"),
        ("a\x00b", "ab"),
        ("<p>a</p><script>alert(1)</script>", "a"),
        ("<p>a &lt; b</p>", "a < b"),
    ],
)
def test_what_cannot_be_stored_or_shown_is_taken_out(body: str, want: str) -> None:
    assert post({"body": body})["body"] == want


# --- threads ----------------------------------------------------------------------------------


def test_a_reply_to_a_missing_post_is_kept() -> None:
    assert post({"body": "a", "parent_id": "99"})["parent_id"] == "x:99"


def test_a_circle_of_replies_is_kept_but_no_post_answers_itself() -> None:
    rows = [("1", "2"), ("2", "1"), ("3", "3")]
    collected = collect(*({"id": i, "parent_id": p, "body": "a"} for i, p in rows))
    by_id = dict(collected.posts.select("post_id", "parent_id").iter_rows())
    assert by_id == {"x:1": "x:2", "x:2": "x:1", "x:3": None}


def test_the_title_stands_at_the_post_that_opens_the_thread_wherever_its_row_is() -> None:
    late = {"id": 2, "thread_id": "t", "title": "Login", "created_at": "2026-03-02"}
    early = {"id": 1, "thread_id": "t", "title": "Login", "created_at": "2026-03-01"}
    for rows in ([late, early], [early, late]):
        collected = collect(*({"body": "a"} | row for row in rows))
        by_id = dict(collected.posts.select("post_id", "title").iter_rows())
        assert by_id == {"x:1": "Login", "x:2": None}


def test_a_threads_file_gives_titles_and_channels() -> None:
    rows: list[Row | BadRow] = [
        Row("t.csv:2", {"topic_id": 9.0, "title": "Tom &amp; Co", "category": "Help"}),
        Row("t.csv:3", {"topic_id": None, "title": "nobody's"}),
        BadRow("t.csv:4", "malformed_json", ""),
    ]
    threads, bad = read_threads(rows)
    assert (threads, bad) == ({"9": ThreadInfo("Tom & Co", "Help")}, 2)
    collected = collect(
        {"id": 1, "topic_id": 9, "body": "a"},
        {"id": 2, "topic_id": 9, "body": "b"},
        {"id": 3, "topic_id": 10, "body": "c"},
        threads=threads,
    )
    assert collected.posts.select("title", "channel").rows() == [
        ("Tom & Co", "Help"),
        (None, "Help"),
        (None, None),
    ]


# --- links ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "want"),
    [
        ("https://x.org/t/1", "https://x.org/t/1"),
        ("javascript:alert(1)", None),
        ("/t/1", None),
        (None, None),
    ],
)
def test_only_web_links_survive(link: str | None, want: str | None) -> None:
    assert post({"body": "a", "url": link})["url"] == want


def test_a_template_makes_links() -> None:
    row = {"id": 7, "topic_id": 9, "post_number": 2, "body": "a", "url": "https://old.org"}
    template = "https://x.org/t/{thread_id}/{post_number}#{post_id}"
    assert post(row, url_template=template)["url"] == "https://x.org/t/9/2#7"
    assert post(row, url_template="javascript:{post_id}")["url"] is None


# --- conservation -----------------------------------------------------------------------------

COLUMNS = (
    "id", "title", "author", "thread_id", "parent_id", "post_number", "created_at",
    "updated_at", "rating", "score", "url", "is_staff", "post_type", "accepted", "link_id",
    "PostTypeId", "accepted_answer_id", "reply_to_post_number", "category", "tags", "version",
)  # fmt: skip
KNOWN = ("[deleted]", "Guest", "ann", "<p>a</p>", "2026-03-01", "1", "\ud800", "a\x00")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(KNOWN),
)
NESTED = st.dictionaries(st.text(), SCALARS, max_size=2)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), NESTED)
ROW = st.fixed_dictionaries({"body": VALUES}, optional=dict.fromkeys(COLUMNS, VALUES))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=8))
def test_any_rows_are_accounted_for(rows: list[dict[str, Any]]) -> None:
    try:
        collected = collect(*rows)
    except FeedbackminerError:
        return
    assert collected.account.rows_in == len(rows)
    assert len(collected.posts) + len(collected.dropped) == len(rows)
    assert collected.posts["post_id"].is_unique().all()
    assert set(collected.dropped["ref"]) <= {f"f.csv:{n}" for n in range(2, len(rows) + 2)}


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(5)), st.lists(ROW, min_size=5, max_size=5))
def test_rows_with_ids_become_the_same_posts_in_any_order(
    order: list[int], rows: list[dict[str, Any]]
) -> None:
    given = [row | {"id": n, "body": "a", "created_at": "2026-03-01"} for n, row in enumerate(rows)]
    keys = ["post_id", "author_id", "body", "rating", "url"]
    first = collect(*given).posts.select(keys).sort("post_id")
    again = collect(*(given[n] for n in order)).posts.select(keys).sort("post_id")
    assert first.equals(again)


# --- dates whose order only their column shows -------------------------------------------------


def days(*dates: str, **change: Any) -> list[str]:
    rows = [{"id": str(i), "body": "a post", "date": date} for i, date in enumerate(dates)]
    return [f"{moment:%F}" for moment in collect(*rows, **change).posts["created_at"]]


def test_one_date_shows_the_order_of_all() -> None:
    assert days("03/02/2026", "28/02/2026") == ["2026-02-03", "2026-02-28"]
    assert days("03/02/2026", "02/28/2026") == ["2026-03-02", "2026-02-28"]


def test_the_settings_know_better_than_the_column() -> None:
    assert days("03/02/2026", date_order="day_first") == ["2026-02-03"]
    assert days("03/02/2026", date_order="month_first") == ["2026-03-02"]


def test_it_is_told_where_no_date_shows_the_order() -> None:
    row = {"id": "1", "body": "a post", "date": "03/02/2026"}
    (notice,) = [n for n in collect(row).notices if "month first" in n]
    assert "collect.date_order" in notice
    assert not [n for n in collect(row, date_order="month_first").notices if "month first" in n]
