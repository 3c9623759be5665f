"""``bench outcomes``: days on which nothing was done, and halvings that are planted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedbackminer.errors import InputError
from feedbackminer.insight.stage import READS
from feedbackminer.project.project import Project
from feedbackminer.research.benchmarks.outcomes import measure
from feedbackminer.settings.sections import InsightSettings
from tests.support.builders import day
from tests.support.closed_loop import mined


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return mined(tmp_path_factory.mktemp("bench"))


def test_halvings_are_found_where_it_can_be_told_and_covered(project: Project) -> None:
    tables = {name: project.store.read(name) for name in READS}
    problem, question, request, talk = measure(tables, InsightSettings(), 12)
    assert (question.asked, request.asked) == (0, 0)  # nobody asks or wishes there
    for figures in (problem, talk):
        assert figures.asked == 12
        assert figures.covers_of_asked >= 9
        assert figures.found <= figures.can_tell <= figures.drawn
        assert figures.found_of_asked > figures.helped


def test_a_history_that_is_too_short_says_so(project: Project) -> None:
    tables = {name: project.store.read(name) for name in READS}
    settings = InsightSettings(until=day(0) + timedelta(weeks=10))
    with pytest.raises(InputError, match="16 weeks or more"):
        list(measure(tables, settings, 1))
