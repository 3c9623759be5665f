"""From an export to a digest: run, import, mine, digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import (
    INTERRUPTED,
    TOO_MANY_DROPPED,
    Session,
    command,
    exit_code,
    print_json,
    print_table,
)
from feedbackminer.cli.options import AsJson, Config, Identities, LogJson, ProjectFolder, Quiet
from feedbackminer.cli.previews import show_previews

if TYPE_CHECKING:
    from feedbackminer.engine.run import Planned
    from feedbackminer.engine.stage import Outcome

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT...",
        help="A table, JSON, mail, or a platform's export (docs/imports.md); - for stdin",
    ),
]
Threads = Annotated[
    list[str] | None, typer.Option("--threads", help="File with a title and channel per thread")
]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="e.g. body=text; repeatable"),
]
Source = Annotated[str | None, typer.Option(help="Prefix of post ids; default: the file's name")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of text files, e.g. cp1252")]
Product = Annotated[
    str | None, typer.Option(help="Name of the product: for the title, and no name of a topic")
]
Period = Annotated[
    str | None,
    typer.Option(
        help="What the digest is of, and held against what was before: the latest week, month, "
        "quarter or year, or all; default: the shortest in which 200 members spoke"
    ),
]
Since = Annotated[str | None, typer.Option(help="First day of the period, in place of --period")]
Until = Annotated[str | None, typer.Option(help="Leave out posts from this date on")]
MaxDropped = Annotated[
    float | None, typer.Option(min=0, max=1, help="Exit with 1 when more of the rows were dropped")
]
Force = Annotated[
    bool, typer.Option("--force", help="Write it although a check of [drift] block warns")
]
Preview = Annotated[
    bool, typer.Option("--preview", help="Show what would be read as what, and store nothing")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the digest")]
Archive = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        help="In place of --out: a folder for the digest of each period, with an index of them",
    ),
]


@command
def run(
    session: Session,
    files: Files,
    out: Out = None,
    archive: Archive = None,
    threads: Threads = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="Keep the store here; else it is temporary")
    ] = None,
    map_: Maps = None,
    source: Source = None,
    identities: Identities = None,
    encoding: Encoding = None,
    product: Product = None,
    period: Period = None,
    since: Since = None,
    until: Until = None,
    settings: Config = None,
    max_dropped: MaxDropped = None,
    force: Force = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Import an export, mine it and write the digest, all in one go."""
    from feedbackminer.steps import mining
    from feedbackminer.steps.archive import Destination
    from feedbackminer.steps.exports import collect_exports

    overrides = _overrides(
        maps=map_, source=source, identities=identities, encoding=encoding, product=product,
        period=period, since=since, until=until, max_dropped=max_dropped,
    )  # fmt: skip
    destination = Destination(out, archive)
    destination.check()  # now, not after an hour of encoding
    if project is None:
        session.folder = session.hold(_temporary_folder())
        session.resume_hint = f"run it again with --project {session.folder} to continue"

    run = session.begin(overrides)
    outcomes = [collect_exports(run, files, threads or []), *mining.mine(run)]
    outcomes.append(destination.write(run, force=force))
    session.summarise(run, outcomes, destination.folder(run.project))
    _exit_if_too_many_dropped(session, outcomes, run.project.settings.max_dropped_share)


