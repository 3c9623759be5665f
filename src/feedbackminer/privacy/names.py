"""Names of members in texts, and what is too common to be one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from feedbackminer.privacy.nobody import is_anonymous
from feedbackminer.text import words

PSEUDONYM: Final = re.compile(rf"\b{words.PSEUDONYM_PATTERN}\b")
UNSPACED: Final = rf"{words.EAST_ASIAN_SIGNS}\u0e00-\u0eff"  # no space parts names from words
# A word, but a single sign where nothing parts words: a name may start at any of these.
WORD: Final = re.compile(rf"[^\W{UNSPACED}]+|[{UNSPACED}]")
# Between two words of a name; a mail program may have broken the line there.
GAP: Final = r"(?:[ \t]{0,3}\r?\n[ \t]{0,3}| )"
_GAP: Final = re.compile(GAP)
_ONE_WORD: Final = re.compile(  # two signs between which no name begins, or ends
    rf"[^\W{UNSPACED}]{{2}}|[\u30a0-\u30ff]{{2}}"
)
_KOREAN: Final = re.compile(r"[\uac00-\ud7af]{2}")  # words have an end that tells their part only
_SEVERAL: Final = re.compile(r"\w+")
_UNSPACED_NAME: Final = re.compile(rf"[{UNSPACED}]{{3,20}}")
_NUMBERS: Final = re.compile(r"v?\d+(?:[.\-_/]\d+)+|(?:19|20)\d{6}")  # versions, dates, phones
_DIGITS_NEEDED: Final = {2: 2, 1: 5, 0: 7}  # letters of a name -> digits that make it one
# An account's name is a subject where so many members use it as a word, this share of all members,
# and so many times the posts of its owner have it.
SUBJECT_MEMBERS: Final = 8
SUBJECT_SHARE: Final = 0.01
SUBJECT_RATIO: Final = 10
_ADDRESSED: Final = re.compile(
    r"(?:@|\b(?:thanks?|thank you|thx|ty|hi|hello|hey|dear|ask|cc|hallo|danke|merci|gracias|grazie"
    r"|hola|salut|bonjour|obrigad[oa]|bedankt|dzięki|спасибо|привет)[ ,]{1,2}(?:to |you )?"
    r"|谢谢|感谢)$",
    re.IGNORECASE,
)
# Whom a message speaks to: "anna: did you try it?", "anna, did you try it?"
_OPENING: Final = re.compile(r"\s{0,9}([^\s:,@<>|][^:,<>|\n]{0,39}?)(?=[:,][ \t])")
_SPEAKS: Final = re.compile(
    r"'s (?:post|answer|reply|advice|comment)|,? (?:said|wrote|writes|says|suggested|schrieb)\b"
    r"|:\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_Start = tuple[str, str]  # the first two words of a name


def normal_name(name: str) -> str:
    """Fold what platforms show in several ways into one spelling: NFKC, stripped, casefolded."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@dataclass(frozen=True)
class _AuthorName:
    """One author name, and where its first word starts in it."""

    name: str
    offset: int
    is_distinctive: bool
    ignores_case: bool

    def ends_at(self, text: str, word_start: int, *, any_case: bool) -> int | None:
        """End of this name in ``text`` if it stands there as whole words, else ``None``."""
        start = word_start - self.offset
        end = self._end(text, start, any_case=any_case or self.ignores_case)
        if end is None or _goes_on(text, end) or _is_inside(text, word_start):
            return None
        return None if self._is_in_number(text, start, end) else end

    def _end(self, text: str, start: int, *, any_case: bool) -> int | None:
        """End of this name where it stands from ``start`` on, maybe over several lines."""
        at: int = start
        for number, part in enumerate(self.name.split(" ")):
            gap = _GAP.match(text, at) if number else None
            if at < 0 or (number and not gap):
                return None
            at = gap.end() if gap else at
            said = text[at : at + len(part)]
            if said != part and not (any_case and said.casefold() == part.casefold()):
                return None
            at += len(part)
        return at

    def _is_in_number(self, text: str, start: int, end: int) -> bool:
        """Tell whether a name of digits is but a part of what stands there."""
        if not self.name.isdecimal():
            return False
        around = text[max(start - 1, 0) : start] + text[end : end + 2]
        return re.search(r"^[.,:/#+-]|[.,:/-]\d$", around) is not None


