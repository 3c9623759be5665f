"""The erasures themselves: on request, by age, and of what its source has deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
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
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import Sealer, seals_of
from feedbackminer.project.project import Project
from feedbackminer.project.store import Rewritten
from feedbackminer.steps import republish
from feedbackminer.tables import TABLES, Suppressed, check

Action = Literal["erase", "retain"]
DONE = ":done"
KEPT = ("audit", "suppressed")  # they name nobody
# Posts go last: until then a rerun finds there what is left to do.
ORDER = (*(name for name in TABLES if name not in {"posts", *KEPT}), "posts")


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
    pseudonyms = _pseudonyms(run.project)
    member = pseudonyms.of(author) if author else pseudonym
    store = run.project.store
    posts = store.read("posts")
    column, name = ("post_id", post_id) if post_id else ("author_id", member)
    sealer = Sealer(store.read("suppressed")["seal"], pseudonyms)
    gone = posts.filter(pl.col(column) == name)
    what = "post" if post_id else "author"
    if gone.is_empty() and not sealer.knows(what, name) and not _is_named(posts, member):
        raise InputError(
            f"forget: there is no such {what} in {run.project.folder}; names are spelt as on the "
            "platform, post ids as in the digest (source:id)"
        )
    subject = sealer.seal(what, name)
    _suppress(run, {subject: what, **dict(seals_of(gone, _opened_by(gone, posts), sealer))})
    return _erase(run, gone, "erase", subject, "on request", [n for n in (author, member) if n])


def retain(run: Run) -> Receipt:
    """Erase the posts that are older than ``[retain] days``.

    A post without a date is as old as its collection. What is erased may be collected again, if a
    file brings it.
    """
    days = run.project.settings.retain.days
    before = run.started_at - timedelta(days=days)
    subject = f"posts before {before:%Y-%m-%d}" if days else "no post"
    age = pl.coalesce("created_at", "collected_at")
    posts = run.project.store.read("posts")
    gone = posts.filter(age < before) if days else posts.clear()
    why = f"[retain] days = {days}" if days else "[retain] days is 0: nothing is erased by age"
    return _erase(run, gone, "retain", subject, why)


def erase_posts(run: Run, post_ids: Collection[str], *, action: Action, why: str) -> Receipt:
    """Erase some posts, such as those that their source has deleted; they may come back.

    Args:
        post_ids: those not in the store do not count.
        action: as the audit log shall call it.
        why: for the audit log.
    """
    sealer = Sealer((), _pseudonyms(run.project))
    gone = run.project.store.read("posts").filter(pl.col("post_id").is_in(list(post_ids)))
    subject = sealer.seal("posts", "\n".join(sorted(gone["post_id"])))
    return _erase(run, gone, action, subject, why)


def _erase(
    run: Run,
    gone: pl.DataFrame,
    action: Action,
    subject: str,
    why: str,
    names: Collection[str] | None = None,
) -> Receipt:
    """Erase posts, and all that is sealed; finish what an erasure before was cut off in.

    Args:
        gone: rows of ``posts``.
        names: of the member, where somebody asked for the erasure; None: nobody did.
    """
    store, is_requested = run.project.store, names is not None
    pending = _pending(store.read("audit"))
    if gone.is_empty() and not pending and not is_requested:
        return Receipt(action, subject, why)
    if (action, subject) not in pending.values():
        pending[audit.record(run, action, subject, len(gone), why)] = (action, subject)
    is_more = len(pending) > 1 or gone.is_empty()  # than is known here
    sealer = Sealer(store.read("suppressed")["seal"], _pseudonyms(run.project))
    erasure = Erasure(gone["post_id"].to_list(), sealer, is_requested or is_more)
    insight = run.project.settings.insight
    written = store.rewrite(ORDER, lambda tables: erase_from(tables, erasure, settings=insight))
    purged = [store.purge(name) for name in TABLES]
    since, until = (None, None) if is_more else _span(gone)
    known = republish.published(store.read("audit"))
    rendered = republish.render_again(
        run, known, since=since, until=None if is_requested else until
    )
    for event, (what, whose) in pending.items():
        audit.record(run, what, whose, 0, "finished", event_id=event + DONE)
    return Receipt(
        action=action,
        seal=subject,
        why=why,
        posts=len(gone),
        tables={name: {"removed": r.removed, "changed": r.changed} for name, r in written.items()},
        versions=sum(table.versions for table in purged),
        files=sum(table.files for table in purged),
        digests=rendered,
        still_in=files_that_hold(run.project, [*needles(gone), *(names or ())])
        if is_requested
        else (),
        echoes=echoes(gone, store.read("posts")) if is_requested else 0,
        notes=_notes(written),
    )


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


def _opened_by(gone: pl.DataFrame, posts: pl.DataFrame) -> list[str]:
    """Return the threads that these posts open."""
    ordered = posts.sort("thread_id", "created_at", "post_id", nulls_last=True)
    openers = ordered.unique("thread_id", keep="first", maintain_order=True)
    return openers.join(gone, on="post_id", how="semi")["thread_id"].to_list()


def _span(gone: pl.DataFrame) -> tuple[datetime | None, datetime | None]:
    """Return when the first and the last of these were written; None where that is not known."""
    if gone["created_at"].has_nulls():
        return None, None
    first, last = gone.select(pl.min("created_at"), last=pl.max("created_at")).row(0)
    return first, last


def _is_named(posts: pl.DataFrame, member: str) -> bool:
    return bool(member) and bool(posts["body"].str.contains(member, literal=True).any())


def _pseudonyms(project: Project) -> Pseudonyms:
    return Pseudonyms(project.pseudonym_key())


def _notes(written: Mapping[str, Rewritten]) -> tuple[str, ...]:
    lost = written["cursors"].removed if "cursors" in written else 0
    if not lost:
        return ()
    return (f"{lost} cursors named it; what they stood for is read from its beginning next time",)
