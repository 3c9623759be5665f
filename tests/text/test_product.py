"""The product's own name is found, and says nothing of what the matter is."""

from collections.abc import Sequence

import pytest

from feedbackminer.text.product import LEAST_SENTENCES, find_product

OTHERS = [f"Number {n} shows nothing when I open it." for n in range(2 * LEAST_SENTENCES)]
OF_ORCHID = ["How do I export maps from Blue Orchid?"] * LEAST_SENTENCES


def compared(sentence: str, sentences: Sequence[str], named: str = "") -> str:
    return find_product(sentences, named).without(sentence)


def test_what_very_many_sentences_name_is_read_as_the_product() -> None:
    told = ["Since the update Orchid crashes."] * LEAST_SENTENCES + OTHERS
    assert compared("Can Orchid read maps?", told) == "Can the product read maps?"
    assert compared("ORCHID's maps are gone", told) == "the product's maps are gone"


def test_a_name_of_two_words_is_found_as_one() -> None:
    told = [*OF_ORCHID, *["Orchid hangs."] * 2 * LEAST_SENTENCES, *OTHERS]
    assert compared("How to start blue  orchid", told) == "How to start the product"
    assert compared("Orchid paints it blue", told) == "the product paints it blue"


def test_of_a_name_that_is_always_said_in_full_no_word_is_a_name() -> None:
    told = ["Can Home Assistant read it?"] * LEAST_SENTENCES + OTHERS
    assert compared("Is home assistant at my home?", told) == "Is the product at my home?"


def test_a_word_that_stands_elsewhere_too_is_no_part_of_the_name() -> None:
    told = [*OF_ORCHID, *["A blue line is gone."] * 2 * LEAST_SENTENCES, *OTHERS]
    assert compared("How to start blue Orchid", told) == "How to start blue the product"


@pytest.mark.parametrize(
    "sentence",
    ["It fails every day.", "error: it fails", "I do not see maps", "Cloud sync is slow"],
)
def test_common_words_are_no_name_however_many_say_them(sentence: str) -> None:
    said = ["Cloud sync: I get an error when it fails"] * LEAST_SENTENCES + OTHERS
    assert compared(sentence, said) == sentence


def test_few_sentences_tell_no_name() -> None:
    assert find_product(["Orchid crashes."] * (LEAST_SENTENCES - 1)).names == ()
    assert find_product([]).names == ()


def test_a_name_that_the_settings_have_is_read_as_the_product_however_few_say_it() -> None:
    assert compared("Where does Harvest  hub keep data?", [], "Harvest Hub") == (
        "Where does the product keep data?"
    )


def test_beside_a_name_that_the_settings_have_only_another_form_of_it_counts() -> None:
    told = [*OF_ORCHID, *["It hangs on Windows."] * 2 * LEAST_SENTENCES, *OTHERS]
    assert compared("Orchid on Windows", told, "Orchid") == "the product on Windows"
    told = [*OF_ORCHID, *["Orchid hangs."] * 2 * LEAST_SENTENCES, *OTHERS]
    assert compared("Does Orchid hang?", told, "Blue Orchid") == "Does the product hang?"


@pytest.mark.parametrize(
    "sentence", ["OrchidRT fails", "see orchid.example/maps", "orchid.load() fails", "@orchid"]
)
def test_a_name_within_another_word_or_code_is_left(sentence: str) -> None:
    assert compared(sentence, [], "Orchid") == sentence


@pytest.mark.parametrize("named", ["C++", "a.b*", "[Orchid", "  ", "\\"])
def test_a_name_is_text_and_never_a_pattern(named: str) -> None:
    assert compared(f"Is {named} dead?", [], named) in (f"Is {named} dead?", "Is the product dead?")
    assert compared("Is azb dead?", [], named) == "Is azb dead?"
