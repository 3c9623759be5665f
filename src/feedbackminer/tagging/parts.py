"""Parts of the product that no settings name: what members use, and what gives them trouble."""

from __future__ import annotations

import hashlib
import heapq
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.tagging.aspects import Components
from feedbackminer.text.words import singular

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Span, Token

SAMPLE = 4_000  # sentences that are parsed at most
PARSED = 300  # characters parsed of a sentence: the parser is slow
MOST_WORDS = 3  # of a name
GREETED = 0.1  # share of its uses from which a phrase is somebody's name
WRITTEN_LARGE = 0.5  # share of its uses within sentences from which it is a name
USED = 0.2  # share of its voices who must tell that they use it, where it is a common noun
_GREETINGS = frozenset("hi hello hey dear thanks thank thx cheers regards".split())
_PLAIN = re.compile(r"[^\W\d_][\w+'-]*")
_SAID_OF_SUBJECT = frozenset("acomp xcomp attr oprd".split())  # "is slow", "keeps crashing"
_AUXILIARY = frozenset("have has had know see think".split())  # "I have no sensor" is no trouble


@dataclass(frozen=True)
class Words:
    """The lists of ``parts.toml``."""

    general: frozenset[str]
    everywhere: frozenset[str]
    platforms: frozenset[str]
    uses: re.Pattern[str]
    fails: re.Pattern[str]
    troubles: frozenset[str]

    @property
    def telling(self) -> str:
        """Return what a sentence in small letters has that may say of something that it is used,
        or gives trouble: a regular expression in the dialect of polars.
        """
        plurals = (word + ending for word in self.troubles for ending in ("", "s", "es"))
        troubles = sorted(word for word in plurals if singular(word) in self.troubles)
        choice = "|".join([self.uses.pattern, self.fails.pattern, *troubles])
        return rf"(?:^|\P{{L}})(?:{choice})(?:\P{{L}}|$)"


@dataclass(frozen=True)
class Phrase:
    """What a sentence tells of what a noun phrase of it names.

    Attributes:
        is_greeted: it is hailed, thanked or spoken to.
        is_inside: it is not at the beginning of its sentence.
        is_used, is_failing: somebody does with it what one does with a part; it gives trouble.
    """

    text: str
    is_greeted: bool
    is_inside: bool
    is_used: bool
    is_failing: bool


@dataclass
class Named:
    """What sentences tell of a phrase."""

    voices: set[str] = field(default_factory=set)
    used_by: set[str] = field(default_factory=set)
    troubles: set[str] = field(default_factory=set)
    spellings: Counter[str] = field(default_factory=Counter)
    n_greeted: int = 0
    n_inside: int = 0
    n_large: int = 0  # of these, with a capital letter

    def note(self, phrase: Phrase, voice: str) -> None:
        """Count what one sentence tells."""
        self.voices.add(voice)
        self.spellings[phrase.text] += 1
        self.n_greeted += phrase.is_greeted
        if phrase.is_inside:
            self.n_inside += 1
            self.n_large += phrase.text != phrase.text.lower()
        if phrase.is_used:
            self.used_by.add(voice)
        if phrase.is_failing:
            self.troubles.add(voice)

    @property
    def is_name(self) -> bool:
        """Tell whether it is a compound, or mostly has a capital letter within sentences."""
        usual = self.spellings.most_common(1)[0][0]
        return " " in usual or self.n_large > WRITTEN_LARGE * self.n_inside

    def is_part(self, least_voices: int, words: Words) -> bool:
        """Tell whether it is used, and gives trouble, as parts of products do."""
        if len(self.voices) < least_voices or not self.troubles or not self.used_by:
            return False
        if self.n_greeted > GREETED * self.spellings.total():
            return False
        usual = singular(self.spellings.most_common(1)[0][0].lower())
        if self.is_name:
            return usual not in words.platforms and len(self.used_by | self.troubles) > 2
        return (
            usual not in words.everywhere | words.platforms
            and len(self.used_by) >= least_voices
            and len(self.used_by) >= USED * len(self.voices)
        )


def worth_parsing(sentences: Sequence[str], sample: int = SAMPLE) -> list[int]:
    """Return the rows of sentences that may tell of use or of trouble; of very many a sample.

    Whether a sentence is drawn depends on the others as little as can be: where some are added,
    about as many change.
    """
    read = pl.Series(sentences, dtype=pl.String).str.slice(0, PARSED).str.to_lowercase()
    rows = read.str.contains(load_words().telling).arg_true().to_list()
    return sorted(heapq.nsmallest(sample, rows, key=lambda row: (_lot(sentences[row]), row)))


def _lot(sentence: str) -> bytes:
    return hashlib.blake2b(sentence.encode(), digest_size=8).digest()


def parse(sentences: Iterable[str], nlp: Language) -> Iterator[list[Phrase]]:
    """Yield what each sentence names.

    Args:
        nlp: a trained pipeline with tagger and parser.
    Raises:
        ValueError: it has no parser.
    """
    words = load_words()
    for doc in nlp.pipe((sentence[:PARSED] for sentence in sentences), batch_size=128):
        chunks = ((_phrase(chunk, words.general), chunk) for chunk in doc.noun_chunks)
        yield [
            Phrase(
                phrase,
                is_greeted=_is_greeted(chunk),
                is_inside=chunk.start > chunk.sent.start,
                is_used=_is_used(chunk.root, words),
                is_failing=_is_failing(chunk.root, words),
            )
            for phrase, chunk in chunks
            if phrase
        ]


