"""``feedbackminer bench``: the figures of the documentation, measured on your machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import Session, answer, command, print_table
from feedbackminer.cli.speed import speed

if TYPE_CHECKING:
    from feedbackminer.insight.measures import Estimate
    from feedbackminer.research.benchmarks.topics import Figures, Stability

app = typer.Typer(
    help="Measure on public data what the documentation says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(speed)


@app.command()
@command
def topics(
    session: Session,
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
    from feedbackminer.embed.load import load_encoder
    from feedbackminer.engine.run import Run
    from feedbackminer.errors import InputError
    from feedbackminer.research.benchmarks import topics as bench
    from feedbackminer.settings.sections import EmbedSettings
    from feedbackminer.steps.vectors import read_for_replay

    unknown = set(sets or ()) - set(bench.SETS)
    if unknown or not (data or project):
        raise InputError(f"want --data or --project; sets: {', '.join(bench.SETS)}")

    lasting: list[Stability] = []
    if data:
        encoder = load_encoder(EmbedSettings())
        figures = bench.measure(data, sets or list(bench.SETS), range(seeds), encoder)
        _print_figures(session, figures)
        lasting += figures.lasting
    if project:
        texts, vectors, posts = read_for_replay(Run(session.open()))
        lasting += bench.replay(texts, vectors, posts, project.name, 0)
    _print_lasting(lasting)


@app.command("key-points")
@command
def key_points(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Files of arguments, key points and labels")],
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out", help="Train on other topics than are measured (some ten minutes)"
        ),
    ] = False,
) -> None:
    """Measure how well sentences are matched to key points: average precision times precision."""
    from feedbackminer.research.benchmarks.key_points import measure

    score = measure(folder, leave_one_out=leave_one_out, progress=session.print)
    answer.print(
        "average precision alone, by the shared task's own script: "
        f"strict {score.strict_of_script:.3f} relaxed {score.relaxed_of_script:.3f}"
    )
    answer.print(f"strict {score.strict:.3f} relaxed {score.relaxed:.3f}")


@app.command()
@command
def change(
    session: Session,
    project: Annotated[Path, typer.Option("--project", help="A mined project")],
    period: Annotated[str, typer.Option(help="week, month, quarter or year")] = "month",
    until: Annotated[str | None, typer.Option(help="Leave out posts from this date on")] = None,
    histories: Annotated[int, typer.Option(min=1, help="Without any change, to look at")] = 200,
    steps: Annotated[int, typer.Option(min=1, help="To plant, of each size")] = 50,
    members: Annotated[
        int, typer.Option(min=1, help="Of a topic in a usual period, that a step is planted in")
    ] = 20,
) -> None:
    """Count false changes in histories with threads at random times, and planted ones found."""
    from feedbackminer.insight.stage import READS
    from feedbackminer.research.benchmarks import change as bench

    opened = session.open({"insight": {"period": period, **({"until": until} if until else {})}})
    settings = opened.settings.insight
    tables = {name: opened.store.read(name) for name in READS}
    watched = bench.watch(tables, settings)
    alarms = bench.false_alarms(watched, histories, settings.false_alarms)
    print_table(
        ("histories", "a change", "a surge", "any", "promised"),
        [
            (
                f"{alarms.n}",
                *map(_rate, (alarms.change, alarms.surge, alarms.any)),
                f"{alarms.promised:.1%}",
            )
        ],
    )
    rows = bench.power(watched, steps, settings.false_alarms, members)
    print_table(
        ("step", "planted", "found"), ((f"{p.step:g}", str(p.n), _rate(p.found)) for p in rows)
    )


@app.command()
@command
def alerts(
    session: Session,
    project: Annotated[Path, typer.Option("--project", help="A mined project")],
    at: Annotated[datetime | None, typer.Option("--at", help="End of the month of checks")] = None,
    histories: Annotated[int, typer.Option(min=1, help="Without any change, to check")] = 200,
    looks: Annotated[int, typer.Option(min=1, max=24, help="Checks a day")] = 4,
    rises: Annotated[int, typer.Option(min=0, help="To plant, of each size")] = 50,
    members: Annotated[
        int, typer.Option(min=1, help="Who usually speak of it, where a rise is planted")
    ] = 5,
) -> None:
    """Count months without any change that raise an alert, and planted rises that are seen."""
    from feedbackminer.insight.stage import READS
    from feedbackminer.research.benchmarks import alerts as bench

    opened = session.open()
    settings = opened.settings.alerts
    tables = {name: opened.store.read(name) for name in READS}
    watch, levels = bench.watch(tables, settings, at)
    raised = bench.false_alarms(watch, levels, histories, settings, looks)
    print_table(
        ("months", "anything", "real", "promised"),
        [(f"{raised.n}", _rate(raised.any), _rate(raised.real), f"{raised.promised:.1%}")],
    )
    if rises:
        rows = bench.power(watch, levels, rises, settings, members)
        print_table(
            ("rise", "planted", "seen", "after days"),
            (
                (f"{p.step:g}", f"{p.n}", _rate(p.seen), "–" if p.days is None else f"{p.days:g}")
                for p in rows
            ),
        )


@app.command()
@command
def outcomes(
    session: Session,
    project: Annotated[Path, typer.Option("--project", help="A mined project")],
    draws: Annotated[
        int, typer.Option(min=1, help="Topics and days of each kind that can be asked about")
    ] = 200,
) -> None:
    """Ask what became of days on which nothing was done, and of halvings that are planted."""
    from feedbackminer.insight.stage import READS
    from feedbackminer.research.benchmarks.outcomes import measure

    opened = session.open()
    tables = {name: opened.store.read(name) for name in READS}
    print_table(
        (
            *("what", "drawn", "asked", "helped", "worse", "can tell", "wrong of these"),
            *("halved: found of these", "found of asked", "covered of these", "of asked"),
        ),
        (
            (
                *(f.kind, f"{f.drawn:,}", f"{f.asked:,}", f"{f.helped:,}", f"{f.worse:,}"),
                *(f"{f.can_tell:,}", f"{f.wrong:,}", f"{f.found:,}", f"{f.found_of_asked:,}"),
                *(f"{f.covers:,}", f"{f.covers_of_asked:,}"),
            )
            for f in measure(tables, opened.settings.insight, draws)
        ),
    )


@app.command()
@command
def conversation(
    session: Session,
    project: Annotated[Path, typer.Option("--project", help="One with links, likes or marks")],
) -> None:
    """Hide links, accepted answers and likes, infer them, and count what is right."""
    from feedbackminer.research.benchmarks.conversation import measure

    store = session.open().store
    figures = measure(*(store.read(name) for name in ("posts", "tags", "texts")))
    print_table(
        ("what", "known", "inferred", "precision", "recall", "F1", "simplest guess"),
        (
            (
                *(figure.what, f"{figure.n:,}", f"{figure.n_inferred:,}"),
                *(f"{v:.3f}" for v in (figure.value, figure.recall, figure.f1, figure.simple)),
            )
            for figure in figures
            if figure.n
        ),
    )


@app.command()
@command
def statements(
    _: Session,
    file: Annotated[Path, typer.Argument(help="Statements with what readers said of them")],
) -> None:
    """Print which part of the statements of digests says what the matter is, and is true."""
    from feedbackminer.research.benchmarks.statements import COLUMNS, read_verdicts

    print_table(COLUMNS, read_verdicts(file))


@app.command()
@command
def ask(
    session: Session,
    questions: Annotated[
        Path, typer.Option("--questions", help="JSON list: question, and posts, for, against, more")
    ],
    project: Annotated[Path, typer.Option("--project", help="The mined project they are put to")],
) -> None:
    """Put questions with known answers, and count what is found, told and called too few."""
    from feedbackminer.research.benchmarks import ask as bench

    asked = bench.read_questions(questions)
    figures = bench.measure(session.open(), asked)
    for one in figures.outcomes:
        if one.is_told == (one.found is None) or one.found is False:
            session.print(f"{'told' if one.is_told else 'too few'}: {one.question}")
    print_table(("what", "of the questions"), figures.rows())


def _print_figures(session: Session, figures: Figures) -> None:
    if figures.seconds:
        grown = ", ".join(f"{n:,} texts {seconds:.0f} s" for n, seconds in figures.seconds)
        session.print(f"CPU after the vectors: {grown}")
    columns = ("set", "method", "topics", "covered", "NMI", "ARI", "CPU s", "AMI seeds")
    rows = (
        (
            score.data,
            score.method,
            f"{score.topics} of {score.gold_topics}",
            f"{score.covered:.2f}",
            f"{score.nmi:.3f}",
            f"{score.ari:.3f}",
            f"{score.cpu_seconds:.0f}",
            f"{score.seeds_ami:.2f}",
        )
        for score in figures.scores
    )
    print_table(columns, rows)
    if long_posts := figures.multi_label:
        answer.print(
            f"{long_posts.n} long posts of one or two labels: both found "
            f"{long_posts.both:.0%}, further topics right {long_posts.right:.0%}, "
            f"a wrong one beside a single label {long_posts.wrong:.0%}"
        )


def _print_lasting(lasting: Sequence[Stability]) -> None:
    rows = (
        (
            kept.what,
            f"{kept.ami:.3f}",
            "" if isnan(kept.same_id) else f"{kept.same_id:.1%}",
            f"{kept.n:,}",
        )
        for kept in lasting
    )
    print_table(("what", "AMI", "same topic id", "posts"), rows)


@app.command()
@command
def tags(
    session: Session,
    data: Annotated[Path, typer.Option("--data", help="Folder of the public data sets")],
    labels: Annotated[
        Path, typer.Option("--labels", help="Folder of our labels, with train and check.jsonl")
    ] = Path("data/labels"),
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep vectors here for the next time")
    ] = None,
) -> None:
    """Compare tags with gold labels on sites that were not trained on; intervals are bootstrap."""
    from tempfile import TemporaryDirectory

    from feedbackminer.embed.load import load_encoder
    from feedbackminer.research.benchmarks import tags as bench
    from feedbackminer.research.examples import Sources
    from feedbackminer.settings.sections import EmbedSettings

    vectors = cache or Path(session.hold(TemporaryDirectory()))
    sources = Sources(data, labels, vectors, load_encoder(EmbedSettings()))
    columns = ("what", "measure", "n", "ours (95 %)", "beside it")
    print_table(columns, map(_tag_cells, bench.figures(sources).to_dicts()))

    heads, stage = bench.speed(sources)
    answer.print(f"Heads over known states, two processes: {heads:,.0f} posts a second")
    answer.print(f"The whole tagging, one process: {stage:,.0f} posts a second")


def _tag_cells(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """Write a figure of tags as the cells of its row."""
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    interval = "–" if value is None else f"{value:.3f}"
    interval += "" if low is None else f" ({low:.3f} to {high:.3f})"
    beside = ", ".join(f"{row['name']} {_reference(row)}" for row in figure["beside"])
    if figure["calibration_error"] is not None:
        beside += f"; calibration error {figure['calibration_error']:.3f}"
    return figure["what"], figure["measure"], f"{figure['n']:,}", interval, beside


def _reference(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    return f"{row['value']:.3f}" if row["n"] is None else f"{row['value']:.2f} of {row['n']}"


def _rate(rate: Estimate) -> str:
    """Print a share with its interval."""
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"
