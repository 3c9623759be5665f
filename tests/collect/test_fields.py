"""Fields: a raw value becomes a typed one, or its row is told with a reason."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect import fields
from feedbackminer.collect.fields import BadValueError

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def moment(value: Any) -> str:
    return fields.timestamp(value, zone=BERLIN, now=NOW).isoformat()


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00+00:00"),
        ("2026-03-01T09:30:00+02:00", "2026-03-01T07:30:00+00:00"),
        ("2026-03-01 09:30", "2026-03-01T08:30:00+00:00"),  # Berlin, as no zone is named
        ("2026-03-01", "2026-02-28T23:00:00+00:00"),
        ("1772357400", "2026-03-01T09:30:00+00:00"),
        (1772357400, "2026-03-01T09:30:00+00:00"),
        (1772357400.0, "2026-03-01T09:30:00+00:00"),
        (1772357400000, "2026-03-01T09:30:00+00:00"),
        (1772357400000000, "2026-03-01T09:30:00+00:00"),
        (1772357400000000000, "2026-03-01T09:30:00+00:00"),
        ("Sun, 01 Mar 2026 09:30:00 +0100", "2026-03-01T08:30:00+00:00"),
        ("Sun, 01 Mar 2026 09:30:00 GMT", "2026-03-01T09:30:00+00:00"),
        ("Sun, 01 Mar 2026 09:30:00 PST", "2026-03-01T17:30:00+00:00"),
        ("1 Mar 2026 09:30 CEST", "2026-03-01T07:30:00+00:00"),
        ("March 1, 2026 9:30 PM", "2026-03-01T20:30:00+00:00"),
        ("02/28/2026", "2026-02-27T23:00:00+00:00"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01T08:30:00+00:00"),  # as Parquet gives it
        ("2026-03-21T11:00:00Z", "2026-03-21T11:00:00+00:00"),  # within a day's skew
    ],
)
def test_a_timestamp_is_read_in_every_common_spelling(value: Any, want: str) -> None:
    assert moment(value) == want


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("yesterday", "bad_timestamp"),
        ("now", "bad_timestamp"),
        ("10:30", "bad_timestamp"),
        ("Monday", "bad_timestamp"),
        ("12 March", "bad_timestamp"),
        ("2026", "bad_timestamp"),
        ("March 2026", "bad_timestamp"),
        ("Monday 2026", "bad_timestamp"),
        ("2026-02-30", "bad_timestamp"),
        ("2026-03-01 10:00 XYZ", "bad_timestamp"),
        ("", "bad_timestamp"),
        (None, "bad_timestamp"),
        (True, "bad_timestamp"),
        (float("nan"), "bad_timestamp"),
        ("0001-01-01T00:00:00", "implausible_timestamp"),
        ("1969-12-31", "implausible_timestamp"),
        ("2099-01-01", "future_timestamp"),
        ("2026-03-21T13:00:00Z", "future_timestamp"),
        ("9999-12-31T23:59:59-12:00", "future_timestamp"),
    ],
)
def test_what_is_no_plausible_timestamp_is_told_and_never_guessed(value: Any, reason: str) -> None:
    with pytest.raises(BadValueError) as caught:
        moment(value)
    assert caught.value.reason == reason


@given(st.one_of(st.text(), st.floats(), st.integers(), st.datetimes()))
def test_any_value_is_a_timestamp_until_now_or_told(value: Any) -> None:
    reason, moment = "", NOW
    try:
        moment = fields.timestamp(value, zone=BERLIN, now=NOW)
    except BadValueError as bad:
        reason = bad.reason
    assert reason in ("", "bad_timestamp", "implausible_timestamp", "future_timestamp")
    assert fields.EARLIEST <= moment <= NOW + fields.CLOCK_SKEW


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (None, ""),
        (float("nan"), ""),
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        ("😀", "😀"),
        (7, "7"),
        (b"caf\xc3\xa9", "café"),
        ({"tags": ["é"]}, '{"tags": ["é"]}'),
    ],
)
def test_a_value_becomes_text_that_can_be_stored(value: Any, want: str) -> None:
    assert fields.text(value) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("4,5", 4.5), ("1,234", 1234), ("1,234,567", 1234567), (" 7 ", 7), (3, 3),
        ("many", None), ("inf", None), ("nan", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_finite_or_missing(value: Any, want: float | None) -> None:
    assert fields.number(value) == want


@pytest.mark.parametrize(
    ("value", "want"), [("5", 5), (1, 1), ("4.5", 4.5), (0, None), (6, None), ("five", None)]
)
def test_a_rating_has_one_to_five_stars(value: Any, want: float | None) -> None:
    assert fields.rating(value) == want


@pytest.mark.parametrize(
    ("value", "want"), [(12, "12"), (12.0, "12"), ("12.0", "12"), (" a ", "a"), ("1.2.0", "1.2.0")]
)
def test_an_id_survives_a_column_of_floats(value: Any, want: str) -> None:
    assert fields.identifier(value) == want


@pytest.mark.parametrize(
    ("value", "column", "want"),
    [
        ("admin", "role", "staff"),
        ("Moderator", "author_role", "staff"),
        (True, "is_staff", "staff"),
        ("1", "moderator", "staff"),
        (True, "is_bot", "bot"),
        ("bot", "role", "bot"),
        (False, "is_staff", "member"),
        ("user", "role", "member"),
        (None, "role", "unknown"),
        ("", "role", "unknown"),
    ],
)
def test_a_role_is_read_from_a_name_or_a_flag(value: Any, column: str, want: str) -> None:
    assert fields.role(value, column) == want


@pytest.mark.parametrize(
    "link", ["https://x.org/t/1?p=2#3", "http://x.org", " https://x.org ", "HTTPS://X.org"]
)
def test_web_links_survive(link: str) -> None:
    assert fields.web_link(link) == link.strip()


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,<b>",
        "//x.org",
        "/t/1",
        "ftp://x.org",
        'https://x.org/"onclick="x',
        "https://x.org/<script>",
        "https://x.org/\njavascript:alert(1)",
        "",
        None,
    ],
)
def test_no_other_link_survives(link: str | None) -> None:
    assert fields.web_link(link) is None


@pytest.mark.parametrize(
    ("dates", "want"),
    [
        (["03/04/2025", "13/04/2025"], True),
        (["03.04.2025 10:00", "31.12.2024"], True),
        (["03/04/2025", "04/13/2025"], False),
        (["03/04/2025", "05/06/2025", ""], None),
        (["2025-04-03", "1772357400", "", None], False),
        ([], False),
    ],
)
def test_a_column_of_dates_shows_which_number_is_the_day(
    dates: list[Any], want: bool | None
) -> None:
    assert fields.is_day_first(dates) is want