@command
def import_(
    session: Session,
    files: Files,
    threads: Threads = None,
    project: ProjectFolder = Path(),
    map_: Maps = None,
    source: Source = None,
    identities: Identities = None,
    encoding: Encoding = None,
    settings: Config = None,
    max_dropped: MaxDropped = None,
    preview: Preview = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Read exports into the project's store; repeating it changes nothing."""
    from feedbackminer.steps.exports import collect_exports, preview_exports

    overrides = _overrides(
        maps=map_, source=source, identities=identities, encoding=encoding, max_dropped=max_dropped
    )
    if preview:
        chosen = session.settings(overrides).collect
        previews = preview_exports(files, threads or [], chosen)
        show_previews(previews, as_json=as_json)
        return
    run = session.begin(overrides)
    outcomes = [collect_exports(run, files, threads or [])]
    session.summarise(run, outcomes)
    _exit_if_too_many_dropped(session, outcomes, run.project.settings.max_dropped_share)


@command
def mine(
    session: Session,
    project: ProjectFolder = Path(),
    product: Product = None,
    period: Period = None,
    since: Since = None,
    until: Until = None,
    settings: Config = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be done anew, and why; do nothing")
    ] = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Clean, embed, group, tag and count what was imported; done work is not done again."""
    from feedbackminer.engine.run import Run
    from feedbackminer.steps import mining

    overrides = _overrides(product=product, period=period, since=since, until=until)
    if plan:
        _show_plan(mining.plan(Run(session.open(overrides))), as_json=as_json)
        return
    run = session.begin(overrides)
    session.summarise(run, mining.mine(run))


def _show_plan(plan: Sequence[Planned], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(planned) for planned in plan])
        return
    rows = [(planned.stage, planned.what, ", ".join(planned.why)) for planned in plan]
    print_table(("stage", "is", "because of"), rows)


@command
def digest(
    session: Session,
    out: Out = None,
    archive: Archive = None,
    project: ProjectFolder = Path(),
    product: Product = None,
    period: Period = None,
    since: Since = None,
    until: Until = None,
    settings: Config = None,
    force: Force = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Write the digest of what was mined: index.html, digest.md and digest.json.

    With a period of its own, what was mined is counted anew for it.
    """
    from feedbackminer.steps.archive import Destination
    from feedbackminer.steps.mining import INSIGHT

    destination = Destination(out, archive)
    run = session.begin(_overrides(product=product, period=period, since=since, until=until))
    counted = [run.step(INSIGHT)] if period or since or until else []
    outcomes = [*counted, destination.write(run, force=force)]
    session.summarise(run, outcomes, destination.folder(run.project))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Make a folder that stays only where a run was interrupted, which can continue from it."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="feedbackminer-"))
    is_kept = False
    try:
        yield folder
    except BaseException as error:
        is_kept = exit_code(error) == INTERRUPTED
        raise
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _overrides(
    *,
    maps: Sequence[str] | None = None,
    source: str | None = None,
    identities: Path | None = None,
    encoding: str | None = None,
    product: str | None = None,
    period: str | None = None,
    since: str | None = None,
    until: str | None = None,
    max_dropped: float | None = None,
) -> dict[str, Any]:
    """Return the options of the command line in the shape of the settings file."""
    given: dict[str, dict[str, Any]] = {
        "collect": {
            "map": _parse_maps(maps),
            "source": source,
            "identities": str(identities.absolute()) if identities else None,
            "encoding": encoding,
        },
        "digest": {"product": product},
        # A first day takes the place of a length, that of the settings too.
        "insight": {"period": period or (since and "auto"), "since": since, "until": until},
    }
    chosen: dict[str, Any] = {
        stage: {name: value for name, value in options.items() if value}
        for stage, options in given.items()
    }
    return chosen | ({} if max_dropped is None else {"max_dropped_share": max_dropped})


def _parse_maps(maps: Sequence[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in maps or []]
    for field, equals, column in pairs:
        if not (field and equals and column):
            raise typer.BadParameter(
                f"{field + equals + column!r}: want FIELD=COLUMN, e.g. body=text"
            )
    return {field: column for field, _, column in pairs}


def _exit_if_too_many_dropped(
    session: Session, outcomes: Sequence[Outcome], allowed: float | None
) -> None:
    """Compare the share of rows lost in reading and cleaning with what the user allows."""
    from feedbackminer.accounts import LOSSY

    lossy = [o.account for o in outcomes if o.account.stage in LOSSY]
    rows = lossy[0].rows_in
    lost = sum(sum(account.dropped.values()) for account in lossy)
    if allowed is not None and rows and lost / rows > allowed:
        session.print(
            f"{lost:,} of {rows:,} rows were dropped, more than {allowed:.1%} of them",
            style="yellow",
        )
        raise typer.Exit(TOO_MANY_DROPPED)
