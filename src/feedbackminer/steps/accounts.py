"""What a project knows of the accounts of its sources, and the pseudonyms that follow from it."""

from __future__ import annotations

from pathlib import Path

from feedbackminer.collect.files import FileContent
from feedbackminer.collect.identities import open_identities, read_identities
from feedbackminer.privacy.accounts import Accounts
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import SealedAuthors, Sealer
from feedbackminer.project.project import Project


def identities_of(project: Project) -> FileContent | None:
    """Return the file that ``collect.identities`` names, if it does.

    Raises:
        InputError: it cannot be opened, or is empty.
    """
    name = project.settings.collect.identities
    return open_identities(project.folder / Path(name).expanduser()) if name else None


def pseudonyms_of(project: Project) -> Pseudonyms:
    """Return the pseudonyms that a name may have in any source of a project."""
    key = project.pseudonym_key()
    return Pseudonyms(key, accounts_of(project))


def accounts_of(project: Project) -> Accounts:
    """Return who wrote in which source, who is sealed, and whose accounts are whose.

    Raises:
        InputError: the file of identities is no such file.
    """
    authors: dict[str, set[str]] = {name: set() for name in project.settings.sources}
    posts = project.store.read("posts", ["source", "author_id"]).unique().drop_nulls()
    for source, author_id in posts.iter_rows():
        authors.setdefault(source, set()).add(author_id)

    identities = identities_of(project)
    seals = project.store.read("suppressed")["seal"]
    sealer = Sealer(seals, Pseudonyms(project.pseudonym_key()))
    return Accounts(
        authors={source: frozenset(ids) for source, ids in authors.items()},
        persons=read_identities(identities) if identities else {},
        sealed=SealedAuthors(sealer) if len(seals) else frozenset(),
    )
