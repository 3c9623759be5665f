"""Say in words what a claim's number is, how sure it is and who is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedbackminer.vocabulary.claims import METRICS, UNBOUNDED


def number(claim: Mapping[str, Any]) -> str:
    """Write a claim's value with its interval: ``41 % (33 to 49 %)`` or ``9.0 times``."""
    value, low, high = claim["value"], claim["low"], claim["high"]
    is_share = claim["metric"].startswith("share")
    shown = _one(value, is_share, with_unit=True)
    if low is None or high is None:
        return shown
    lowest = _one(low, is_share, with_unit=False)
    return f"{shown} ({lowest} to {_one(high, is_share, with_unit=True)})"


def sentence(claim: Mapping[str, Any]) -> str:
    """Write the number as a phrase: ``41 % (33 to 49 %) of the members who …``."""
    if claim["value"] is None:
        return UNBOUNDED[claim["metric"]]
    return f"{number(claim)} {METRICS[claim['metric']]}"


def trust(claim: Mapping[str, Any]) -> str:
    """Write who is behind a claim: voices, posts, and how evenly they speak."""
    parts = [_count(claim["n_voices"], "voice"), _count(claim["n_posts"], "post")]
    effective = claim["effective_voices"]
    if effective and claim["n_voices"] >= 2 * effective:
        parts.append(f"as concentrated as {_count(round(effective), 'equally loud member')}")
    if claim["q"] is not None:
        parts.append(f"q {_small(claim['q'])}")
    return " · ".join(parts)


def _one(value: float, is_share: bool, *, with_unit: bool) -> str:
    if is_share:
        digits = 1 if value < 0.1 else 0
        return f"{100 * value:.{digits}f}{' %' if with_unit else ''}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def _small(q: float) -> str:
    return "< 0.001" if q < 0.001 else f"{q:.3f}"
