"""What of a digest goes out at once, rendered for every channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from feedbackminer.digest.render import mail, markdown, short
from feedbackminer.digest.views import Digest, EditionView, PeriodView
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.project.project import Project
from feedbackminer.publish.channel import Parcel
from feedbackminer.vocabulary.editions import EDITIONS, PartName


def parcels_of(
    project: Project, digest: Digest, site: Mapping[str, str], parts: Iterable[PartName]
) -> Iterator[Parcel]:
    """Yield parts of a digest, each rendered from what it says.

    Args:
        site: all files of it.
    """
    views: dict[str, EditionView] = {view.edition.name: view for view in digest.editions}
    link = project.settings.digest.link
    for part in parts:
        view = views.get(part)
        page = view.edition.page if view else "index.html"
        text = markdown.render_edition(digest, view) if view else markdown.render(digest)
        yield Parcel(
            part=part,
            project=project_seal(project),
            digest=name_of(digest.period),
            title=short.title(digest, view),
            lines=short.lines(digest, view),
            markdown=text,
            html=mail.render(digest, view, link),
            link=f"{link}/{page}" if link else "",
            files={EDITIONS[part].text if part in EDITIONS else "digest.md": text},
            site=site,
            tables={},
            post_ids=frozenset(),
        )


def name_of(period: PeriodView) -> str:
    """Return what a digest of a period is called: the same however often it is written."""
    if period.since is None or period.until is None:
        return f"{period.name}, undated"
    return f"{period.name} {period.since:%Y-%m-%d} to {period.until:%Y-%m-%d}"


def project_seal(project: Project) -> str:
    """Return what stands for a project in places that several share."""
    return Pseudonyms(project.pseudonym_key()).seal("project")
