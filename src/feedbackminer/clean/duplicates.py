"""Near-duplicates: posts that say, in nearly the same words, what a post said before.

They keep their rows. One by the same member, from another source, or of a wave of new accounts
counts once with the post it repeats; the same words of another member are another voice.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from feedbackminer.clean.alike import first_alike
from feedbackminer.clean.waves import find_waves
from feedbackminer.tables import Repeats, check, column_types, passage


def find_repeats(texts: pl.DataFrame, posts: pl.DataFrame) -> dy.DataFrame[Repeats]:
    """Return the posts that repeat an earlier one.

    Args:
        texts: the ``texts`` table.
        posts: the ``posts`` table, which tells who said it where and when.
    """
    passages = texts.select("post_id", passage=passage())
    who = posts.select("post_id", "author_id", "source", "created_at")
    ordered = passages.join(who, on="post_id").sort("created_at", "post_id", nulls_last=True)
    ids, authors, sources = (ordered[c].to_list() for c in ("post_id", "author_id", "source"))
    firsts = list(first_alike(ordered["passage"].to_list()))
    first_ids = pl.Series("first_id", [ids[first] for first in firsts], dtype=pl.String)
    waves = find_waves(ordered.select("post_id", "passage", first_ids), posts)

    index = {post_id: i for i, post_id in enumerate(ids)}
    of_member: dict[tuple[int, str], int] = {}
    originals: list[int] = []  # of each post the one that it counts once with, or itself
    rows = []
    for i, post_id in enumerate(ids):
        begin = index[waves.get(post_id, post_id)]
        first = firsts[i] = firsts[begin if begin != i else firsts[i]]
        original = of_member.setdefault((first, authors[i]), i) if authors[i] else i
        if begin != i:
            original = begin
        elif sources[i] != sources[first]:
            original = first
        originals.append(originals[original] if original != i else i)
        if i != first:
            copy_of = ids[originals[i]] if original != i else None
            rows.append((post_id, ids[first], copy_of, waves.get(post_id)))
    frame = pl.DataFrame(rows, schema=column_types(Repeats), orient="row")
    return check(frame, Repeats, where="clean")