def _goes_on(text: str, end: int) -> bool:
    return _ONE_WORD.match(text, end - 1) is not None


def _is_inside(text: str, start: int) -> bool:
    before = max(start - 1, 0)
    return bool(_ONE_WORD.match(text, before) or _KOREAN.match(text, before)) and start > 0


class KnownNames:
    """Author names of a community, by their first two words: a text is read once, word by word.

    A name is replaced wherever it occurs when it is distinctive: several words with a capital;
    three letters (two with two digits, one with five) and a digit, underscore, dot or inner
    capital; seven digits that are no date; three signs of a script without spaces. Limits: a plain
    one-word name ("Ben", "guest", "system", "admin") is followed only after an @, at the head of a
    quotation, and before a colon or comma at the very beginning; it stays elsewhere, because
    sentences use these words; a name misspelt or shortened is not seen.
    What many members use as a word, far more than its owner writes ("GitHub", or the product, as an
    account), is a subject, and treated as plain; so is what many begin with ("hi", as an account).

    Args:
        names: the author of each post.
        posts: author ("": nobody knows who) and text of each, to tell subjects from members.
    """

    def __init__(self, names: Iterable[str], posts: Iterable[tuple[str, str]] = ()) -> None:
        self._by_start: defaultdict[_Start, list[_AuthorName]] = defaultdict(list)
        written = Counter(unicodedata.normalize("NFKC", name).strip() for name in names)
        for name in sorted(written):
            self._add(name)
        self._firsts = frozenset(first for first, _ in self._by_start)
        self._distinctive_firsts = self._firsts_of_distinctive()
        self._greetings: Container[str] = ()
        subjects, self._greetings = _common_words(self, written, posts)
        self._demote(subjects)

    def _add(self, name: str) -> None:
        first = WORD.search(name)
        if first and not is_anonymous(name) and not PSEUDONYM.fullmatch(name):
            signs = any(c.isdigit() or c in "_." for c in name)
            author_name = _AuthorName(name, first.start(), is_distinctive(name), signs)
            self._by_start[_start(name, first)].append(author_name)

    def _demote(self, subjects: Container[str]) -> None:
        """Let these names (casefolded) be plain words."""
        for start, with_start in self._by_start.items():
            self._by_start[start] = [
                replace(known, is_distinctive=False) if known.name.casefold() in subjects else known
                for known in with_start
            ]
        self._distinctive_firsts = self._firsts_of_distinctive()

    def _firsts_of_distinctive(self) -> frozenset[str]:
        return frozenset(
            first
            for (first, _), with_start in self._by_start.items()
            if any(author_name.is_distinctive for author_name in with_start)
        )

    def occur_in(self, text: str) -> bool:
        """Tell fast whether a distinctive name may occur: most posts name nobody."""
        return not self._distinctive_firsts.isdisjoint(WORD.findall(text.casefold()))

    def may_start_with(self, word: str) -> bool:
        """Tell whether any name, distinctive or not, starts with this word."""
        return word.casefold() in self._firsts

    def is_known(self, name: str) -> bool:
        """Tell whether this is the name of an account, in any case."""
        first = WORD.search(name)
        found = self.longest_at(name, first, is_mention=True) if first else None
        return found is not None and found[1] == len(name)

    def opening(self, text: str) -> re.Match[str] | None:
        """Match, as group 1, the name of whom a text speaks to at its beginning."""
        found = _OPENING.match(text)
        is_name = found and found[1].casefold() not in self._greetings and self.is_known(found[1])
        return found if is_name else None

    def used_as_words(self, text: str) -> Iterator[str]:
        """Yield the distinctive names (casefolded) in a text that address and quote nobody."""
        if not self.occur_in(text):
            return
        done = 0
        for word in WORD.finditer(text):
            if word.start() < done or word[0].casefold() not in self._distinctive_firsts:
                continue
            longest = self.longest_at(text, word, any_case=True)
            if longest:
                name, done = longest
                before = text[max(done - len(name) - 20, 0) : done - len(name)]
                if not _ADDRESSED.search(before) and not _SPEAKS.match(text, done):
                    yield name.casefold()

    def longest_at(
        self, text: str, word: re.Match[str], *, is_mention: bool = False, any_case: bool = False
    ) -> tuple[str, int] | None:
        """The longest name whose first word is ``word``, with its end in ``text``.

        Args:
            is_mention: plain names count too, in any case.
            any_case: distinctive ones count in any case.
        """
        first, second = _start(text, word)
        starts = {(first, ""), (first, second)}  # many are called John, and few John Doe
        candidates = [known for start in starts for known in self._by_start.get(start, ())]
        for candidate in sorted(candidates, key=lambda known: (-len(known.name), known.name)):
            if candidate.is_distinctive or is_mention:
                end = candidate.ends_at(text, word.start(), any_case=is_mention or any_case)
                if end is not None:
                    return candidate.name, end
        return None


