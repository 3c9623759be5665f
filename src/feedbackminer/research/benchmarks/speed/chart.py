"""Seconds against posts as one SVG: both axes logarithmic, so that a power is a straight line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from feedbackminer.research.benchmarks.speed.figures import Figure, Growth

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 440, 24, 350  # of what is between the axes
STEPS = (1, 2, 5)  # of seconds that are named, times powers of ten
# Told apart by people who see colours otherwise (Okabe and Ito 2008), and by dashes.
INKS = (
    ("#0072b2", ""), ("#d55e00", "7 3"), ("#009e73", "2 3"), ("#cc79a7", "9 3 2 3"),
    ("#56b4e9", "5 5"), ("#8a6d00", "1 3"), ("#7f7f7f", "12 4"),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Where a number lies between two ends, by its logarithm."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = math.log(self.high / self.low) or 1
        return self.start + (self.end - self.start) * math.log(value / self.low) / span


@dataclass(frozen=True)
class Dot:
    """A median, from the least to the most."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True)
class Line:
    """One contender."""

    name: str
    colour: str
    dashes: str
    dots: Sequence[Dot]
    y: float  # of its name

    @property
    def path(self) -> str:
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


def render_chart(figures: Sequence[Figure], growth: Sequence[Growth]) -> str:
    """Draw a line for each contender, and write the slope of each beside its name."""
    n_posts = sorted({figure.posts for figure in figures})
    low = min(figure.seconds.low for figure in figures)
    high = max(figure.seconds.high for figure in figures)
    across = Scale(n_posts[0], n_posts[-1], LEFT + 20, RIGHT - 20)
    up = Scale(low, high, BOTTOM - 16, TOP + 10)
    return _TEMPLATE.render(
        width=WIDTH, height=HEIGHT, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM,
        lines=list(_lines(figures, growth, across, up)),
        across=[(across(n), f"{n:,}") for n in n_posts],
        up=[(up(seconds), f"{seconds:g}") for seconds in _steps(low, high)],
    )  # fmt: skip


def _lines(
    figures: Sequence[Figure], growth: Sequence[Growth], across: Scale, up: Scale
) -> Iterator[Line]:
    slopes = {row.contender: f", slope {row.seconds:.2f}" for row in growth}
    titles = {figure.contender: figure.title for figure in figures}
    for number, (name, title) in enumerate(titles.items()):
        colour, dashes = INKS[number % len(INKS)]
        dots = [
            Dot(
                across(row.posts), up(row.seconds.median), up(row.seconds.low),
                up(row.seconds.high), f"{title}, {row.posts:,} posts: {row.seconds.median:.1f} s",
            )
            for row in sorted(figures, key=lambda row: row.posts)
            if row.contender == name
        ]  # fmt: skip
        yield Line(title + slopes.get(name, ""), colour, dashes, dots, TOP + 20 + 22 * number)


def _steps(low: float, high: float) -> Iterator[float]:
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (s * 10.0**power for s in STEPS if low <= s * 10.0**power <= high)


_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img" \
aria-label="Seconds against posts, both logarithmic">
<style>
text { font: 12px system-ui, sans-serif; fill: #333 }
line { stroke: #ccc }
polyline { fill: none; stroke-width: 2 }
</style>
<rect width="{{ width }}" height="{{ height }}" fill="#fff"/>
{% for y, name in up %}
<line x1="{{ left }}" x2="{{ right }}" y1="{{ y | round(1) }}" y2="{{ y | round(1) }}"/>
<text x="{{ left - 8 }}" y="{{ (y + 4) | round(1) }}" text-anchor="end">{{ name }} s</text>
{% endfor %}
{% for x, name in across %}
<line x1="{{ x | round(1) }}" x2="{{ x | round(1) }}" y1="{{ top }}" y2="{{ bottom }}"/>
<text x="{{ x | round(1) }}" y="{{ bottom + 18 }}" text-anchor="middle">{{ name }}</text>
{% endfor %}
<text x="{{ (left + right) / 2 }}" y="{{ bottom + 38 }}" text-anchor="middle">posts</text>
{% for line in lines %}
<g stroke="{{ line.colour }}" fill="{{ line.colour }}">
<polyline points="{{ line.path }}" stroke-dasharray="{{ line.dashes or 'none' }}"/>
{% for dot in line.dots %}
<path d="M{{ dot.x | round(1) }} {{ dot.low | round(1) }}V{{ dot.high | round(1) }}"/>
<circle cx="{{ dot.x | round(1) }}" cy="{{ dot.y | round(1) }}" r="3.5">\
<title>{{ dot.title }}</title></circle>
{% endfor %}
<polyline points="{{ right + 16 }},{{ line.y - 4 }} {{ right + 40 }},{{ line.y - 4 }}" \
stroke-dasharray="{{ line.dashes or 'none' }}"/>
</g>
<text x="{{ right + 46 }}" y="{{ line.y }}">{{ line.name }}</text>
{% endfor %}
</svg>
""")
