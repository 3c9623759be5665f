"""What becomes of deliveries when posts are erased: what can be reached is; the rest is told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from feedbackminer.digest.render import FILES
from feedbackminer.engine.run import Run
from feedbackminer.errors import FeedbackminerError
from feedbackminer.publish.channel import within
from feedbackminer.publish.opening import open_channel
from feedbackminer.publish.warehouse import Warehouse
from feedbackminer.settings.sections import WarehouseChannel
from feedbackminer.steps.parcels import living_in, project_seal
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.editions import EDITIONS

FOLDER, WAREHOUSE, ISSUES = "folder", "warehouse", "issues"
OUT = ("begun", "sent")  # what may have gone out


def sites(deliveries: pl.DataFrame) -> list[Path]:
    """Return the folders that hold a whole digest which was delivered there.

    A site is there whole or not at all: where it never arrived stands what is not ours.
    """
    written = deliveries.filter(pl.col("kind") == FOLDER, pl.col("status").is_in(OUT))
    places = written["place"].unique(maintain_order=True)
    return [Path(place) for place in places if (Path(place) / "digest.json").is_file()]


def recall(run: Run, *, since: datetime | None) -> dict[str, str]:
    """Erase from what was delivered, as far as it can be reached; sites are rendered elsewhere.

    Args:
        since: before this nobody knew of anything that was erased; None: not known.
    Returns:
        channel -> what became of what it got.
    """
    # What failed midway may have left some of it: a place that can be reached is looked at.
    is_there = pl.col("status").is_in(OUT) | (pl.col("place") != "")
    rows = run.project.store.read("deliveries").filter(is_there)
    groups = rows.group_by("channel", "kind", "place", maintain_order=True)
    told: dict[str, str] = {}
    for (channel, kind, place), group in groups:
        name, where = str(channel), str(place)
        if kind == WAREHOUSE:
            result = _from_warehouse(run, name, where)
        elif kind == FOLDER:
            result = _from_folder(Path(where), group["edition"].to_list())
        else:
            may_hold = pl.lit(since is None) | (pl.col("at") >= since)
            result = _out_of_reach(group.filter(may_hold), str(kind))
        if result:  # a channel may have been at another place before
            told[name] = "; ".join(filter(None, (told.get(name), result)))
    return told


def _out_of_reach(rows: pl.DataFrame, kind: str) -> str:
    """Say how many messages may hold some of what was erased; nothing where none does."""
    if rows.is_empty():
        return ""
    what, way = quantity(len(rows), "message"), "nobody can call them back"
    if kind == ISSUES:  # what goes on with an alert is a comment
        what, way = quantity(len(rows), "text"), "delete these issues and comments there"
    last = rows.select(pl.col("at").max().dt.strftime("%-d %B %Y")).item()
    return f"{what} may hold some of it, the last of {last}; {way}"


def _from_folder(folder: Path, parts: list[str]) -> str:
    """Remove the Markdown that was delivered into a folder."""
    files = {folder / (EDITIONS[p].text if p in EDITIONS else "digest.md") for p in parts}
    if (folder / "digest.json").is_file():  # a site, which is rendered again
        return ""
    there = [file for file in files if file.is_file()]
    for file in there:
        file.unlink()
    if not there:
        return ""
    return f"{quantity(len(there), 'file')} removed; the next delivery writes them again"


def _from_warehouse(run: Run, name: str, place: str) -> str:
    """Remove the rows that rest on erased posts."""
    project = run.project
    settings = project.settings.channels.get(name)
    if not isinstance(settings, WarehouseChannel):
        return f"not reached, for the settings do not name it any more; erase it at {place}"
    try:
        channel = open_channel(settings, run.secret(name), project.folder, FILES)
        assert isinstance(channel, Warehouse)  # noqa: S101 (of these settings)
        if channel.place != place:
            return f"not reached, for the settings name another place; erase it at {place}"
        living, seal = living_in(project), project_seal(project)
        n_removed = within(settings.timeout, lambda: channel.erase(seal, living))
    except FeedbackminerError as error:
        return f"not reached ({error}); the next delivery erases it there"
    except Exception as error:  # what a driver may raise must not keep an erasure from its end
        return f"not reached ({type(error).__name__}); the next delivery erases it there"
    return f"{n_removed:,} rows that rest on it removed or counted anew"
