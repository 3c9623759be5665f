"""Dates: read as they are meant, each column one way, or told; never guessed."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect import dates
from feedbackminer.collect.dates import DateOrder
from feedbackminer.collect.fields import BadValueError

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def moment(value: Any, *, day_first: bool = False) -> str:
    return dates.moment(value, zone=BERLIN, now=NOW, day_first=day_first).isoformat()


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
        moment = dates.moment(value, zone=BERLIN, now=NOW)
    except BadValueError as bad:
        reason = bad.reason
    assert reason in ("", "bad_timestamp", "implausible_timestamp", "future_timestamp")
    assert dates.EARLIEST <= moment <= NOW + dates.CLOCK_SKEW


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("9. Februar 2025", "2025-02-09"),
        ("Do., 9. Jan. 2025", "2025-01-09"),
        ("am 9. Mai 2025 um 15:57 Uhr", "2025-05-09"),
        ("1er août 2024 à 10:11", "2024-08-01"),
        ("mar. 6 mai 2025", "2025-05-06"),  # "mar." is a Tuesday here
        ("6 déc. 2024 à 10h11", "2024-12-06"),
        ("9 de febrero de 2025", "2025-02-09"),
        ("9 ene. 2025 10:11 p. m.", "2025-01-09"),
        ("giovedì 9 gennaio 2025 17:08", "2025-01-09"),
        ("9 de fevereiro de 2025 às 10:11", "2025-02-09"),
        ("zo 9 feb. 2025", "2025-02-09"),
        ("9 maart 2025", "2025-03-09"),
        ("9 sierpnia 2024", "2024-08-09"),
        ("9 мая 2024 г., 10:11", "2024-05-09"),
        ("den 9 maj 2024", "2024-05-09"),
        ("9. července 2024", "2024-07-09"),
        ("9 листопада 2024", "2024-11-09"),
        ("9 ağustos 2024", "2024-08-09"),
        ("2024年5月9日 10:11", "2024-05-09"),
    ],
)
def test_a_month_is_known_by_its_name_in_many_languages(value: str, want: str) -> None:
    assert dates.moment(value, zone=UTC, now=NOW).strftime("%Y-%m-%d") == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("20250209101500", "2025-02-09T10:15:00+00:00"),
        ("202502091015", "2025-02-09T10:15:00+00:00"),
        ("20250209", "2025-02-09T00:00:00+00:00"),
        ("45697.427083333336", "2025-02-09T10:15:00+00:00"),  # days of a spreadsheet
        (45697, "2025-02-09T00:00:00+00:00"),
        ("09.02.2025", "2025-02-09T00:00:00+00:00"),
        ("9.2.25 10:15", "2025-02-09T10:15:00+00:00"),
        ("09/Feb/25 3:04 AM", "2025-02-09T03:04:00+00:00"),
        ("2/13/25", "2025-02-13T00:00:00+00:00"),
        ("2/13/99", "1999-02-13T00:00:00+00:00"),
        ("2025-02-09 10:15 KST", "2025-02-09T01:15:00+00:00"),
        ("2025-02-09 10:15 NZDT", "2025-02-08T21:15:00+00:00"),
    ],
)
def test_numbers_short_years_and_zones_are_dates(value: Any, want: str) -> None:
    assert dates.moment(value, zone=UTC, now=NOW).isoformat() == want


@pytest.mark.parametrize("value", ["4 jui 2024", "31/02/2024", "20240230101500", "0000-00-00"])
def test_a_date_that_is_none_or_two_is_not_read(value: str) -> None:
    with pytest.raises(BadValueError, match="not a date"):
        moment(value)


@pytest.mark.parametrize(
    ("values", "is_day_first", "is_open"),
    [
        (["13/02/2025", "01/02/2025"], True, False),
        (["02/13/2025", "01/02/2025"], False, False),
        (["2/13/25"], False, False),
        (["01/02/2025", "3/4/2025"], False, True),
        (["01.02.2025"], False, False),  # with dots there is nothing to decide
        (["2025-02-13", "", "7"], False, False),
        (["13/02/2025", "14/02/2025", "02/13/2025"], True, False),
    ],
)
def test_a_column_shows_whether_its_dates_begin_with_the_day(
    values: list[str], is_day_first: bool, is_open: bool
) -> None:
    order = DateOrder()
    for value in values:
        order.add(value)
    assert (order.is_day_first, order.is_open) == (is_day_first, is_open)


@given(st.dates(min_value=datetime(1990, 1, 2).date(), max_value=NOW.date()), st.booleans())
def test_a_date_with_slashes_is_read_in_the_order_of_its_column(day: Any, day_first: bool) -> None:
    written = f"{day:%d/%m/%Y}" if day_first else f"{day:%m/%d/%Y}"
    assert moment(written, day_first=day_first) == moment(day.isoformat())
