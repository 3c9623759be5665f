"""Aspects: which component of the product a sentence, or a clause of it, is about."""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from feedbackminer.tagging import lexicon

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Span, Token

LONGEST = 5_000  # characters read of a sentence
_PARSED = 500  # characters parsed of one: the parser is slow
_MOST_WORDS = 3
_GREETINGS = frozenset("hi hello hey dear thanks thank thx cheers regards".split())
_GREETED = 0.1  # share of its uses from which a phrase is somebody's name
_SPACE = r"[\s-]{1,3}"  # "dark mode" is written "dark-mode" too
_PLAIN = re.compile(r"[^\W\d_][\w+'-]*")
_WORD = re.compile(r"\w[\w'’-]*")
# Every product's forum says these; they name no part of the product.
_GENERIC = frozenset(
    """
    app application product software program tool version update release company team developer
    dev user people person guy member customer friend everyone anyone someone nobody thing
    something anything nothing everything stuff lot bit kind sort type way case point part
    piece side end start place set number amount couple pair rest line step level size time day
    week month year hour minute second moment morning evening night today date while issue
    problem question answer reply post thread topic forum comment link page site website help
    idea suggestion solution reason example detail info information advice thank thanks cheer
    hi hello regard hope wish luck love fun job work use usage need want option feature
    function fact sense mind order result difference change choice chance look try thought
    opinion experience view word name good bad best great new old other same first last next
    many much more most few several own whole such different only able sure top worth course
    advance method bug error fault direction project range test min sec alot country home right
    left one two three half star please lol ok okay yes no etc eg ie january february march
    april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday
    """.split()
)
# "Nothing but", "not only ... but also" and "do it however you like" set nothing against anything.
_CONTRAST = re.compile(
    r";|(?<!nothing)(?<!anything)(?<!all)[\s,.]\s{0,3}but\b(?! also\b)|\s(?:although|whereas)\b"
    r"|,\s{0,3}(?:however|yet|though(?=\s\w))\b|\bhowever,|\band yet\b",
    re.IGNORECASE,
)
_CONCESSION = re.compile(r"\s{0,9}(?:although|though|whereas|while)\b", re.IGNORECASE)
_COMMA = re.compile(r",(?=\s)")
_EDGES = " \t\r\n,;"
_STUB = 3  # words that are not split any further
_LEAST_WORDS = 2  # of a clause
_SHORT = 8  # words of a clause that a comma alone sets against another


class Components:
    """The parts of a product, found in a sentence by their names and aliases.

    Case does not matter, nor a plural "s"; an alias ends with "*" if any ending will do
    ("sync*"). Where two aliases fit, the longer wins; where two components share one, the first.
    """

    def __init__(self, aliases: Mapping[str, Sequence[str]]) -> None:
        pairs = [(alias.strip(), name) for name in aliases for alias in (name, *aliases[name])]
        pairs = [pair for pair in pairs if pair[0].strip("*")]
        pairs.sort(key=lambda pair: (_letter(pair[0]), -len(pair[0])))
        self._names = [name for _, name in pairs]
        by_letter = groupby((alias for alias, _ in pairs), key=_letter)
        choice = "|".join(_choice(letter, group) for letter, group in by_letter) or "(?!)"
        self._regex = re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)

    def mentioned(self, sentence: str) -> list[str]:
        """Return the components that a sentence names, in order of first mention."""
        matches = self._regex.finditer(sentence[:LONGEST])
        return list(dict.fromkeys(self._names[(match.lastindex or 1) - 1] for match in matches))


def discover(
    sentences: Sequence[str],
    voices: Sequence[str],
    *,
    nlp: Language,
    named: Components,
    limit: int = 40,
    least_voices: int = 5,
    sample: int = 3000,
) -> dict[str, tuple[str, ...]]:
    """Return what many voices name and no component covers yet: name -> spellings.

    Args:
        sentences: what members write.
        voices: who wrote it, one per sentence.
        nlp: a trained pipeline with tagger and parser.
        named: the components that there are.
        least_voices: how many distinct voices must use a phrase.
        sample: how many sentences are read at most, drawn the same way every time.
    Raises:
        ValueError: ``nlp`` has no parser, or there are not as many voices as sentences.
    """
    if len(sentences) != len(voices):
        raise ValueError(f"got {len(sentences)} sentences by {len(voices)} voices; want one each")
    n_read = min(sample, len(sentences))
    read = sorted(random.Random(0).sample(range(len(sentences)), n_read))  # noqa: S311

    users: dict[str, set[str]] = defaultdict(set)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    greeted: Counter[str] = Counter()
    docs = nlp.pipe((sentences[row][:_PARSED] for row in read), batch_size=128)
    for row, doc in zip(read, docs, strict=True):
        for chunk in doc.noun_chunks:
            if phrase := _phrase(chunk):
                users[_key(phrase)].add(voices[row])
                spellings[_key(phrase)][phrase] += 1
                greeted[_key(phrase)] += _is_greeted(chunk)

    often = sorted(users, key=lambda key: (-len(users[key]), key))
    often = [key for key in often if len(users[key]) >= least_voices]
    things = (key for key in often if greeted[key] <= _GREETED * spellings[key].total())
    phrases = (_spelt(spellings[key]) for key in things)
    return dict([(forms[0], forms) for forms in phrases if not named.mentioned(forms[0])][:limit])


