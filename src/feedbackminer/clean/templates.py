"""Form, not speech: lines that many members have word for word, found by counting over a run.

Issue templates, the questions of a form, what an app adds to a report. Popular sentences ("Same
here", "Thanks in advance") stay: a line is form only where something of the author's own stands
beside it in most of its posts, and where a mark (a heading, a check box) or the constant
company of another such line shows that somebody filled it in.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from feedbackminer.text.words import WORD

FEWEST_MEMBERS = 5
ONE_MEMBER_OF = 500  # of all members, this part at least
COMPANY = 0.5  # of the posts of either line that have both
BESIDE = 0.8  # of a line's posts that say something of their own as well
_LONGEST_LINE = 300
_LONGEST_ANSWER, _LONGEST_COURTESY = 5, 8  # words
_LINES_COMPARED = 40  # shared lines of a post whose company is counted

_MARKS = " \t#>*_•+~=-"  # around a line, no part of its words
_CHECK_BOX = re.compile(r"\[[ xX✓✔]?\]\s*")
_IS_MARKED = re.compile(
    r"#{1,6}\s*\S|[-*+•]?\s{0,3}\[[ xX✓✔]?\]\s|\*\*[^*]{1,200}\*\*\s*:?$|__[^_]{1,200}__\s*:?$"
)
_LABEL = re.compile(r"([^\W\d_][^:\n]{1,50}?)[ *_]{0,4}:[*_]{0,3}\s{0,4}(?=[^\s:/])")
_COURTESY = re.compile(
    r"(?:many |vielen |muchas |with |best |kind )?(?:thanks?|thx|cheers|hi|hello|hey|dear|regards"
    r"|greetings|welcome|please|sorry|good (?:morning|day|evening|luck)|danke|hallo|merci|bonjour"
    r"|salut|gracias|hola|grazie|ciao|obrigad[oa]|bedankt|yes|no|ok(?:ay)?|edit|update|ps|p\.s)\b"
)


class Line(NamedTuple):
    """A line, or the label that begins one, as it is compared."""

    key: str
    above: str  # the key of the line above
    is_marked: bool = False
    has_answer: bool = False  # a label, beside which something stands


class _Counts:
    """How the lines that posts share stand in them."""

    def __init__(self) -> None:
        self.members: dict[str, set[str]] = defaultdict(set)
        self.posts, self.beside, self.marked = Counter[str](), Counter[str](), Counter[str]()
        self.above: dict[str, Counter[str]] = defaultdict(Counter)
        self.pairs = Counter[tuple[str, str]]()

    def add(self, lines: Sequence[Line], member: str, *, has_own: bool) -> None:
        for line in lines:
            self.members[line.key].add(member)
            self.posts[line.key] += 1
            self.beside[line.key] += has_own
            self.marked[line.key] += line.is_marked
            self.above[line.key][line.above] += 1
        self.pairs.update(combinations(sorted(line.key for line in lines[:_LINES_COMPARED]), 2))


def find_templates(texts: Sequence[str], members: Sequence[str | None]) -> dict[str, int]:
    """Return the lines of ``texts`` that are form, and how many members have each.

    Args:
        texts: cleaned texts, all of a run.
        members: who wrote each; a post without a member counts as one of its own.
    """
    names = [member or f"?{n}" for n, member in enumerate(members)]
    least = max(FEWEST_MEMBERS, len({*names}) // ONE_MEMBER_OF)
    counts = _count(texts, names, least)
    candidates = {
        key
        for key, n in counts.posts.items()
        if len(counts.members[key]) >= least and counts.beside[key] >= BESIDE * n
    }
    form = {key for key in candidates if 2 * counts.marked[key] >= counts.posts[key]}
    form |= _in_company(candidates, counts, least)
    form = {key for key in form if not _is_answer(key, counts, form)}
    return {key: len(counts.members[key]) for key in sorted(form)}


def without_templates(text: str, known: Collection[str]) -> str:
    """Return a text without the lines that are form; what stands beside a label stays."""
    if not known:
        return text
    lines = [_own(line, known) for line in text.split("\n")]
    kept = "\n".join(line for line in lines if line is not None)
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def line_key(line: str) -> str:
    """Return the words of a line as they are compared; "" where they are not."""
    if len(line) > _LONGEST_LINE:
        return ""
    words = line.strip(_MARKS)
    box = _CHECK_BOX.match(words) if words.startswith("[") else None
    return (words[box.end() :].strip(_MARKS) if box else words).casefold()


def is_courtesy(key: str) -> bool:
    """Tell whether a line greets or thanks, which members do in equal words."""
    return bool(_COURTESY.match(key)) and _n_words(key) <= _LONGEST_COURTESY


def _own(line: str, known: Collection[str]) -> str | None:
    """Return what of a line is the author's own, None where nothing is."""
    label = _label(line)
    if label and label[0] in known:
        return line[label[1] :]
    return None if line_key(line) in known else line


def _label(line: str) -> tuple[str, int] | None:
    """Return the key of the label that begins a line, and where its answer begins."""
    if ":" not in line:
        return None
    label = _LABEL.match(line, len(line) - len(line.lstrip(_MARKS)))
    return (f"{label[1].casefold()}:", label.end()) if label else None


def _lines(text: str) -> Iterator[Line]:
    above = ""
    for line in text.split("\n"):
        key = line_key(line)
        if not WORD.search(key):
            continue
        label = _label(line)
        if label:
            yield Line(label[0], above, has_answer=True)
        else:
            yield Line(key, above, is_marked=bool(_IS_MARKED.match(line)))
        above = label[0] if label else key


def _count(texts: Sequence[str], names: Sequence[str], least: int) -> _Counts:
    posts = [{line.key: line for line in _lines(text)} for text in texts]
    n_posts = Counter(key for post in posts for key in post)
    frequent = {key for key, n in n_posts.items() if n >= least and not is_courtesy(key)}
    counts = _Counts()
    for post, name in zip(posts, names, strict=True):
        shared = [line for key, line in post.items() if key in frequent]
        if shared:
            own = (line.has_answer or n_posts[key] < least for key, line in post.items())
            counts.add(shared, name, has_own=any(own))
    return counts


def _in_company(candidates: Collection[str], counts: _Counts, least: int) -> set[str]:
    """Return the lines that stand with the same other line in most of both's posts."""
    return {
        key
        for pair, n in counts.pairs.items()
        if n >= max(least, COMPANY * max(counts.posts[pair[0]], counts.posts[pair[1]]))
        and pair[0] in candidates
        and pair[1] in candidates
        for key in pair
    }


def _is_answer(key: str, counts: _Counts, form: Collection[str]) -> bool:
    """Tell whether a line is what many chose or wrote below a question ("Every time")."""
    if key.endswith((":", "?")) or _n_words(key) > _LONGEST_ANSWER:
        return False
    if 2 * counts.marked[key] >= counts.posts[key]:
        return False
    below = sum(n for above, n in counts.above[key].items() if above in form)
    return 2 * below >= counts.posts[key]


def _n_words(key: str) -> int:
    return len(WORD.findall(key))
