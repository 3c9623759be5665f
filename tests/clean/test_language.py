"""Language: told where there is enough text to tell, never guessed."""

import pytest

from feedbackminer.clean import language

ENGLISH = "the app crashes every time when I open the settings of my account"
GERMAN = "die Anwendung stürzt jedes Mal ab, wenn ich die Einstellungen öffne"
JAPANESE = "設定を開くたびにアプリが落ちてしまいます。直してください。"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        (JAPANESE, "ja"),
        (ENGLISH.replace(" ", "\n"), "en"),
        ("pls add dark mode", "und"),
        ("👍 👍 👍 👍 👍 👍 👍 👍 👍", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_told_where_there_is_enough_text(text: str, want: str) -> None:
    assert language.detect(text) == want


@pytest.mark.parametrize(
    ("languages", "want"),
    [(["en", "de", "en", "und", "und", "und"], "en"), (["und"], "und"), ([], "und")],
)
def test_the_main_language_is_the_most_frequent_told(languages: list[str], want: str) -> None:
    assert language.main_language(languages) == want


def test_wanted_languages_beat_the_main_one_and_untold_ones_stay() -> None:
    assert language.accepted(["en", "en", "de"], []) == {"en", "und"}
    assert language.accepted(["en", "en", "de"], ["de", "fr"]) == {"de", "fr", "und"}
