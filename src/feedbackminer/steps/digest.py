"""⑨ Write the digest of what the store holds."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from feedbackminer import __version__
from feedbackminer.accounts import account_of
from feedbackminer.engine import audit
from feedbackminer.engine.ledger import Row, latest_checks, steps_behind
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import DriftError, InputError, StoreError
from feedbackminer.insight.period import GIVEN
from feedbackminer.insight.stage import READS as COUNTED
from feedbackminer.settings.sections import SegmentSettings, Settings
from feedbackminer.steps.events import events_of
from feedbackminer.steps.mining import STAGES
from feedbackminer.steps.staff import like_staff

if TYPE_CHECKING:
    from feedbackminer.digest.views import Digest, Provenance
    from feedbackminer.project.project import Project
    from feedbackminer.project.store import TableStore

NOTHING: Mapping[str, pl.DataFrame] = {}
PERIOD = ["name", "since", "until"]  # of the table periods: which it is
READS = (
    *("posts", "topics", "assignments", "tags", "threads", "members", "repeats"),
    *("sentences", "key_points", "matches"),
    *("dropped", "shares", "claims", "periods", "alert_levels", "events", "lineage"),
    *("decisions", "runs"),
)
# All that decides what a digest says; who has these at the same versions can make it anew.
PROVEN = tuple(dict.fromkeys((*READS, *COUNTED, "audit")))
# Settings that decided what a digest says, and that anybody may see; a path, an address or an
# account name among the others is nobody's business.
PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "clean": ("languages", "min_words", "long_words", "max_chars"),
    "embed": ("max_tokens",),
    "topics": (
        *("seed", "min_threads", "small_community", "max_topics", "thread_weight"),
        *("accept_quantile", "ignore_words", "clusterer"),
    ),
    "tag": ("components", "discovered", "least_voices", "alike_needs", "tagger"),
    "segments": tuple(SegmentSettings.model_fields),
    "insight": (
        *("period", "since", "until", "min_voices", "confidence"),
        *("false_alarms", "false_discovery", "routing", "rivals", "tickets_per_answer"),
    ),
    "alerts": ("days", "false_alarms"),
    "digest": ("product", "quotes_per_topic", "max_topics", "min_stability", "goals"),
}


def published_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that a digest prints, by section."""
    return settings.model_dump(mode="json", include={k: set(v) for k, v in PUBLISHED.items()})


def write_digest(
    run: Run, out: Path, *, force: bool = False, counted: Mapping[str, pl.DataFrame] = NOTHING
) -> Outcome:
    """⑨ Write the digest of what the store holds.

    Args:
        force: write it although a check warns that the settings let stop it.
        counted: tables in place of those of the store: claims of another period.
    Raises:
        InputError: nothing was mined yet, or ``out`` cannot be written.
        DriftError: a check warns that the settings let stop a digest.
        StoreError: posts were changed after they were counted.
    """
    from feedbackminer.digest.render import FILES, render_digest
    from feedbackminer.publish.folder import write_folder

    run.reporter.start("digest", None)
    began = time.perf_counter()
    refuse_unmined(run.project)
    if not force:
        _refuse_unusual(run.project)

    content = digest_of(run, counted)
    files = render_digest(content)
    _refuse_misstated(run.project, files)
    write_folder(files, out, replaces=FILES)
    detail = f"claims shown; sha256 {hash_files(files)}"
    audit.record(run, "publish", str(out.resolve()), len(content.claims), detail)
    outcome = Outcome(content.account, time.perf_counter() - began, False)
    read, settings = content.provenance.versions, run.project.settings.digest
    run.record(outcome, read=read, settings=settings, code=write_digest)
    return outcome


