"""Charts: a line for each event where it happened, with its name, whatever that is."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser as Html

from feedbackminer.digest.render.charts import SHOWN, columns, sparkline
from feedbackminer.digest.views import Mark, Trend
from tests.support.builders import day

POINTS = ((day(0), 3), (day(7), 9))  # two weeks, each 300 wide


def chart(*marks: Mark) -> Html:
    return Html(columns(Trend(POINTS, marks), "members"))


def release(name: str, when: float) -> Mark:
    return Mark(day(when), name, "release")


def test_each_event_is_a_line_with_its_name_and_day() -> None:
    drawn = chart(release("1.0", 0), release("2.0", 3.5), release("3.0", 7))
    lines = drawn.css("line")
    assert [line.attributes["x1"] for line in lines] == ["0.0", "150.0", "300.0"]
    assert [line.text() for line in lines] == [
        "1.0, 5 Jan 2026", "2.0, 8 Jan 2026", "3.0, 12 Jan 2026",
    ]  # fmt: skip
    (named,) = drawn.css("p.meta")
    assert named.text() == "Lines: 1.0 (5 Jan 2026) · 2.0 (8 Jan 2026) · 3.0 (12 Jan 2026)"


def test_an_event_lies_within_the_chart_or_is_not_drawn() -> None:
    drawn = chart(release("before", -1), release("long after", 90))
    assert [line.attributes["x1"] for line in drawn.css("line")] == ["600.0"]


def test_of_many_events_all_are_drawn_and_the_latest_are_named() -> None:
    drawn = chart(*(release(f"v{n}", n / 2) for n in range(SHOWN + 2)))
    assert len(drawn.css("line")) == SHOWN + 2
    (named,) = drawn.css("p.meta")
    assert named.text().startswith("Lines: 2 earlier, v2 (")
    assert named.text().count(" · ") == SHOWN - 1


@pytest.mark.parametrize(
    "name", ["</title></svg><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b"]
)
def test_the_name_of_an_event_is_text_and_does_nothing(name: str) -> None:
    drawn, plain = chart(release(name, 1)), chart(release("1.0", 1))
    assert [node.tag for node in drawn.css("*")] == [node.tag for node in plain.css("*")]
    assert drawn.css("line")[0].text() == f"{name}, 6 Jan 2026"
    assert drawn.css("p.meta")[0].text() == f"Lines: {name} (6 Jan 2026)"


def test_without_events_there_are_no_lines() -> None:
    assert not chart().css("line, p.meta")


def test_a_small_trend_has_a_line_for_each_event() -> None:
    (line,) = Html(sparkline(Trend(POINTS, [release("1.0", 1)]))).css("line")
    assert (line.attributes["y2"], line.text()) == ("20", "1.0, 6 Jan 2026")
    assert not Html(sparkline(Trend([], [release("1.0", 1)]))).css("line")


def test_where_nothing_is_dated_there_is_no_chart() -> None:
    assert columns(Trend([], [release("1.0", 1)]), "members") == ""
