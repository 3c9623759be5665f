"""Forms: lines that many members have word for word go, answers and popular sentences stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.clean.closings import find_closings, without_closing
from feedbackminer.clean.templates import FEWEST_MEMBERS, find_templates, without_templates

THINGS = ("lamp", "drill", "hose", "rake", "pump", "saw", "lid", "bell", "tap", "axe", "jar", "bin")
FORM = (
    "### What broke\nWrite here which part does not work any more.\n\nThe {0} is broken at the {0}."
    "\n\n### How often\nEvery time\n\nTool version: {1}\n- [x] I have read the rules of this place"
)
POPULAR = (
    "Same here",
    "Thank you!",
    "+1",
    "Works for me",
    "Thanks in advance",
    "Any help is welcome",
)


def cleaned(texts: list[str], members: list[str | None] | None = None) -> list[str]:
    known = find_templates(texts, members or [f"m{n}" for n in range(len(texts))])
    return [without_templates(text, known) for text in texts]


def test_headings_hints_and_boxes_of_a_form_go_and_answers_stay() -> None:
    texts = [FORM.format(thing, n) for n, thing in enumerate(THINGS)]
    assert cleaned(texts)[0] == "The lamp is broken at the lamp.\n\nEvery time\n\n0"


def test_plain_lines_are_a_form_by_their_constant_company() -> None:
    form = "What I did\nI used the {0} all day.\nWhat came of it\nThe {0} became hot."
    assert cleaned([form.format(thing) for thing in THINGS])[1] == (
        "I used the drill all day.\nThe drill became hot."
    )


@pytest.mark.parametrize("sentence", POPULAR)
def test_popular_sentences_stay(sentence: str) -> None:
    texts = [f"My {thing} is loud.\n{sentence}" for thing in THINGS] + [sentence] * 20
    assert cleaned(texts) == texts


def test_the_same_complaint_of_many_is_speech() -> None:
    texts = ["Give us back the old bell.\nThe new bell is far too loud for us."] * 30
    assert cleaned(texts) == texts


def test_fewer_members_make_no_form_however_often_they_post() -> None:
    texts = [FORM.format(thing, n) for n, thing in enumerate(THINGS)]
    members: list[str | None] = [f"m{n % (FEWEST_MEMBERS - 1)}" for n in range(len(texts))]
    assert cleaned(texts, members) == texts


def test_the_last_lines_of_many_posts_of_a_member_are_a_signature() -> None:
    card = "Keeper of the shed\nNever lend a saw"
    texts = [f"My {thing} is loud.\n{card}" for thing in THINGS]
    closings = find_closings(texts, ["m"] * len(texts))
    assert without_closing(texts[0], closings["m"]) == "My lamp is loud."


def test_what_a_member_often_says_alone_or_in_thanks_is_no_signature() -> None:
    alone = find_closings(["It works for me."] * 9, ["m"] * 9)
    thanks = find_closings([f"My {thing} is loud.\nThanks!" for thing in THINGS], ["m"] * 12)
    assert alone == thanks == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(alphabet="ab #:\n-[]x*", max_size=40), max_size=12))
def test_lines_that_stay_are_parts_of_the_text(texts: list[str]) -> None:
    for before, after in zip(texts, cleaned(texts), strict=True):
        assert all(line in before for line in after.split("\n"))
