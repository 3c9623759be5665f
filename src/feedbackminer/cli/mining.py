"""From an export to a digest: run, import, mine, digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import (
    INTERRUPTED,
    TOO_MANY_DROPPED,
    console,
    guard,
    new_run,
    open_at,
    summarise,
)
from feedbackminer.cli.options import AsJson, Config, LogJson, ProjectFolder, Quiet

if TYPE_CHECKING:
    from feedbackminer.engine.stage import Outcome
    from feedbackminer.project.project import Project

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT...",
        help="JSONL, JSON, CSV, Parquet, mbox, Maildir, Slack, Discord, tickets; - for stdin",
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
Product = Annotated[str | None, typer.Option(help="Name of the product, for the title")]
Since = Annotated[str | None, typer.Option(help="Leave out posts before this date")]
Until = Annotated[str | None, typer.Option(help="Leave out posts from this date on")]
MaxDropped = Annotated[
    float | None, typer.Option(min=0, max=1, help="Exit with 1 when more of the rows were dropped")
]
Force = Annotated[
    bool, typer.Option("--force", help="Write it although a check of [drift] block warns")
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the digest")]


def run(
    files: Files,
    out: Out,
    threads: Threads = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="Keep the store here; else it is temporary")
    ] = None,
    map_: Maps = None,
    source: Source = None,
    encoding: Encoding = None,
    product: Product = None,
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
    import shutil
    import tempfile

    from feedbackminer.steps import mining
    from feedbackminer.steps.digest import check_target, write_digest
    from feedbackminer.steps.exports import collect_exports

    folder = project or Path(tempfile.mkdtemp(prefix="feedbackminer-"))
    overrides = _overrides(
        maps=map_, source=source, encoding=encoding, product=product, since=since, until=until,
        max_dropped=max_dropped,
    )  # fmt: skip

    def work() -> None:
        check_target(out)  # now, not after an hour of encoding
        current = open_at(folder, settings, overrides)
        this = new_run(current, quiet)
        outcomes = [collect_exports(this, files, threads or []), *mining.mine(this)]
        outcomes.append(write_digest(this, out, force=force))
        summarise(this, outcomes, out, quiet, as_json)
        _exit_if_too_many_dropped(current, outcomes)

    hint = f"run it again with --project {folder} to continue" if project is None else ""
    is_kept = project is not None
    try:
        guard(work, resume_hint=hint, log_json=log_json)
    except typer.Exit as end:
        is_kept = is_kept or end.exit_code == INTERRUPTED
        raise
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def import_(
    files: Files,
    threads: Threads = None,
    project: ProjectFolder = Path(),
    map_: Maps = None,
    source: Source = None,
    encoding: Encoding = None,
    settings: Config = None,
    max_dropped: MaxDropped = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Read exports into the project's store; repeating it changes nothing."""
    from feedbackminer.steps.exports import collect_exports

    overrides = _overrides(maps=map_, source=source, encoding=encoding, max_dropped=max_dropped)

    def work() -> None:
        current = open_at(project, settings, overrides)
        this = new_run(current, quiet)
        outcomes = [collect_exports(this, files, threads or [])]
        summarise(this, outcomes, None, quiet, as_json)
        _exit_if_too_many_dropped(current, outcomes)

    guard(work, log_json=log_json)


def mine(
    project: ProjectFolder = Path(),
    product: Product = None,
    since: Since = None,
    until: Until = None,
    settings: Config = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Clean, embed, group, tag and count what was imported; done work is not done again."""
    from feedbackminer.steps import mining

    overrides = _overrides(product=product, since=since, until=until)

    def work() -> None:
        this = new_run(open_at(project, settings, overrides), quiet)
        summarise(this, mining.mine(this), None, quiet, as_json)

    guard(work, log_json=log_json)


def digest(
    out: Out,
    project: ProjectFolder = Path(),
    product: Product = None,
    settings: Config = None,
    force: Force = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Write the digest of what was mined: index.html, digest.md and digest.json."""
    from feedbackminer.steps.digest import write_digest

    overrides = _overrides(product=product)

    def work() -> None:
        this = new_run(open_at(project, settings, overrides), quiet)
        summarise(this, [write_digest(this, out, force=force)], out, quiet, as_json)

    guard(work, log_json=log_json)


def _overrides(
    *,
    maps: Sequence[str] | None = None,
    source: str | None = None,
    encoding: str | None = None,
    product: str | None = None,
    since: str | None = None,
    until: str | None = None,
    max_dropped: float | None = None,
) -> dict[str, Any]:
    """Return the options of the command line in the shape of the settings file."""
    given: dict[str, dict[str, Any]] = {
        "collect": {"map": _parse_maps(maps), "source": source, "encoding": encoding},
        "digest": {"product": product},
        "insight": {"since": since, "until": until},
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


def _exit_if_too_many_dropped(project: Project, outcomes: Sequence[Outcome]) -> None:
    """Compare the share of rows lost in reading and cleaning with what the user allows."""
    allowed = project.settings.max_dropped_share
    lossy = [o.account for o in outcomes if o.account.stage in ("collect", "clean")]
    rows = lossy[0].rows_in
    lost = sum(sum(account.dropped.values()) for account in lossy)
    if allowed is not None and rows and lost / rows > allowed:
        console.print(
            f"[yellow]{lost:,} of {rows:,} rows were dropped, more than {allowed:.1%} of them[/]"
        )
        raise typer.Exit(TOO_MANY_DROPPED)
