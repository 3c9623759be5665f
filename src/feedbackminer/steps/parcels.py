"""What of a digest goes out at once, rendered for every channel."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from feedbackminer.digest.proof import texts_of
from feedbackminer.digest.render import alert, mail, markdown, rows, short
from feedbackminer.digest.render.alert import AlertView
from feedbackminer.digest.render.short import harmless
from feedbackminer.digest.views import Digest, EditionView, PeriodView
from feedbackminer.insight.period import ALL
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.project.project import Project
from feedbackminer.publish.channel import Living, Parcel
from feedbackminer.steps.verify import Proof
from feedbackminer.vocabulary.editions import EDITIONS, PartName


def parcel_of(project: Project, digest: Digest, proof: Proof, part: PartName, kind: str) -> Parcel:
    """Return a part of a digest that was proved, rendered from what it says.

    Args:
        kind: of the channel that it is for; what others would take is left out.
    """
    views: dict[str, EditionView] = {view.edition.name: view for view in digest.editions}
    view, link = views.get(part), project.settings.digest.link
    page = view.edition.page if view else "index.html"
    text = markdown.render_edition(digest, view) if view else markdown.render(digest)
    is_rows = kind == "warehouse"
    return Parcel(
        part=part,
        project=project_seal(project),
        digest=name_of(digest.period),
        since=digest.period.since,
        title=short.title(digest, view),
        lines=short.lines(digest, view),
        markdown=text,
        html=mail.render(digest, view, link) if kind == "mail" else "",
        link=f"{link}/{page}" if link else "",
        files={EDITIONS[part].text if part in EDITIONS else "digest.md": text},
        site=proof.files,
        tables=_rows(project, digest, proof) if is_rows else {},
        living=living_in(project) if is_rows else Living(),
    )


def alert_parcel(project: Project, view: AlertView, since: datetime, kind: str) -> Parcel:
    """Return the latest message of an alert; from the second on it goes on with the first.

    Args:
        since: before this nothing was told of the alert.
        kind: of the channel that it is for.
    """
    is_mail = kind == "mail"  # whose subject is plain text; chats and trackers obey a title
    return Parcel(
        part=str(view.message),
        project=project_seal(project),
        digest=alert_name(view.alert_id),
        since=since,
        title=f"Alert: {view.title if is_mail else harmless(view.title)}",
        lines=alert.lines(view),
        markdown=alert.markdown(view),
        html=alert.html(view) if is_mail else "",
        link=view.link,
        files={},
        site={},
        tables={},
        living=Living(),
        follows="1" if view.is_update else "",
    )


def living_in(project: Project) -> Living:
    """Return what the store holds now: nothing that was erased."""
    posts = project.store.read("posts", ["post_id", "title", "body"])
    topics = project.store.read("topics", ["topic_id", "label"])
    return Living(texts_of(posts), dict(topics.iter_rows()))


def _rows(project: Project, digest: Digest, proof: Proof) -> dict[str, pl.DataFrame]:
    assert proof.store is not None  # noqa: S101 (what was proved has one)
    names = ("posts", "members", "repeats", "topics", "assignments", "tags")
    tables = {name: proof.store.read(name) for name in names}
    pseudonyms = Pseudonyms(project.pseudonym_key())
    return rows.render(digest, tables, lambda thread: pseudonyms.seal(f"warehouse:{thread}"))


def name_of(period: PeriodView) -> str:
    """Return what a digest of a period is called: the same however often it is written."""
    if period.since is None or period.until is None:
        return f"{period.name}, undated"
    if period.name == ALL:  # whose beginning an erasure moves
        return f"{ALL} to {period.until:%Y-%m-%d}"
    return f"{period.name} {period.since:%Y-%m-%d} to {period.until:%Y-%m-%d}"


def alert_name(alert_id: str) -> str:
    """Return what an alert is called among what was delivered."""
    return f"alert {alert_id}"


def project_seal(project: Project) -> str:
    """Return what stands for a project in places that several share."""
    return Pseudonyms(project.pseudonym_key()).seal("project")
