"""Whose and whether: how a sentence speaks of something, by the cues of ``status.toml``.

ConText for sentences of communities (Harkema et al., J. Biomed. Inform. 42, 2009): a cue holds
within its clause, in its direction, as far as it reaches.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from feedbackminer.tagging.aspects import clauses
from feedbackminer.text.sentences import typewritten
from feedbackminer.vocabulary.tags import ASSERTED

_WORD = re.compile(r"\w[\w'’-]*")
_ASKS = re.compile(r"\?\W*$")


@dataclass(frozen=True)
class Cues:
    """What says that a thing has a status; ``reach`` is in words."""

    before: tuple[re.Pattern[str], ...] = ()
    after: tuple[re.Pattern[str], ...] = ()
    anywhere: tuple[re.Pattern[str], ...] = ()
    sentence: tuple[re.Pattern[str], ...] = ()
    reach: int = 0


def status_of(sentence: str, start: int | None = None, end: int | None = None) -> str:
    """Return how a sentence speaks of the thing at ``start:end``; of all of it without one."""
    typed = typewritten(sentence).lower()
    for status, cues in _cues().items():
        if any(cue.search(typed) for cue in cues.sentence):
            return status

    before, thing, after = _clause(typed, start, end)
    for status, cues in _cues().items():
        near = _last_words(before, cues.reach) if thing else before
        if (
            any(cue.search(before + thing + after) for cue in cues.anywhere)
            or any(cue.search(near) for cue in cues.before)
            or any(cue.search(after) for cue in cues.after)
        ):
            return status
    return ASSERTED


def _clause(typed: str, start: int | None, end: int | None) -> tuple[str, str, str]:
    """Return what of its clause stands before the thing, the thing, and what stands behind it."""
    if start is None or end is None:
        return typed, "", ""
    begin = 0
    for clause in clauses(typed):
        at = typed.find(clause, begin)
        if at <= start < at + len(clause):
            return typed[at:start], typed[start:end], typed[end : at + len(clause)]
        begin = max(begin, at)
    return typed[:start], typed[start:end], typed[end:]


def _last_words(text: str, count: int) -> str:
    words = list(_WORD.finditer(text))
    return text[words[-count].start() :] if count and len(words) > count else text


@cache
def _cues() -> Mapping[str, Cues]:
    text = files(__package__).joinpath("status.toml").read_text("utf-8")
    return {status: _compiled(row) for status, row in tomllib.loads(text).items()}


def _compiled(row: Mapping[str, Any]) -> Cues:
    before, after, anywhere, sentence = (
        tuple(map(re.compile, row.get(where, ())))
        for where in ("before", "after", "anywhere", "sentence")
    )
    return Cues(before, after, anywhere, sentence, row.get("reach", 0))
