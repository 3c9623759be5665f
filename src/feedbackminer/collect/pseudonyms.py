"""Keyed pseudonyms for members, and mentions of members inside texts.

Without the key a pseudonym can neither be turned back nor be checked against a guessed name; with
it the same member gets the same pseudonym in every run, so who answers whom survives.
"""

import base64
import hmac
import os
import re
import secrets
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feedbackminer.errors import SettingsError

KEY_BYTES: Final = 32
_PSEUDONYM: Final = re.compile(r"m_[a-z2-7]{10}")
_WORD: Final = re.compile(r"\w+")
# An account's name is a subject where this many posts, this share of all, and this many times
# the posts of its owner have the word.
SUBJECT_POSTS: Final = 20
SUBJECT_SHARE: Final = 0.01
SUBJECT_RATIO: Final = 10

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
# A word that may be a name: with a capital, a digit or a sign; dots and hyphens only inside.
_NAME_LIKE: Final = re.compile(
    r"(?<![\w@])(?=[\w.-]*[A-Z\d_.-])[^\W_](?:[\w.-]{0,60}\w)?(?!\w)|(?<![\w@])_\w+"
)
_PAIR: Final = re.compile(r"[A-Z]\w+ [A-Z]\w+(?!\w)")
# Words after an @ that address everybody, or belong to a language rather than to a person.
_NO_HANDLE: Final = re.compile(
    r"here|channel|everyone|all|team|override|media|import|include|param|return|returns|deprecated"
    r"|reboot|hourly|daily|weekly|monthly|yearly|property|staticmethod|classmethod|test|angular|[1-9]x",
    re.IGNORECASE,
)
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
class _Known:
    """One author name, and where its first word starts in it."""

    name: str
    offset: int
    is_distinctive: bool
    ignores_case: bool

    def ends_at(self, text: str, word_start: int, *, after_at: bool) -> int | None:
        """End of this name in ``text`` if it stands there as whole words, else ``None``."""
        start = word_start - self.offset
        end = start + len(self.name)
        found = text[max(start, 0) : end]
        is_same = found == self.name or (
            (after_at or self.ignores_case) and found.casefold() == self.name.casefold()
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
        self._by_first: defaultdict[str, list[_Known]] = defaultdict(list)
        written = Counter(unicodedata.normalize("NFKC", name).strip() for name in names)
        subjects = _subjects(written, texts)
        for name in sorted(written):
            first = _WORD.search(name)
            if first and not is_anonymous(name) and not _PSEUDONYM.fullmatch(name):
                signs = any(c.isdigit() or c in "_." for c in name)
                followed = _is_distinctive(name) and name.casefold() not in subjects
                known = _Known(name, first.start(), followed, signs)
                self._by_first[first[0].casefold()].append(known)
        for found in self._by_first.values():
            found.sort(key=lambda known: len(known.name), reverse=True)
        self._distinctive_firsts = frozenset(
            first for first, found in self._by_first.items() if any(k.is_distinctive for k in found)
        )

    def occur_in(self, text: str) -> bool:
        """Tell fast whether a distinctive name may occur: most posts name nobody."""
        return not self._distinctive_firsts.isdisjoint(_WORD.findall(text.casefold()))

    def may_start_with(self, word: str) -> bool:
        """Tell whether any name, distinctive or not, starts with this word."""
        return word.casefold() in self._by_first

    def longest_at(
        self, text: str, word: re.Match[str], *, after_at: bool
    ) -> tuple[str, int] | None:
        """The longest name whose first word is ``word``, with its end in ``text``."""
        for known in self._by_first.get(word[0].casefold(), ()):
            if known.is_distinctive or after_at:
                end = known.ends_at(text, word.start(), after_at=after_at)
                if end is not None:
                    return known.name, end
        return None


def _is_distinctive(name: str) -> bool:
    letters, digits = sum(map(str.isalpha, name)), sum(map(str.isdigit, name))
    if letters < 3 and not (letters == 2 and digits >= 2):  # "3v3" and "11.4" are no people
        return False
    has_sign = any(c.isdigit() or c in "_.-" for c in name)
    has_inner_capital = any(c.isupper() for c in name[1:]) and not name.isupper()
    is_full_name = len(_WORD.findall(name)) > 1 and any(map(str.isupper, name))
    return has_sign or has_inner_capital or is_full_name


def _subjects(written: Mapping[str, int], texts: Iterable[str]) -> set[str]:
    """Return the names (casefolded) that posts use as a word, far more than their owners wrote."""
    posts_of: Counter[str] = Counter()
    for name, n in written.items():
        if _WORD.fullmatch(name) and _is_distinctive(name):
            posts_of[name.casefold()] += n
    posts_with: Counter[str] = Counter()
    n_texts = 0
    for text in texts:
        n_texts += 1
        posts_with.update(posts_of.keys() & set(_WORD.findall(text.casefold())))
    often = max(SUBJECT_POSTS, SUBJECT_SHARE * n_texts)
    return {w for w, n in posts_with.items() if n >= often and n >= SUBJECT_RATIO * posts_of[w]}


@dataclass(frozen=True)
class Members:
    """Who is known by pseudonym alone, where the names themselves were never kept.

    What a source is read from in parts needs this: the author that a post names may have written
    in another part. Only distinctive names of one or two words can be told so.

    Args:
        author_ids: pseudonyms of everybody who wrote.
        subjects: words (casefolded) that are subjects, though an account may be called so.
    """

    author_ids: frozenset[str]
    subjects: frozenset[str] = frozenset()


class Pseudonyms:
    """Pseudonyms under one secret key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES // 2:
            raise SettingsError(
                f"pseudonym key has {len(key)} bytes; want {KEY_BYTES}. Use load_or_create_key."
            )
        self._key = key
        self._cache: dict[str, str] = {}

    def members_in(self, text: str, members: Members) -> str:
        """Make words that are the name of a known member follow that member."""
        pieces, done = [], 0
        for found in _NAME_LIKE.finditer(text):
            for start, end in _readings(text, found):
                name = text[start:end]
                if start >= done and self._is_member(name, members):
                    pieces += [text[done:start], self.of(name)]
                    done = end
        return "".join(pieces) + text[done:]

    def _is_member(self, name: str, members: Members) -> bool:
        if not _is_distinctive(name) or name.casefold() in members.subjects:
            return False
        return self._made_of(name) in members.author_ids

    def of(self, name: str) -> str:
        """``m_`` and the first 50 bits of HMAC-SHA256(key, normal name) in lower-case base32.

        Two of 30,000 members share a pseudonym with a probability below one in a million.
        """
        if name not in self._cache:
            self._cache[name] = self._made_of(name)
        return self._cache[name]

    def _made_of(self, name: str) -> str:
        digest = hmac.digest(self._key, normal_name(name).encode(), "sha256")
        return "m_" + base64.b32encode(digest)[:10].decode().lower()

    def seal(self, text: str) -> str:
        """16 hex digits that stand for a text; without the key no guessed text can be checked."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:16]

    def in_text(self, text: str, known: KnownNames) -> str:
        """Make mentions follow their member: @handles, quote headers, u/handles and known names.

        In code only known names follow, so that ``@Override`` or ``npm i @scope/pkg`` stay whole.
        """
        if not any(sign in text for sign in ("@", "[quote=", "u/")) and not known.occur_in(text):
            return text
        pieces, done = [], 0
        for code in _CODE.finditer(text):
            pieces.append(self._in_prose(text[done : code.start()], known))
            pieces.append(self._known_in(code[0], known))
            done = code.end()
        return "".join(pieces) + self._in_prose(text[done:], known)

    def _in_prose(self, prose: str, known: KnownNames) -> str:
        prose = _QUOTE.sub(self._after_prefix, self._known_in(prose, known))
        return _AT.sub(self._at_handle, _REDDIT.sub(self._after_prefix, prose))

    def _known_in(self, text: str, known: KnownNames) -> str:
        if "@" not in text and not known.occur_in(text):
            return text
        pieces, done = [], 0
        for word in _WORD.finditer(text):
            if word.start() < done or not known.may_start_with(word[0]):
                continue
            found = known.longest_at(text, word, after_at=_is_mention(text, word))
            if found:
                pieces += [text[done : word.start()], self.of(found[0])]
                done = found[1]
        return "".join(pieces) + text[done:]

    def _after_prefix(self, found: re.Match[str]) -> str:
        prefix, name = [group for group in found.groups() if group is not None]
        return prefix + (
            name if _PSEUDONYM.fullmatch(name) or is_anonymous(name) else self.of(name)
        )

    def _at_handle(self, found: re.Match[str]) -> str:
        handle = found[1]
        is_kept = _PSEUDONYM.fullmatch(handle) or _NO_HANDLE.fullmatch(handle)
        return found[0] if is_kept or is_anonymous(handle) else "@" + self.of(handle)


def _readings(text: str, found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield what of a text may be a name at a word: with the next word, with its signs, alone."""
    start = found.start()
    pair = _PAIR.match(text, start)
    if pair:
        yield start, pair.end()
    yield start, found.end()
    for word in _WORD.finditer(text, start, found.end()):
        yield word.start(), word.end()


def _is_mention(text: str, word: re.Match[str]) -> bool:
    at = word.start() - 1
    is_after_at = at >= 0 and text[at] == "@"
    is_address = at > 0 and (text[at - 1].isalnum() or text[at - 1] in "@._+-/")
    is_package = text[word.end() : word.end() + 1] == "/"
    return is_after_at and not is_address and not is_package


def load_or_create_key(path: Path) -> bytes:
    """Read the secret key, or make one that only its owner may read.

    A new key is written beside ``path`` and then linked to it: a crash leaves no half key, and of
    two processes that start together both get the key of the first.

    Raises:
        SettingsError: the file cannot be read or written, or is too short to be a key.
    """
    try:
        if not path.exists():
            _create_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path}: the pseudonym key cannot be read or written ({error.strerror}). "
            "Make the folder writable, or name another file."
        ) from error
    if len(key) < KEY_BYTES:
        raise SettingsError(
            f"{path}: the pseudonym key has {len(key)} bytes; want at least {KEY_BYTES}. Restore "
            "it from a backup; a new key gives every member a new pseudonym."
        )
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
