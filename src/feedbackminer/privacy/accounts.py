"""Which account is whose: what tells apart, or joins, accounts of several sources."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Accounts:
    """What is known of the accounts of a project's sources.

    Attributes:
        authors: source -> pseudonyms of those who wrote there.
        persons: source and normal name of an account -> the person whose it is, as people say.
        sealed: pseudonyms of members that were erased.
    """

    authors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    persons: Mapping[tuple[str, str], str] = field(default_factory=dict)
    sealed: Container[str] = frozenset()

    def have_elsewhere(self, pseudonym: str, source: str) -> bool:
        """Tell whether somebody of another source has this pseudonym."""
        return any(pseudonym in ids for other, ids in self.authors.items() if other != source)

    def plus(self, source: str, author_ids: Iterable[str]) -> Accounts:
        """Return these, and those who wrote in a source besides."""
        everybody = self.authors.get(source, frozenset()).union(author_ids)
        return replace(self, authors={**self.authors, source: everybody})
