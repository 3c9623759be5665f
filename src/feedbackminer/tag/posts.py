"""The stage: texts to tags, by a :class:`Tagger`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

import dataframely as dy
import polars as pl

from feedbackminer.tables import Account, Tags, Texts, check, column_types, passage
from feedbackminer.tag import sentiment

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from feedbackminer.tag.rules import Rules

STAGE = "tag"
MAX_SENTENCES = 12  # quotable sentences kept per post
_WORD = re.compile(r"[^\W\d_]{2,}")
_NOT_QUOTABLE = re.compile(
    r"<\w+>|https?:|www\.|[{}<>\\|=]|m_[a-z2-7]{10}|\[|\]|\w_\w|\w\(\)|\w/\w+/|\.\w+:\d"
    "|[\\u202a-\\u202e\\u2066-\\u2069]"  # marks that turn the direction of what follows
)
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
# Kinds that report something of the writer's own.
REPORTS = {"bug", "usability", "performance", "documentation", "churn"}
_QUOTE_WORDS = (6, 45)
_LINE = re.compile(r"\S(?:[^\n]*\S)?")  # without the space around it
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Tag:
    """What a tagger says of one text."""

    sentiment: str
    score: float
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    sentences: tuple[str, ...]
    sentence_kinds: tuple[str, ...] = ()  # of each sentence, joined by spaces
    sentence_scores: tuple[float, ...] = ()


class Tagger(Protocol):
    """Tags texts; ``name`` changes whenever its answers would."""

    name: str

    def tag(self, texts: Iterable[str]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        ...


@dataclass(frozen=True)
class Tagged:
    """Tags, one row per text."""

    tags: dy.DataFrame[Tags]
    account: Account


def tag_texts(
    texts: pl.DataFrame, *, tagger: Tagger, progress: Callable[[int], object] = lambda _: None
) -> Tagged:
    """Tag every text.

    Args:
        texts: the ``texts`` table.
        progress: called with the number of texts done since the last call.
    """
    texts = check(texts, Texts, where=STAGE)
    passages = texts.select(passage())
    rows = []
    for post_id, tag in zip(
        texts["post_id"], tagger.tag(passages.to_series().to_list()), strict=True
    ):
        rows.append(
            {
                "post_id": post_id,
                "sentiment": tag.sentiment,
                "sentiment_score": tag.score,
                "kinds": list(tag.kinds),
                "rules": list(tag.rules),
                "sentences": list(tag.sentences),
                "sentence_kinds": list(tag.sentence_kinds),
                "sentence_scores": list(tag.sentence_scores),
            }
        )
        progress(1)
    frame = pl.DataFrame(rows, schema=column_types(Tags)).with_columns(tagger=pl.lit(tagger.name))
    tags = check(frame, Tags, where=STAGE)
    return Tagged(tags, Account(STAGE, len(texts), len(tags)))


def quotable(sentence: str) -> bool:
    """Tell whether a sentence can stand alone: prose, neither a stub nor a wall, nothing masked."""
    if _NOT_QUOTABLE.search(sentence) or (
        not sentence[:1].isalnum() and sentence[:1] not in "\"'“‘+"
    ):
        return False
    if len(_CJK.findall(sentence)) > 8:
        return len(sentence) <= 200
    if sentence.count('"') % 2 or sentence.count("“") != sentence.count("”"):
        return False  # half of somebody else's words
    words = _WORD.findall(sentence)
    letters = sum(map(len, words))
    return _QUOTE_WORDS[0] <= len(words) <= _QUOTE_WORDS[1] and letters > 0.6 * len(sentence)


def in_context(kinds: set[str], sentence: str) -> set[str]:
    """Correct the kinds that rules found in a sentence by how the sentence is put.

    One that speaks of the reader alone ("your log says error") reports nothing of its writer;
    praise inside thanks is praise of a helper, and where it is supposed or wished for ("would be
    perfect") it is none; only who speaks of themselves, and not of the reader, talks of leaving;
    a question mark asks.
    """
    own = _WRITER.search(sentence)
    kept = kinds - REPORTS if _READER.search(sentence) and not own else kinds
    supposed = "feature_request" in kinds or _SUPPOSED.search(sentence)
    kept = kept - {"praise"} if supposed or _THANKS.search(sentence) else kept
    kept = kept - {"churn"} if _OF_READER.search(sentence) or not own else kept
    return kept | {"question"} if sentence.rstrip().endswith("?") else kept


class RuleTagger:
    """Sentiment by VADER, kinds by the phrases of ``rules.toml``; spaCy finds the sentences."""

    name = "vader+rules-4"

    def tag(self, texts: Iterable[str]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        from feedbackminer.tag.rules import kind_of

        nlp, rules = _compiled()
        pairs = ((_typewritten(text), text) for text in texts)
        for doc, text in nlp.pipe(pairs, as_tuples=True, batch_size=256):
            typed, hits = doc.text, rules.hits(doc)
            places = sorted((doc[at].idx, rule) for rule, at in hits)
            lines: list[tuple[str, str, float]] = []
            for start, end in _lines(doc):
                first, last = (bisect_left(places, (place, "")) for place in (start, end))
                said = {kind_of(rule) for _, rule in places[first:last]}
                kinds = in_context(said, typed[start:end])
                score = sentiment.score(typed[start:end])
                lines.append((text[start:end], " ".join(sorted(kinds)), score))
            told = {kind for _, kinds, _ in lines for kind in kinds.split()}
            score = sentiment.mean([score for _, _, score in lines])
            shown = [line for line in lines if quotable(line[0])][:MAX_SENTENCES]
            yield Tag(
                sentiment.label(score),
                score,
                tuple(sorted(told)),
                tuple(sorted({rule for rule, _ in hits})),
                tuple(line for line, _, _ in shown),
                tuple(kinds for _, kinds, _ in shown),
                tuple(score for _, _, score in shown),
            )


@cache
def _compiled() -> tuple[Language, Rules]:
    """Return the splitter of sentences and the rules; compiling them takes half a second."""
    import spacy

    from feedbackminer.tag.rules import Rules

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.max_length = 2_000_000
    return nlp, Rules(nlp)


def _lines(doc: Doc) -> Iterator[tuple[int, int]]:
    """Yield where each sentence begins and ends; one that runs over several lines is several."""
    text = doc.text
    for span in doc.sents:
        for line in _LINE.finditer(text, span.start_char, span.end_char):
            yield line.span()


def _typewritten(text: str) -> str:
    """Return "doesn’t" as "doesn't", the only spelling that rules and lexicon know."""
    return text.replace("’", "'")
