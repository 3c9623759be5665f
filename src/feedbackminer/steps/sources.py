"""Collect from live sources: posts first, then the cursor, so that it is never ahead of them.

A source yields pages; several are stored at once. A collect that is killed loses what it had not
stored yet, reads that again the next time, and doubles nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from glob import glob
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.accounts import COLLECT
from feedbackminer.collect import sources
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.events import RELEASE, events_frame
from feedbackminer.collect.finish import Live
from feedbackminer.collect.notices import apart_notice
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.collect.sources.protocol import COLUMNS, Page, Source, TellsReleases, Window
from feedbackminer.collect.stage import Collected, collect_posts
from feedbackminer.collect.suppress import suppress
from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import FeedbackminerError, SettingsError, SourceError, suggest
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import CollectSettings, SourceSettings
from feedbackminer.steps.accounts import pseudonyms_of
from feedbackminer.steps.cursors import Cursor
from feedbackminer.steps.deletions import Deletions
from feedbackminer.steps.events import store_events
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.tally import Tally
from feedbackminer.vocabulary.moments import as_utc

if TYPE_CHECKING:
    from feedbackminer.collect.http.client import Limits

ROWS_AT_ONCE = 5_000  # that are stored together
SECONDS_AT_ONCE = 20.0
KNOWN = "known_already"  # read again: rows that were stored before


def collect_source(
    run: Run,
    name: str,
    *,
    secret: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limits: Limits | None = None,
) -> Outcome:
    """Read what is new in a configured source into ``posts``, and move its cursor.

    Args:
        secret: the token of the source, where it has one.
        since: with ``until``: read this window again, whatever the cursor says, and leave it.
        limits: of answers and waits.
    Returns:
        the account of this collect; posts that were read before count as ``known_already``.
    Raises:
        SettingsError: no such source, or a setting of it is wrong.
        SourceError: it cannot be read now; what was read is stored, and a rerun goes on from there.
    """
    settings = _configured(run.project, name)
    if settings.kind == sources.FILES:
        paths = sorted(glob(settings.url)) or [settings.url]
        return collect_exports(run.part(name), paths, source=name)

    reader = sources.open_source(name, settings, secret, limits)
    run.reporter.start(COLLECT, None)
    began = time.perf_counter()
    sync = SourceSync(run, name, settings, reader, Window(since, until))
    try:
        sync.read_all()
    except FeedbackminerError as error:
        # A digest prints notices; what the site said, and where it is, is for the log alone.
        sync.tally.note(f"was read in part only ({type(error).__name__}); collect it again")
        raise
    finally:
        reader.close()
        outcome = sync.tally.outcome(time.perf_counter() - began, reader.withheld)
        run.record_source(name, outcome, settings)
        _audit(run, sync.tally)
    run.reporter.finish(outcome)
    return outcome


def collect_releases(project: Project, name: str, *, secret: str = "") -> pl.DataFrame:
    """Store the releases that a configured source tells of, and return them.

    Raises:
        SettingsError: no such source, or it knows of no releases.
        SourceError: it cannot be read now.
    """
    reader = sources.open_source(name, _configured(project, name), secret)
    try:
        if not isinstance(reader, TellsReleases):
            raise SettingsError(f"sources.{name}: its kind tells of no releases; github does")
        found = [(at, release, RELEASE) for at, release in reader.releases()]
    finally:
        reader.close()
    return store_events(project, events_frame(found, name))


def _configured(project: Project, name: str) -> SourceSettings:
    known = project.settings.sources
    if name in known:
        return known[name]
    hint = suggest(name, known, f"configured: {', '.join(known) or 'none'}")
    raise SettingsError(f"no source {name!r} in the settings; {hint}; see [sources.NAME]")


def _audit(run: Run, tally: Tally) -> None:
    """Note what came in; a collect that brought nothing changes nobody's data."""
    if tally.new or tally.changed:
        detail = f"{tally.new} of them new"
        audit.record(run, "collect", tally.source, tally.new + tally.changed, detail)


