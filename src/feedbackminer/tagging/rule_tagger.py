"""Tags without a trained head: kinds by the phrases of ``rules.toml``, sentiment by VADER.

What is left where the heads do not know the encoder; and one of the things that heads weigh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from feedbackminer.tagging import lexicon
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.status import status_of
from feedbackminer.tagging.tagger import (
    LANGUAGES,
    NOTHING,
    Experience,
    Sentence,
    Sentiment,
    Tag,
    Text,
)
from feedbackminer.text.nlp import blank
from feedbackminer.text.sentences import typewritten
from feedbackminer.vocabulary.tags import ASSERTED, HEADLINES, KINDS, PROBLEMS, STATUSES

if TYPE_CHECKING:
    from spacy.language import Language

    from feedbackminer.tagging.rules import Rules

# "Your log", but not "your app": that speaks to the company.
_READER = re.compile(
    r"\b(you|you're|you've|you'll|your(?! (app|software|product|tutorial|docs|documentation|guide|"
    r"manual|site|website|service|server|update|release|support|team|company|latest|new)\b))\b",
    re.IGNORECASE,
)
_WRITER = re.compile(r"\b(i|my|me|mine|we|our|us)\b", re.IGNORECASE)
_THANKS = re.compile(r"\b(thanks|thank you|thx|cheers|grateful|appreciated?)\b", re.IGNORECASE)
_SUPPOSED = re.compile(r"\b(if|would be|could be|should be|might be|to be)\b", re.IGNORECASE)
_OF_READER = re.compile(r"\b(you've|you have|you're|you are|did you|do you)\b", re.IGNORECASE)
# Kinds that are asked, wished or weighed: "would" and "you" belong to them.
OPEN = {"question", "feature_request", "pricing"}
# Kinds that report something of the writer's own.
REPORTS = {"bug", "usability", "performance", "documentation", "churn"}


def in_context(kinds: set[str], sentence: str) -> set[str]:
    """Correct the kinds that rules found in a sentence by how the sentence is put.

    One that speaks of the reader alone ("your log says error") reports nothing of its writer;
    praise inside thanks is praise of a helper, and where it is supposed or wished for ("would be
    perfect") it is none; only who speaks of themselves, and not of the reader, talks of leaving;
    a question mark asks.
    """
    of_writer = _WRITER.search(sentence)
    kept = kinds - REPORTS if _READER.search(sentence) and not of_writer else kinds
    supposed = "feature_request" in kinds or _SUPPOSED.search(sentence)
    kept = kept - {"praise"} if supposed or _THANKS.search(sentence) else kept
    kept = kept - {"churn"} if _OF_READER.search(sentence) or not of_writer else kept
    return kept | {"question"} if sentence.rstrip().endswith("?") else kept


class RuleTagger:
    """Sentiment by VADER, kinds by the phrases of ``rules.toml``, both sentence by sentence."""

    name = "vader+rules-7"
    cards: Mapping[str, Mapping[str, Any]] = {}

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        for text in texts:
            if text.language not in LANGUAGES:
                plain = tuple(Sentence(sentence, (), 0.0) for sentence in text.sentences)
                yield replace(NOTHING, sentences=plain)
                continue
            sentiments = self.sentence_sentiment(text.sentences)
            sentences = tuple(
                _sentence(sentence, sentiment.score)
                for sentence, sentiment in zip(text.sentences, sentiments, strict=True)
            )
            score = lexicon.mean([sentence.score for sentence in sentences])
            statuses = statuses_of(sentences)
            kinds = tuple(k for k, s in zip(KINDS, statuses, strict=True) if s == ASSERTED)
            yield Tag(
                sentiment=Sentiment(lexicon.label(score), score),
                experience=Experience(_experience(statuses)),
                kinds=kinds,
                sentences=sentences,
                statuses=statuses,
            )

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        """Return how each sentence sounds."""
        scores = [lexicon.score(typewritten(sentence)) for sentence in sentences]
        return [Sentiment(lexicon.label(score), score) for score in scores]

    def sentence_status(self, sentences: Sequence[str], _states: Matrix, /) -> list[str]:
        """Return how each sentence speaks, by its cues."""
        return [status_of(sentence) for sentence in sentences]

    def headlines(self, sentences: Sequence[str], _layer_means: Matrix, /) -> Matrix:
        """Return zeros: rules do not tell whether a sentence can stand alone."""
        return np.zeros((len(sentences), len(HEADLINES)), np.float32)


def statuses_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Return for each kind how a post speaks of it: as its strongest sentence does."""
    statuses = []
    for kind in KINDS:
        of_kind = {sentence.status for sentence in sentences if kind in sentence.kinds}
        statuses.append(next((status for status in STATUSES if status in of_kind), ""))
    return tuple(statuses)


def _experience(statuses: Sequence[str]) -> str:
    """Tell how it goes from what is asserted: problems badly, praise and what is over well."""
    status_of_kind = dict(zip(KINDS, statuses, strict=True))
    is_bad = any(status_of_kind[kind] == ASSERTED for kind in PROBLEMS)
    is_good = status_of_kind["praise"] == ASSERTED or any(
        status_of_kind[kind] in ("over", "negated") for kind in PROBLEMS
    )
    if is_bad and is_good:
        return "mixed"
    return "bad" if is_bad else "good" if is_good else "none"


def _sentence(sentence: str, score: float) -> Sentence:
    """Return a sentence with the kinds that the rules find; what it asserts goes first."""
    status_of_kind = speaks_of(sentence)
    statuses = set(status_of_kind.values())
    status = next((status for status in STATUSES if status in statuses), ASSERTED)
    kinds = (kind for kind, status_ in status_of_kind.items() if status_ == status)
    asserts = float(bool(kinds) and status == ASSERTED)
    return Sentence(sentence, tuple(sorted(kinds)), score, status, asserts)


def kinds_asserted(sentences: Sequence[str]) -> set[str]:
    """Return the kinds that the rules find asserted in some sentence."""
    return {
        kind
        for sentence in sentences
        for kind, status in speaks_of(sentence).items()
        if status == ASSERTED
    }


DATA_LOSS = "bug.data_loss"  # a rule of rules.toml


def loses_data(title: str) -> bool:
    """Tell whether a title says that data was lost."""
    rules, nlp = _rules()
    typed = typewritten(title)
    hits = rules.hits(nlp.make_doc(typed))
    return any(rule == DATA_LOSS for rule, _ in hits) and status_of(typed) == ASSERTED


def speaks_of(sentence: str) -> dict[str, str]:
    """Return the kinds that the rules find in a sentence, and how it speaks of each."""
    from feedbackminer.tagging.rules import kind_of

    rules, nlp = _rules()
    typed = typewritten(sentence)
    doc = nlp.make_doc(typed)
    statuses: dict[str, set[str]] = {}
    for rule, at in rules.hits(doc):
        start = doc[at].idx
        status = status_of(typed, start, start + len(doc[at]))
        kind = kind_of(rule)
        is_open = kind in OPEN and status != "quoted"
        statuses.setdefault(kind, set()).add(ASSERTED if is_open else status)
    kinds = in_context(set(statuses), typed)
    return {
        kind: next(status for status in STATUSES if status in statuses.get(kind, {ASSERTED}))
        for kind in kinds
    }


@cache
def _rules() -> tuple[Rules, Language]:
    """Return the rules and what finds words; compiling them takes half a second."""
    from feedbackminer.tagging.rules import Rules

    nlp = blank()
    return Rules(nlp), nlp