def discover(
    said: Iterable[tuple[str, Iterable[Phrase]]],
    *,
    named: Components,
    product: Sequence[str] = (),
    limit: int = 40,
    least_voices: int = 5,
) -> dict[str, tuple[str, ...]]:
    """Return parts that many voices name and no component covers yet: name -> spellings.

    Args:
        said: who wrote a sentence, and what it names.
        named: the components that there are.
        product: its names, which name no part of it.
        least_voices: how many distinct voices must use a phrase.
    """
    phrases: dict[str, Named] = defaultdict(Named)
    for voice, of_sentence in said:
        for phrase in of_sentence:
            phrases[_key(phrase.text)].note(phrase, voice)

    words = load_words()
    parts = {key for key in phrases if phrases[key].is_part(least_voices, words)}
    parts -= {_key(word) for name in product for word in (name, *name.split())}
    often = sorted(parts, key=lambda key: (-len(phrases[key].voices), key))
    spelt = [_spelt(phrases[key].spellings) for key in often]
    return dict([(forms[0], forms) for forms in spelt if not named.mentioned(forms[0])][:limit])


@cache
def load_words() -> Words:
    """Return the words of ``parts.toml``."""
    lists = tomllib.loads(files(__package__).joinpath("parts.toml").read_text("utf-8"))
    return Words(
        general=frozenset(lists["general"].split()),
        everywhere=frozenset(lists["everywhere"].split()),
        platforms=frozenset(lists["platforms"].split()),
        uses=_begun(lists["uses"].split()),
        fails=_begun(lists["fails"].split()),
        troubles=frozenset(lists["troubles"].split()),
    )


def _begun(stems: Iterable[str]) -> re.Pattern[str]:
    """Return what verbs that begin so look like in all their forms."""
    return re.compile(rf"(?:{'|'.join(stems)})(?:[bgmnprt]?(?:e|es|ed|en|s|ing))?")


def _is_used(noun: Token, words: Words) -> bool:
    """Tell whether somebody does with it what one does with a part: "open the editor"."""
    governor = noun.head.head if noun.dep_ == "pobj" else noun.head
    return noun.dep_ in {"dobj", "pobj"} and bool(words.uses.fullmatch(governor.lower_))


def _is_failing(noun: Token, words: Words) -> bool:
    """Tell whether it fails: "the editor crashes", "a problem with it", "I can't open it"."""
    verb = noun.head
    is_denied = any(child.dep_ == "neg" for child in verb.children)
    if noun.dep_ in {"nsubj", "nsubjpass"}:
        said = [verb, *(child for child in verb.children if child.dep_ in _SAID_OF_SUBJECT)]
        return is_denied or any(words.fails.fullmatch(token.lower_) for token in said)
    if noun.dep_ == "pobj":
        return singular(verb.head.lower_) in words.troubles
    return noun.dep_ == "dobj" and is_denied and verb.lower_ not in _AUXILIARY


def _phrase(chunk: Span, general: frozenset[str]) -> str:
    """Return what a noun phrase names, without determiners and general words around it; or ""."""
    tokens = list(chunk)
    while tokens and _is_weak(tokens[0], general):
        tokens.pop(0)
    if not tokens or tokens[-1].pos_ not in {"NOUN", "PROPN"} or _is_in(general, tokens[-1]):
        return ""
    if len(tokens) > MOST_WORDS or not all(_PLAIN.fullmatch(token.text) for token in tokens):
        return ""
    return " ".join(token.text for token in tokens)


def _is_greeted(chunk: Span) -> bool:
    """Tell whether a noun phrase is hailed, thanked or spoken to, as people are."""
    doc, start, end = chunk.doc, chunk.start, chunk.end
    if any(token.lower_ in _GREETINGS for token in [*doc[max(0, start - 2) : start], chunk[0]]):
        return True
    return chunk[-1].pos_ == "PROPN" and start == 0 and doc[end : end + 1].text in {"", ",", "-"}


def _is_weak(token: Token, general: frozenset[str]) -> bool:
    is_of_name = token.pos_ in {"NOUN", "PROPN", "ADJ", "VERB"}
    return not is_of_name or token.is_stop or _is_in(general, token)


def _is_in(general: frozenset[str], token: Token) -> bool:
    return len(token) < 2 or not general.isdisjoint({token.lower_, singular(token.lower_)})


def _key(phrase: str) -> str:
    """Return one key for all spellings: "Log ins" and "login" are one."""
    return "".join(map(singular, phrase.lower().split()))


def _spelt(forms: Counter[str]) -> tuple[str, ...]:
    """Return the spellings, the most frequent first, each once whatever its case."""
    ranked = sorted(forms, key=lambda form: (-forms[form], form))
    once: dict[str, str] = {}
    for form in ranked:
        once.setdefault(form.lower(), form)
    return tuple(once.values())