class SourceSync:
    """Reads the channels of one source, and stores what they yield.

    Args:
        run: that the collect belongs to.
        name: of the source.
        settings: of the source.
        reader: what reads it.
        replayed: to be read again, whatever the cursors say, which then stay where they are; all
            of time: nothing is.
    """

    def __init__(
        self, run: Run, name: str, settings: SourceSettings, reader: Source, replayed: Window
    ) -> None:
        self.store, self.reporter = run.project.store, run.reporter
        self.name, self.reader = name, reader
        self.is_replay = replayed != Window()
        self.window = _window(run, settings, replayed)
        self.context = _context(run, name)
        self.seals = frozenset(self.store.read("suppressed")["seal"])
        self.subjects = _subjects(run.project)

        columns = ["post_id", "channel", "thread_id", "created_at", "author_id"]
        stored = self.store.read("posts", columns)
        self.author_ids = frozenset(stored["author_id"].drop_nulls())
        self.tally = Tally(name)
        self.apart: set[str] = set()
        self.deletions = Deletions(run, reader, stored, self.tally)

    def read_all(self) -> None:
        """Read every channel; one that cannot be read does not keep the others from being read.

        Raises:
            SourceError: some could not.
        """
        failures = []
        for channel in self.reader.channels:
            try:
                self._read(channel)
            except SourceError as error:
                failures.append(error)
        if self.apart:
            self.tally.note(apart_notice(len(self.apart)))
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise SourceError("; ".join(dict.fromkeys(map(str, failures))))

    def _read(self, channel: str) -> None:
        """Read a channel to its end, storing as it goes, and what came before a failure too."""
        cursor = Cursor(self.store, self.name, channel)
        position = {} if self.is_replay else cursor.position()
        for pages, is_end in _batches(self.reader.pages(channel, position, self.window)):
            self._store(cursor, pages, is_end)

    def _store(self, cursor: Cursor, pages: Sequence[Page], is_end: bool) -> None:
        """Store the rows of some pages, then erase what is gone, then move the cursor."""
        if pages:
            rows = [row for page in pages for row in page.rows]
            self._merge(rows)
            self.deletions.erase_missing(whole for page in pages for whole in page.whole)
            self.reporter.advance(len(rows))
        if not self.is_replay:
            position = pages[-1].position if pages else cursor.position()
            cursor.move(position, is_end=is_end, withheld=self.reader.withheld)

    def _merge(self, rows: Sequence[Row | BadRow]) -> None:
        """Store the posts that rows are; of several readings of a post the latest counts."""
        latest = {_key(row): row for row in rows}
        collected = self._collected(latest.values())
        is_wanted = [self.window.holds(moment) for moment in collected.posts["created_at"]]
        posts = collected.posts.filter(is_wanted) if is_wanted else collected.posts
        merged = self.store.merge("posts", posts, ignore=("collected_at",))
        self.store.merge("dropped", collected.dropped)

        self.apart.update(collected.apart)
        self.deletions.note_read(rows)
        self.author_ids = self.author_ids.union(posts["author_id"].drop_nulls())
        dropped = {
            **collected.account.dropped,
            KNOWN: len(rows) - len(latest) + merged.updated + merged.unchanged,
            "outside_window": len(is_wanted) - len(posts),
        }
        self.tally.add(len(rows), merged, dropped)
        self.deletions.erase_shown(collected)

    def _collected(self, rows: Iterable[Row | BadRow]) -> Collected:
        live = Live(COLUMNS, self.author_ids, self.subjects)
        collected = collect_posts(rows, self.context, live=live)
        return suppress(collected, self.seals, self.context.pseudonyms)


def _batches(coming: Iterator[Page]) -> Iterator[tuple[list[Page], bool]]:
    """Yield pages that are stored together, and whether they are the last; these may be none.

    Raises:
        SourceError: as the pages do, after those that came before it were yielded.
    """
    pages: list[Page] = []
    began = time.monotonic()
    try:
        for page in coming:
            pages.append(page)
            is_late = time.monotonic() - began > SECONDS_AT_ONCE
            if is_late or sum(len(page.rows) for page in pages) >= ROWS_AT_ONCE:
                yield pages, False
                pages, began = [], time.monotonic()
    except SourceError:
        if pages:
            yield pages, False
        raise
    yield pages, True


def _window(run: Run, settings: SourceSettings, replayed: Window) -> Window:
    """Return which posts are wanted: those replayed, not too old for the settings."""
    days = run.project.settings.retain.days
    oldest = run.started_at - timedelta(days=days) if days else None
    since = [moment for moment in (replayed.since, settings.since, oldest) if moment]
    until = replayed.until and as_utc(replayed.until)
    return Window(max(map(as_utc, since), default=None), until)


def _context(run: Run, name: str) -> CollectContext:
    settings = run.project.settings.collect
    return CollectContext(
        name=name,
        source=name,
        settings=CollectSettings(staff=settings.staff, bots=settings.bots, nobody=settings.nobody),
        pseudonyms=pseudonyms_of(run.project).within(name),
        now=run.started_at,
    )


def _subjects(project: Project) -> frozenset[str]:
    """Return the words of the product's name: no account is meant by them."""
    return frozenset(project.settings.digest.product.casefold().split())


def _key(row: Row | BadRow) -> str:
    """Return what makes a row the same as one read before: the later reading counts."""
    return str(row.values.get("post_id") or row.ref) if isinstance(row, Row) else row.ref
