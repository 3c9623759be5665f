"""``feedbackminer bench speed``: this pipeline and its peers in turn, on your machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import Session, answer, command, print_json, print_line, print_table
from feedbackminer.cli.options import AsJson, Quiet

if TYPE_CHECKING:
    from feedbackminer.research.benchmarks.speed.figures import Figure, Report

GIB = 2**30
SPEED = ("posts", "what", "s", "least–most", "CPU s", "× ours", "CPU ×", "GiB", "posts/s")
QUALITY = ("posts", "what", "NMI", "ARI", "no topic", "topics")
PLAIN: Mapping[str, Any] = {"box": None, "padding": (0, 1, 0, 0)}  # 80 letters wide


@command
def speed(
    session: Session,
    data: Annotated[Path, typer.Option("--data", help="Folder of the public data sets")],
    sizes: Annotated[
        str, typer.Option(help="Numbers of posts; what there is not is made of what there is")
    ] = "1000,4000,20000",
    repeat: Annotated[int, typer.Option(min=1, help="Turns of each; medians are printed")] = 3,
    peers: Annotated[
        str,
        typer.Option(
            help="Beside `topics fit`: run, bertopic, nmf, nmf10, keynmf, obsei; default: whatever "
            "is installed"
        ),
    ] = "run,bertopic,nmf,nmf10,keynmf,obsei",
    threads: Annotated[
        int, typer.Option(min=0, help="Cores that each may use; 0: all, as each does by itself")
    ] = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="SVG of seconds against posts")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Time topics here and elsewhere over the same posts, in turn, each in a process of its own."""
    from feedbackminer.research.benchmarks.speed.measure import measure

    report = measure(
        data,
        _numbers(sizes),
        repeat=repeat,
        peers=[name for name in map(str.strip, peers.split(",")) if name],
        threads=threads,
        tell=(lambda _: None) if quiet else session.print,
    )
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)
    if plot and report.figures:  # last: nothing is lost where it cannot be written
        from feedbackminer.research.benchmarks.speed.chart import render_chart

        _write(plot, render_chart(report.figures, report.growth))


def _print(report: Report) -> None:
    machine, rows = report.machine, sorted(report.figures, key=lambda row: row.posts)
    load = ", ".join(f"{one:.1f}" for one in machine.load_before)
    answer.print(f"{machine.processor}, cores: {machine.cores}; load before: {load}")
    for line in report.posts:
        answer.print(line)
    print_table(SPEED, map(_speed_cells, rows), **PLAIN)
    for row in rows:
        if row.stages:
            stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in row.stages.items())
            answer.print(f"{row.posts:,} posts, {row.title}: {stages}")
    print_table(QUALITY, map(_quality_cells, rows), **PLAIN)
    if report.growth:
        print_table(
            ("what", "slope of seconds", "slope of CPU"),
            ((row.title, f"{row.seconds:.2f}", f"{row.cpu_seconds:.2f}") for row in report.growth),
            **PLAIN,
        )
    for absent in report.absent:
        since = f" from {absent.posts:,} posts on" if absent.posts else ""
        print_line(f"Not measured{since}: {absent.title}: {absent.why}")


def _speed_cells(row: Figure) -> tuple[str, ...]:
    return (
        f"{row.posts:,}",
        row.title,
        f"{row.seconds.median:.1f}",
        f"{row.seconds.low:.1f}–{row.seconds.high:.1f}",
        f"{row.cpu_seconds.median:.1f}",
        _ratio(row.times_ours),
        _ratio(row.cpu_times_ours),
        f"{row.peak_bytes.median / GIB:.2f}",
        f"{row.posts_a_second:,.0f}",
    )


def _quality_cells(row: Figure) -> tuple[str, ...]:
    return (
        f"{row.posts:,}",
        row.title,
        f"{row.nmi.median:.3f}",
        f"{row.ari.median:.3f}",
        f"{row.no_topic.median:.0%}",
        f"{row.n_topics.median:.0f}",
    )


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _numbers(sizes: str) -> list[int]:
    from feedbackminer.errors import InputError

    try:
        numbers = [int(size.replace("_", "")) for size in sizes.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise InputError(f"--sizes {sizes!r}: want whole numbers from 1, such as 1000,4000")
    return numbers


def _write(path: Path, text: str) -> None:
    from feedbackminer.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
