"""Whose and whether: how a sentence speaks of something, by the cues of ``status.toml``.

ConText for sentences of communities (Harkema et al., J. Biomed. Inform. 42, 2009): a cue holds
within its clause, in its direction, as far as it reaches.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from feedbackminer.tagging.aspects import clauses
from feedbackminer.text.sentences import typewritten
from feedbackminer.vocabulary.tags import ASSERTED

_WORD = re.compile(r"\w[\w'’-]*")
_NEVER = r"(?!)"
LONGEST = 2_000  # characters read of a sentence


@dataclass(frozen=True)
class Cues:
    """What says that a thing has a status, each a choice of patterns; ``reach`` is in words."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    anywhere: re.Pattern[str]
    sentence: re.Pattern[str]
    plain: re.Pattern[str]
    somewhere: re.Pattern[str]  # any of those that hold without a thing
    reach: int


def status_of(sentence: str, start: int | None = None, end: int | None = None) -> str:
    """Return how a sentence speaks of the thing at ``start:end``; of all of it without one."""
    typed = _typed(sentence)
    if start is None or end is None:
        return next((s for s, cues in _cues().items() if cues.somewhere.search(typed)), ASSERTED)
    for status, cues in _cues().items():
        if cues.sentence.search(typed) or cues.plain.search(typed):
            return status

    before, thing, after = _clause(typed, start, end)
    for status, cues in _cues().items():
        if (
            cues.anywhere.search(before + thing + after)
            or cues.before.search(_last_words(before, cues.reach))
            or cues.after.search(after)
        ):
            return status
    return ASSERTED


def plain_status(sentence: str) -> str:
    """Return how a sentence speaks where a cue leaves no doubt; else nothing."""
    typed = _typed(sentence)
    return next((s for s, cues in _cues().items() if cues.plain.search(typed)), "")


def _typed(sentence: str) -> str:
    return typewritten(sentence[:LONGEST]).lower()


def _clause(typed: str, start: int, end: int) -> tuple[str, str, str]:
    """Return what of its clause stands before the thing, the thing, and what stands behind it."""
    begin = 0
    for clause in clauses(typed):
        at = typed.find(clause, begin)
        if at <= start < at + len(clause):
            return typed[at:start], typed[start:end], typed[end : at + len(clause)]
        begin = at + len(clause) if at >= 0 else begin
    return typed[:start], typed[start:end], typed[end:]


def _last_words(text: str, count: int) -> str:
    words = list(_WORD.finditer(text))
    return text[words[-count].start() :] if count and len(words) > count else text


@cache
def _cues() -> Mapping[str, Cues]:
    text = files(__package__).joinpath("status.toml").read_text("utf-8")
    return {status: _compiled(row) for status, row in tomllib.loads(text).items()}


def _compiled(row: Mapping[str, Any]) -> Cues:
    kinds = ("before", "after", "anywhere", "sentence", "plain")
    patterns = {kind: list(row.get(kind, ())) for kind in kinds}
    somewhere = [p for kind in kinds if kind != "after" for p in patterns[kind]]
    return Cues(
        **{kind: _choice(patterns[kind]) for kind in kinds},
        somewhere=_choice(somewhere),
        reach=row.get("reach", 0),
    )


def _choice(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or _NEVER)
