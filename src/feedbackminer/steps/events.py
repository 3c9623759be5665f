"""What a project knows of releases and other events: its settings, and what was imported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

import polars as pl

from feedbackminer.collect.events import events_frame, read_events
from feedbackminer.collect.files import open_file
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import Settings

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


def import_events(project: Project, paths: Iterable[str]) -> pl.DataFrame:
    """Store the events of files, and return them.

    Raises:
        InputError: a file cannot be opened, or a row of it has no date or no name.
    """
    frames = [read_events(open_file(path)) for path in paths]
    return store_events(project, pl.concat(frames).unique("event_id", keep="last"))


def store_events(project: Project, events: pl.DataFrame) -> pl.DataFrame:
    """Store events, each once, and return them."""
    project.store.merge("events", events)
    return events
