"""Keyed pseudonyms for members, and mentions of members inside texts.

Without the key a pseudonym can neither be turned back nor be checked against a guessed name; with
it the same member gets the same pseudonym in every run, so who answers whom survives.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Final

from feedbackminer.errors import SettingsError
from feedbackminer.privacy.accounts import Accounts
from feedbackminer.privacy.key import KEY_BYTES
from feedbackminer.privacy.names import (
    GAP,
    PSEUDONYM,
    UNSPACED,
    WORD,
    KnownNames,
    is_distinctive,
    normal_name,
)
from feedbackminer.privacy.nobody import is_anonymous
from feedbackminer.text.words import on_one_line

_CODE: Final = re.compile(
    r"^```.*?(?:^```|\Z)|`[^`\n]{1,500}+`|^(?:\t| {4})[^\n]*$", re.DOTALL | re.MULTILINE
)
# A name is taken whole or not at all: what were left of it would make another name next time.
_QUOTE: Final = re.compile(
    r"(\[quote=[\"“]?)([^,\"”\[\]\n]{1,80}+)(?=[,\"”\]\n]|$)"
    r"|(?<=, )(username:)([\w.-]{1,60}+)(?![\w.-])"
)
_REDDIT: Final = re.compile(r"(?<![\w./])(/?u/)([\w-]{3,30}+)(?![\w/-])")
_AT: Final = re.compile(
    r"@(?<![\w@.+/-]@)(?=\w*[^\W\d])(\w{1,60}+(?:[.-]\w{1,60}+){0,5})(?![\w/@]|[.-]\w)"
)
# The head of a quotation: a line with a name and a colon, or with "wrote".
_HEAD: Final = re.compile(
    r"^((?:> ?)+(?:\[image\] ?)?)([^\s:>][^:\n>]{0,58}?)(?=(?: wrote| said| schrieb)?:[ \t]*$)"
    r"|^((?:> ?){0,9})([^\s:>][^:\n>]{0,58}?)(?= (?:wrote|said|schrieb|a écrit|escribió):[ \t]*$)",
    re.MULTILINE,
)
# A word that may be a name: with a capital, a digit or a sign; dots and hyphens only inside.
_NAME_LIKE: Final = re.compile(
    rf"[{UNSPACED}]{{3,}}"
    r"|(?<![\w@])(?=[\w.-]*[A-Z\d_.-])[^\W_](?:[\w.-]{0,60}\w)?(?!\w)|(?<![\w@])_\w+"
)
_UNSPACED_RUN: Final = re.compile(f"[{UNSPACED}]+")
_PAIR: Final = re.compile(rf"[A-Z]\w+{GAP}[A-Z]\w+(?!\w)")
# Words after an @ that address everybody, or belong to a language rather than to a person.
_NO_HANDLE: Final = re.compile(
    r"here|channel|everyone|all|team|override|media|import|include|param|return|returns|deprecated"
    r"|reboot|hourly|daily|weekly|monthly|yearly|property|staticmethod|classmethod|test|angular|[1-9]x",
    re.IGNORECASE,
)


NO_ACCOUNTS: Final = Accounts()
# What a hash is of beside a name; no normal name begins with such a sign.
_OF_SOURCE: Final = "\x1f"
_PERSON: Final = "\x1f\x1f"
_ADDRESS_SIGN: Final = re.compile(rf"[^\W{UNSPACED}]|[@._+/-]")
_SIGNS: Final = (
    "@",
    "[quote=",
    "u/",
    "> ",
    " wrote:",
    " said:",
    " schrieb:",
    " écrit:",
    "escribió:",
)


@dataclass(frozen=True)
class Members:
    """Who is known by pseudonym alone, where the names themselves were never kept.

    What a source is read from in parts needs this: the author that a post names may have written
    in another part. Only distinctive names of one or two words can be told so.

    Args:
        author_ids: pseudonyms of everybody who wrote.
        subjects: words (casefolded) that are subjects, though an account may be called so.
    """

    author_ids: Container[str]
    subjects: frozenset[str] = frozenset()


class Pseudonyms:
    """Pseudonyms under one secret key.

    A name makes one pseudonym. Where another source has it already, it makes another one in this
    source, and always another for a person whom a file of identities names: an account is not who
    has the same name elsewhere, unless somebody says so.

    Args:
        key: the secret.
        accounts: what is known of those of all sources.
        source: that names are of; empty: of any.
    """

    def __init__(self, key: bytes, accounts: Accounts = NO_ACCOUNTS, source: str = "") -> None:
        if len(key) < KEY_BYTES // 2:
            raise SettingsError(
                f"pseudonym key has {len(key)} bytes; want {KEY_BYTES}. Use load_or_create_key."
            )
        self._key, self._accounts, self._source = key, accounts, source
        self._cache: dict[str, str] = {}
        self._persons: defaultdict[str, set[str]] = defaultdict(set)
        for (other, author), person in accounts.persons.items():
            if source in ("", other):
                self._persons[author].add(person)

    def within(self, source: str) -> Pseudonyms:
        """Return those of one source, under the same key."""
        return Pseudonyms(self._key, self._accounts, source)

    def members_in(self, text: str, members: Members) -> str:
        """Make words that are the name of a known member follow that member."""
        text = _HEAD.sub(
            lambda match: self._head(match, lambda name: self._member(name, members)), text
        )
        pieces, done = [], 0
        for match in _NAME_LIKE.finditer(text):
            for start, end in _readings(text, match):
                name = on_one_line(text[start:end])
                if start < done or not is_distinctive(name):
                    continue
                member = self._member(name, members)
                if member:
                    pieces += [text[done:start], _apart(text, start, member, end)]
                    done = end
        return "".join(pieces) + text[done:]

    def _member(self, name: str, members: Members) -> str | None:
        """Return the pseudonym by which somebody of this name is a member."""
        if name.casefold() in members.subjects:
            return None
        return next((i for i in self.all_of(name) if i in members.author_ids), None)

    def of(self, name: str) -> str:
        """``m_`` and the first 50 bits of HMAC-SHA256(key, normal name) in lower-case base32.

        Two of 30,000 members share a pseudonym with a probability below one in a million.
        """
        if name not in self._cache:
            self._cache[name] = self._made_of(name)
        return self._cache[name]

    def _made_of(self, name: str) -> str:
        for person in self._persons.get(normal_name(name), ()) if self._source else ():
            return self._hashed(_PERSON + person)
        return self._in_source(name, self._source) if self.is_apart(name) else self._plain(name)

    def is_apart(self, name: str) -> bool:
        """Tell whether another source had the name first, so that here it is another member."""
        accounts, source = self._accounts, self._source
        if not source or (source, normal_name(name)) in accounts.persons:
            return False
        here, own = self._in_source(name, source), accounts.authors.get(source, frozenset())
        if here in own or here in accounts.sealed:
            return True
        plain = self._plain(name)
        return plain not in own and accounts.have_elsewhere(plain, source)

    def all_of(self, name: str) -> list[str]:
        """Return every pseudonym that the name may have, in this source or in any."""
        sources = [self._source] if self._source else self._accounts.authors
        persons = self._persons.get(normal_name(name), ())
        return [
            *(self._hashed(_PERSON + person) for person in persons),
            *(self._in_source(name, source) for source in sources),
            self._plain(name),
        ]

    def _plain(self, name: str) -> str:
        return self._hashed(normal_name(name))

    def _in_source(self, name: str, source: str) -> str:
        return self._hashed(f"{_OF_SOURCE}{source}\x1f{normal_name(name)}")

    def _hashed(self, text: str) -> str:
        digest = hmac.digest(self._key, text.encode(), "sha256")
        return "m_" + base64.b32encode(digest)[:10].decode().lower()

    def seal(self, text: str) -> str:
        """16 hex digits that stand for a text; without the key no guessed text can be checked."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:16]

    def in_text(self, text: str, names: KnownNames) -> str:
        """Make mentions follow their member: @handles, quote headers, u/handles and known names.

        In code only known names follow, so that ``@Override`` or ``npm i @scope/pkg`` stay whole.
        """
        opening = names.opening(text)
        if opening:
            text = text[: opening.start(1)] + self.of(opening[1]) + text[opening.end(1) :]
        if not any(sign in text for sign in _SIGNS) and not names.occur_in(text):
            return text
        text = _HEAD.sub(
            lambda match: self._head(match, lambda n: self.of(n) if names.is_known(n) else None),
            text,
        )
        pieces, done = [], 0
        for code in _CODE.finditer(text):
            pieces.append(self._in_prose(text[done : code.start()], names))
            pieces.append(self._names_in(code[0], names))
            done = code.end()
        return "".join(pieces) + self._in_prose(text[done:], names)

    def _in_prose(self, prose: str, names: KnownNames) -> str:
        prose = _QUOTE.sub(self._after_prefix, self._names_in(prose, names))
        return _AT.sub(self._at_handle, _REDDIT.sub(self._after_prefix, prose))

    def _names_in(self, text: str, names: KnownNames) -> str:
        if "@" not in text and not names.occur_in(text):
            return text
        pieces, done = [], 0
        for word in WORD.finditer(text):
            if word.start() < done or not names.may_start_with(word[0]):
                continue
            longest = names.longest_at(text, word, is_mention=_is_mention(text, word))
            if longest:
                name, end = longest
                pieces += [
                    text[done : word.start()],
                    _apart(text, word.start(), self.of(name), end),
                ]
                done = end
        return "".join(pieces) + text[done:]

    def _head(self, match: re.Match[str], member: Callable[[str], str | None]) -> str:
        prefix, name = [group for group in match.groups() if group is not None]
        return prefix + (member(name) or name)

    def _after_prefix(self, match: re.Match[str]) -> str:
        prefix, name = [group for group in match.groups() if group is not None]
        return prefix + (name if PSEUDONYM.fullmatch(name) or is_anonymous(name) else self.of(name))

    def _at_handle(self, match: re.Match[str]) -> str:
        handle = match[1]
        is_kept = PSEUDONYM.fullmatch(handle) or _NO_HANDLE.fullmatch(handle)
        return match[0] if is_kept or is_anonymous(handle) else "@" + self.of(handle)


