"""The docs cover what there is, and what they show runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from feedbackminer.collect.sources import KINDS
from feedbackminer.settings.sections import Settings
from feedbackminer.vocabulary.rows import ROWS
from tests.support.command import ROOT, Rows, whole_threads

README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
DELIVER = (ROOT / "docs" / "deliver.md").read_text("utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text("utf-8")


def paragraph_of(kind: str) -> str:
    paragraph = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", SOURCES, re.DOTALL | re.MULTILINE)
    assert paragraph, f"docs/sources.md says nothing of {kind}"
    return paragraph[1]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_source_is_shown_with_settings_that_load(kind: str) -> None:
    example = re.search(r"```toml\n(.*?)```", paragraph_of(kind), re.DOTALL)
    assert example
    settings = Settings(**tomllib.loads(example[1]))
    assert {source.kind for source in settings.sources.values()} == {kind}


@pytest.mark.parametrize("kind", ["folder", "mail", "chat", "warehouse", "issues"])
def test_each_kind_of_channel_is_shown_with_settings_that_load(kind: str) -> None:
    paragraph = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", DELIVER, re.DOTALL | re.MULTILINE)
    assert paragraph
    example = re.search(r"```toml\n(.*?)```", paragraph[1], re.DOTALL)
    assert example
    settings = Settings(**tomllib.loads(example[1]))
    assert {channel.kind for channel in settings.channels.values()} == {kind}


def test_the_tables_of_a_warehouse_are_shown_with_all_their_columns() -> None:
    for name, columns in ROWS.items():
        row = re.search(rf"^\| `digest_{name}` \| .* \| (.*) \|$", DELIVER, re.MULTILINE)
        assert row
        assert re.findall(r"`(\w+)`", row[1]) == list(columns)


@pytest.mark.slow
def test_the_lines_of_python_in_the_readme_run(
    sample_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) <= 5
    monkeypatch.chdir(tmp_path)
    exec(lines, {"posts": whole_threads(sample_rows, 20)})  # noqa: S102
    assert (tmp_path / "digest" / "index.html").is_file()


def test_the_parts_of_ones_own_that_are_shown_are_those_that_are_tested() -> None:
    shown = re.search(
        r"```python\n(.*?)```", (ROOT / "docs" / "extend.md").read_text("utf-8"), re.S
    )
    assert shown
    assert shown[1] in (ROOT / "tests" / "support" / "own_parts.py").read_text("utf-8")


class TestArchitecture:
    def test_it_names_every_package_and_no_other(self) -> None:
        named = set(re.findall(r"^\| \d+ \| (.*?) \|", ARCHITECTURE, re.MULTILINE))
        rooms = {room for cell in named for room in re.findall(r"`(\w+)(?:/|\.py)`", cell)}
        package = ROOT / "src" / "feedbackminer"
        there = {p.stem for p in package.iterdir() if p.is_dir() or p.suffix == ".py"}
        assert rooms - {"pipelines"} == there - {"__init__", "__pycache__"}

    def test_its_layers_are_those_that_import_linter_holds(self) -> None:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        contract = settings["tool"]["importlinter"]["contracts"][0]
        rank = {
            room.removeprefix("feedbackminer."): number
            for number, layer in enumerate(contract["layers"])
            for room in layer.split(" | ")
        }
        rows = re.findall(r"^\| (\d+) \| (.*?) \|", ARCHITECTURE, re.MULTILINE)
        ranks = [
            (int(number), rank[room])
            for number, cell in rows
            for room in re.findall(r"`(\w+)(?:/|\.py)`", cell)
            if room in rank
        ]
        assert [held for _, held in ranks] == sorted(held for _, held in ranks)

    def test_every_file_that_it_names_exists(self) -> None:
        paths = re.findall(r"`((?:\w+/)*\w+\.(?:py|toml|jsonl|yaml))`", ARCHITECTURE)
        folders = (ROOT, ROOT / "src" / "feedbackminer", ROOT / "tests")
        of_its_folder = ("stage.py", "frame.py", "builders.py", "update.py")
        missing = [
            path
            for path in paths
            if path not in of_its_folder and not any((folder / path).exists() for folder in folders)
        ]
        assert len(paths) > 20
        assert missing == []
