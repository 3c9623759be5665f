"""Kinds by rules: what a sentence does, and what only looks like it."""

import pytest
import spacy

from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.rules import Rules, kind_of, load_rules
from feedbackminer.text.phrases import expand
from feedbackminer.vocabulary.tags import KINDS
from tests.support.builders import read

POSITIVE: dict[str, list[str]] = {
    "bug": [
        "The app crashes whenever I rotate the tablet.",
        "Sync doesn't work on my second laptop.",
        "It won't open files that have an umlaut in the name.",
        "After the last update half of my notes are gone.",
        "I keep getting an error when I import a calendar.",
        "The importer fails with a blank page.",
        "Search no longer finds anything in old notebooks.",
        "The thermostat keeps disconnecting from the hub.",
        "It doesn’t save my changes.",
    ],
    "feature_request": [
        "Please add a dark mode for reading at night.",
        "It would be great if I could pin two notes at once.",
        "Any chance of an Android tablet layout?",
        "I'd love to see tags in the sidebar.",
        "I wish there was a way to export only one folder.",
        "Could you add support for Markdown tables?",
        "Feature request: let us rename attachments.",
    ],
    "question": [
        "How do I move a notebook to another account?",
        "Does anyone know where the logs are kept?",
        "Is there a way to sort by date?",
        "Which cable did you use for the sensor?",
        "Has anyone tried this with a second hub?",
        "I was wondering, can I run it without a network?",
    ],
    "complaint": [
        "This is so frustrating, I lost the whole evening.",
        "I am fed up with the constant pop-ups.",
        "Two weeks and still no answer from support.",
        "The new toolbar is a complete mess.",
        "Honestly a waste of money.",
        "Waiting nine days for a reply is unacceptable.",
    ],
    "praise": [
        "I love this app, it replaced three others.",
        "Dark mode works perfectly on my old tablet.",
        "Great update, keep it coming.",
        "Hats off to whoever built the new search.",
        "The export is worth every penny.",
        "The new outline view is exactly what I needed.",
        "It’s so good to have tags at last!",
    ],
    "usability": [
        "The settings page is confusing.",
        "I can't find the button to archive a note.",
        "The close icon is too small for my thumbs.",
        "It takes too many clicks to share a folder.",
        "Hidden behind three menus, who would look there?",
        "The onboarding has a steep learning curve.",
    ],
    "performance": [
        "Scrolling is sluggish in long notes.",
        "It takes about ten seconds to open a notebook.",
        "The app drains my battery in an afternoon.",
        "There is a memory leak in the viewer.",
        "Typing lags behind by a whole word.",
        "The editor freezes for a moment on every save.",
    ],
    "documentation": [
        "The webhook format is undocumented.",
        "The manual doesn't mention the reset pin.",
        "The tutorial is outdated, the menu is called something else now.",
        "Where is the scripting language documented?",
        "We need better docs for the import format.",
        "Is there a guide for moving from the old version?",
    ],
    "pricing": [
        "Ten dollars a month is steep for a notes app.",
        "Do you have a student discount?",
        "The price went up by a third.",
        "I would like a refund for last year.",
        "Is there a family plan?",
        "I don't want yet another subscription.",
    ],
    "churn": [
        "I cancelled my subscription this morning.",
        "We are looking for an alternative that keeps our data here.",
        "I've given up on it and moved to plain text files.",
        "That was the last straw, I'm out.",
        "I won't be renewing in March.",
        "How do I delete my account?",
    ],
}

