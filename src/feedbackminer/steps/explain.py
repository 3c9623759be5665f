"""Why a claim of a project says what it says."""

from __future__ import annotations

from feedbackminer.digest.explain import Explanation, explain
from feedbackminer.digest.proof import standing
from feedbackminer.errors import InputError, suggest
from feedbackminer.project.project import Project

READS = ("posts", "members", "threads", "repeats", "dropped", "claims")


def explained(project: Project, claim_id: str) -> Explanation:
    """Return what a claim rests on, from the tables of now.

    Raises:
        InputError: there is no such claim, or the words that it quotes are in their post no more.
    """
    tables = {name: project.store.read(name) for name in READS}
    known = tables["claims"]["claim_id"].to_list()
    if claim_id not in known:
        hint = suggest(claim_id, known, f"there are {len(known):,}, see digest.json")
        raise InputError(f"{project.folder}: makes no claim {claim_id!r}; {hint}")
    if not standing(tables["claims"].filter(claim_id=claim_id), tables["posts"]).all():
        raise InputError(
            f"{project.folder}: what {claim_id} quotes is not in its post any more; `feedbackminer "
            "mine` counts it anew"
        )
    return explain(claim_id, tables)
