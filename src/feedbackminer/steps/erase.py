"""The erasures themselves: on request, by age, and of what its source has deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.erasure.leftovers import files_that_hold
from feedbackminer.erasure.receipt import Receipt
from feedbackminer.erasure.tables import Erasure, erase_from
from feedbackminer.erasure.traces import echoes, needles
from feedbackminer.errors import InputError
from feedbackminer.privacy.names import PSEUDONYM
from feedbackminer.privacy.seals import Sealer, seals_of
from feedbackminer.project.lock import NAME as LOCK
from feedbackminer.project.project import Project
from feedbackminer.project.purge import Purged
from feedbackminer.project.store import Rewritten
from feedbackminer.steps import delivered, republish
from feedbackminer.steps.accounts import pseudonyms_of
from feedbackminer.steps.events import events_of
from feedbackminer.tables import TABLES, Suppressed, check

Action = Literal["erase", "retain"]
DONE = ":done"
KEPT = ("audit", "suppressed")  # they name nobody
# Posts go last: until then a rerun finds there what is left to do.
ORDER = (*(name for name in TABLES if name not in {"posts", *KEPT}), "posts")


@dataclass(frozen=True)
class Request:
    """An erasure as it was asked for.

    Attributes:
        action: as the audit log calls it.
        subject: what is erased, by its seal; of a retention the day before which posts go.
        why: on whose request, or by which rule.
        posts: the rows of ``posts`` to erase.
        names: of the member, where somebody asked for the erasure; None: nobody did.
    """

    action: Action
    subject: str
    why: str
    posts: pl.DataFrame
    names: tuple[str, ...] | None = None

    @property
    def is_personal(self) -> bool:
        """Tell whether somebody asked for it, so that no trace may stay anywhere."""
        return self.names is not None


@dataclass(frozen=True)
class Plan:
    """What an erasure does.

    Attributes:
        request: that it answers.
        pending: event that began an erasure -> its action and subject; all are finished by this.
        erasure: what is taken out of the tables.
        since: before this nobody knew of it; None: not known.
        until: when the last that may tell of it was; None: until today.
    """

    request: Request
    pending: Mapping[str, tuple[Action, str]]
    erasure: Erasure
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Applied:
    """What an erasure has done: to tables, their old versions, digests, and deliveries of these."""

    rewritten: Mapping[str, Rewritten]
    purged: Sequence[Purged]
    digests: Mapping[str, str]
    deliveries: Mapping[str, str]


def forget(run: Run, *, author: str = "", pseudonym: str = "", post_id: str = "") -> Receipt:
    """Erase a member, or one post, from everything, and never collect them again.

    Args:
        author: the name of an account, as the platform shows it.
        pseudonym: instead: what stands for that name in the tables.
        post_id: instead: of one post.
    Raises:
        InputError: not one of the three is given, or nobody and nothing is called so.
    """
    if sum(map(bool, (author, pseudonym, post_id))) != 1:
        raise InputError("forget: name one author, one pseudonym or one post")
    if pseudonym and not PSEUDONYM.fullmatch(pseudonym):
        raise InputError("forget: that is no pseudonym; want one such as m_abcdefghij")
    store, pseudonyms = run.project.store, pseudonyms_of(run.project)
    members = pseudonyms.all_of(author) if author else [pseudonym] if pseudonym else []
    what, column, names = (
        ("post", "post_id", [post_id]) if post_id else ("author", "author_id", members)
    )

    posts = store.read("posts")
    erased = posts.filter(pl.col(column).is_in(names))
    sealer = Sealer(store.read("suppressed")["seal"], pseudonyms)
    is_known = any(sealer.knows(what, name) for name in names)
    if erased.is_empty() and not is_known and not _are_named(posts, members):
        raise InputError(
            f"forget: there is no such {what} in {run.project.folder}; names are spelt as on the "
            "platform, post ids as in the digest (source:id)"
        )

    # Sealed before anything is erased: what a collect brings meanwhile stays away already.
    *others, subject = (sealer.seal(what, name) for name in names)
    seals = dict(seals_of(erased, _threads_opened_by(erased, posts), sealer))
    _suppress(run, {**dict.fromkeys([*others, subject], what), **seals})
    traces = tuple(filter(None, (author, *members)))
    return _erase(run, Request("erase", subject, "on request", erased, traces))


def retain(run: Run) -> Receipt:
    """Erase the posts that are older than ``[retain] days``.

    A post without a date is as old as its collection. What is erased may be collected again, if a
    file brings it.
    """
    days = run.project.settings.retain.days
    before = run.started_at - timedelta(days=days)
    subject = f"posts before {before:%Y-%m-%d}" if days else "no post"
    why = f"[retain] days = {days}" if days else "[retain] days is 0: nothing is erased by age"

    posts = run.project.store.read("posts")
    age = pl.coalesce("created_at", "collected_at")
    erased = posts.filter(age < before) if days else posts.clear()
    return _erase(run, Request("retain", subject, why, erased))


def erase_posts(run: Run, post_ids: Collection[str], *, action: Action, why: str) -> Receipt:
    """Erase some posts, such as those that their source has deleted; they may come back.

    Args:
        post_ids: those not in the store do not count.
        action: as the audit log shall call it.
        why: for the audit log.
    """
    sealer = Sealer((), pseudonyms_of(run.project))
    erased = run.project.store.read("posts").filter(pl.col("post_id").is_in(list(post_ids)))
    subject = sealer.seal("posts", "\n".join(sorted(erased["post_id"])))
    return _erase(run, Request(action, subject, why, erased))


def _erase(run: Run, request: Request) -> Receipt:
    """Erase posts, and all that is sealed; finish what an erasure before was cut off in."""
    pending = _pending(run.project.store.read("audit"))
    if request.posts.is_empty() and not pending and not request.is_personal:
        return Receipt(request.action, request.subject, request.why)

    plan = _plan(run, request, _begun(run, request, pending))
    applied = _apply(run, plan)
    for event, (action, subject) in plan.pending.items():
        audit.record(run, action, subject, 0, "finished", event_id=event + DONE)
    return _report(run, request, applied)


def _begun(
    run: Run, request: Request, pending: Mapping[str, tuple[Action, str]]
) -> dict[str, tuple[Action, str]]:
    """Write down that an erasure begins, unless it was begun; returns all that are pending."""
    erasure = (request.action, request.subject)
    if erasure in pending.values():
        return dict(pending)
    event = audit.record(run, *erasure, len(request.posts), request.why)
    return {**pending, event: erasure}


def _plan(run: Run, request: Request, pending: Mapping[str, tuple[Action, str]]) -> Plan:
    """Decide how thorough an erasure is, and which digests may tell of what it erases."""
    # Of an erasure that was cut off, nobody knows any more who asked, or which posts they were.
    is_more = len(pending) > 1 or request.posts.is_empty()
    sealer = Sealer(run.project.store.read("suppressed")["seal"], pseudonyms_of(run.project))
    post_ids = request.posts["post_id"].to_list()
    since, until = (None, None) if is_more else _span(request.posts)
    return Plan(
        request=request,
        pending=pending,
        erasure=Erasure(post_ids, sealer, is_thorough=request.is_personal or is_more),
        since=since,
        until=None if request.is_personal else until,
    )


def _apply(run: Run, plan: Plan) -> Applied:
    """Rewrite the tables, remove their old versions, render digests again, recall deliveries."""
    store, settings = run.project.store, run.project.settings
    rewritten = store.rewrite(
        ORDER,
        lambda tables: erase_from(
            tables,
            plan.erasure,
            settings=settings.insight,
            segments=settings.segments,
            events=events_of(tables["events"], settings),
        ),
    )
    purged = [store.purge(name) for name in TABLES]
    folders = [
        *republish.published(store.read("audit")),
        *delivered.sites(store.read("deliveries")),
    ]
    digests = republish.render_again(
        run, dict.fromkeys(folders), since=plan.since, until=plan.until
    )
    deliveries = delivered.recall(run, since=plan.since)
    return Applied(rewritten, purged, digests, deliveries)


def _report(run: Run, request: Request, applied: Applied) -> Receipt:
    """Say what was done, and where words of it may still be."""
    still_in: tuple[str, ...] = ()
    n_echoes = 0
    if request.names is not None:
        wanted = [*needles(request.posts), *request.names]
        still_in = files_that_hold(run.project.folder, wanted, is_ours=_is_ours(run.project))
        n_echoes = echoes(request.posts, run.project.store.read("posts"))

    return Receipt(
        action=request.action,
        seal=request.subject,
        why=request.why,
        posts=len(request.posts),
        tables={
            name: {"removed": rows.removed, "changed": rows.changed}
            for name, rows in applied.rewritten.items()
        },
        versions=sum(table.versions for table in applied.purged),
        files=sum(table.files for table in applied.purged),
        digests=applied.digests,
        deliveries=applied.deliveries,
        still_in=still_in,
        echoes=n_echoes,
        notes=_notes(applied.rewritten),
    )


def _is_ours(project: Project) -> Callable[[Path], bool]:
    """Return what tells which files of a project's folder no erased post can be left in."""
    tables = Path(project.store.url)
    return lambda path: tables in path.parents or path == project.key_path or path.name == LOCK


