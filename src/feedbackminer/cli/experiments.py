"""``feedbackminer experiment``: run a file, repeat it, compare what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import Session, answer, command, print_json, print_line, print_table
from feedbackminer.cli.options import AsJson, Quiet

if TYPE_CHECKING:
    from feedbackminer.research.experiments.compare import Comparison
    from feedbackminer.research.experiments.spec import Value

app = typer.Typer(
    help="Rerun on new data, compare encoders, clusterers and heads, and trust the figures.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
WORSE = 1
PLAIN: Mapping[str, Any] = {"box": None, "padding": (0, 1, 0, 0)}  # 80 letters wide


@app.command()
@command
def init(
    session: Session,
    data: Annotated[str, typer.Argument(help="Texts, a project, or a folder of debates")],
    out: Annotated[Path, typer.Option("--out", help="The experiment that is written")],
    stage: Annotated[
        str,
        typer.Option(
            help="topics, sentiment, kind, kinds, masking, key_points, links, answers, "
            "changes, alerts or outcomes"
        ),
    ] = "topics",
    text: Annotated[str, typer.Option(help="Column with the text")] = "text",
    label: Annotated[str, typer.Option(help="Column with the label; empty: there is none")] = "",
) -> None:
    """Write an experiment that compares the default encoder with the static one, to be edited."""
    from feedbackminer.research.experiments.write import write_spec

    write_spec(out, data=data, stage=stage, text=text, label=label)
    session.print(f"{out}: edit it, then `feedbackminer experiment run {out}`")


@app.command()
@command
def run(
    session: Session,
    file: Annotated[Path, typer.Argument(help="An experiment, or a manifest.json to repeat")],
    data: Annotated[
        str, typer.Option("--data", help="Other texts: a file of the same columns, or a project")
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="e.g. topics.max_topics=50; repeatable"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of results")] = Path("results"),
    mlflow: Annotated[
        str, typer.Option("--mlflow", metavar="URI", help="Tell MLflow too (extra mlflow)")
    ] = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run an experiment; what was done already is not done again."""
    from feedbackminer.research.experiments import run as experiments

    experiment = experiments.prepare(file, data=data, overrides=_settings(settings or ()))
    for notice in experiment.notices:
        session.print(f"Note: {notice}.")
    folder = experiments.run(experiment, out, (lambda _: None) if quiet else session.print)
    if mlflow:
        from feedbackminer.research.experiments.tracking import track

        session.print(f"MLflow: {', '.join(track(experiment, folder, mlflow))}")
    if as_json:
        print_json({"folder": str(folder), "report": str(folder / "report.html")})
        return
    print_line((folder / "report.md").read_text("utf-8"))
    print_line(f"Results: {folder}")


@app.command()
@command
def compare(
    session: Session,
    a: Annotated[str, typer.Argument(help="A folder of results, or one line of it: FOLDER@NAME")],
    b: Annotated[
        str | None, typer.Argument(help="What is held against it; default: the next line of it")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 1 where B is shown to be worse")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell how far two outcomes differ, and whether that is more than chance."""
    from feedbackminer.research.experiments.compare import compare as compare_outcomes

    comparison = compare_outcomes(a, b)
    if as_json:
        print_json(asdict(comparison))
    else:
        _print_comparison(comparison)
    if gate and comparison.worse:
        session.complain(f"{comparison.b} is worse: {', '.join(comparison.worse)}", title="Gate")
        raise typer.Exit(WORSE)


def _print_comparison(comparison: Comparison) -> None:
    n_seeds = comparison.n_seeds
    seeds = f"{n_seeds} seed{'s' if n_seeds > 1 else ''}"
    print_line(
        f"A {comparison.a}\nB {comparison.b}\n{comparison.n_texts:,} {comparison.rows}, {seeds}; "
        "intervals hold for all measures together with 95 %"
    )
    rows = []
    for row in comparison.differences:
        is_drawn = row.low == row.low
        told = row.shown or ("no difference shown" if is_drawn else "not drawn")
        interval = f"{row.low:+.3f} to {row.high:+.3f}" if is_drawn else ""
        numbers = (f"{row.a:.3f}", f"{row.b:.3f}", f"{row.b - row.a:+.3f}")
        rows.append((row.measure, *numbers, interval, told))
    print_table(("measure", "A", "B", "B − A", "interval", "B is"), rows, **PLAIN)
    if same := [turn for turn in comparison.topics if turn.what == "same"]:
        n_texts = sum(turn.n_texts for turn in same)
        print_line(f"{len(same)} topics are the same, of {n_texts:,} texts in A")
    others = [turn for turn in comparison.topics if turn.what != "same"]
    if others:
        print_table(
            ("", "in A", "in B", "texts"),
            [(t.what, "; ".join(t.a), "; ".join(t.b), f"{t.n_texts:,}") for t in others],
            **PLAIN,
        )
    such_as = ", such as:" if comparison.moved else ""
    print_line(f"{comparison.n_moved:,} {comparison.rows} moved{such_as}")
    for one in comparison.moved:
        gold = f" (people: {one.gold})" if one.gold else ""
        answer.print(f"  {one.a or 'none'} → {one.b or 'none'}{gold}: {one.text}", markup=False)


def _settings(pairs: list[str] | tuple[str, ...]) -> dict[str, Value]:
    """Return what ``--set`` says; values as TOML has them, and whatever is none is a string."""
    import tomllib

    from feedbackminer.errors import InputError

    settings: dict[str, Value] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            raise InputError(f"--set {pair!r}: want KEY=VALUE, such as topics.max_topics=50")
        try:
            settings[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key] = value
    return settings
