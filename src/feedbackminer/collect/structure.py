"""Who replies to whom: the thread, the parent and the opener of each post of an export."""

from __future__ import annotations

import polars as pl

from feedbackminer.collect.formats.thread_roots import root_of


def linked(records: pl.DataFrame) -> pl.DataFrame:
    """Find the thread, the parent and the opener of all records."""
    threaded = records.with_columns(thread=_threads(records))
    keys = threaded.select("thread", "native_id", "number", "created_at")  # a copy of little
    numbered = (
        keys.filter(pl.col("number") != "")
        .unique(["thread", "number"], keep="last", maintain_order=True)
        .select("thread", reply_to_number="number", answered="native_id")
    )
    accepted = records["accepted_answer_id"].unique().to_list()
    # Its number opens a thread, else that the thread is named after it, else its time, its index.
    number = pl.when(pl.col("number").str.contains(r"^\d{1,18}$")).then("number").cast(pl.Int64)
    is_named_after_it = pl.col("native_id") == pl.col("thread")
    order = (number.fill_null(2**62), ~is_named_after_it, "created_at", "index")
    openers = (
        keys.with_row_index()
        .sort(order, nulls_last=True)
        .unique("thread", keep="first", maintain_order=True)["native_id"]
    )
    parent = pl.when(pl.col("parent") != "").then("parent").otherwise("answered")
    is_accepted = pl.col("native_id").is_in(accepted) & (pl.col("accepted_answer_id") == "")
    return threaded.join(
        numbered, on=["thread", "reply_to_number"], how="left", maintain_order="left"
    ).with_columns(
        parent=pl.when(parent != pl.col("native_id")).then(parent),
        accepted=pl.col("accepted") | is_accepted,
        is_opener=pl.col("native_id").is_in(openers.implode()),
    )


def _threads(records: pl.DataFrame) -> pl.Series:
    """Return the thread of each record: its own, else that of the post it replies to, else new."""
    is_open = records["thread"] == ""
    replies = records.filter(is_open & (records["parent"] != ""))
    parents = dict(replies.select("native_id", "parent").iter_rows())
    if not parents:
        return records["thread"].set(is_open, None).fill_null(records["native_id"])
    roots: dict[str, str] = {}
    ends = [root_of(native, parents, roots) for native in records["native_id"]]
    named = records.filter(~is_open).select("native_id", "thread")
    thread_of = dict(named.iter_rows())
    own = pl.Series([thread_of.get(end, end) for end in ends], dtype=pl.String)
    return records["thread"].set(is_open, None).fill_null(own)
