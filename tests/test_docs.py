"""The docs cover what there is: each kind of source has its paragraph."""

from __future__ import annotations

import re
import tomllib

import pytest

from feedbackminer.collect.sources import KINDS
from feedbackminer.settings.sections import Settings
from tests.support.command import ROOT

SOURCES = (ROOT / "docs" / "sources.md").read_text("utf-8")


def paragraph_of(kind: str) -> str:
    found = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", SOURCES, re.DOTALL | re.MULTILINE)
    assert found, f"docs/sources.md says nothing of {kind}"
    return found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_source_is_shown_with_settings_that_load(kind: str) -> None:
    found = re.search(r"```toml\n(.*?)```", paragraph_of(kind), re.DOTALL)
    assert found
    settings = Settings(**tomllib.loads(found[1]))
    assert {source.kind for source in settings.sources.values()} == {kind}