NEGATIVE: dict[str, list[str]] = {
    "bug": [
        "I moved my notes to a new laptop last week.",
        "The meeting is open to everybody.",
        "We started with two sensors and now have nine.",
        "My favourite view is the calendar.",
        "The save button is blue in the new theme.",
        "I read the release notes this morning.",
    ],
    "feature_request": [
        "I added the files to the folder yesterday.",
        "The option is in the second menu.",
        "It was a nice day for a walk.",
        "She loves the new layout.",
        "They plan to meet in June.",
        "You can add a note with the plus sign.",
    ],
    "question": [
        "That is how it has always been.",
        "I know what you mean.",
        "Whatever works for you is fine by me.",
        "The questions were answered in the other thread.",
        "I did not ask for a refund.",
        "Nobody knows the folder by that name.",
    ],
    "complaint": [
        "The hat is not mine.",
        "I have no complaints at all.",
        "Good morning from a rainy place.",
        "We use the tool every Monday.",
        "The mess hall has a good network.",
        "The joke in the changelog made me laugh.",
    ],
    "praise": [
        "Is the update ready for my tablet?",
        "Thanks for the reply, I will try that tonight.",
        "It works only after a restart.",
        "It would be great if it could sort by date.",
        "It is not a great update for people with old phones.",
        "Best regards from the coast.",
        "Cheers, I will have a look.",
    ],
    "usability": [
        "I found the switch in the second menu.",
        "The tiny house has a solar panel.",
        "We sat behind the old town hall.",
        "He clicked the link twice.",
        "It is clear now, thanks.",
        "My desk faces the window.",
    ],
    "performance": [
        "It takes two cables and a screw.",
        "The memory card is in the slot.",
        "Winter is cold up here.",
        "I bought a second battery last week.",
        "The frame is made of wood.",
        "I took the train home.",
    ],
    "documentation": [
        "I am a tour guide in the old town.",
        "I read an article about gardening.",
        "The page loads in the browser.",
        "Turn to page nine.",
        "He instructs a class of nine.",
        "Documented or not, we shipped it.",
    ],
    "pricing": [
        "He paid attention to every detail.",
        "The plan is to meet on Friday.",
        "We charge the phone at night.",
        "It is free of bugs as far as I can see.",
        "The month of May was wet.",
        "She is rich in ideas.",
    ],
    "churn": [
        "I left the device on overnight.",
        "You can cancel the upload with the escape key.",
        "I uninstalled and reinstalled the driver, and all is well.",
        "We moved to a new house in spring.",
        "I'm done with the setup, all green.",
        "I switched the plugin to a newer version.",
        "Leave the field empty and press enter.",
        "I deleted the old note.",
    ],
}


def cases(sentences: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(kind, sentence) for kind, texts in sentences.items() for sentence in texts]


@pytest.fixture(scope="module")
def kinds_of() -> dict[str, tuple[str, ...]]:
    sentences = [sentence for _, sentence in [*cases(POSITIVE), *cases(NEGATIVE)]]
    tags = RuleTagger().tag(read(*sentences))
    return {sentence: tag.kinds for sentence, tag in zip(sentences, tags, strict=True)}


def test_every_kind_has_six_sentences_for_and_six_against() -> None:
    assert set(POSITIVE) == set(NEGATIVE) == set(KINDS)
    assert all(len(sentences) >= 6 for sentences in (*POSITIVE.values(), *NEGATIVE.values()))


@pytest.mark.parametrize(("kind", "sentence"), cases(POSITIVE))
def test_a_sentence_of_the_kind_is_found(
    kind: str, sentence: str, kinds_of: dict[str, tuple[str, ...]]
) -> None:
    assert kind in kinds_of[sentence]


@pytest.mark.parametrize(("kind", "sentence"), cases(NEGATIVE))
def test_a_sentence_that_only_looks_like_it_is_not(
    kind: str, sentence: str, kinds_of: dict[str, tuple[str, ...]]
) -> None:
    assert kind not in kinds_of[sentence]


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("crash", {"crash"}),
        ("crash|crashes", {"crash", "crashes"}),
        ("so very? good|nice", {"so very good", "so very nice", "so good", "so nice"}),
        ("a|b? c", {"a c", "b c", "c"}),
        ("does n't work", {"doesn't work"}),
        ("seriously ?", {"seriously ?"}),
    ],
)
def test_a_phrase_is_written_out_in_every_reading(phrase: str, readings: set[str]) -> None:
    assert set(expand(phrase)) == readings


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("it lost notes", True),
        ("it lost one two three four notes", True),
        ("it lost one two three four five notes", False),
        ("notes were never lost", False),
    ],
)
def test_a_gap_spans_up_to_four_words(text: str, hit: bool) -> None:
    nlp = spacy.blank("en")
    assert (("bug.data_loss", 1) in Rules(nlp).hits(nlp(text))) == hit


def test_a_hit_tells_where_it_begins_whatever_the_case() -> None:
    nlp = spacy.blank("en")
    assert Rules(nlp).hits(nlp("Once more it CRASHES here")) == [("bug", 3)]


def test_a_rule_is_evidence_for_the_kind_it_is_named_after() -> None:
    assert kind_of("bug.data_loss") == "bug"
    assert {kind_of(rule) for rule in load_rules()} == set(KINDS)
