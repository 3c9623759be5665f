from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.embed.passages import read_passages
from feedbackminer.text.legible import legible
from feedbackminer.text.sentences import split


def test_a_passage_knows_where_its_sentences_are_in_plain_letters() -> None:
    (passage,) = read_passages(["Works 🙂 now. It doesn’t crash."])
    sentences = [passage.text[start:end] for start, end in passage.spans]
    assert sentences == ["Works  slightly smiling face  now.", "It doesn't crash."]


@given(st.text())
def test_every_sentence_of_any_text_is_found_again(text: str) -> None:
    (passage,) = read_passages([text])
    found = [passage.text[start:end] for start, end in passage.spans]
    assert found == [legible(sentence) for sentence in next(split([text]))]


def test_no_texts_are_no_passages() -> None:
    assert list(read_passages([])) == []
    assert next(iter(read_passages([""]))).spans == ()