def _apart(text: str, start: int, pseudonym: str, end: int) -> str:
    """Return a pseudonym that is a word of its own, also where no spaces part words."""
    before = " " if text[max(start - 1, 0) : start].isalnum() else ""
    return before + pseudonym + (" " if text[end : end + 1].isalnum() else "")


def _readings(text: str, match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield what of a text may be a name at a word: with the next word, with its signs, alone."""
    start = match.start()
    if _UNSPACED_RUN.fullmatch(match[0]):
        yield from _parts(match)
        return
    pair = _PAIR.match(text, start)
    if pair:
        yield start, pair.end()
    yield start, match.end()
    for word in WORD.finditer(text, start, match.end()):
        yield word.start(), word.end()


def _parts(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield what may be a name in a run of signs without spaces, longer ones first."""
    for start in range(run.start(), run.end() - 2):
        for end in range(min(start + 6, run.end()), start + 2, -1):
            yield start, end


def _is_mention(text: str, word: re.Match[str]) -> bool:
    at = word.start() - 1
    is_after_at = at >= 0 and text[at] == "@"
    is_address = at > 0 and _ADDRESS_SIGN.match(text, at - 1) is not None
    is_package = text[word.end() : word.end() + 1] == "/"
    return is_after_at and not is_address and not is_package
