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


def columns(points: Sequence[tuple[datetime, int]], unit: str, *, height: int = 120) -> Markup:
    """Draw a column per point of time, naming the first, the last and the highest."""
    if not points:
        return Markup("")
    largest = max(n for _, n in points) or 1
    width = 600 / len(points)
    rects = "".join(
        f'<rect x="{i * width:.1f}" y="{height - height * n / largest:.1f}" '
        f'width="{max(width - 1, 0.5):.1f}" height="{height * n / largest:.1f}">'
        f"<title>{when:%-d %b %Y}: {n} {escape(unit)}</title></rect>"
        for i, (when, n) in enumerate(points)
    )
    first, last = points[0][0], points[-1][0]
    peak = max(points, key=lambda point: point[1])
    told = f"{unit} from {first:%b %Y} to {last:%b %Y}, most in {peak[0]:%-d %b %Y} ({peak[1]})"
    return Markup(
        f'<figure class="columns"><svg viewBox="0 0 600 {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(told)}">{rects}</svg>'
        f"<figcaption><span>{first:%b %Y}</span>"
        f"<span>peak: {peak[1]} {escape(unit)}, {peak[0]:%-d %b %Y}</span><span>{last:%b %Y}</span>"
        f"</figcaption></figure>"
    )


def sparkline(points: Sequence[tuple[datetime, int]]) -> Markup:
    """Draw a small trend without axes."""
    if not points:
        return Markup("")
    largest = max(n for _, n in points) or 1
    width = 100 / len(points)
    rects = "".join(
        f'<rect x="{i * width:.2f}" y="{20 - 20 * n / largest:.1f}" width="{width * 0.85:.2f}" '
        f'height="{20 * n / largest:.1f}"/>'
        for i, (_, n) in enumerate(points)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        f"{rects}</svg>"
    )
