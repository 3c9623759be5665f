import pytest

from feedbackminer.tagging.status import status_of
from feedbackminer.vocabulary.tags import STATUSES


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("The importer crashes on every second file.", "asserted"),
        ("I get the error 'disk full' whenever I save.", "asserted"),
        ("There was no crash in three weeks.", "negated"),
        ("It never lost a single reading.", "negated"),
        ("The crash is fixed in the nightly build.", "over"),
        ("It no longer freezes on start.", "over"),
        ("It used to be slow.", "over"),
        ("If it crashes, send me the log.", "hypothetical"),
        ("Maybe the driver is the problem.", "hypothetical"),
        ("Your log shows an error in line 3.", "another"),
        ("A friend says that printing fails.", "another"),
        ("“It crashes all the time.”", "quoted"),
        ("> it crashes for me", "quoted"),
        ("ImportError: no module named plots", "quoted"),
    ],
)
def test_cues_tell_whose_and_whether(sentence: str, status: str) -> None:
    assert status_of(sentence) == status


def test_of_two_clauses_that_read_alike_each_is_looked_up_where_it_stands() -> None:
    sentence = "if it crashes on start; it crashes on start"
    first, second = sentence.index("crashes"), sentence.rindex("crashes")
    length = len("crashes")
    assert status_of(sentence, first, first + length) == "hypothetical"
    assert status_of(sentence, second, second + length) == "asserted"


def test_a_cue_holds_in_its_own_clause_only() -> None:
    sentence = "The export is fixed, but the import still crashes."
    start = sentence.index("crashes")
    assert status_of(sentence, start, start + len("crashes")) == "asserted"


def test_a_sentence_of_three_thousand_words_has_a_status_at_once() -> None:
    assert status_of("no problem and then " * 1_000) in STATUSES


@pytest.mark.parametrize("sentence", ["", "   ", "🙄🙄", "!!!", "日本語の文章です。"])
def test_what_speaks_of_nothing_is_as_it_stands(sentence: str) -> None:
    assert status_of(sentence) == "asserted"