def hash_files(files: Mapping[str, str]) -> str:
    """Return what only the same files have in common: a SHA-256 of their names and texts."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()


def digest_of(run: Run, counted: Mapping[str, pl.DataFrame] = NOTHING) -> Digest:
    """Return what a digest of the store says, before any format.

    Args:
        counted: tables in place of those of the store.
    Raises:
        InputError: nothing was mined yet.
    """
    from feedbackminer.digest.stage import build_digest

    refuse_unmined(run.project)
    store = run.project.store
    tables = {name: store.read(name) for name in READS if name not in counted} | dict(counted)
    tables["events"] = events_of(tables["events"], run.project.settings)
    settings = run.project.settings.digest
    suspects, source = like_staff(run.project), _provenance(run, tables["periods"])
    return build_digest(tables, settings=settings, provenance=source, like_staff=suspects)


def _provenance(run: Run, periods: pl.DataFrame) -> Provenance:
    """Return what the tables of now come from; settings name the period that was counted."""
    from feedbackminer.digest.views import Provenance

    store = run.project.store
    steps = steps_done(store)
    return Provenance(
        run_id=run.run_id,
        made_at=run.started_at,
        code_version=__version__,
        models={role: name for step in steps for role, name in step["models"].items()},
        versions=store.versions(PROVEN),
        settings=published_settings(
            as_counted(run.project.settings, **periods.select(PERIOD).row(0, named=True))
        ),
        accounts=[account_of(step) for step in steps],
        seconds={step["stage"]: step["seconds"] for step in steps},
        notices=list(dict.fromkeys(notice for step in steps for notice in step["notices"])),
        heads=run.models.tagger.cards,
    )


def as_counted(
    settings: Settings, name: str, since: datetime | None, until: datetime | None
) -> Settings:
    """Return settings with a period that claims are of, which an option may have named."""
    if until is None:
        return settings
    is_given = name == GIVEN
    named = {
        "period": "auto" if is_given else name,
        "since": since if is_given else None,
        "until": until,
    }
    insight = settings.insight.model_copy(update=named)
    return settings.model_copy(update={"insight": insight})


def steps_done(store: TableStore) -> list[Row]:
    """Return the steps that the tables of today come from, in order."""
    erasures = store.read("audit").filter(pl.col("action").is_in(["erase", "retain"]))
    stages = [stage.name for stage in STAGES]
    posts = store.read("posts", ["post_id"])
    return steps_behind(store.read("runs"), posts, stages, int(erasures["rows"].sum()))


def check_target(out: Path) -> None:
    """Raise InputError where no digest can be written: a file, or a folder of something else."""
    from feedbackminer.digest.render import FILES
    from feedbackminer.publish.folder import refuse_foreign

    refuse_foreign(out, FILES)


def refuse_unmined(project: Project) -> None:
    """Raise InputError where nothing was mined yet."""
    if project.store.version("claims") is None:
        raise InputError(f"{project.folder}: nothing was mined yet; run `feedbackminer mine` first")
    if project.store.read("periods").is_empty():
        raise InputError(
            f"{project.folder}: was mined by an older version, which knew no periods; run "
            "`feedbackminer mine` again"
        )


def _refuse_misstated(project: Project, files: Mapping[str, str]) -> None:
    """Raise StoreError where a digest would say of posts what they do not say."""
    from feedbackminer.digest.proof import JSON, misstated

    columns = ["post_id", "author_id", "title", "body"]
    wrong = list(misstated(json.loads(files[JSON]), project.store.read("posts", columns)))
    if wrong:
        raise StoreError(
            f"{project.folder}: no digest was written: posts were changed after they were counted "
            f"({wrong[0]}; {len(wrong):,} in all); run `feedbackminer mine`, then again"
        )


def _refuse_unusual(project: Project) -> None:
    """Raise DriftError where a check warns that ``drift.block`` names."""
    block = project.settings.drift.block
    warning = latest_checks(project.store).filter(pl.col("status") == "warning")
    stopping = warning if "all" in block else warning.filter(pl.col("check").is_in(block))
    if not len(stopping):
        return
    warnings = "; ".join(
        f"{row['check']}: got {row['value']:.3g}, expected {row['low']:.3g} to {row['high']:.3g} "
        f"({row['detail']})"
        for row in stopping.to_dicts()
    )
    raise DriftError(
        f"{project.folder}: the digest was stopped, for the latest week is unlike those before: "
        f"{warnings}. Look for the cause; then write it with --force, or take the check out of "
        "[drift] block"
    )
