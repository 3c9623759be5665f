"""Events: a date and a name in each row, however the list calls them."""

import json
from pathlib import Path

import pytest

from feedbackminer.collect.events import read_events
from feedbackminer.collect.files import open_file
from feedbackminer.errors import InputError


def read(folder: Path, text: str, name: str = "events.csv") -> list[tuple[str, str, str]]:
    """Return day, name and kind of the events of a file."""
    path = folder / name
    path.write_text(text, "utf-8")
    rows = read_events(open_file(str(path))).sort("at").to_dicts()
    return [(f"{row['at']:%F}", row["name"], row["kind"]) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "date,name,kind\n2026-06-16,4.4,release\n",
        "Day;Event;Type\n16 June 2026;4.4;release\n",
        "tag_name,published_at\n4.4,2026-06-16T09:00:00Z\n",
    ],
)
def test_a_table_of_dates_and_names_is_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == [("2026-06-16", "4.4", "release")]


def test_a_list_of_releases_of_github_is_read_as_it_is(tmp_path: Path) -> None:
    listed = [{"tagName": "v4.4", "publishedAt": "2026-06-16T09:00:00Z", "name": ""}]
    assert read(tmp_path, json.dumps(listed), "r.json") == [("2026-06-16", "v4.4", "release")]


def test_an_event_may_lie_ahead(tmp_path: Path) -> None:
    assert read(tmp_path, "date,name\n2031-01-01,End of life\n") == [
        ("2031-01-01", "End of life", "")
    ]


def test_an_event_that_is_told_twice_is_one(tmp_path: Path) -> None:
    text = "date,name\n2026-06-16,4.4\n2026-06-16,4.4\n2026-06-17,4.4\n"
    assert len(read(tmp_path, text)) == 2


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("name\n4.4\n", "has no date (it has name); want one of date"),
        ("date\n2026-06-16\n", "has no name (it has date); want one of name"),
        ("date,name\nsoon,4.4\n", "'soon' is not a date that can be read; want a date such as"),
    ],
)
def test_a_row_without_a_date_or_a_name_is_refused_with_its_place(
    tmp_path: Path, text: str, wants: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, text)
    assert wants in str(refused.value)
    assert "events.csv:" in str(refused.value)


def test_one_date_with_the_day_first_tells_how_all_of_the_file_are_read(tmp_path: Path) -> None:
    text = "date,name\n16/06/2026,4.4\n03/04/2026,4.2\n"
    assert [row[0] for row in read(tmp_path, text)] == ["2026-04-03", "2026-06-16"]


def test_a_draft_is_no_event(tmp_path: Path) -> None:
    listed = [
        {"tag_name": "v1", "published_at": "2026-06-16T09:00:00Z", "draft": False},
        {"tag_name": "v2", "created_at": "2026-06-17T09:00:00Z", "draft": True},
    ]
    assert [row[1] for row in read(tmp_path, json.dumps(listed), "r.json")] == ["v1"]
