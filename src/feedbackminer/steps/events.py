"""What a project knows of releases and other events: its settings, and what was imported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

import polars as pl

from feedbackminer.collect import sources
from feedbackminer.collect.events import RELEASE, events_frame, read_events
from feedbackminer.collect.files import open_file
from feedbackminer.collect.sources.protocol import TellsReleases
from feedbackminer.errors import SettingsError
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import Settings
from feedbackminer.steps.sources import configured

OF_SETTINGS = "settings"


def events_of(stored: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the events of a project, those of its settings among them, earliest first."""
    given = [
        (datetime.combine(event.date, time(), UTC), name, event.kind)
        for name, event in settings.events.items()
    ]
    return (
        pl.concat([stored, events_frame(given, OF_SETTINGS)])
        .unique("event_id", keep="last", maintain_order=True)
        .sort("at", "event_id")
    )


def import_events(project: Project, paths: Iterable[str]) -> int:
    """Store the events of files, and return how many there are.

    Raises:
        InputError: a file cannot be opened, or a row of it has no date or no name.
    """
    frames = [read_events(open_file(path)) for path in paths]
    return _store(project, pl.concat(frames).unique("event_id", keep="last"))


def collect_releases(project: Project, name: str, *, secret: str = "") -> int:
    """Store the releases that a configured source tells of, and return how many there are.

    Raises:
        SettingsError: no such source, or it knows of no releases.
        SourceError: it cannot be read now.
    """
    reader = sources.open_source(name, configured(project, name), secret)
    try:
        if not isinstance(reader, TellsReleases):
            raise SettingsError(f"sources.{name}: its kind tells of no releases; github does")
        found = [(at, release, RELEASE) for at, release in reader.releases()]
    finally:
        reader.close()
    return _store(project, events_frame(found, name))


def _store(project: Project, events: pl.DataFrame) -> int:
    project.store.merge("events", events)
    return len(events)
