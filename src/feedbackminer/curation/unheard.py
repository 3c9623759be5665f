"""Whom to tell what was done: those who said it, thread by thread, with a draft of a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template

import polars as pl

from feedbackminer.curation.insights import about_of, insight_now
from feedbackminer.digest.decided import name_of
from feedbackminer.errors import InputError
from feedbackminer.insight.facts import build_facts
from feedbackminer.insight.finders.outcomes import posts_about
from feedbackminer.insight.period import period_of
from feedbackminer.insight.stage import READS as COUNTED
from feedbackminer.project.project import Project
from feedbackminer.tables import of_members
from feedbackminer.text.visible import visible
from feedbackminer.vocabulary.decisions import PLAN, REJECT, SHIP, STATUS_AFTER, Decision, Insight

# What a person may tell those who said something, by what was decided on it.
DRAFTS: Mapping[str, str] = {
    STATUS_AFTER[SHIP]: "You told us about “$said”. Since $date: $done. Does it work for you now?",
    STATUS_AFTER[PLAN]: "You told us about “$said”. We plan to do something about it: $done. We "
    "write here when it is there.",
    STATUS_AFTER[REJECT]: "You told us about “$said”. We will not do it, and this is why: $done.",
}
# What stands for $done where nobody wrote it.
UNSAID = {SHIP: "something was changed there", PLAN: "we do not know yet what it will be"}


@dataclass(frozen=True, kw_only=True)
class Unheard:
    """A thread in which somebody said it, and nobody told them yet what was done.

    Attributes:
        members: who said it there, by pseudonym.
        asked: one of them opened the thread.
        draft: of a reply, for a person to read first; nothing posts it.
    """

    thread_id: str
    thread: str
    url: str | None
    members: tuple[str, ...]
    asked: bool
    said_at: datetime | None
    draft: str


def find_unheard(project: Project, target: str) -> list[Unheard]:
    """Return the threads whose members have not been told, those who said it last first.

    Told is who has a post of the team in their thread since the day, or is noted as told.

    Raises:
        InputError: there is no such insight, or nothing was decided that could be told.
    """
    store, settings = project.store, project.settings
    insight = insight_now(store, about_of(project, target)["insight_id"])
    last = insight.last if insight else None
    drafts = {**DRAFTS, **{str(name): own for name, own in settings.digest.replies.items()}}
    if insight is None or last is None or insight.status not in drafts:
        raise InputError(
            f"tell {target}: nothing was decided that could be told; want one that is "
            + ", ".join(drafts)
        )
    tables = {name: store.read(name) for name in COUNTED}
    period = period_of(of_members(tables["posts"], tables["members"]), settings.insight)
    history = build_facts(tables, period.history)
    day = insight.shipped_on or last.at
    said = posts_about(history, tables, insight).filter(pl.col("created_at") < day)
    told = _told_since(tables, day) | set(insight.told)
    said = said.filter(~pl.col("thread_id").is_in(list(told))).drop_nulls("voice")
    draft = _Draft(drafts[insight.status], last)
    return _by_thread(said, tables, draft, insight)


@dataclass(frozen=True)
class _Draft:
    template: str
    decision: Decision

    def __call__(self, words: str) -> str:
        """Fill the template; what it names that there is not stays as it is."""
        day = self.decision.on or self.decision.at
        done = self.decision.text.rstrip(". ") or UNSAID.get(self.decision.action, "")
        return Template(self.template).safe_substitute(
            said=visible(words), date=f"{day:%-d %B %Y}", done=done
        )


def _told_since(tables: Mapping[str, pl.DataFrame], day: datetime) -> set[str]:
    """Return the threads in which the team wrote since a day."""
    staff = tables["members"].filter(pl.col("role").cast(pl.String) == "staff")
    posts = tables["posts"].filter(pl.col("created_at") >= day)
    return set(posts.join(staff, on="author_id", how="semi")["thread_id"])


def _by_thread(
    said: pl.DataFrame, tables: Mapping[str, pl.DataFrame], draft: _Draft, insight: Insight
) -> list[Unheard]:
    urls = tables["posts"].select("post_id", "url", "title")
    threads = tables["threads"].select("thread_id", "title", "opener_id", "opened_at")
    words = tables["matches"].filter(key_point_id=insight.key_point_id or "")
    words = words.join(tables["sentences"], on=["post_id", "number"]).unique("post_id")
    rows = (
        said.select("post_id", "thread_id", "voice", "created_at")
        .join(words.select("post_id", words="text"), on="post_id", how="left")
        .join(urls.select("post_id", "url"), on="post_id", how="left")
        .sort("created_at", "post_id", descending=[True, False])
    )
    about = name_of(insight, tables, {})
    unheard = []
    for (thread_id,), posts in rows.group_by("thread_id", maintain_order=True):
        thread = threads.filter(thread_id=str(thread_id)).to_dicts()
        title = visible((thread[0]["title"] if thread else None) or "")
        members = posts["voice"].unique(maintain_order=True).to_list()
        sentence = next(iter(posts["words"].drop_nulls()), None)
        unheard.append(
            Unheard(
                thread_id=str(thread_id),
                thread=title,
                url=_web(next(iter(posts["url"].drop_nulls()), None)),
                members=tuple(members),
                asked=bool(thread) and thread[0]["opener_id"] in members,
                said_at=posts["created_at"][0],
                draft=draft(sentence or title or about),
            )
        )
    return unheard


def _web(url: str | None) -> str | None:
    """Return a link that leads to the web; None: it leads elsewhere."""
    return url if url and url.startswith(("https://", "http://")) else None
