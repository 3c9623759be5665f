"""Needs in members' own words: the job that a member came to do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedbackminer.text.nlp import blank
from feedbackminer.text.phrases import letters, telling, token_pattern
from feedbackminer.vocabulary.tags import FIT, HEADLINES, STANDS

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import Matcher
    from spacy.tokens import Doc, Span, Token

LONGEST = 2_000  # characters read of a sentence: spaCy splits a run of brackets in quadratic time
LEAST_WORDS, MOST_WORDS = 3, 25
# From which the words of a need say what for: of a wish for it to be understood alone, to be fit as
# a headline, and to be asked for or about. "I want to get it to work" is neither.
STANDS_ALONE, TELLS, IS_ASKED = 0.6, 0.2, 0.5

# What comes before a need, in the language of text/phrases; ADV and EASY are words of _LISTS.
_OPENERS = {
    "wish": """
        i|we ADV? ADV? want|wanted|need|needed ADV? to
        i|we 'd|d|would ADV? like|love|prefer to
        i|we 'm|m|am|'re|are|was|were ADV? ADV? trying|looking|hoping|planning|aiming|wanting to
        i|we 've|ve|have ADV? been ADV? trying|looking|hoping|wanting to
        i|we 'm|m|am|'re|are|was|were ADV? looking|searching for
        my|our ADV? goal|aim|objective|intention is|was to
    """,
    "purpose": """
        so that? i|we can|could
    """,
    # At the start of a sentence people leave out who speaks.
    "headless": """
        ADV? ADV? trying|looking|hoping|wanting to
        ADV? ADV? looking|searching for
        ADV? wanted|want|need to
    """,
    "asked": """
        would|'d|d be ADV? nice|great|good|cool|useful|helpful|handy|awesome|lovely|perfect if|to
        is|was there any|a|an|some EASY? way|method to|of|i|we
        if|whether there is|was|'s any|a|an|some EASY? way|method to
        would|is it be? ADV? possible for? me|us? to
        how can|could|do|would|should i|we ADV? go? about?
    """,
    # Here the last word of the opener belongs to the need: "a longer cable", "there was a filter".
    "kept": """
        i|we ADV? want|need a|an|some|another|more
        i|we ADV? want the|my|our|it|this|all|one|two
        i|we 'd|d|would ADV? like a|an|the|my|our|some|it|this|all|more
        i|we ADV? wish it|there|that|the|i|we|this
    """,
}
_ADVERBS = (
    "also actually always basically currently desperately eventually ideally just mainly mostly "
    "now only presently primarily probably really simply specifically still then ultimately very"
).split()
_LISTS = {"ADV": _ADVERBS, "EASY": "easy easier simple quick good better nice other".split()}
# What "I want" may follow; after anything else it is a condition ("if I want") or belongs to a
# noun ("the file I want").
_BEFORE = frozenset(
    """
    and but so because as since then now or plus well ok okay however although though while anyway
    therefore hence basically actually currently ideally eventually finally first firstly secondly
    next again hi hello is
    """.split()
)
_MARKS = frozenset([*".,;:?!()[]{}|<>…–—", "..", "...", "--"])
_STOPS = frozenset([*".,;:?!", "..", "..."])
_END_WORDS = frozenset("but because however although though whereas since unless".split())
_SUBJECTS = frozenset("i we it this that they he she there you".split())
_LOOSE = frozenset(
    "and or to the a an as so with of for please etc like if when where which".split()
)
_LEADS = frozenset(["can", "could", "please", "try", "and", *_ADVERBS])
_COURTESY = frozenset(
    """
    thank say mention apologise apologize congratulate point ask emphasise emphasize stress
    clarify note reply respond comment express agree echo invite offer admit confess think believe
    imagine hope hear remind assure begin wish bet help assist
    """.split()
)
_RHETORIC = frozenset("know say put tell explain help thank assist miss".split())
_FAVOURS = frozenset(
    """
    help explain post posted share shared tell confirm point advise check clarify send upload show
    please
    """.split()
)
_HEARSAY = (["know", "what"], ["know", "if"], ["know", "whether"], ["add", "that"], ["add", "to"])
_HELPERS = frozenset("someone somebody anyone anybody people others".split())


@dataclass(frozen=True)
class Need:
    """What a member wants, word by word, and the sentence that says so."""

    post_id: str
    sentence: str
    text: str


def wish(need: str) -> str:
    """Return a need as a sentence that can be read alone."""
    return f"I want to {need}."


def name_jobs(chances: NDArray[np.float32]) -> list[bool]:
    """Tell which needs say what for by themselves: "print a week's notes", not "get it to work".

    Args:
        chances: of the wishes for them, shape (wishes, HEADLINES).
    """
    of = {name: chances[:, column] for column, name in enumerate(HEADLINES)}
    is_asked = np.maximum(of["request"], of["question"]) >= IS_ASKED
    named: list[bool] = ((of[STANDS] >= STANDS_ALONE) & (of[FIT] >= TELLS) & is_asked).tolist()
    return named


def find_needs(sentence: str) -> list[str]:
    """Return the needs that a sentence states, each word by word: "I want to" is left out."""
    nlp, matcher, words = _compiled()
    text = sentence[:LONGEST]
    if words.isdisjoint(letters(text)):
        return []
    doc = nlp.make_doc(text.replace("’", "'"))
    openers = [span for span in _openers(doc, matcher) if _is_of_writer(span)]
    ends = [*(span.start for span in openers[1:]), len(doc)]
    needs = [(span, _need(span, end)) for span, end in zip(openers, ends, strict=False)]
    stated = [need for span, need in needs if need and _is_need(span, need)]
    return [text[need.start_char : need.end_char] for need in stated]


@cache
def _compiled() -> tuple[Language, Matcher, frozenset[str]]:
    from spacy.matcher import Matcher

    nlp = blank()
    matcher = Matcher(nlp.vocab)
    words: set[str] = set()
    for kind, lines in _OPENERS.items():
        openers = lines.strip().splitlines()
        matcher.add(kind, [token_pattern(opener, _LISTS) for opener in openers], greedy="LONGEST")
        words |= telling(openers, _LISTS)
    return nlp, matcher, frozenset(words)


def _openers(doc: Doc, matcher: Matcher) -> list[Span]:
    """Return the openers of a sentence in their order, none within another."""
    from spacy.util import filter_spans

    return filter_spans(matcher(doc, as_spans=True))


def _is_of_writer(opener: Span) -> bool:
    """Tell whether an opener is about the writer's own need, and states it."""
    before = opener.doc[opener.start - 1] if opener.start else None
    if before is None:
        return opener.label_ != "purpose"
    if opener.label_ == "purpose":  # after a comma, "so I could" tells what followed from it
        return before.text not in _STOPS and before.lower_ not in _BEFORE
    opens = before.text in _MARKS or before.is_space
    if opener.label_ == "headless":
        return opens or (before.lower_ == "and" and _speaks_of_writer(opener))
    return opener.label_ == "asked" or opens or before.lower_ in _BEFORE


