"""What an erasure did, without a name, an id or a word of what was erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OUTSIDE = (
    "exports and backups of yours, snapshots and object versions of the store's disk or bucket",
    "copies of digests, and what was sent by mail or chat",
    "the platform itself, and whatever other services read from it",
)


@dataclass(frozen=True)
class Receipt:
    """What was erased and what was not.

    Attributes:
        action: ``erase`` or ``retain``.
        seal: stands for the member or post; of a retention the day before which posts went.
        why: on whose request, or by which rule.
        posts: erased.
        tables: name -> rows ``removed`` and ``changed``.
        versions: of tables that were removed, with all their ``files``.
        digests: folder -> what became of the digest there.
        deliveries: channel -> what became of what it got of digests.
        still_in: files in the project's folder that are not ours and still hold ids or text.
        echoes: posts of others that use the same words, outside a quote.
        notes: what else there is to know.
    """

    action: str
    seal: str
    why: str
    posts: int = 0
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    versions: int = 0
    files: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    deliveries: Mapping[str, str] = field(default_factory=dict)
    still_in: tuple[str, ...] = ()
    echoes: int = 0
    notes: tuple[str, ...] = ()
    outside: tuple[str, ...] = OUTSIDE

    def lines(self) -> list[str]:
        """Return it as lines of text."""
        lines = [f"{self.action} {self.seal}: {self.posts:,} posts erased ({self.why})"]
        for table, rows in self.tables.items():
            counts = ", ".join(f"{n:,} {what}" for what, n in rows.items() if n)
            lines.append(f"  {table}: {counts} rows")
        if self.files:
            lines.append(f"  old versions removed: {self.versions:,} ({self.files:,} files)")
        lines += [f"  digest {folder}: {result}" for folder, result in self.digests.items()]
        lines += [f"  delivered by {name}: {result}" for name, result in self.deliveries.items()]
        lines += [
            f"  still in {path}: that file is yours; erase it there" for path in self.still_in
        ]
        if self.echoes:
            lines.append(
                f"  {self.echoes:,} posts of others use some of the same words outside a quote; "
                "they stay"
            )
        lines += [f"  {note}" for note in self.notes]
        return lines + [f"  not reached: {copies}" for copies in self.outside if self.posts]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        from dataclasses import asdict

        return asdict(self)
