"""Collect from live sources: posts first, then the cursor, so that it is never ahead of them.

A source yields pages; several are stored at once. A collect that is killed loses what it had not
stored yet, reads that again the next time, and doubles nothing.
"""

from __future__ import annotations

import difflib
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from glob import glob
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.collect import sources
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.sources.protocol import COLUMNS, Page, Position, Source, Whole, Window
from feedbackminer.collect.stage import Collected, Live, collect_posts
from feedbackminer.collect.suppress import suppress
from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import COLLECT, Outcome
from feedbackminer.errors import FeedbackminerError, SettingsError, SourceError
from feedbackminer.privacy.pseudonyms import Members, Pseudonyms
from feedbackminer.settings.sections import CollectSettings, SourceSettings
from feedbackminer.steps.erase import erase_posts
from feedbackminer.steps.exports import collect_exports
from feedbackminer.tables import Cursors, check

if TYPE_CHECKING:
    from feedbackminer.collect.http.client import Limits

ROWS_AT_ONCE = 5_000  # that are stored together
SECONDS_AT_ONCE = 20.0
MOST_CHECKED = 100  # posts that a collect asks the source for one by one: are they gone?
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
    settings = _configured(run, name)
    if settings.kind == sources.FILES:
        return collect_exports(
            run.part(name), sorted(glob(settings.url)) or [settings.url], source=name
        )
    reader = sources.open_source(name, settings, secret, limits)
    run.reporter.start(COLLECT, None)
    began = time.perf_counter()
    intake = _Intake(run, name, settings, reader, replayed=Window(since, until))
    try:
        intake.read_all()
    except FeedbackminerError as error:
        intake.notices.append(f"{name}: was read in part only: {error}")
        raise
    finally:
        reader.close()
        outcome = intake.outcome(time.perf_counter() - began)
        run.record_source(name, outcome, settings)
        intake.audit()
    run.reporter.finish(outcome)
    return outcome


def _configured(run: Run, name: str) -> SourceSettings:
    known = run.project.settings.sources
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"configured: {', '.join(known) or 'none'}"
    raise SettingsError(f"no source {name!r} in the settings; {hint}; see [sources.NAME]")


