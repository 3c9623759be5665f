"""Names for topics: short, specific, distinct noun phrases, found without a language model.

A candidate is a noun phrase of posts of the topic; it is as good as it marks the topic.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache, partial
from itertools import chain, count, islice
from typing import Any

from feedbackminer.text.words import PSEUDONYM_PATTERN, singular
from feedbackminer.topics.naming.stopwords import STOPS, WORD

_WORD = re.compile(WORD)
_CODE_TOKEN = re.compile(
    rf"[_(){{}}\[\]<>=/\\|:;#@$]|\.\w|^{PSEUDONYM_PATTERN}$|[a-z]+[A-Z]\w*[A-Z]"
)
_PLAIN = re.compile(r"[-'’&+\w]")  # what a word of a phrase begins with
_CONTRACTION = re.compile(r"(n['’]t|['’](re|ve|ll|d|m))$")
_GREETED = re.compile(
    r"\b(?:[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear|[Tt]hanks|[Tt]hank you|[Tt]hx|[Cc]heers|[Rr]egards)[ ,\n]+"
    r"([A-Z][a-z]{2,})"
)
_MAX_WORDS = 4
_HEADS = frozenset(("NOUN", "PROPN", ""))  # of a name; a blank pipeline tells nothing
KEYWORDS = 20
GREETED_SHARE = 0.08
SEEN = 0.03  # share of the texts that a phrase of several words must be seen in, and in two
LONGER = 0.5  # how much more a phrase says for each further word
ALIKE = 0.8  # similarity of spelling from which two phrases are one


@dataclass(frozen=True)
class Name:
    """What a topic is called, and the words that mark it."""

    label: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class PhraseReader:
    """Finds what may be a name in texts; each is parsed once, of however many topics it is one.

    Attributes:
        nlp: a spaCy pipeline; without a parser, runs of content words stand in for noun chunks.
        ignore: words kept out of names, such as the product's, in small letters.
    """

    nlp: Any
    ignore: frozenset[str] = frozenset()
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def read(self, texts: Iterable[str]) -> list[frozenset[str]]:
        """Return the phrases of each text."""
        texts = list(texts)
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, doc in zip(new, self.nlp.pipe(new), strict=True):
            trimmed = (_trim(chunk, self.ignore) for chunk in _chunks(doc))
            self._known[text] = frozenset(filter(None, trimmed))
        return [self._known[text] for text in texts]


# Tells how surely a phrase marks a topic: nothing, where it does not.
Weigh = Callable[..., float]


def name_topics(
    examples: Mapping[int, Sequence[str]],
    weights: Mapping[int, Mapping[str, float]],
    *,
    weigh: Weigh,
    reader: PhraseReader,
    taken: Iterable[str] = (),
) -> dict[int, Name]:
    """Name every topic; no two get the same name.

    Args:
        examples: topic -> texts of it.
        weights: topic -> word -> c-TF-IDF weight.
        weigh: tells how surely a phrase marks a topic.
        reader: finds phrases of texts.
        taken: names that are in use.
    """
    reader.read(text for topic in sorted(examples) for text in examples[topic])  # all at once
    in_use = {label.lower() for label in taken}
    names = {}
    for topic in sorted(examples):
        marks = partial(weigh, topic=topic)
        ranked = rank_phrases(reader.read(examples[topic]), marks)
        keywords = marking_words(weights[topic], marks, reader.ignore)
        label = _compose(ranked, keywords, in_use)
        in_use.add(label.lower())
        names[topic] = Name(label, tuple(keywords))
    return names


def greeted_names(texts: Iterable[str], n_capitalised: Mapping[str, int]) -> set[str]:
    """Return words that often follow a greeting ("thanks Paul"): somebody's name.

    Args:
        n_capitalised: how often each word stands in the texts with a capital letter.
    """
    greeted = Counter(name.lower() for text in texts for name in _GREETED.findall(text))
    return {w for w, n in greeted.items() if n >= 3 and n >= GREETED_SHARE * n_capitalised[w]}


def rank_phrases(texts: Sequence[Iterable[str]], weigh: Callable[[str], float]) -> list[str]:
    """Return candidate phrases, best first, each in its most frequent spelling.

    Args:
        texts: the phrases of each text.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for phrases in texts:
        for phrase in phrases:
            spellings[" ".join(stems(phrase))][phrase] += 1
    seen_in = max(2.0, SEEN * len(texts)) if len(texts) > 4 else 1.0
    scores = {}
    for key, forms in spellings.items():
        n_further = len(content_stems(key)) - 1
        if not n_further or forms.total() >= seen_in:
            scores[key] = weigh(key) * (1 + LONGER * n_further)
    best = sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))
    return [_usual(spellings[key]) for key in best]


