"""Inline SVG charts: two kilobytes each, no script, readable by screen readers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from markupsafe import Markup


def bar(value: float, largest: float, label: str) -> Markup:
    """Draw one horizontal bar; its length is ``value / largest``."""
    width = 100 * value / largest if largest else 0
    return Markup(
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><rect width="{width:.1f}" height="8" rx="1"/></svg>'
    )


def columns(points: Sequence[tuple[datetime, int]], unit: str) -> Markup:
    """Draw a column per point of time, naming the first, the last and the highest."""
    if not points:
        return Markup("")
    first, last = points[0][0], points[-1][0]
    peak = max(points, key=lambda point: point[1])
    summary = f"{unit} from {first:%b %Y} to {last:%b %Y}, most in {peak[0]:%-d %b %Y} ({peak[1]})"
    return Markup(
        f'<figure class="columns"><svg viewBox="0 0 600 120" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(summary)}">{_rects(points, 600, 120, unit)}</svg>'
        f"<figcaption><span>{first:%b %Y}</span>"
        f"<span>peak: {peak[1]} {escape(unit)}, {peak[0]:%-d %b %Y}</span><span>{last:%b %Y}</span>"
        f"</figcaption></figure>"
    )


def sparkline(points: Sequence[tuple[datetime, int]]) -> Markup:
    """Draw a small trend without axes."""
    return Markup(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        f"{_rects(points, 100, 20)}</svg>"
    )


def _rects(points: Sequence[tuple[datetime, int]], width: int, height: int, unit: str = "") -> str:
    """Draw the columns of a chart; with a unit, each says its number when pointed at."""
    largest = max((n for _, n in points), default=0) or 1
    step = width / max(len(points), 1)
    return "".join(
        f'<rect x="{i * step:.2f}" y="{height - height * n / largest:.1f}" '
        f'width="{step * 0.85:.2f}" height="{height * n / largest:.1f}">'
        + (f"<title>{when:%-d %b %Y}: {n} {escape(unit)}</title>" if unit else "")
        + "</rect>"
        for i, (when, n) in enumerate(points)
    )
