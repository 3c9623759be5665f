"""``feedbackminer bench``: the figures of the documentation, measured on your machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from feedbackminer.cli_frame import answer, console, guard, open_at

app = typer.Typer(
    help="Measure on public data what the documentation says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _bench() -> None:
    """Keep ``topics`` a command of its own."""


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
        from feedbackminer import steps
        from feedbackminer.embed.encoders import SentenceEncoder
        from feedbackminer.errors import InputError
        from feedbackminer.research import topic_bench as bench
        from feedbackminer.runs import Run
        from feedbackminer.settings import EmbedSettings

        unknown = set(sets or ()) - set(bench.SETS)
        if unknown or not (data or project):
            raise InputError(f"want --data or --project; sets: {', '.join(bench.SETS)}")
        lasting, several = [], None
        if data:
            encoder = SentenceEncoder(EmbedSettings())
            scores = Table("set", "method", "topics", "covered", "NMI", "ARI", "CPU s", "AMI seeds")
            for name in sets or bench.SETS:
                loaded = bench.load(data, name, encoder)
                for score in bench.compare(loaded, range(seeds)):
                    scores.add_row(
                        score.data,
                        score.method,
                        f"{score.topics} of {int(loaded.gold.max()) + 1}",
                        f"{score.covered:.2f}",
                        f"{score.nmi:.3f}",
                        f"{score.ari:.3f}",
                        f"{score.cpu_seconds:.0f}",
                        f"{score.seeds_ami:.2f}",
                    )
                if name == bench.GROWTH_SET:
                    lasting += list(bench.grow(loaded, 0))
                    several = bench.several(loaded, 0, encoder)
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
            told, vectors, posts = steps.read_for_replay(this)
            lasting += list(bench.replay(told, vectors, posts, project.name, 0))
        table = Table("what", "AMI", "same topic id", "posts")
        for kept in lasting:
            same = "" if kept.same_id != kept.same_id else f"{kept.same_id:.1%}"
            table.add_row(kept.what, f"{kept.ami:.3f}", same, f"{kept.n:,}")
        answer.print(table)

    guard(work)
