"""Digests that are kept side by side: what each is called, and what an index tells of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from feedbackminer.digest.front import FRONT_PAGE
from feedbackminer.digest.views import PeriodView
from feedbackminer.vocabulary.moments import last_day

FIRST = 3  # things to know that are told of each
MOST_CHARS = 300  # of one of them
LARGEST = 100_000_000  # bytes of a digest.json that is read


# Before the first day that a date can be, there is no last day.
_Moment = Annotated[AwareDatetime, Field(gt=datetime(1900, 1, 1, tzinfo=UTC))]


class _Period(BaseModel):
    name: str


class _Totals(BaseModel):
    members: int = Field(ge=0)
    written: int = Field(ge=0)


class _Claim(BaseModel):
    claim_id: str
    headline: str


class _Content(BaseModel):
    """What of ``digest.json`` an index tells."""

    title: str
    period: _Period
    since: _Moment | None
    until: _Moment | None
    totals: _Totals
    front: list[str] = Field(max_length=FRONT_PAGE)
    claims: list[_Claim]


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A digest in a folder of an archive."""

    folder: str
    title: str
    period: str  # the name of its length
    since: datetime | None
    until: datetime | None
    n_members: int
    n_posts: int
    first: Sequence[str]  # things to know, as text
    pages: Collection[str]  # of it that are there

    @property
    def last_day(self) -> datetime | None:
        """Return the last day that is covered."""
        return last_day(self.until)


@dataclass(frozen=True)
class Unreadable:
    """A folder of an archive that holds no digest which can be read, and why."""

    folder: str
    why: str


def folder_name(period: PeriodView) -> str:
    """Return what the folder of a digest is called: ``2014-03``, ``2014-q2``, ``all-2014-07-01``.

    Weeks, months, quarters and years of the calendar have its names; others are called by their
    length and last day.
    """
    since, until, end = period.since, period.until, last_day(period.until)
    if since is None or until is None or end is None:
        return "undated"
    if until in _ends(since, period.name):
        return {
            "week": f"{since:%G-w%V}",
            "month": f"{since:%Y-%m}",
            "quarter": f"{since:%Y}-q{since.month // 3 + 1}",
            "year": f"{since:%Y}",
        }[period.name]
    first = f"{since:%Y-%m-%d}-to-" if period.name == "given" else f"{period.name}-"
    return f"{first}{end:%Y-%m-%d}"


def _ends(since: datetime, name: str) -> Iterable[datetime]:
    """Return where a length of the calendar that begins then would end; none: it does not."""
    months = {"month": 1, "quarter": 3, "year": 12}
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    if since != midnight:
        return ()
    if name == "week" and since.isoweekday() == 1:
        return (since + timedelta(weeks=1),)
    if name in months and since.day == 1 and (since.month - 1) % months[name] == 0:
        years, month = divmod(since.month - 1 + months[name], 12)
        return (since.replace(year=since.year + years, month=month + 1),)
    return ()


def read_archived(folder: str, text: bytes, pages: Collection[str]) -> Archived | Unreadable:
    """Read what an index tells of a digest.

    Args:
        text: of its ``digest.json``, whoever wrote it.
        pages: relative paths of its pages that are there.
    """
    try:
        content = _Content.model_validate_json(text)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "".join(f", {part}" for part in wrong["loc"])
        return Unreadable(folder, f"digest.json{where}: {wrong['msg']}")
    headlines = {claim.claim_id: claim.headline for claim in content.claims}
    first = [headlines[claim_id] for claim_id in content.front if claim_id in headlines][:FIRST]
    return Archived(
        folder=folder,
        title=content.title,
        period=content.period.name,
        since=content.since,
        until=content.until,
        n_members=content.totals.members,
        n_posts=content.totals.written,
        first=[_cut(headline) for headline in first],
        pages=pages,
    )


def newest_first(digests: Iterable[Archived]) -> list[Archived]:
    """Sort digests by their last day; of one day, that of the shortest time first."""
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(
        digests, key=lambda one: (one.until or never, one.since or never, one.folder), reverse=True
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}…"
