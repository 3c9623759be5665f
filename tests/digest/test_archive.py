"""An index of digests: each is called after its time, and whatever lies there is only shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as Html

from feedbackminer.digest.archive import (
    MOST_CHARS,
    Archived,
    Unreadable,
    folder_name,
    newest_first,
    read_archived,
)
from feedbackminer.digest.render import archive, document
from feedbackminer.digest.render.archive import LINKED
from feedbackminer.digest.views import PeriodView
from tests.digest.test_stage import HOSTILE, community, digest, nobody, shape
from tests.support.builders import periods


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def period(name: str, since: str, until: str) -> PeriodView:
    row = periods(at(since), at(until), name=name).row(0, named=True)
    return PeriodView(**row)


@pytest.mark.parametrize(
    ("name", "since", "until", "called"),
    [
        ("month", "2014-03-01", "2014-04-01", "2014-03"),
        ("month", "2014-12-01", "2015-01-01", "2014-12"),
        ("month", "2014-03-06", "2014-04-06", "month-2014-04-05"),
        ("quarter", "2014-04-01", "2014-07-01", "2014-q2"),
        ("quarter", "2014-10-01", "2015-01-01", "2014-q4"),
        ("quarter", "2014-05-01", "2014-08-01", "quarter-2014-07-31"),
        ("year", "2014-01-01", "2015-01-01", "2014"),
        ("year", "2014-07-01", "2015-07-01", "year-2015-06-30"),
        ("week", "2014-03-17", "2014-03-24", "2014-w12"),
        ("week", "2014-12-29", "2015-01-05", "2015-w01"),
        ("week", "2014-03-18", "2014-03-25", "week-2014-03-24"),
        ("week", "2014-03-17T12:00", "2014-03-24T12:00", "week-2014-03-24"),
        ("all", "2011-04-01", "2014-07-01", "all-2014-06-30"),
        ("given", "2014-02-10", "2014-03-01", "2014-02-10-to-2014-02-28"),
    ],
)
def test_a_folder_is_called_after_its_period(
    name: str, since: str, until: str, called: str
) -> None:
    assert folder_name(period(name, since, until)) == called


def test_a_digest_of_what_has_no_dates_is_called_so() -> None:
    assert folder_name(digest({**nobody(), "periods": periods()}).period) == "undated"


def read(text: str | bytes, folder: str = "2014-03") -> Archived | Unreadable:
    whole = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return read_archived(folder, whole, LINKED)


def content(**values: Any) -> str:
    whole = json.loads(document.render(digest(community())))
    return json.dumps(whole | values)


def test_a_digest_is_told_with_its_time_its_people_and_the_first_things_to_know() -> None:
    found = read(document.render(digest(community())))
    assert isinstance(found, Archived)
    assert (found.title, found.n_members, found.n_posts) == ("Inkwell", 3, 3)
    assert list(found.first) == [digest(community()).front[0].headline]
    page = archive.render([found])["index.html"]
    links = [node.attributes["href"] for node in Html(page).css("a")]
    assert links == [f"2014-03/{name}" for name in LINKED]


def test_no_more_than_three_things_are_told_and_none_at_length() -> None:
    claims = [{"claim_id": str(n), "headline": f"{n} {'x' * 999}"} for n in range(9)]
    found = read(content(front=["0", "1", "gone", "2", "3"], claims=claims))
    assert isinstance(found, Archived)
    assert [headline[0] for headline in found.first] == ["0", "1", "2"]
    assert all(len(headline) <= MOST_CHARS + 1 for headline in found.first)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Invalid JSON"),
        ('{"title": "half', "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ("[]", "should be an object"),
        ("{}", "title: Field required"),
        (content(title=3), "title: Input should be a valid string"),
        (content(totals={"members": "many", "written": 1}), "totals, members: "),
        (content(totals={"members": -1, "written": 1}), "totals, members: "),
        (content(until="tomorrow"), "until: "),
        (content(until="0001-01-01T00:00:00+00:00"), "until: "),
        (content(until="2014-01-01T00:00:00"), "until: Input should have timezone info"),
        (content(front=["x"] * 6), "front: "),
        (content(claims=[{"claim_id": "c"}]), "claims, 0, headline: Field required"),
        ('{"title": "\\ud800"}', "Invalid JSON"),
    ],
)
def test_what_is_no_digest_is_named_with_the_reason(text: str | bytes, why: str) -> None:
    found = read(text)
    assert isinstance(found, Unreadable)
    assert why in found.why
    assert why in Html(archive.render([found])["index.html"]).css("li")[0].text()


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["title", "period", "since", "until", "totals", "front", "claims"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_lies_there_makes_a_page(text: bytes) -> None:
    assert len(Html(archive.render([read(text)])["index.html"]).css("h1")) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_headlines_and_names_of_folders_do_nothing(text: str) -> None:
    harmless, hostile = (
        archive.render(
            [
                read(document.render(digest(community(words), product=words)), folder=words),
                Unreadable(words, words),
            ]
        )["index.html"]
        for words in ("Well", text)
    )
    assert shape(Html(hostile)) == shape(Html(harmless))
    for node in Html(hostile).css("a"):
        link = node.attributes["href"] or ""
        assert ":" not in link.partition("/")[0]
        assert '"' not in link


def test_the_newest_comes_first_and_what_has_no_date_last() -> None:
    whole = json.loads(content())
    spans = [
        ("2014-04-01", "2014-07-01"), ("2014-06-01", "2014-07-01"), ("2015-01-01", "2015-02-01"),
    ]  # fmt: skip
    found = [
        read(json.dumps(whole | {"since": f"{since}T00:00Z", "until": f"{until}T00:00Z"}), since)
        for since, until in spans
    ]
    found.append(read(json.dumps(whole | {"since": None, "until": None}), "undated"))
    ordered = newest_first(one for one in reversed(found) if isinstance(one, Archived))
    assert [one.folder for one in ordered] == ["2015-01-01", "2014-06-01", "2014-04-01", "undated"]


def test_an_archive_of_nothing_is_a_page_too() -> None:
    assert "No digest is here yet." in archive.render([])["index.html"]