def _start(text: str, first: re.Match[str]) -> _Start:
    """Return a word and the next one, casefolded; "" where there is none."""
    second = WORD.search(text, first.end())
    return first[0].casefold(), second[0].casefold() if second else ""


def is_distinctive(name: str) -> bool:
    """Tell whether a name can hardly be a word or a number of ordinary sentences."""
    if _UNSPACED_NAME.fullmatch(name):
        return True
    letters, digits = sum(map(str.isalpha, name)), sum(map(str.isdigit, name))
    if digits < _DIGITS_NEEDED.get(letters, 0) or _NUMBERS.fullmatch(name):
        return False  # "3v3" and "11.4" are no people
    has_sign = any(c.isdigit() or c in "_.-" for c in name)
    has_inner_capital = any(c.isupper() for c in name[1:]) and not name.isupper()
    is_full_name = len(_SEVERAL.findall(name)) > 1 and any(map(str.isupper, name))
    return has_sign or has_inner_capital or is_full_name


def _common_words(
    names: KnownNames, written: Mapping[str, int], posts: Iterable[tuple[str, str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names (casefolded) that many use as a word, and those that many begin with.

    Of a name that somebody speaks to, its owner writes as well: answers are not ten for each.
    """
    as_words, as_openings, everybody = _Uses(), _Uses(), set()
    for number, (author, text) in enumerate(posts):
        writer = author.casefold() or str(number)
        everybody.add(writer)
        as_words.add(writer, names.used_as_words(text))
        opening = names.opening(text)
        as_openings.add(writer, [opening[1].casefold()] if opening else [])

    owned: Counter[str] = Counter()
    for name, n in written.items():
        owned[name.casefold()] += n
    often = max(SUBJECT_MEMBERS, SUBJECT_SHARE * len(everybody))
    return as_words.common(often, owned), as_openings.common(often, owned)


class _Uses:
    """How many members use names (casefolded) as words, and in how many posts."""

    def __init__(self) -> None:
        self._users: defaultdict[str, set[str]] = defaultdict(set)
        self._n_posts: Counter[str] = Counter()

    def add(self, writer: str, used: Iterable[str]) -> None:
        for name in set(used) - {writer}:
            self._users[name].add(writer)
            self._n_posts[name] += 1

    def common(self, often: float, owned: Mapping[str, int]) -> frozenset[str]:
        """Return names that so many use, in far more posts than their owners write."""
        return frozenset(
            name
            for name, who in self._users.items()
            if len(who) >= often and self._n_posts[name] >= SUBJECT_RATIO * owned.get(name, 0)
        )
