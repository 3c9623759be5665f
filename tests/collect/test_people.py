"""People: members, staff, bots, and nobody in particular."""

import pytest

from feedbackminer.collect.people import People
from feedbackminer.settings.sections import CollectSettings

PEOPLE = People.of(
    CollectSettings(staff=("Eva Bot",), bots=("Harvester",), nobody=("Shop visitor",))
)


@pytest.mark.parametrize(
    "name",
    [
        *("github-actions", "GitHub Actions", "dependabot[bot]", "Dependabot", "renovate", "Stale"),
        *("codecov-commenter", "allcontributors", "AutoModerator", "RemindMeBot", "transcribot"),
        *("MEE6", "MEE6#4876", "Carl-bot", "Dyno", "slackbot", "Zapier", "GroupAnonymousBot"),
        *("discobot", "system", "Automation for Jira", "project_12_bot_a1b2", "my-bot", "Shop Bot"),
        *("noreply", "no-reply@example.org", "MAILER-DAEMON", "HARVESTER "),
    ],
)
def test_bots_are_known_by_their_names(name: str) -> None:
    assert PEOPLE.role(name, "unknown") == "bot"


@pytest.mark.parametrize(
    "name",
    [
        *("Talbot", "botanist", "abbot", "Botticelli", "Yann Le Bot", "robottom", "Cabot", "Elbot"),
        *("Basil", "Mint", "Reno", "Dynamo", "Stalev", "Zapata", "noreplyes"),
    ],
)
def test_people_whose_names_look_alike_are_members(name: str) -> None:
    assert PEOPLE.role(name, "unknown") == "member"


def test_staff_that_settings_name_are_no_bots() -> None:
    assert PEOPLE.role("eva bot", "member") == "staff"


def test_nobody_has_the_role_that_the_export_says() -> None:
    assert PEOPLE.role("", "unknown") == "unknown"
    assert PEOPLE.role("", "staff") == "staff"


def test_settings_add_names_of_nobody() -> None:
    names = ["shop VISITOR", "ghost", "A Google user", " Mint "]
    assert list(map(PEOPLE.author, names)) == ["", "", "", "Mint"]
