"""Names for topics: short, specific, distinct noun phrases, found without a language model.

A candidate phrase scores by the c-TF-IDF weights of its words (Grootendorst 2022, BERTopic)
and by how many different posts use it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any

from feedbackminer.text.words import PSEUDONYM_PATTERN
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
KEYWORDS = 20
GENERAL_SHARE, GREETED_SHARE = 0.08, 0.08
ALIKE = 0.8  # similarity of spelling from which two phrases are one


@dataclass(frozen=True)
class Name:
    """What a topic is called, and the words that mark it."""

    label: str
    keywords: tuple[str, ...]


def name_topics(
    examples: Mapping[int, Sequence[str]],
    weights: Mapping[int, Mapping[str, float]],
    *,
    nlp: Any,
    ignore: Iterable[str] = (),
    taken: Iterable[str] = (),
) -> dict[int, Name]:
    """Name every topic; no two get the same name.

    Args:
        examples: topic -> texts nearest its centroid.
        weights: topic -> word -> c-TF-IDF weight.
        nlp: a spaCy pipeline; without a parser, runs of content words stand in for noun chunks.
        ignore: words kept out of names, such as the product's.
        taken: names that are in use.
    """
    ignored = {word.lower() for word in ignore}
    in_use = {label.lower() for label in taken}
    names = {}
    for topic in sorted(examples):
        ranked = rank_phrases(examples[topic], weights[topic], nlp=nlp, ignore=ignored)
        keywords = distinct_words(weights[topic], ignored)
        label = _compose(ranked, keywords, in_use)
        in_use.add(label.lower())
        names[topic] = Name(label, tuple(keywords[:KEYWORDS]))
    return names


def common_words(texts: Sequence[str]) -> set[str]:
    """Return the community's common subject: words of a twelfth of all posts name no topic."""
    posts_with: Counter[str] = Counter()  # by stem: "note" and "notes" are one subject
    for text in texts:
        posts_with.update({_stem(word) for word in _WORD.findall(text)})
    limit = max(20, GENERAL_SHARE * len(texts))
    return {
        form for w, n in posts_with.items() if n >= limit for form in (w, f"{w}s", f"{w[:-1]}ies")
    }


def greeted_names(texts: Sequence[str]) -> set[str]:
    """Return words that often follow a greeting ("thanks Paul"): somebody's name."""
    capitalised: Counter[str] = Counter()
    greeted: Counter[str] = Counter()
    for text in texts:
        capitalised.update(w.lower() for w in _WORD.findall(text) if w[:1].isupper())
        greeted.update(name.lower() for name in _GREETED.findall(text))
    return {w for w, n in greeted.items() if n >= 3 and n >= GREETED_SHARE * capitalised[w]}


def rank_phrases(
    texts: Sequence[str], weights: Mapping[str, float], *, nlp: Any, ignore: set[str]
) -> list[str]:
    """Return candidate phrases, best first, each in its most frequent spelling."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for doc in nlp.pipe(texts):
        for phrase in {clean for chunk in _chunks(doc) if (clean := _trim(chunk, ignore))}:
            spellings[phrase.lower()][phrase] += 1
    scores = {
        key: _score(key, weights, sum(forms.values()), len(texts))
        for key, forms in spellings.items()
    }
    best = sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))
    return [_usual(spellings[key]) for key in best]


def _usual(spellings: Counter[str]) -> str:
    """Return the most frequent spelling; of two as frequent the one in small letters."""
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling.swapcase()))


def distinct_words(weights: Mapping[str, float], ignore: set[str]) -> list[str]:
    """Return the topic's words by weight, one spelling of each (no plural beside its singular)."""
    words: dict[str, str] = {}
    for word in sorted(weights, key=lambda w: (-weights[w], w)):
        stem = _stem(word)
        if len(word) > 1 and not (
            {word, stem} & ignore or _CODE_TOKEN.search(word) or _CONTRACTION.search(word)
        ):
            words.setdefault(stem, word)
    return list(words.values())


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


def _score(phrase: str, weights: Mapping[str, float], n_posts: int, n_texts: int) -> float:
    words = _WORD.findall(phrase)
    weight = sum(weights.get(word, 0.0) for word in words) / math.pow(max(1, len(words)), 0.3)
    rare = 0.25 if n_posts < 2 and n_texts > 4 else 1.0
    return weight * math.log1p(n_posts) * rare


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


def _trim(chunk: Any, ignore: set[str]) -> str:
    """Drop determiners, stop words and numbers around a phrase; empty if little is left."""
    tokens = [token.text for token in chunk]
    while tokens and _is_weak(tokens[0], ignore):
        tokens.pop(0)
    while tokens and _is_weak(tokens[-1], ignore):
        tokens.pop()
    if not 1 <= len(tokens) <= _MAX_WORDS or not all(map(_is_plain, tokens)):
        return ""
    phrase = " ".join(tokens).replace(" - ", "-").replace(" ’", "’").replace(" '", "'")
    return phrase if any(len(word) > 2 for word in _WORD.findall(phrase)) else ""


def _is_plain(token: str) -> bool:
    return bool(_PLAIN.match(token)) and not _CODE_TOKEN.search(token)


def _is_weak(token: str, ignore: set[str]) -> bool:
    lower = token.lower()
    if lower in STOPS or lower in ignore or _CONTRACTION.search(lower):
        return True
    return not _WORD.fullmatch(lower)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """Fold a plural or genitive into its singular; that is enough to see two names as one."""
    lower = re.sub(r"['’]s$", "", word.lower())
    return re.sub(r"(?<=[^s])s$", "", re.sub(r"ies$", "y", lower))


def content_stems(text: str) -> set[str]:
    """Return the words of a text that name something, each in its singular."""
    return {_stem(word) for word in _WORD.findall(text) if word.lower() not in STOPS}


def _stems(phrase: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(phrase)}


def _alike(one: str, other: str) -> bool:
    """Tell whether two phrases share a word or are spelt nearly alike (RFM12Pi and RFM2Pi)."""
    spelt = SequenceMatcher(None, one.lower(), other.lower()).ratio()
    return bool(_stems(one) & _stems(other)) or spelt >= ALIKE


def _upper_first(text: str) -> str:
    # "emonTx" and "iOS" keep their own spelling.
    return text if any(c.isupper() for c in text.split(" ")[0]) else text[:1].upper() + text[1:]
