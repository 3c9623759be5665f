"""``feedbackminer bench``: the figures of the documentation, measured on your machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from feedbackminer.cli.frame import answer, console, guard, open_at

app = typer.Typer(
    help="Measure on public data what the documentation says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def topics(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the public data sets")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="A mined project to replay week by week")
    ] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="Default: all")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Medians are taken over so many")] = 3,
) -> None:
    """Compare topics with gold labels, BERTopic's quick start, and themselves a week later."""

    def work() -> None:
        from feedbackminer.embed.load import load_encoder
        from feedbackminer.engine.run import Run
        from feedbackminer.errors import InputError
        from feedbackminer.research.benchmarks import topics as bench
        from feedbackminer.settings.sections import EmbedSettings
        from feedbackminer.steps.vectors import read_for_replay

        unknown = set(sets or ()) - set(bench.SETS)
        if unknown or not (data or project):
            raise InputError(f"want --data or --project; sets: {', '.join(bench.SETS)}")
        lasting, several = [], None
        if data:
            encoder = load_encoder(EmbedSettings())
            scores = Table("set", "method", "topics", "covered", "NMI", "ARI", "CPU s", "AMI seeds")
            for name in sets or bench.SETS:
                loaded = bench.load(data, name, encoder)
                for score in bench.compare(loaded, range(seeds)):
                    scores.add_row(
                        score.data,
                        score.method,
                        f"{score.topics} of {score.gold_topics}",
                        f"{score.covered:.2f}",
                        f"{score.nmi:.3f}",
                        f"{score.ari:.3f}",
                        f"{score.cpu_seconds:.0f}",
                        f"{score.seeds_ami:.2f}",
                    )
                if name == bench.GROWTH_SET:
                    lasting += list(bench.grow(loaded, 0))
                    several = bench.find_both(loaded, 0, encoder)
                    grown = [f"{n:,} texts {s:.0f} s" for n, s in bench.scale(loaded)]
                    console.print(f"CPU after the vectors: {', '.join(grown)}")
            answer.print(scores)
            if several:
                answer.print(
                    f"{several.n} long posts of one or two labels: both found "
                    f"{several.both:.0%}, further topics right {several.right:.0%}, "
                    f"a wrong one beside a single label {several.wrong:.0%}"
                )
        if project:
            this = Run(open_at(project, None, {}))
            told, vectors, posts = read_for_replay(this)
            lasting += list(bench.replay(told, vectors, posts, project.name, 0))
        table = Table("what", "AMI", "same topic id", "posts")
        for kept in lasting:
            same = "" if kept.same_id != kept.same_id else f"{kept.same_id:.1%}"
            table.add_row(kept.what, f"{kept.ami:.3f}", same, f"{kept.n:,}")
        answer.print(table)

    guard(work)


@app.command()
def tags(
    data: Annotated[Path, typer.Option("--data", help="Folder of the public data sets")],
    labels: Annotated[
        Path, typer.Option("--labels", help="Folder of our labels, with train and check.jsonl")
    ] = Path("data/labels"),
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep vectors here for the next time")
    ] = None,
) -> None:
    """Compare tags with gold labels on sites that were not trained on; intervals are bootstrap."""

    def work() -> None:
        from tempfile import TemporaryDirectory

        from feedbackminer.embed.load import load_encoder
        from feedbackminer.research.benchmarks import tags
        from feedbackminer.research.training import Sources
        from feedbackminer.settings.sections import EmbedSettings

        with TemporaryDirectory() as folder:
            sources = Sources(data, labels, cache or Path(folder), load_encoder(EmbedSettings()))
            table = Table("what", "measure", "n", "ours (95 %)", "beside it")
            for row in tags.figures(sources).to_dicts():
                value, low, high = (row[name] for name in ("value", "low", "high"))
                shown = "–" if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
                table.add_row(row["what"], row["measure"], f"{row['n']:,}", shown, _beside(row))
            answer.print(table)
            heads, stage = tags.speed(sources)
        answer.print(f"Heads over known vectors, two processes: {heads:,.0f} posts a second")
        answer.print(f"The whole tagging, one process: {stage:,.0f} posts a second")

    guard(work)


def _beside(figure: Mapping[str, Any]) -> str:
    """Write what a figure of tags is to be compared with."""
    references = ", ".join(f"{row['name']} {_reference(row)}" for row in figure["beside"])
    error = figure["calibration_error"]
    return references if error is None else f"{references}; calibration error {error:.3f}"


def _reference(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    return f"{row['value']:.3f}" if row["n"] is None else f"{row['value']:.2f} of {row['n']}"
