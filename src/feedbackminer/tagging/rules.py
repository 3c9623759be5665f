"""Kinds by rules: the phrases of ``rules.toml`` compiled to spaCy's PhraseMatcher."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from feedbackminer.text.phrases import expand
from feedbackminer.vocabulary.tags import KINDS

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

GAP = 4  # words that ".." may stand for
_DENIALS = {"not", "n't", "never", "hardly"}


def load_rules() -> dict[str, list[str]]:
    """Return rule name -> phrases; a rule ``bug.data_loss`` is evidence for the kind ``bug``."""
    text = files(__package__).joinpath("rules.toml").read_text("utf-8")
    rules: dict[str, list[str]] = tomllib.loads(text)
    unknown = {kind_of(rule) for rule in rules} - set(KINDS)
    if unknown:
        raise ValueError(f"rules.toml: no such kind: {', '.join(sorted(unknown))}")
    return rules


def kind_of(rule: str) -> str:
    """Return the kind that a rule is evidence for."""
    return rule.partition(".")[0]


class Rules:
    """All rules, compiled for one spaCy vocabulary.

    Phrases are written out in full for the PhraseMatcher, which walks a trie; the token Matcher
    would try every rule at every word (three times slower on forum posts). A phrase with a gap
    is two phrases, the second beginning at most ``GAP`` words after the first ends.
    """

    def __init__(self, nlp: Language) -> None:
        from spacy.matcher import PhraseMatcher

        self._strings = nlp.vocab.strings
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        for rule, phrases in load_rules().items():
            for number, phrase in enumerate(phrases):
                for side, part in enumerate(phrase.split(" .. ")):
                    has_gap = " .. " in phrase
                    key = f"{rule}/{number}/{side}" if has_gap else rule
                    self._matcher.add(key, [nlp.make_doc(text) for text in expand(part)])

    def hits(self, doc: Doc) -> list[tuple[str, int]]:
        """Return (rule, first word) of every match."""
        hits, lefts, rights = [], [], set()
        for key, start, end in self._matcher(doc):
            rule, *part = self._strings[key].split("/")  # phrase and side, where it has a gap
            if not part:
                hits.append((rule, start))
            elif part[1] == "0":
                lefts.append((rule, part[0], start, end))
            else:
                rights.add((rule, part[0], start))

        for rule, number, start, end in lefts:
            if any((rule, number, end + gap) in rights for gap in range(GAP + 1)):
                hits.append((rule, start))
        return [(rule, at) for rule, at in hits if not _is_denied(rule, doc[max(0, at - 2) : at])]


def _is_denied(rule: str, before: Span) -> bool:
    """Tell whether the words before a match turn praise into its opposite: "not a great app"."""
    return kind_of(rule) == "praise" and any(word.lower_ in _DENIALS for word in before)
