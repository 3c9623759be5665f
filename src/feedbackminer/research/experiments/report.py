"""Results as a page for people: a table of means, a plot of every measure, what to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jinja2 import Environment, FileSystemLoader, select_autoescape

from feedbackminer.research.experiments.measures import MEASURES
from feedbackminer.research.experiments.methods import OURS
from feedbackminer.research.experiments.spec import ROWS

if TYPE_CHECKING:
    from feedbackminer.research.experiments.run import Experiment

MARKDOWN, HTML = "report.md", "report.html"
WIDTH, LEFT, RIGHT, ROW = 760, 330, 700, 24  # of a plot, in pixels
UNTOLD = "–"


@dataclass(frozen=True)
class Line:
    """One combination of settings or baseline, with one value per seed of each measure."""

    title: str
    values: dict[str, Sequence[float]]

    def cell(self, measure: str) -> str:
        """Return the mean, and how far seeds differ where there are several."""
        values = self.values.get(measure, ())
        if not len(values):
            return UNTOLD
        text = f"{np.mean(values):.3f}"
        return f"{text} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else text


@dataclass(frozen=True)
class Plot:
    """Values of one measure: a dot for each seed."""

    measure: str
    rows: Sequence[tuple[str, float, Sequence[float], str]]  # title, y, dots, mean
    ends: tuple[str, str]
    height: int


def write_report(experiment: Experiment, results: pl.DataFrame, folder: Path) -> None:
    """Write the report as Markdown and as a page that needs nothing else."""
    lines = list(_lines(experiment, results))
    measures = list(dict.fromkeys(results["measure"]))
    given = {
        "name": experiment.name,
        "question": experiment.spec.question,
        "spec": experiment.spec,
        "n": len(experiment.items.frame),
        "rows": ROWS.get(experiment.spec.stage, "texts"),
        "seeds": ", ".join(map(str, experiment.spec.seeds)),
        "notices": experiment.notices,
        "manifest": experiment.manifest,
        "measures": measures,
        "lines": lines,
        "less": [name for name in measures if name in MEASURES and MEASURES[name].is_better < 0],
        "neither": [n for n in measures if n in MEASURES and not MEASURES[n].is_better],
        "plots": list(_plots(lines, measures)),
        "width": WIDTH, "left": LEFT, "right": RIGHT,
    }  # fmt: skip
    (folder / MARKDOWN).write_text(_render("report.md.j2", given), "utf-8")
    (folder / HTML).write_text(_render("report.html.j2", given), "utf-8")


def _lines(experiment: Experiment, results: pl.DataFrame) -> Iterator[Line]:
    for title in experiment.titles:
        is_this = (pl.col("method") == OURS) & (pl.col("variant") == title)
        rows = results.filter(is_this | (pl.col("method") == title)).drop_nulls("value")
        by_measure = rows.group_by("measure", maintain_order=True).agg("value")
        yield Line(title, dict(by_measure.iter_rows()))


def _plots(lines: Sequence[Line], measures: Sequence[str]) -> Iterator[Plot]:
    for measure in measures:
        every = [value for line in lines for value in line.values.get(measure, ())]
        if not every:
            continue
        low, high = min(every), max(every)
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 0.05
        low, high = low - margin, high + margin

        def x(value: float, low: float = low, high: float = high) -> float:
            return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

        rows = [
            (line.title, ROW * (n + 1), [x(v) for v in line.values.get(measure, ())],
             line.cell(measure))
            for n, line in enumerate(lines)
        ]  # fmt: skip
        yield Plot(measure, rows, (f"{low:.3f}", f"{high:.3f}"), ROW * (len(lines) + 2))


def _render(template: str, given: dict[str, Any]) -> str:
    """Render a template of the folder beside this file; what is written into a page is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(given)
