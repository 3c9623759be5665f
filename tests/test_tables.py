"""Tables: what breaks a contract is refused by name, and no row goes missing unsaid."""

import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.errors import ConservationError, FeedbackminerError, TableError
from feedbackminer.tables import TABLES, Assignments, Tags, check, column_types, finite_or_none

ASSIGNMENT = {
    "post_id": "x:1",
    "topic_id": "t1",
    "score": 0.5,
    "rank": 1,
    "found_id": "t1",
    "subtopic_id": None,
}
TAGS = {
    "post_id": "x:1",
    "sentiment": "neutral",
    "sentiment_score": 0.0,
    "kinds": ["bug"],
    "sentiment_chances": [],
    "kind_chances": [],
    "kind_statuses": [],
    "experience": "none",
    "experience_chances": [],
    "unsure": [],
    "by_human": False,
    "spans": [],
    "sentences": [],
    "sentence_kinds": [],
    "sentence_statuses": [],
    "sentence_scores": [],
    "sentence_chances": [],
    "tagger": "t",
    "read_as": "",
}


def assignments(*changes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([ASSIGNMENT | change for change in changes], infer_schema_length=None)


def tags(**change: object) -> pl.DataFrame:
    return pl.DataFrame([TAGS | change], schema=column_types(Tags))


def test_a_table_comes_out_with_its_columns_in_the_declared_order() -> None:
    frame = assignments({}).select(reversed(list(ASSIGNMENT)))
    assert check(frame, Assignments, where="here").columns == list(ASSIGNMENT)


def test_a_column_too_many_is_left_out() -> None:
    frame = assignments({}).with_columns(extra=1)
    assert check(frame, Assignments, where="here").columns == list(ASSIGNMENT)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(TableError, match=r"(?s)here: table assignments .*rank"):
        check(assignments({}).drop("rank"), Assignments, where="here")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (assignments({}, {}), "primary_key"),
        (assignments({"score": 1.5}), "score"),
        (assignments({"rank": 0}), "rank"),
        (assignments({"post_id": None}), "post_id"),
        (assignments({"score": "high"}), "score.*dtype"),
    ],
    ids=["repeated key", "above its range", "below its range", "null", "another type"],
)
def test_values_against_the_contract_are_refused(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(TableError, match=f"(?s)here: table assignments .*({message})"):
        check(frame, Assignments, where="here")


@pytest.mark.parametrize(
    "change", [{"kinds": ["rant"]}, {"kinds": ["bug", "rant"]}, {"sentiment": "angry"}]
)
def test_an_unknown_kind_or_sentiment_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TableError, match="table tags breaks its contract"):
        check(tags(**change), Tags, where="here")


@pytest.mark.parametrize("kinds", [[], ["bug"], ["bug", "pricing"]])
def test_none_one_or_several_kinds_are_fine(kinds: list[str]) -> None:
    assert check(tags(kinds=kinds), Tags, where="here")["kinds"].to_list() == [kinds]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_key_and_an_empty_one_is_valid(name: str) -> None:
    schema = TABLES[name]
    assert schema.primary_key()
    assert check(schema.create_empty(), schema, where=name).is_empty()
    assert check(pl.DataFrame(schema=column_types(schema)), schema, where=name).is_empty()


# --- row conservation -------------------------------------------------------------------------


def test_an_account_balances() -> None:
    assert Account("clean", 5, 3, {"empty": 1, "too_few_words": 1}).rows_out == 3


@pytest.mark.parametrize("rows_in", [4, 6])
def test_an_account_that_lost_or_invented_rows_is_refused(rows_in: int) -> None:
    with pytest.raises(ConservationError, match=f"clean: {rows_in} rows in, 3 out"):
        Account("clean", rows_in, 3, {"empty": 2})


@given(kept=st.integers(0, 30), reasons=st.lists(st.sampled_from(["empty", "no_words", "bot"])))
def test_kept_and_dropped_make_up_what_came_in(kept: int, reasons: list[str]) -> None:
    dropped = dropped_frame("s", [DroppedRow(f"f:{n}", reason) for n, reason in enumerate(reasons)])
    frame = pl.DataFrame({"post_id": [str(n) for n in range(kept)]})
    stated = account("s", kept + len(reasons), frame, dropped)
    assert stated == Account("s", kept + len(reasons), kept, Counter(reasons))
    for wrong in (-1, 1):
        with pytest.raises(ConservationError):
            account("s", kept + len(reasons) + wrong, frame, dropped)


def test_a_row_is_dropped_once_per_stage() -> None:
    with pytest.raises(TableError, match="table dropped"):
        dropped_frame("s", [DroppedRow("f:1", "empty"), DroppedRow("f:1", "no_words")])


def test_a_row_is_not_dropped_without_a_reason() -> None:
    with pytest.raises(TableError, match="table dropped"):
        dropped_frame("s", [DroppedRow("f:1", "")])


def test_a_lost_row_is_an_internal_error() -> None:
    assert issubclass(ConservationError, TableError)
    assert issubclass(TableError, FeedbackminerError)
    assert ConservationError.exit_code == 4


@pytest.mark.parametrize(
    ("value", "stored"),
    [(0.5, 0.5), (0.0, 0.0), (math.nan, None), (math.inf, None), (-math.inf, None)],
)
def test_what_is_undefined_or_unbounded_is_stored_as_null(
    value: float, stored: float | None
) -> None:
    assert finite_or_none(value) == stored
