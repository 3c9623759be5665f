"""Keep out what was erased on request, and what would betray it in the posts of others.

A seal stands for a member, a post or a thread: keyed, so that it names nobody. What is sealed is
known again when a source or an export tells of it again.
"""

from __future__ import annotations

import polars as pl

from feedbackminer.accounts import DroppedRow, account, dropped_frame
from feedbackminer.collect.stage import STAGE, Collected
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import ERASED, Sealer, conceal
from feedbackminer.tables import Dropped, Posts, check

REASON = "erased_on_request"


def suppress(collected: Collected, seals: frozenset[str], pseudonyms: Pseudonyms) -> Collected:
    """Drop the posts that were erased on request, and conceal them in those that stay.

    Args:
        seals: of the table ``suppressed``.
        pseudonyms: that they were made with.
    Returns:
        the same rows; those dropped are named by their seals.
    """
    if not seals:
        return collected
    sealer = Sealer(seals, pseudonyms)
    is_sealed = sealer.sealed(collected.posts)
    erased = collected.posts.filter(is_sealed)
    kept = check(conceal(collected.posts.filter(~is_sealed), sealer), Posts, where=STAGE)

    rows = [DroppedRow(sealer.name_of_sealed(i), REASON) for i in erased["post_id"]]
    anonymous = [_anonymous(row, sealer) for row in collected.dropped.to_dicts()]
    others = pl.DataFrame(anonymous, schema=collected.dropped.schema)
    table = check(pl.concat([others, dropped_frame(STAGE, rows)]), Dropped, where=STAGE)
    return Collected(
        kept,
        table,
        account(STAGE, collected.account.rows_in, kept, table),
        collected.notices,
        collected.apart,
    )


def _anonymous(row: dict[str, str], sealer: Sealer) -> dict[str, str]:
    """Return a dropped row in which sealed posts have no names."""
    if sealer.knows("post", row["ref"]):
        row = row | {"ref": sealer.name_of_sealed(row["ref"])}
    if sealer.knows("post", row["other_ref"]):
        row = row | {"detail": ERASED, "other_ref": sealer.name_of_sealed(row["other_ref"])}
    return row