def _usual(spellings: Counter[str]) -> str:
    """Return the most frequent spelling; of two as frequent the one in small letters."""
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling.swapcase()))


def distinct_words(weights: Mapping[str, float], ignore: Set[str]) -> list[str]:
    """Return the topic's words by weight, one spelling of each (no plural beside its singular)."""
    words: dict[str, str] = {}
    for word in sorted(weights, key=lambda w: (-weights[w], w)):
        singular_form = stem(word)
        if len(word) > 1 and not (
            {word, singular_form} & ignore or _CODE_TOKEN.search(word) or _CONTRACTION.search(word)
        ):
            words.setdefault(singular_form, word)
    return list(words.values())


def marking_words(
    weights: Mapping[str, float], weigh: Callable[[str], float], ignore: Set[str]
) -> list[str]:
    """Return the strongest of the topic's distinct words that mark it."""
    marking = (word for word in distinct_words(weights, ignore) if weigh(word) > 0)
    return list(islice(marking, KEYWORDS))


def _compose(ranked: Sequence[str], keywords: Sequence[str], taken: set[str]) -> str:
    """Join the best phrase and the next that shares no word with it; never a name in use."""
    parts = [*ranked, *keywords] or ["miscellaneous"]
    first = parts[0]
    unlike = islice((part for part in parts[1:] if not _alike(part, first)), 8)
    for second in chain(unlike, [""]):
        label = _upper_first(f"{first}, {second}" if second else first)
        if label.lower() not in taken:
            return label
    numbered = (f"{_upper_first(first)} ({number})" for number in count(2))
    return next(label for label in numbered if label.lower() not in taken)


def _chunks(doc: Any) -> Iterable[Any]:
    if doc.has_annotation("DEP"):
        return [chunk for chunk in doc.noun_chunks if "\n" not in chunk.text]
    runs, run = [], []
    for token in doc:
        if token.is_alpha and token.lower_ not in STOPS:
            run.append(token)
        elif run:
            runs.append(doc[run[0].i : run[-1].i + 1])
            run = []
    return [*runs, doc[run[0].i : run[-1].i + 1]] if run else runs


def _trim(chunk: Any, ignore: Set[str]) -> str:
    """Drop determiners, stop words and numbers around a phrase; empty if little is left."""
    kept = list(chunk)
    while kept and _is_weak(kept[0].text, ignore):
        kept.pop(0)
    while kept and _is_weak(kept[-1].text, ignore):
        kept.pop()
    tokens = [token.text for token in kept]
    if not 1 <= len(tokens) <= _MAX_WORDS or not all(map(_is_plain, tokens)):
        return ""
    if kept[-1].pos_ not in _HEADS:
        return ""
    phrase = " ".join(tokens).replace(" - ", "-").replace(" ’", "’").replace(" '", "'").strip("’'")
    return phrase if any(len(word) > 2 for word in _WORD.findall(phrase)) else ""


def _is_plain(token: str) -> bool:
    return bool(_PLAIN.match(token)) and not _CODE_TOKEN.search(token)


def _is_weak(token: str, ignore: Set[str]) -> bool:
    lower = token.lower()
    if lower in STOPS or lower in ignore or _CONTRACTION.search(lower):
        return True
    return not _WORD.fullmatch(lower)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Fold a plural or genitive into its singular."""
    return singular(re.sub(r"['’]s$", "", word.lower()))


def content_stems(text: str) -> set[str]:
    """Return the words of a text that name something, each in its singular."""
    return {stem(word) for word in _WORD.findall(text) if word.lower() not in STOPS}


def stems(text: str) -> list[str]:
    """Return the words of a text, each in its singular."""
    return [stem(word) for word in _WORD.findall(text)]


def _alike(one: str, other: str) -> bool:
    """Tell whether two phrases share a word or are spelt nearly alike (RFM12Pi and RFM2Pi)."""
    lower, other_lower = one.lower(), other.lower()
    if lower.startswith(other_lower) or other_lower.startswith(lower):  # clip and clipper
        return True
    spelt = SequenceMatcher(None, lower, other_lower).ratio()
    return not {*stems(one)}.isdisjoint(stems(other)) or spelt >= ALIKE


def _upper_first(text: str) -> str:
    # "emonTx" and "iOS" keep their own spelling.
    return text if any(c.isupper() for c in text.split(" ")[0]) else text[:1].upper() + text[1:]