def _speaks_of_writer(opener: Span) -> bool:
    """Tell whether "and want to" goes on about the writer: "I have a pump and want to"."""
    before = opener.doc[max(0, opener.start - MOST_WORDS) : opener.start]
    people = [token.lower_ for token in before if token.lower_ in _SUBJECTS | {"am"}]
    return bool(people) and people[-1] in {"i", "we", "am"}


def _need(opener: Span, stop: int) -> Span | None:
    """Return what follows an opener, to the end of its clause."""
    doc = opener.doc
    begin = opener.end - (opener.label_ == "kept")
    while begin < stop and doc[begin].lower_ in _LEADS:
        begin += 1
    limit = min(stop, begin + MOST_WORDS)
    end = next((token.i for token in doc[begin:limit] if _ends(token)), limit)
    while end > begin and (doc[end - 1].lower_ in _LOOSE or not _is_word(doc[end - 1])):
        end -= 1
    return doc[begin:end] if sum(map(_is_word, doc[begin:end])) >= LEAST_WORDS else None


def _ends(token: Token) -> bool:
    """Tell whether a clause ends before a token."""
    after = token.nbor().lower_ if token.i + 1 < len(token.doc) else ""
    spaced = token.i > 0 and bool(token.nbor(-1).whitespace_)
    return (
        token.text in _MARKS
        or "\n" in token.text
        or (token.text == "-" and spaced)
        or token.lower_ in _END_WORDS
        or (token.lower_ in {"and", "or", "as", "if", "then"} and after in _SUBJECTS)
        or (token.lower_ == "so" and after in {"i", "we"})
    )


def _is_word(token: Token) -> bool:
    return any(map(str.isalnum, token.text))


def _is_need(opener: Span, need: Span) -> bool:
    """Tell whether a phrase is more than courtesy, rhetoric or a denial."""
    words = [token.lower_ for token in need]
    if words[0] in {"not", "never"} or words[0] in _HELPERS:
        return False
    if opener.label_ in {"purpose", "kept"} and {"you", "your"} & set(words):
        return False  # a helper's: "I need a photo of your board", "so I can look at your sketch"
    if opener[0].lower_ in {"how", "where"}:
        return words[0] not in _RHETORIC
    if words[0] == "you":
        return _FAVOURS.isdisjoint(words[1:4])
    return words[0] not in _COURTESY and words[:2] not in _HEARSAY
