"""The parser: what is left out of it changes nothing that is read."""

import pytest
import spacy
from spacy.util import is_package

from feedbackminer.text.nlp import SPACY_MODELS, load_spacy

SAID = [
    "There's a bug: the editor got stuck, and I don't know what's wrong with it.",
    "Has anyone been using the new export?  It gets slower, so we'd rather wait.",
    "Thanks Paul! Having moved 3 feeds, they didn't work that well...",
]


def test_words_are_parsed_as_by_the_whole_pipeline() -> None:
    name = next(filter(is_package, SPACY_MODELS), None)
    if name is None:
        pytest.skip("no trained pipeline is installed")
    ours, whole = load_spacy()[0], spacy.load(name)
    for text in SAID:
        one, other = ours(text), whole(text)
        assert [(w.text, w.pos_, w.tag_, w.dep_, w.head.i) for w in one] == [
            (w.text, w.pos_, w.tag_, w.dep_, w.head.i) for w in other
        ]
        assert [c.text for c in one.noun_chunks] == [c.text for c in other.noun_chunks]
