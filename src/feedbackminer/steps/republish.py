"""Digests that were published: rendered again without what was erased, or withdrawn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from feedbackminer.digest.render import FILES
from feedbackminer.engine.run import Run
from feedbackminer.errors import FeedbackminerError
from feedbackminer.insight.stage import READS as COUNTED
from feedbackminer.insight.stage import mine_claims
from feedbackminer.project.project import Project
from feedbackminer.steps import archive as archives
from feedbackminer.steps.digest import as_counted, write_digest
from feedbackminer.steps.verify import settings_as_told

MISSING = "is not there any more; copies of it are not reached"
ELSEWHEN = "covers another time"
RENDERED = "rendered again"


def published(audit: pl.DataFrame) -> list[Path]:
    """Return the folders that digests were written into, in order."""
    rows = audit.filter(pl.col("action") == "publish").sort("at")
    return [Path(folder) for folder in rows["subject"].unique(maintain_order=True)]


def render_again(
    run: Run, folders: Iterable[Path], *, since: datetime | None, until: datetime | None
) -> dict[str, str]:
    """Write digests anew from the tables of now, each of its own period, with its own settings.

    One that cannot be rendered is withdrawn: its pages are deleted. The index of an archive quotes
    its digests, and is written anew with them.

    Args:
        since: before this nobody knew of anything that was erased; None: not known.
        until: when the last that may tell of it was; None: until today.
    Returns:
        folder -> what became of it.
    """
    told = {folder: _again(run, folder, since, until) for folder in folders}
    parents = {folder.parent for folder in told if archives.is_archive(folder.parent)}
    told |= {archive: _renew(archive) for archive in sorted(parents)}
    return {str(path): what for path, what in told.items()}


def _renew(archive: Path) -> str:
    try:
        archives.renew(archive)
    except (FeedbackminerError, OSError) as error:
        archives.withdraw(archive)
        return f"its index was withdrawn, for it could not be written ({type(error).__name__})"
    return "its index was renewed"


def _again(run: Run, folder: Path, since: datetime | None, until: datetime | None) -> str:
    data = folder / "digest.json"
    if not data.exists():
        return MISSING
    try:
        content = json.loads(data.read_text("utf-8"))
        if _is_outside(content, since, until):
            return ELSEWHEN
        anew = _as_published(run, content)
        write_digest(anew, folder, force=True, counted=_counted(anew.project))
    except (FeedbackminerError, OSError, ValueError, KeyError, TypeError) as error:
        withdraw(folder)
        return f"withdrawn, for it could not be rendered again ({type(error).__name__})"
    return RENDERED


def withdraw(folder: Path) -> None:
    """Delete the pages of a digest; the folder stays."""
    for name in FILES:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _is_outside(content: dict[str, Any], since: datetime | None, until: datetime | None) -> bool:
    """Tell whether a digest can tell of nothing that was erased.

    It was made before anybody knew of it, or its long view begins later.
    """
    first = _moment(content["period"]["history_since"])
    is_before = bool(since and datetime.fromisoformat(content["made_at"]) < since)
    return is_before or bool(until and first and first > until)


def _as_published(run: Run, content: dict[str, Any]) -> Run:
    """Return a run of its own, with the settings and the period that a digest had."""
    settings, _ = settings_as_told(run.project.settings, content.get("settings", {}))
    period = content["period"]
    ends = {name: _moment(period[name]) for name in ("since", "until")}
    project = replace(run.project, settings=as_counted(settings, period["name"], **ends))
    return replace(run, run_id="", parent_run="", project=project)


def _counted(project: Project) -> dict[str, pl.DataFrame]:
    """Count claims of the period that the settings name."""
    tables = {name: project.store.read(name) for name in COUNTED}
    mined = mine_claims(tables, settings=project.settings.insight)
    return {"periods": mined.periods, "shares": mined.shares, "claims": mined.claims}


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
