"""Names of members in texts, and what is too common to be one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from feedbackminer.text import words

PSEUDONYM: Final = re.compile(rf"\b{words.PSEUDONYM_PATTERN}\b")
WORD: Final = re.compile(r"\w+")
# An account's name is a subject where this many posts, this share of all, and this many times
# the posts of its owner have the word.
SUBJECT_POSTS: Final = 20
SUBJECT_SHARE: Final = 0.01
SUBJECT_RATIO: Final = 10
_ANONYMOUS: Final = re.compile(
    r"guest(?:[ _-]?\d+)?|anon(?:ymous)?(?: (?:user|coward|member))?(?:[ _-]?\d+)?|unknown|nobody"
    r"|[\[(<]?(?:deleted|removed)(?:[ _-](?:user|account|member|profile))?[\])>]?|n/?a|none"
    r"|(?:user|account)[ _-]?(?:deleted|removed)|former[ _-](?:user|member)"
)


def normal_name(name: str) -> str:
    """Fold what platforms show in several ways into one spelling: NFKC, stripped, casefolded."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_anonymous(name: str) -> bool:
    """Tell whether an account name stands for nobody in particular.

    "Guest" or "[deleted]" cover many people: as one member they would be the loudest voice.
    """
    folded = normal_name(name)
    return not folded or _ANONYMOUS.fullmatch(folded) is not None


@dataclass(frozen=True)
class _AuthorName:
    """One author name, and where its first word starts in it."""

    name: str
    offset: int
    is_distinctive: bool
    ignores_case: bool

    def ends_at(self, text: str, word_start: int, *, after_at: bool) -> int | None:
        """End of this name in ``text`` if it stands there as whole words, else ``None``."""
        start = word_start - self.offset
        end = start + len(self.name)
        passage = text[max(start, 0) : end]
        is_same = passage == self.name or (
            (after_at or self.ignores_case) and passage.casefold() == self.name.casefold()
        )
        is_whole = not text[end : end + 1].isalnum() and text[end : end + 1] != "_"
        return end if is_same and is_whole else None


class KnownNames:
    """Author names of a community, indexed by their first word: a text is read once, word by word.

    A name is replaced wherever it occurs when it is distinctive: several words with a capital, or
    three letters (two with two digits) and a digit, underscore, dot or inner capital. Limits: a
    plain one-word name ("Ben", "guest", "system", "admin") is followed only after an @ and stays
    elsewhere, because sentences use these words; a name misspelt, shortened, or wrapped over two
    lines is not seen. A word that the community uses far more than its owner writes ("GitHub", or
    the product, as an account) is a subject, and followed only after an @ too.

    Args:
        names: the author of each post.
        texts: the posts, to tell subjects from members.
    """

    def __init__(self, names: Iterable[str], texts: Iterable[str] = ()) -> None:
        self._by_first: defaultdict[str, list[_AuthorName]] = defaultdict(list)
        written = Counter(unicodedata.normalize("NFKC", name).strip() for name in names)
        subjects = _subjects(written, texts)
        for name in sorted(written):
            first = WORD.search(name)
            if first and not is_anonymous(name) and not PSEUDONYM.fullmatch(name):
                signs = any(c.isdigit() or c in "_." for c in name)
                followed = is_distinctive(name) and name.casefold() not in subjects
                author_name = _AuthorName(name, first.start(), followed, signs)
                self._by_first[first[0].casefold()].append(author_name)

        for with_first in self._by_first.values():
            with_first.sort(key=lambda author_name: len(author_name.name), reverse=True)
        self._distinctive_firsts = frozenset(
            first
            for first, with_first in self._by_first.items()
            if any(author_name.is_distinctive for author_name in with_first)
        )

    def occur_in(self, text: str) -> bool:
        """Tell fast whether a distinctive name may occur: most posts name nobody."""
        return not self._distinctive_firsts.isdisjoint(WORD.findall(text.casefold()))

    def may_start_with(self, word: str) -> bool:
        """Tell whether any name, distinctive or not, starts with this word."""
        return word.casefold() in self._by_first

    def longest_at(
        self, text: str, word: re.Match[str], *, after_at: bool
    ) -> tuple[str, int] | None:
        """The longest name whose first word is ``word``, with its end in ``text``."""
        for candidate in self._by_first.get(word[0].casefold(), ()):
            if candidate.is_distinctive or after_at:
                end = candidate.ends_at(text, word.start(), after_at=after_at)
                if end is not None:
                    return candidate.name, end
        return None


def is_distinctive(name: str) -> bool:
    letters, digits = sum(map(str.isalpha, name)), sum(map(str.isdigit, name))
    if letters < 3 and not (letters == 2 and digits >= 2):  # "3v3" and "11.4" are no people
        return False
    has_sign = any(c.isdigit() or c in "_.-" for c in name)
    has_inner_capital = any(c.isupper() for c in name[1:]) and not name.isupper()
    is_full_name = len(WORD.findall(name)) > 1 and any(map(str.isupper, name))
    return has_sign or has_inner_capital or is_full_name


def _subjects(written: Mapping[str, int], texts: Iterable[str]) -> set[str]:
    """Return the names (casefolded) that posts use as a word, far more than their owners wrote."""
    posts_of: Counter[str] = Counter()
    for name, n in written.items():
        if WORD.fullmatch(name) and is_distinctive(name):
            posts_of[name.casefold()] += n
    posts_with: Counter[str] = Counter()
    n_texts = 0
    for text in texts:
        n_texts += 1
        posts_with.update(posts_of.keys() & set(WORD.findall(text.casefold())))
    often = max(SUBJECT_POSTS, SUBJECT_SHARE * n_texts)
    return {w for w, n in posts_with.items() if n >= often and n >= SUBJECT_RATIO * posts_of[w]}
