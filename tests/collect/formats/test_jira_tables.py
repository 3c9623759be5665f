"""Jira's tables: the description is the post, and every comment another."""

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import collect, posts, read, values

HEADER = ["Summary", "Issue key", "Issue id", "Issue Type", "Status", "Reporter", "Created",
          "Updated", "Project name", "Labels", "Labels (2)", "Description", "Comment",
          "Comment (2)"]  # fmt: skip
ROW = ["Dark", "KI-1", "10001", "Bug", "Open", "ann", "2024-01-02 03:04", "2024-02-02 03:04",
       "Kit", "screen", "noon", "The display stays dark.",
       "02/Jan/24 4:04 AM;bea;which one; the old?", "03/Jan/24 4:04 AM;ann;it is\ntwo"]  # fmt: skip


def of(*rows: list[str], header: list[str] = HEADER) -> list[Row | BadRow]:
    target = io.StringIO()
    csv.writer(target).writerows([header, *rows])
    return read("t.csv", target.getvalue().encode())


def test_comments_are_posts_of_other_people_in_the_thread_of_their_issue() -> None:
    rows = of(ROW)
    assert values(rows, "thread_id", "parent_id", "author", "body", "created_at") == [
        ("KI-1", None, "ann", "The display stays dark.", "2024-01-02 03:04"),
        ("KI-1", "KI-1", "bea", "which one; the old?", "02/Jan/24 4:04 AM"),
        ("KI-1", "KI-1", "ann", "it is\ntwo", "03/Jan/24 4:04 AM"),
    ]
    assert [row.ref for row in rows] == ["t.csv:2", "t.csv:2, comment 1", "t.csv:2, comment 2"]
    (issue, *_) = posts(rows, "title", "channel", "edited_at", "meta").values()
    assert issue == ("Dark", "Kit", None, '{"tags": "screen, noon", "status": "Open"}')


def test_a_comment_without_its_date_and_author_is_nobodys() -> None:
    rows = of([*ROW[:-2], "only words; so", ""])
    assert values(rows, "author", "body")[1:] == [(None, "only words; so")]


def test_an_account_of_the_cloud_is_the_person_that_the_table_names() -> None:
    header = [*HEADER, "Reporter Id"]
    rows = of([*ROW[:-2], "02/Jan/24 4:04 AM;5b1:0c;Mine", "", "5b1:0c"], header=header)
    assert values(rows, "author") == ["ann", "ann"]


def test_a_comment_column_of_another_table_stays_one() -> None:
    rows = of(["x1", "ann", "It is dark"], header=["Id", "Reporter", "Comment"])
    assert values(rows, "Comment") == ["It is dark"]


def test_an_issue_without_a_description_is_its_summary() -> None:
    rows = of([*ROW[:-3], "", "", ""])
    assert posts(rows, "title", "body") == {"x:KI-1": ("Dark", "")}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9),
                min_size=14, max_size=14))  # fmt: skip
def test_any_words_in_any_column_are_read(cells: list[Any]) -> None:
    rows = of(ROW, cells)
    collect(rows)
    assert len({row.ref for row in rows}) == len(rows)
