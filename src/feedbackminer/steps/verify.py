"""Make a published digest anew from the tables that it was made from, and compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import ValidationError

from feedbackminer.collect.events import events_frame
from feedbackminer.digest.proof import JSON, Difference, differences, misstated
from feedbackminer.engine.ledger import Row, decode
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, StoreError
from feedbackminer.insight.stage import READS as COUNTED
from feedbackminer.insight.stage import mine_claims
from feedbackminer.project.memory import MemoryStore
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import Settings
from feedbackminer.steps.digest import PROVEN, digest_of, hash_files
from feedbackminer.steps.events import events_of

if TYPE_CHECKING:
    from feedbackminer.digest.views import Digest
    from feedbackminer.project.store import TableStore

# Another version may count otherwise, and posts may have changed: a digest alone would not hold.
AGAIN = "`feedbackminer mine` and then `feedbackminer digest` write it again"


@dataclass(frozen=True)
class Proof:
    """A published digest beside the same made anew.

    Attributes:
        wrong: whatever it says otherwise than its tables do.
        files: of it, as they were found.
        digest: made anew; None: no run of this project wrote it.
        store: the tables that it was made of, in memory; None: likewise.
    """

    wrong: list[Difference]
    files: Mapping[str, str]
    digest: Digest | None = None
    store: TableStore | None = None


def verify(project: Project, folder: Path) -> list[Difference]:
    """Return whatever a published digest says otherwise than its tables do; empty: nothing.

    Raises:
        InputError: ``folder`` holds no digest of this project.
        StoreError: a version of a table is not kept any more.
    """
    return prove(project, folder).wrong


def prove(project: Project, folder: Path) -> Proof:
    """Make a published digest anew, and compare.

    Claims are counted anew from the tables at the versions that the ledger of runs names, all
    files are rendered anew and compared, every quote is looked up in its post, and the files are
    held against the hash that was noted when they were written. Raises as ``verify`` does.
    """
    from feedbackminer.digest.render import render_digest

    found = _files(folder)
    content = _content(found, folder)
    row = _row(project, content)
    if row is None:
        by_none = Difference("run_id", str(content["run_id"]), "a run that wrote a digest here")
        return Proof([by_none], found)
    settings, wrong = settings_as_told(project.settings, content["settings"])
    events, unknown = _events(project, content["events"])
    then = _as_of(project, row["reads"], settings, events)
    digest = _made_anew(then, row, content)
    expected = render_digest(digest)
    wrong += [*unknown, *differences(found, expected)]
    wrong += misstated(json.loads(expected[JSON]), then.store.read("posts"))
    if not wrong and not _is_as_written(project, found):
        wrong += differences(found, expected, tolerance=0)
        by_hash = Difference("the files", "others", "those that were written, by their hash")
        wrong = wrong or [by_hash]
    return Proof(wrong, found, digest, then.store)


def _files(folder: Path) -> dict[str, str]:
    if not (folder / JSON).is_file():
        raise InputError(f"{folder}: holds no digest; want a folder with {JSON}")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8", errors="replace")
        for path in paths
    }


def _content(found: Mapping[str, str], folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(found[JSON])
        if isinstance(content["settings"], dict) and isinstance(content["events"], list):
            datetime.fromisoformat(content["made_at"])
            return content
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / JSON}: cannot be read as a digest: {error}") from None
    raise InputError(f"{folder / JSON}: cannot be read as a digest: settings or events are none")


def _row(project: Project, content: Mapping[str, Any]) -> Row | None:
    """Return what the ledger tells of the step that wrote a digest."""
    is_it = (pl.col("run_id") == str(content["run_id"])) & (pl.col("stage") == "digest")
    rows = decode(project.store.read("runs").filter(is_it).sort("finished_at").tail(1))
    if rows and not set(PROVEN) <= set(rows[0]["reads"]):
        raise InputError(
            f"run {content['run_id']}: an older version wrote this digest, and did not note all "
            f"that it read; {AGAIN}"
        )
    return rows[0] if rows else None


def settings_as_told(now: Settings, then: Mapping[str, Any]) -> tuple[Settings, list[Difference]]:
    """Return settings as a digest names them, and those that no settings can be."""
    sections, wrong = {}, []
    for name, given in then.items():
        section = getattr(now, name, None)
        try:
            sections[name] = type(section).model_validate(section.model_dump() | given)  # type: ignore[union-attr]
        except (ValidationError, AttributeError, TypeError):
            wrong.append(Difference(f"settings.{name}", json.dumps(given), "settings that hold"))
    return now.model_copy(update=sections), wrong


def _events(project: Project, told: list[Any]) -> tuple[pl.DataFrame, list[Difference]]:
    """Return the events that a digest tells of, and those of them that nobody knows."""
    known = events_of(project.store.read("events"), project.settings)
    rows = known.select("at", "name", "kind").rows()
    given = [(datetime.fromisoformat(event["at"]), event["name"], event["kind"]) for event in told]
    unknown = [
        Difference(f"events[{number}]", str(event[1]), "an event that is known")
        for number, event in enumerate(given)
        if event not in rows
    ]
    return events_frame(given, "digest"), unknown


def _as_of(
    project: Project, versions: Mapping[str, int | None], settings: Settings, events: pl.DataFrame
) -> Project:
    """Return a project as it was when a digest was made, in memory."""
    store = MemoryStore()
    for name, version in versions.items():
        if version is not None:
            try:
                store.replace(name, project.store.read(name, version=version))
            except StoreError as error:
                raise StoreError(
                    f"{error}: what was replaced is kept for a week, what was erased not at all; "
                    f"{AGAIN}"
                ) from error
    store.replace("events", events)
    return replace(project, store=store, settings=settings.model_copy(update={"events": {}}))


def _made_anew(then: Project, row: Row, content: Mapping[str, Any]) -> Digest:
    """Count the claims of a project as it was, and build its digest."""
    tables = {name: then.store.read(name) for name in COUNTED}
    mined = mine_claims(tables, settings=then.settings.insight)
    for name in ("periods", "shares", "claims"):
        then.store.replace(name, getattr(mined, name))
    made_at = datetime.fromisoformat(content["made_at"])
    digest = digest_of(Run(then, run_id=row["run_id"], started_at=made_at))
    source = replace(digest.provenance, versions=row["reads"], code_version=row["code_version"])
    return replace(digest, provenance=source)


def _is_as_written(project: Project, found: Mapping[str, str]) -> bool:
    published = project.store.read("audit").filter(action="publish")["detail"]
    return published.str.contains(hash_files(found), literal=True).any()
