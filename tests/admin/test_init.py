"""``init``: three questions, and a settings file that says everything and loads as it is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.admin.init import (
    EXAMPLE_DAY,
    EXAMPLE_EVENT,
    EXAMPLES,
    Answers,
    ask,
    commented_settings,
)
from feedbackminer.collect.sources import KINDS
from feedbackminer.settings import sections as settings_module
from feedbackminer.settings.load import FILE_NAME, load
from feedbackminer.settings.sections import Settings
from tests.support.command import COMMAND, environment, invoke


def in_force(toml: str) -> dict[str, Any]:
    """Return what a file would say if its settings were no comments."""
    return tomllib.loads(re.sub(r"^# (?=\w+ = |\[)", "", toml, flags=re.MULTILINE))


def answering(*answers: str) -> Callable[[str, str], str]:
    """Return a person who gives these answers, an empty one being the default."""
    left = iter(answers)
    return lambda _, default: next(left) or default


class TestFile:
    def test_it_loads_and_changes_nothing(self, tmp_path: Path) -> None:
        assert invoke("init", tmp_path / "new").exit_code == 0
        assert load(tmp_path / "new" / FILE_NAME) == Settings()

    @pytest.mark.parametrize("answers", [Answers(), Answers("Ink", "discourse", "https://x.org")])
    def test_every_setting_in_it_is_a_real_one(self, answers: Answers) -> None:
        values = in_force(commented_settings(answers))
        assert set(values) == set(Settings.model_fields)
        load(None, values)

    def test_what_stands_commented_is_the_default_or_an_example(self) -> None:
        values = in_force(commented_settings())
        source = values.pop("sources")["forum"]
        assert set(source) == set(settings_module.SourceSettings.model_fields)
        assert values.pop("events") == {EXAMPLE_EVENT: EXAMPLE_DAY}
        assert values.pop("channels") == {"site": {"kind": "folder", "path": "/srv/www/community"}}
        for section in (values, *values.values()):
            for name in EXAMPLES if isinstance(section, dict) else ():
                section.pop(name, None)  # has no default
        assert load(None, values) == Settings()

    @pytest.mark.parametrize(
        "product", ['Ink "wren" \\ 2', "Über 😀 ‘#’", "a\x7f\tb\nc = 1", "[x]"]
    )
    def test_a_product_of_any_name_is_in_force(self, tmp_path: Path, product: str) -> None:
        assert invoke("init", tmp_path, "--product", product).exit_code == 0
        assert load(tmp_path / FILE_NAME).digest.product == product

    def test_one_that_exists_is_never_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / FILE_NAME).write_text("# mine\n")
        result = invoke("init", tmp_path)
        assert result.exit_code == 2
        assert "exists already" in result.stderr
        assert (tmp_path / FILE_NAME).read_text() == "# mine\n"


class TestQuestions:
    def test_answers_are_in_force(self, tmp_path: Path) -> None:
        answers = ask(answering("Ink", "discourse", "https://forum.example", "anna, bob,"))
        path = tmp_path / FILE_NAME
        path.write_text(commented_settings(answers), "utf-8")
        loaded = load(path)
        assert loaded.digest.product == "Ink"
        assert loaded.collect.staff == ("anna", "bob")
        source = loaded.sources["discourse"]
        assert (source.kind, source.url, source.channels) == (
            "discourse",
            "https://forum.example",
            (),
        )

    def test_a_place_that_is_no_address_names_channels(self) -> None:
        assert Answers(kind="github", location="acme/app, acme/web").source["channels"] == (
            "acme/app",
            "acme/web",
        )

    def test_a_path_of_files_stays_whole(self) -> None:
        answers = ask(answering("", "", "/exports/a,b/*.jsonl", ""))
        assert answers.source == {"kind": "files", "url": "/exports/a,b/*.jsonl"}

    def test_a_path_holds_in_any_folder(self) -> None:
        answers = ask(answering("", "", "exports/*.jsonl", ""))
        assert answers.location == str(Path.cwd() / "exports" / "*.jsonl")

    def test_a_kind_that_does_not_exist_is_asked_for_again(self) -> None:
        assert ask(answering("", "discurse", "Discourse", "https://x.org", "")).kind == "discourse"

    def test_no_place_is_no_source(self) -> None:
        assert ask(answering("Ink", "discourse", "", "")).source == {}

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_may_name_a_source(self, kind: str) -> None:
        toml = commented_settings(Answers(kind=kind, location="https://x.org"))
        assert set(load(None, tomllib.loads(toml)).sources) == {kind}

    def test_a_terminal_is_asked(self, tmp_path: Path) -> None:
        output = _at_terminal("Ink\ndiscourse\nhttps://forum.example\n\n", "init", tmp_path / "p")
        assert "What is the product called?" in output
        loaded = load(tmp_path / "p" / FILE_NAME)
        assert loaded.digest.product == "Ink"
        assert set(loaded.sources) == {"discourse"}

    @pytest.mark.parametrize("options", [["--yes"], ["--product", "Ink"]])
    def test_an_option_leaves_the_questions_out(self, tmp_path: Path, options: list[str]) -> None:
        assert "?" not in _at_terminal("", "init", tmp_path / "p", *options)
        assert (tmp_path / "p" / FILE_NAME).exists()


def _at_terminal(typed: str, *args: object) -> str:
    """Run the command with a terminal as its standard input, and type."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        done = subprocess.run(
            [*COMMAND, *map(str, args)],
            stdin=theirs,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
