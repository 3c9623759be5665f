"""The documentation: it says what the code says, and names no command that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from docs import generate
from feedbackminer.collect.sources import KINDS
from feedbackminer.settings.sections import Settings
from feedbackminer.tables import TABLES
from tests.support.command import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
REFERENCE = generate.REFERENCE.read_text("utf-8")


def test_the_reference_is_what_the_code_says() -> None:
    told = "docs/reference.md is not what the code says: run `make reference`"
    assert generate.renewed(REFERENCE) == REFERENCE, told


def test_every_command_setting_table_and_source_has_its_place() -> None:
    wanted = [f"### `{command}" for command in generate.commands()]
    wanted += [f"### `{table}`" for table in TABLES] + [f"| `{kind}` |" for kind in KINDS]
    alone = ("log", "max_dropped_share")  # settings of no section
    wanted += [f"`{name}" if name in alone else f"`[{name}" for name in _sections()]
    assert [place for place in wanted if place not in REFERENCE] == []


def test_what_has_no_description_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = typer.Typer()
    bare.command()(lambda: None)
    monkeypatch.setattr(generate, "app", _grouped(bare))
    with pytest.raises(generate.UndocumentedError, match="has no description"):
        generate.renewed(REFERENCE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist_with_their_options(page: Path) -> None:
    commands = generate.commands()
    for line in _called(page.read_text("utf-8")):
        words = line.split()
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in commands), "")
        assert name, f"there is no command: feedbackminer {line}"
        options = {o for parameter in commands[name].params for o in parameter.opts}
        unknown = set(re.findall(r"(?<=\s)--[a-z-]+", line)) - options - {"--help"}
        assert not unknown, f"feedbackminer {line}"


def _called(text: str) -> Iterator[str]:
    """Yield what stands after the name of the command in code, blocks and inline."""
    text = text.replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    for line in (line for block in blocks for line in block.splitlines()):
        if found := re.match(r"(?:\$ )?(?:\.venv/bin/)?feedbackminer ([a-z].*)", line):
            yield found[1]
    yield from re.findall(r"`feedbackminer ([a-z][^`|]*)`", text)


def _sections() -> Iterator[str]:
    for name in Settings.model_fields:
        yield "sources.NAME" if name == "sources" else name


def _grouped(bare: typer.Typer) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(bare, name="bare")
    app.add_typer(typer.Typer(), name="empty")
    return app
