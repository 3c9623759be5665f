"""Which accounts look like staff, and where to see who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.signals.staff import find_like_staff, official_names
from feedbackminer.vocabulary.claims import quantity

if TYPE_CHECKING:
    from feedbackminer.project.project import Project


def like_staff(project: Project) -> list[dict[str, Any]]:
    """Return members who look like staff: rows of ``members``, with the ``evidence`` in words.

    The names themselves are not kept: an account that is called like the product is found by what
    the project's key makes of such names.
    """
    official: set[str] = set()
    if project.key or project.key_path.exists():
        pseudonyms = Pseudonyms(project.pseudonym_key())
        official = set(map(pseudonyms.of, official_names(project.settings.digest.product)))
    found = find_like_staff(project.store.read("members"), official)
    return [row | {"evidence": _evidence(row)} for row in found.to_dicts()]


def _evidence(row: Mapping[str, Any]) -> str:
    named = "named like the product or a desk, " if row["is_named"] else ""
    return (
        f"{named}answered in {quantity(row['n_threads_answered'], 'thread')}, opened "
        f"{row['n_threads_opened']:,}, speaks for the makers in {row['n_team_posts']:,} of "
        f"{quantity(row['n_posts'], 'post')}"
    )
