"""Names of topics: short, distinct, and about the subject, not about people, days or code."""

from collections.abc import Iterator

import numpy as np
import pytest
import spacy
from scipy.stats import chi2_contingency
from spacy.language import Language
from spacy.tokens import Doc

from feedbackminer.topics.naming.marks import Marks
from feedbackminer.topics.naming.phrases import (
    Name,
    PhraseReader,
    distinct_words,
    greeted_names,
    name_topics,
)
from feedbackminer.topics.naming.stopwords import STOPS
from feedbackminer.topics.naming.words import WordUse

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


def weigh(texts: list[str]) -> dict[str, float]:
    """Weigh words by how many of the texts use them, as c-TF-IDF would for a lone topic."""
    words = " ".join(texts).lower().replace(".", " ").replace("?", " ").replace(",", " ").split()
    return {word: words.count(word) / 10 for word in words if word not in STOPS}


def marks(*topics: list[str]) -> Marks:
    """Weigh words where each text is a thread of its own."""
    labels = np.repeat(np.arange(len(topics)), [len(texts) for texts in topics])
    passages = [text for texts in topics for text in texts]
    return Marks.of(WordUse.of(passages, np.arange(len(passages))), labels)


def greeted(texts: list[str]) -> set[str]:
    use = WordUse.of(texts, np.arange(len(texts)))
    return greeted_names(texts, use.n_capitalised())


def name(*topics: list[str], nlp: Language, ignore: tuple[str, ...] = ()) -> list[Name]:
    examples = dict(enumerate(topics))
    weights = {topic: weigh(texts) for topic, texts in examples.items()}
    use = marks(*topics).weight
    reader = PhraseReader(nlp, frozenset(word.lower() for word in ignore))
    return list(name_topics(examples, weights, weigh=use, reader=reader).values())


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
    assert "xport" in export.label


def test_no_two_topics_share_a_name(english: Language) -> None:
    examples = dict.fromkeys(range(12), BATTERY)
    weights = dict.fromkeys(range(12), weigh(BATTERY))
    reader = PhraseReader(english)
    found = name_topics(examples, weights, weigh=lambda *_, **__: 1.0, reader=reader)
    labels = [each.label for each in found.values()]
    assert len({label.lower() for label in labels}) == 12


def test_a_text_is_parsed_once_of_however_many_topics_it_is_an_example(
    english: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def pipe(texts: list[str]) -> Iterator[Doc]:
        parsed.extend(texts)
        return map(english, texts)

    monkeypatch.setattr(english, "pipe", pipe)
    reader = PhraseReader(english)
    once = reader.read([*BATTERY, *EXPORT, *BATTERY])
    assert reader.read([*EXPORT, "Another one"])[:5] == once[5:10]
    assert parsed == [*BATTERY, *EXPORT, "Another one"]


def test_a_name_in_use_is_not_given_again(english: Language) -> None:
    (first,) = name(BATTERY, nlp=english)
    weights = {0: weigh(BATTERY)}
    use = marks(BATTERY).weight
    again = name_topics(
        {0: BATTERY},
        weights,
        weigh=use,
        reader=PhraseReader(english),
        taken=[first.label.upper()],
    )
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
    assert not {*told, *found.keywords} & {*STOPS, "they’d", "shouldn't"}
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
    assert greeted(texts) == {"paul"}


def test_a_subject_that_is_greeted_once_is_no_person() -> None:
    texts = ["Hello World is the first example.", *["World maps do not load."] * 30]
    assert greeted(texts) == set()


def test_what_all_topics_speak_of_names_none() -> None:
    use = marks(["My notes vanish.", "A note is gone.", "Notes!"], ["The note is late."] * 4)
    assert use.weight("notes", 0) == 0


def test_what_is_not_twice_as_common_as_elsewhere_marks_no_topic() -> None:
    elsewhere = [*["My notes vanish."] * 24, *["The table is odd."] * 16]
    use = marks(["My notes vanish."] * 20, elsewhere)
    assert use.weight("notes", 0) == 0
    assert use.weight("table", 1) > 0


def test_a_word_is_frequent_because_of_its_topic_and_names_it(english: Language) -> None:
    rest = [[f"The {thing} of my notebook is odd."] * 6 for thing in ("colour", "sync", "table")]
    export, *_ = name([*EXPORT * 4], *rest, nlp=english)  # in half of all posts
    assert export.label.startswith("PDF export")


def test_what_many_threads_say_marks_a_topic_more_than_what_few_say() -> None:
    texts = [*["The battery drains."] * 8, *["The battery of a Moto drains."] * 3]
    use = marks(texts, [*["The export fails."] * 18, "A battery of tests fails."])
    assert use.weight("battery", 0) > use.weight("moto", 0) > 0


def test_a_thread_counts_once_for_a_word_however_many_posts_say_it() -> None:
    passages = ["The Moto is hot."] * 9 + ["It is slow."] * 9
    threads = np.array([0] * 9 + list(range(1, 10)))
    use = Marks.of(WordUse.of(passages, threads), np.zeros(18, np.int64))
    assert use.weight("moto", 0) == 0.0
    assert use.weight("slow", 0) == pytest.approx(0.9)


def test_the_weight_is_the_root_of_the_log_likelihood_ratio() -> None:
    texts = [["a battery"] * 8 + ["a sync"] * 2, ["a battery"] * 2 + ["a sync"] * 18]
    table = np.array([[8, 2], [2, 18]])
    ratio = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert marks(*texts).weight("battery", 0) == pytest.approx(ratio**0.5)


def test_passages_without_a_word_mark_nothing() -> None:
    assert marks(["..."], ["!"]).weight("sync", 0) == 0.0
