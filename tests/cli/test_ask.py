"""``ask`` prints the sheet of a question, or it as JSON; ``bench ask`` counts what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import invoke
from tests.support.room import Said, furnish

PRICE = "What do they think of the price?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnish(tmp_path_factory.mktemp("asked")).folder


def test_the_sheet_tells_who_speaks_and_quotes_them(folder: Path) -> None:
    done = invoke("ask", PRICE, "--project", folder)
    assert done.exit_code == 0, done.output
    assert (
        "5 of 11 members who wrote from 5 January 2026 to 18 January 2026 were found to speak on it"
        in (done.stdout)
    )
    assert "against: 2 speak ill of it, 40 % (12 to 77 %)" in done.stdout
    assert "“I hate the new price, it is far too high for hobby users.” (forum:2" in done.stdout
    assert "https://forum.example/2" in done.stdout


def test_a_post_is_shown_as_it_was_written_with_a_thread_where_it_has_one(tmp_path: Path) -> None:
    said = (Said("ann", " ", "The :key: of the price list is :thumbsup: here.", thread=""),)
    folder = furnish(tmp_path, said).folder
    done = invoke("ask", PRICE, "--project", folder)
    assert (
        "(neither, 5 January 2026) The :key: of the price list is :thumbsup: here." in done.stdout
    )


def test_of_a_time_in_which_nobody_wrote_it_says_so(folder: Path) -> None:
    done = invoke("ask", PRICE, "--project", folder, "--since", "2030-01-01")
    assert done.exit_code == 0
    assert "Too few to say: no member who is known wrote in that time." in done.stdout


def test_json_holds_all_of_it_with_ids(folder: Path) -> None:
    done = invoke("ask", PRICE, "--project", folder, "--json", "--limit", "2")
    sheet = json.loads(done.stdout)
    assert [side["side"] for side in sheet["sides"]] == ["for", "against", "mixed", "neither"]
    assert sum(side["n_posts"] for side in sheet["sides"]) == sheet["n_posts"] == 6
    assert len(sheet["posts"]) == 2
    assert "voice" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((" ",), "name the matter"),
        (("word " * 10_000,), "at most"),
        ((PRICE, "--since", "2026-02-01", "--until", "2026-01-01"), "not before until"),
    ],
)
def test_bad_input_ends_with_two_and_says_why(
    folder: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = invoke("ask", *arguments, "--project", folder)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_the_bench_counts_what_is_found_told_and_too_few(folder: Path, tmp_path: Path) -> None:
    questions = [
        {"question": PRICE, "for": ["forum:0"], "against": ["forum:2", "forum:3"],
         "more": "against"},
        {"question": "Is offline sync reliable?", "posts": ["forum:8"]},
        {"question": "Do they like the newsletter about gardening?"},
    ]  # fmt: skip
    file = tmp_path / "questions.json"
    file.write_text(json.dumps(questions), "utf-8")
    done = invoke("bench", "ask", "--questions", file, "--project", folder)
    assert done.exit_code == 0, done.output
    rows = [[c.strip() for c in line.split("│")[1:3]] for line in done.stdout.splitlines()]
    figures = dict(row for row in rows if len(row) == 2)
    assert figures["a post that answers is in the first ten"] == "2 of 2"
    assert figures["“too few”, where nobody did"] == "1 of 1"
    assert figures["the larger is right, where a reader saw one"] == "1 of 1"


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '[{"posts": []}]', "[1]"])
def test_a_file_that_holds_no_questions_is_told_so(
    folder: Path, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "questions.json"
    file.write_text(content, "utf-8")
    done = invoke("bench", "ask", "--questions", file, "--project", folder)
    assert done.exit_code == 2
    assert "question" in done.output
