"""Mine posts that are in memory, or open a project that was mined."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedbackminer.api.community import Community
from feedbackminer.api.frames import as_rows
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, SettingsError
from feedbackminer.privacy.key import KEY_BYTES
from feedbackminer.project import project as projects
from feedbackminer.project.memory import MemoryStore
from feedbackminer.project.project import Project
from feedbackminer.project.store import Store
from feedbackminer.settings.load import load, merge
from feedbackminer.settings.sections import Settings

SOURCE = "posts"  # prefix of the ids of posts in memory


def mine(
    posts: Any,
    *,
    product: str = "",
    columns: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Community:
    """Mine posts into topics, tags and claims; nothing is written to disk.

    Workers of Ray (``{"engine": {"kind": "ray"}}``) cannot reach the memory of this process: then
    tables are in a folder that goes with what is returned, or in the empty place that
    ``{"store": {"url": …}}`` names, and stay there.

    Args:
        posts: a pandas, Polars or Arrow table, a list of mappings, or a list of strings. Columns
            are guessed as in an export: ``body``, ``author``, ``created_at``, ``thread_id``, …
        product: its name, for the title; it is no member, though an account may be called so.
        columns: our column = yours, such as ``{"body": "text"}``.
        settings: nested like ``feedbackminer.toml``, such as ``{"topics": {"seed": 7}}``.
    Returns:
        what the posts say, with the account of every row.
    Raises:
        InputError: there are no rows, no column can hold the text, or none of them is a post.
        SettingsError: a setting is wrong.
    """
    from feedbackminer.steps.exports import collect_rows
    from feedbackminer.steps.mining import mine as mine_project

    arguments = {
        "digest": {"product": product} if product else {},
        "collect": {"map": columns or {}},
    }
    project = _new_project(load(None, merge(settings or {}, arguments)))

    run = Run(project)
    collect_rows(run, as_rows(posts), name=SOURCE)
    mine_project(run)
    return Community(project)


def open_project(folder: str | Path) -> Community:
    """Open a project that the command line or a flow has mined.

    Raises:
        InputError: there is no such project.
        SettingsError: its settings are wrong.
    """
    path = Path(folder)
    if not path.is_dir():
        raise InputError(f"{path}: no such project; `feedbackminer init {path}` makes one")
    return Community(projects.open_project(path))


def _new_project(settings: Settings) -> Project:
    """Return a project that is kept nowhere; its folder is none."""
    folder = Path(tempfile.gettempdir()) / f"feedbackminer-{secrets.token_hex(8)}"
    store = MemoryStore() if settings.engine.kind == "local" else _shared_store(settings)
    return Project(folder, settings, store, key=secrets.token_bytes(KEY_BYTES))


def _shared_store(settings: Settings) -> Store:
    """Return a store that other processes can reach, and that holds nothing."""
    if not settings.store.url:
        folder = tempfile.mkdtemp(prefix="feedbackminer-")
        store = Store(folder, settings.store.options)
        weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
        return store
    store = Store(settings.store.url, settings.store.options)
    if store.version("posts") is not None:
        raise SettingsError(f"[store] url = {store.url!r}: holds posts; want an empty place")
    return store
