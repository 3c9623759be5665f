"""What is published is named: nothing else of the settings gets into a digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_origin

import pytest
from pydantic import BaseModel

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import DigestSettings, Settings
from feedbackminer.steps.digest import PUBLISHED, published_settings, write_digest
from tests.support.erase_project import mined

MARK = "zqmarkzq"


def marked(value: Any, name: str) -> Any:
    """Return a value of the same type that holds the mark, or can be told by it."""
    match value:
        case bool() | None | datetime():
            return value
        case int() | float():
            return value
        case str():
            return f"{MARK}-{name}"
        case tuple():
            return (f"{MARK}-{name}",)
        case dict():
            words = f"{MARK}-{name}"
            return {words: (words,) if name.startswith(("topics", "tag")) else words}
        case BaseModel():
            return value.model_copy(
                update={n: marked(v, f"{name}-{n}") for n, v in dict(value).items()}
            )
    return value


def everything_marked(settings: Settings) -> Settings:
    """Mark every setting that holds words, but those that are published by name.

    A choice of names holds no words of anybody.
    """
    sections = {}
    for section, value in dict(settings).items():
        if not isinstance(value, BaseModel):
            continue
        hidden = [
            name
            for name, field in type(value).model_fields.items()
            if name not in PUBLISHED.get(section, ())
            and get_origin(field.annotation) is not Literal
        ]
        sections[section] = value.model_copy(
            update={name: marked(getattr(value, name), f"{section}-{name}") for name in hidden}
        )
    return settings.model_copy(update=sections)


def files(folder: Path) -> Iterator[tuple[str, str]]:
    yield from (
        (path.name, path.read_text("utf-8")) for path in folder.rglob("*") if path.is_file()
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return mined(tmp_path_factory.mktemp("published"))


def test_no_published_file_holds_a_setting_that_is_not_named_or_a_secret(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORUM", "NAMING", "STORE"):
        monkeypatch.setenv(f"FEEDBACKMINER_SECRET_{name}", f"{MARK}-{name}")
    settings = everything_marked(project.settings)
    assert MARK in settings.model_dump_json()
    hidden = settings.model_copy(update={"sources": {"forum": {"url": f"https://{MARK}.example"}}})

    write_digest(Run(Project(project.folder, hidden, project.store)), tmp_path / "digest")

    assert [name for name, text in files(tmp_path / "digest") if MARK in text] == []


def test_what_is_named_exists_and_is_published(project: Project) -> None:
    shown = published_settings(project.settings)
    assert {section: set(values) for section, values in shown.items()} == {
        section: set(names) for section, names in PUBLISHED.items()
    }
    assert shown["digest"]["product"] == "Inkwren"


def test_whatever_decides_how_a_digest_is_rendered_again_is_published() -> None:
    """An erasure renders digests again with the settings they print; others are for mails."""
    assert set(PUBLISHED["digest"]) == set(DigestSettings.model_fields) - {"link", "replies"}
