import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.text.legible import legible


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("today's build 🤬", "today's build  serious face with symbols covering mouth "),
        ("I got it ❤️", "I got it  heavy black heart "),
        ("nice 👍🏽", "nice  thumbs up sign "),
        ("It ｆｒｅｅｚｅｓ", "It freezes"),
        ("𝗡𝗼", "No"),
        ("it сloses", "it closes"),  # the first letter is a Cyrillic one
        ("doesn’t", "doesn't"),
    ],
)
def test_what_models_cannot_read_is_put_into_plain_letters(text: str, plain: str) -> None:
    assert legible(text) == plain


@pytest.mark.parametrize("text", ["Привет, мир", "καλημέρα", "東京", "größer … (½)"])
def test_other_alphabets_and_signs_stay(text: str) -> None:
    assert legible(text) == text


@given(st.text())
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert legible(legible(text)) == legible(text)