@dataclass
class _Intake:
    """Takes in the pages of one source and counts what became of their rows."""

    run: Run
    name: str
    settings: SourceSettings
    reader: Source
    replayed: Window
    counts: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        store = self.run.project.store
        self.pseudonyms = Pseudonyms(self.run.project.pseudonym_key())
        self.seals = frozenset(store.read("suppressed")["seal"])
        before = store.read("posts", ["post_id", "channel", "thread_id", "created_at", "author_id"])
        self.before = before.filter(pl.col("post_id").str.starts_with(f"{self.name}:"))
        subjects = frozenset(self.run.project.settings.digest.product.casefold().split())
        self.members = Members(frozenset(before["author_id"].drop_nulls()), subjects)
        self.window = self._window()

    @property
    def is_replay(self) -> bool:
        return self.replayed != Window()

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
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise SourceError("; ".join(dict.fromkeys(map(str, failures))))

    def _read(self, channel: str) -> None:
        """Read a channel to its end, storing as it goes, and what came before a failure too."""
        position = {} if self.is_replay else self._position(channel)
        pages: list[Page] = []
        began = time.monotonic()
        coming = self.reader.pages(channel, position, self.window)
        while True:
            try:
                page = next(coming, None)
            except SourceError:
                if pages:
                    self._store(channel, pages)
                raise
            if page is None:
                break
            pages.append(page)
            is_late = time.monotonic() - began > SECONDS_AT_ONCE
            if is_late or sum(len(page.rows) for page in pages) >= ROWS_AT_ONCE:
                self._store(channel, pages)
                pages, began = [], time.monotonic()
        self._store(channel, pages, is_end=True)

    def outcome(self, seconds: float) -> Outcome:
        """State the account of everything that was stored."""
        account = Account(COLLECT, self.counts["rows"], self.counts["new"], dict(self.dropped))
        told = ("new", "changed", "gone")
        detail = f"{self.name}: " + ", ".join(f"{self.counts[what]:,} {what}" for what in told)
        if changed := self.dropped["schema_changed"]:
            self.notices.append(
                f"{self.name}: {changed} rows are not as the source documents them and were set "
                "aside; see the table dropped, and look for a newer feedbackminer"
            )
        withheld = [f"{self.name}: {self.reader.withheld}"] if self.reader.withheld else []
        notices = (*withheld, *self.notices)
        return Outcome(account, seconds, False, notices, detail, source=self.name)

    def audit(self) -> None:
        """Note what came in; a collect that brought nothing changes nobody's data."""
        new, changed = self.counts["new"], self.counts["changed"]
        if new or changed:
            audit.record(self.run, "collect", self.name, new + changed, f"{new} of them new")

    def _window(self) -> Window:
        days = self.run.project.settings.retain.days
        oldest = self.run.started_at - timedelta(days=days) if days else None
        lower = [moment for moment in (self.replayed.since, self.settings.since, oldest) if moment]
        return Window(
            max(map(_utc, lower), default=None), self.replayed.until and _utc(self.replayed.until)
        )

    def _position(self, channel: str) -> Position:
        rows = self._cursor(channel)
        return dict(json.loads(rows["position"][0])) if len(rows) else {}

    def _cursor(self, channel: str) -> pl.DataFrame:
        cursors = self.run.project.store.read("cursors")
        return cursors.filter(pl.col("source") == self.name, pl.col("channel") == channel)

    def _store(self, channel: str, pages: Sequence[Page], *, is_end: bool = False) -> None:
        """Store the rows of some pages, then erase what is gone, then move the cursor."""
        if pages:
            rows = [row for page in pages for row in page.rows]
            self._take(rows)
            self._erase(self._gone(whole for page in pages for whole in page.whole))
            self.run.reporter.advance(len(rows))
        if not self.is_replay:
            position = pages[-1].position if pages else self._position(channel)
            self._move_cursor(channel, position, is_end)

    def _take(self, rows: Sequence[Row | BadRow]) -> None:
        store = self.run.project.store
        latest = {_key(row): row for row in rows}
        collected = self._collected(latest.values())
        wanted = [self.window.holds(moment) for moment in collected.posts["created_at"]]
        posts = collected.posts.filter(wanted) if len(wanted) else collected.posts
        merged = store.merge("posts", posts, ignore=("collected_at",))
        store.merge("dropped", collected.dropped)
        self.seen |= {str(row.values.get("post_id")) for row in rows if isinstance(row, Row)}
        self.members = Members(
            self.members.author_ids.union(posts["author_id"].drop_nulls()), self.members.subjects
        )
        self.counts.update(rows=len(rows), new=merged.inserted, changed=merged.updated)
        self.dropped.update(collected.account.dropped)
        known = len(rows) - len(latest) + merged.updated + merged.unchanged
        self.dropped.update({KNOWN: known, "outside_window": len(wanted) - len(posts)})
        self.dropped = +self.dropped
        self._erase(self._deleted(collected))

    def _collected(self, rows: Iterable[Row | BadRow]) -> Collected:
        settings = self.run.project.settings.collect
        collected = collect_posts(
            rows,
            name=self.name,
            source=self.name,
            settings=CollectSettings(staff=settings.staff, bots=settings.bots),
            pseudonyms=self.pseudonyms,
            now=self.run.started_at,
            live=Live(COLUMNS, self.members),
        )
        return suppress(collected, self.seals, self.pseudonyms)

    def _deleted(self, collected: Collected) -> list[str]:
        """Return stored posts that the source now shows as deleted."""
        told = collected.dropped.filter(pl.col("reason") == "deleted_at_source")["ref"]
        return self.before.filter(pl.col("post_id").is_in(told.to_list()))["post_id"].to_list()

    def _gone(self, wholes: Iterable[Whole]) -> list[str]:
        """Return stored posts that a source lacks where it should have them, and says so."""
        missing: set[str] = set()
        for whole in wholes if len(self.before) else ():
            missing |= set(self.before.filter(_within(whole, self.name))["post_id"])
        native = sorted(i.partition(":")[2] for i in missing)
        native = [i for i in native if i not in self.seen]
        if len(native) > MOST_CHECKED:
            self.notices.append(
                f"{self.name}: {len(native)} posts were not found where they should be; too many "
                f"to ask for one by one, so none was erased: was the site moved?"
            )
            return []
        try:
            return [f"{self.name}:{i}" for i in self.reader.gone(native)] if native else []
        except SourceError as error:  # it can be asked again; the cursor must not wait for it
            self.notices.append(f"{self.name}: cannot tell which posts were deleted: {error}")
            return []

    def _erase(self, post_ids: Sequence[str]) -> None:
        if post_ids:
            erase_posts(self.run, post_ids, action="erase", why="deleted_at_source")
            self.before = self.before.filter(~pl.col("post_id").is_in(list(post_ids)))
            self.counts["gone"] += len(post_ids)

    def _move_cursor(self, channel: str, position: Position, is_end: bool) -> None:
        rows = self._cursor(channel)
        row = {
            "source": self.name,
            "channel": channel,
            "position": json.dumps(dict(position), sort_keys=True),
            "complete": is_end or bool(len(rows) and rows["complete"][0]),
            "withheld": self.reader.withheld,
            "read_at": datetime.now(UTC),
        }
        self.run.project.store.merge(
            "cursors", check(pl.DataFrame([row]), Cursors, where="cursors")
        )


def _within(whole: Whole, source: str) -> pl.Expr:
    """Return which stored posts lie in what a page holds all of."""
    inside = pl.lit(True)
    if whole.thread_id is not None:
        inside &= pl.col("thread_id") == f"{source}:{whole.thread_id}"
    if whole.channel is not None:
        inside &= pl.col("channel") == whole.channel
    if whole.since is not None:
        inside &= pl.col("created_at") >= whole.since
    if whole.until is not None:
        inside &= pl.col("created_at") <= whole.until
    return inside


def _key(row: Row | BadRow) -> str:
    """Return what makes a row the same as one read before: the later reading counts."""
    return str(row.values.get("post_id") or row.ref) if isinstance(row, Row) else row.ref


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
