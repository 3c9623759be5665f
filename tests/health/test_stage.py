"""The stage: one row per check, and a notice for each that warns."""

from __future__ import annotations

from feedbackminer.health.stage import check_health
from feedbackminer.settings.sections import DriftSettings
from feedbackminer.vocabulary.tags import CHECKS
from tests.support.builders import day
from tests.support.weekly_community import community

SETTINGS = DriftSettings()


def test_there_is_one_row_per_check() -> None:
    result = check_health(community(), settings=SETTINGS, run_id="r1", now=day(500))
    assert result.checks["check"].to_list() == list(CHECKS)
    assert (result.account.rows_in, result.account.rows_out) == (len(CHECKS), len(CHECKS))
    assert set(result.checks["run_id"]) == {"r1"}
    assert result.notices == ()


def test_what_is_not_known_is_null_and_never_0() -> None:
    result = check_health(community(()), settings=SETTINGS, run_id="r1", now=day(500))
    assert set(result.checks["status"]) == {"unknown"}
    for column in ("value", "low", "high"):
        assert result.checks[column].is_null().all()
    assert result.notices == ()


def test_the_same_data_gives_the_same_rows_whenever_it_is_checked() -> None:
    first = check_health(community(), settings=SETTINGS, run_id="r1", now=day(500))
    again = check_health(community(), settings=SETTINGS, run_id="r2", now=day(900))
    of_run = ("run_id", "checked_at")
    assert again.checks.drop(of_run).equals(first.checks.drop(of_run))


def test_a_notice_says_the_week_the_finding_and_the_name_of_the_check() -> None:
    drifted = community(unsorted=0.8)
    (notice,) = check_health(drifted, settings=SETTINGS, run_id="r1", now=day(500)).notices
    assert notice.startswith("the week to 12 July 2026 is unusual: ")
    assert "of texts belong to no topic, where 0% to" in notice
    assert notice.endswith("(unsorted_share)")