def _suppress(run: Run, seals: Mapping[str, str]) -> None:
    rows = [{"seal": seal, "what": what, "made_at": run.started_at} for seal, what in seals.items()]
    frame = check(pl.DataFrame(rows), Suppressed, where="suppressed")
    run.project.store.merge("suppressed", frame, ignore=("made_at",))


def _pending(events: pl.DataFrame) -> dict[str, tuple[Action, str]]:
    """Return the erasures that were begun and not finished, by the event that began them."""
    erasures = events.filter(pl.col("action").is_in(["erase", "retain"]))
    ended = {i for i in erasures["event_id"] if i.endswith(DONE)}
    begun = erasures.filter(~pl.col("event_id").is_in(list(ended))).sort("at")
    return {
        event: (action, subject)
        for event, action, subject in begun.select("event_id", "action", "subject").iter_rows()
        if event + DONE not in ended
    }


def _threads_opened_by(erased: pl.DataFrame, posts: pl.DataFrame) -> list[str]:
    """Return the threads that these posts open."""
    ordered = posts.sort("thread_id", "created_at", "post_id", nulls_last=True)
    openers = ordered.unique("thread_id", keep="first", maintain_order=True)
    return openers.join(erased, on="post_id", how="semi")["thread_id"].to_list()


def _span(posts: pl.DataFrame) -> tuple[datetime | None, datetime | None]:
    """Return before when nobody knew of these, and when the last was written; None: not known.

    A post that was edited is as old as it says, and one whose date is to come as its collection.
    """
    if posts["created_at"].has_nulls():
        return None, None
    known = pl.min_horizontal("created_at", "collected_at").min()
    first, last = posts.select(known, last=pl.max("created_at")).row(0)
    return first, last


def _are_named(posts: pl.DataFrame, members: list[str]) -> bool:
    return bool(members) and bool(posts["body"].str.contains_any(members).any())


def _notes(rewritten: Mapping[str, Rewritten]) -> tuple[str, ...]:
    lost = rewritten["cursors"].removed if "cursors" in rewritten else 0
    if not lost:
        return ()
    return (f"{lost} cursors named it; what they stood for is read from its beginning next time",)
