"""Shares of statements that readers found to say what the matter is, and to be true."""

import json
from pathlib import Path

import pytest

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.statements import COLUMNS, read_verdicts

YES = {"says": "yes", "true": "yes", "quotes": "2/3", "alone": "3/3", "act": "no", "new": "1"}
NO = {"says": "no", "true": "yes", "quotes": "0/0", "alone": "0/1", "act": "no", "new": "0"}


def written(folder: Path, *verdicts: list[dict[str, str]]) -> Path:
    file = folder / "statements.jsonl"
    rows = [
        {"data": "forum", "digest": "today", "of_key_point": True, "verdicts": v} for v in verdicts
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_shares_are_over_all_readers_and_quotes_over_all_quotes(tmp_path: Path) -> None:
    (row,) = read_verdicts(written(tmp_path, [YES, NO], [YES, YES]))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "digest": "forum, today", "statements": "2", "says": "75 %", "true": "100 %",
        "act": "0 %", "quotes": "67 %", "alone": "90 %", "new": "0.75",
    }  # fmt: skip


def test_a_statement_that_nobody_has_judged_has_no_shares(tmp_path: Path) -> None:
    (row,) = read_verdicts(written(tmp_path, []))
    assert row == ("forum, today", "1", *"––––––")


def test_a_file_of_something_else_is_told_with_what_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "statements.jsonl"
    file.write_text('{"data": "forum"}')
    with pytest.raises(InputError, match="want lines of data, digest, of_key_point"):
        list(read_verdicts(file))


def test_the_verdicts_of_the_documentation_are_there() -> None:
    rows = list(read_verdicts(Path("data/labels/statements.jsonl")))
    says = {row[0]: row[2] for row in rows}
    assert says["openenergymonitor, key points"] == "83 %"
    assert says["urho3d, key points"] == "95 %"