def clauses(sentence: str) -> list[str]:
    """Split a sentence where it turns: each clause word by word, without the "but" between.

    It turns at a contrast ("but", ";"), and at a comma between two short clauses of which one
    sounds positive and the other negative.
    """
    text = sentence[:LONGEST]
    pieces = _apart(text, _turns(text))
    return [clause for piece in pieces for clause in _apart(piece, _opposed(piece))] or [sentence]


def _letter(alias: str) -> str:
    return alias[0].lower()[:1]  # "İ" is two characters when lowered


def _choice(letter: str, aliases: Iterable[str]) -> str:
    """Return a choice that one look at the letter rules out: that is five times as fast."""
    return rf"(?={re.escape(letter)})(?:{'|'.join(f'({_pattern(alias)})' for alias in aliases)})"


def _pattern(alias: str) -> str:
    words = [re.escape(word) for word in alias.removesuffix("*").split()]
    return _SPACE.join(words) + (r"\w*" if alias.endswith("*") else "s?")


def _phrase(chunk: Span) -> str:
    """Return what a noun phrase names, without determiners and general words around it; or ""."""
    tokens = list(chunk)
    while tokens and _is_weak(tokens[0]):
        tokens.pop(0)
    if not tokens or tokens[-1].pos_ not in {"NOUN", "PROPN"} or _is_general(tokens[-1]):
        return ""
    if len(tokens) > _MOST_WORDS or not all(_PLAIN.fullmatch(token.text) for token in tokens):
        return ""
    return " ".join(token.text for token in tokens)


def _is_greeted(chunk: Span) -> bool:
    """Tell whether a noun phrase is hailed, thanked or spoken to, as people are."""
    doc, start, end = chunk.doc, chunk.start, chunk.end
    if any(token.lower_ in _GREETINGS for token in [*doc[max(0, start - 2) : start], chunk[0]]):
        return True
    return chunk[-1].pos_ == "PROPN" and start == 0 and doc[end : end + 1].text in {"", ",", "-"}


def _is_weak(token: Token) -> bool:
    return token.pos_ not in {"NOUN", "PROPN", "ADJ", "VERB"} or token.is_stop or _is_general(token)


def _is_general(token: Token) -> bool:
    return len(token) < 2 or _singular(token.lower_) in _GENERIC or token.lower_ in _GENERIC


def _key(phrase: str) -> str:
    """Return one key for all spellings: "Log ins" and "login" are one."""
    return "".join(map(_singular, phrase.lower().split()))


def _singular(word: str) -> str:
    """Fold a plural into its singular; the pipeline's own lemmatizer is slow and often left out."""
    word = re.sub(r"ies$", "y", word)
    return re.sub(r"(?<=ch|sh|ss)es$|(?<=x)es$|(?<=[^s])s$", "", word)


def _spelt(forms: Counter[str]) -> tuple[str, ...]:
    """Return the spellings, the most frequent first, each once whatever its case."""
    ranked = sorted(forms, key=lambda form: (-forms[form], form))
    once: dict[str, str] = {}
    for form in ranked:
        once.setdefault(form.lower(), form)
    return tuple(once.values())


def _turns(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the words begin and end that set what follows against what came before."""
    if _CONCESSION.match(text) and (comma := text.find(",")) > 0:
        yield comma, comma + 1
    yield from (match.span() for match in _CONTRAST.finditer(text))


def _opposed(text: str) -> Iterator[tuple[int, int]]:
    """Yield the commas at which the feeling of short clauses turns over."""
    felt, begin = 0.0, 0
    for end in [*(match.start() for match in _COMMA.finditer(text)), len(text)]:
        part = text[begin:end]
        score = lexicon.score(part) if 1 < len(_WORD.findall(part)) <= _SHORT else 0.0
        if felt * score < 0:
            yield begin - 1, begin
        felt, begin = score or felt, end + 1


def _apart(text: str, turns: Iterable[tuple[int, int]]) -> list[str]:
    """Split a text at its turns, unless a side keeps a single word or there is little to split."""
    words = [match.start() for match in _WORD.finditer(text)]
    parts, begin, first = [], 0, 0
    for start, end in sorted(turns):
        before, after = bisect_left(words, start), bisect_left(words, end)
        left, right = before - first, len(words) - after
        if min(left, right) >= _LEAST_WORDS and len(words) - first > _STUB:
            parts.append(text[begin:start].strip(_EDGES))
            begin, first = end, after
    return [*parts, text[begin:].strip(_EDGES)] if words else []
