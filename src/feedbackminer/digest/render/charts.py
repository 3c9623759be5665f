"""Inline SVG charts: two kilobytes each, no script, readable by screen readers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from markupsafe import Markup

from feedbackminer.digest.views import Mark, Trend

MONTH = timedelta(days=31)
SHOWN = 12  # events that are named below a chart


def bar(value: float, largest: float, label: str) -> Markup:
    """Draw one horizontal bar; its length is ``value / largest``."""
    width = 100 * value / largest if largest else 0
    return Markup(
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><rect width="{width:.1f}" height="8" rx="1"/></svg>'
    )


def columns(trend: Trend, unit: str) -> Markup:
    """Draw a column per point of time, naming the first, the last and the highest, and events."""
    points = trend.points
    if not points:
        return Markup("")
    first, last = points[0][0], points[-1][0]
    peak = max(points, key=lambda point: point[1])
    summary = f"{unit} from {first:%b %Y} to {last:%b %Y}, most in {peak[0]:%-d %b %Y} ({peak[1]})"
    return Markup(
        f'<figure class="columns"><svg viewBox="0 0 600 120" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(summary)}">{_rects(points, 600, 120, unit)}'
        f"{_lines(trend, 600, 120)}</svg>"
        f"<figcaption><span>{first:%b %Y}</span>"
        f"<span>peak: {peak[1]} {escape(unit)}, {peak[0]:%-d %b %Y}</span><span>{last:%b %Y}</span>"
        f"</figcaption>{_named(trend.marks)}</figure>"
    )


def sparkline(trend: Trend) -> Markup:
    """Draw a small trend without axes."""
    return Markup(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        f"{_rects(trend.points, 100, 20)}{_lines(trend, 100, 20)}</svg>"
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


def _lines(trend: Trend, width: int, height: int) -> str:
    """Draw an upright line for each event, where it lies among the columns."""
    starts = [when for when, _ in trend.points]
    step = width / max(len(starts), 1)
    last = starts[-1] - starts[-2] if len(starts) > 1 else MONTH  # how long the last column is
    lines = []
    for mark in trend.marks:
        column = bisect_right(starts, mark.at) - 1
        if column < 0:
            continue
        end = starts[column + 1] if column + 1 < len(starts) else starts[column] + last
        part = min((mark.at - starts[column]) / (end - starts[column]), 1.0)
        x = (column + part) * step
        lines.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}">'
            f"<title>{escape(mark.name)}, {mark.at:%-d %b %Y}</title></line>"
        )
    return "".join(lines)


def _named(marks: Sequence[Mark]) -> str:
    """Write which events the lines are, the latest ones where there are many."""
    if not marks:
        return ""
    names = " · ".join(f"{escape(mark.name)} ({mark.at:%-d %b %Y})" for mark in marks[-SHOWN:])
    more = f"{len(marks) - SHOWN} earlier, " if len(marks) > SHOWN else ""
    return f'<p class="meta">Lines: {more}{names}</p>'
