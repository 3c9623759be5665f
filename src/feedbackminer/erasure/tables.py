"""What tables become when posts are erased: pure, from tables to tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from feedbackminer.erasure.topics import without_topics_of
from feedbackminer.erasure.traces import Traces, change_texts, contains
from feedbackminer.insight.stage import mine_claims
from feedbackminer.privacy.seals import ERASED, Sealer, conceal
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.signals.stage import read_conversation
from feedbackminer.tables import TABLES
from feedbackminer.text.words import content_hash

Tables = Mapping[str, pl.DataFrame]
# Texts of a post, in tables with a row or more per post.
OF_POSTS: Mapping[str, tuple[str, ...]] = {
    "posts": ("channel", "title", "body", "url", "meta"),
    "texts": ("title", "text"),
    "segments": ("text",),
    "tags": ("sentences",),
    "tag_labels": (),
    "aspects": ("text",),
    "needs": ("text", "sentence", "label"),
    "assignments": (),
}
# Texts that may repeat a post's words or name it.
OF_OTHERS: Mapping[str, tuple[str, ...]] = {
    "dropped": ("detail", "value"),
    "lineage": ("why",),
    "corrections": ("to",),
    "runs": ("notices",),
    "health": ("detail",),
}
MINED = ("posts", "topics", "assignments", "tags", "threads", "members", "repeats", "aspects",
         "needs")  # fmt: skip


@dataclass(frozen=True)
class Erasure:
    """Which posts go, and whether what stays is searched for them.

    Attributes:
        post_ids: that go, beside every post that is sealed.
        sealer: knows what was erased on request.
        is_thorough: others may have quoted, mentioned or answered what goes; no trace may stay.
    """

    post_ids: Collection[str]
    sealer: Sealer
    is_thorough: bool

    def chosen(self, posts: pl.DataFrame) -> pl.Expr:
        """Return which posts go."""
        return pl.col("post_id").is_in(list(self.post_ids)) | self.sealer.sealed(posts)


def erase_from(
    tables: Tables, erasure: Erasure, *, settings: InsightSettings
) -> dict[str, pl.DataFrame]:
    """Return every table as if the posts had never been there, as far as that can be known.

    Rows of the posts go. Threads, members and claims are counted anew. Done again, it changes
    nothing.

    Args:
        tables: all of ``tables.py``.
        settings: that claims are made with.
    """
    is_gone = erasure.chosen(tables["posts"])
    gone, rest = tables["posts"].filter(is_gone), tables["posts"].filter(~is_gone)
    ids = gone["post_id"].to_list()
    after = dict(tables)
    for name in OF_POSTS:
        after[name] = tables[name].filter(~pl.col("post_id").is_in(ids))
    after["repeats"] = tables["repeats"].filter(
        ~pl.any_horizontal(pl.col("post_id", "first_id", "copy_of").is_in(ids)).fill_null(False)
    )
    after["posts"] = rest.with_columns(
        parent_id=pl.when(~pl.col("parent_id").is_in(ids)).then("parent_id")
    )
    after["needs"] = _with_labels_of_others(after["needs"], tables["needs"], ids)
    concealed = conceal(after["posts"], erasure.sealer) if erasure.is_thorough else after["posts"]
    traces = Traces(gone, concealed, erasure.sealer)
    if erasure.is_thorough:
        after |= _without_traces(after, rest, traces)
    for name, columns in OF_OTHERS.items():
        after[name] = change_texts(after[name], columns, traces.without_repeats)
    after["dropped"] = _dropped(after["dropped"], ids, traces, erasure)
    after["vectors"] = _vectors(tables, after)
    after |= without_topics_of(tables, after, ids, traces)
    return after | _counted_anew(tables, after, settings)


def _without_traces(after: Tables, before: pl.DataFrame, traces: Traces) -> dict[str, pl.DataFrame]:
    """Take traces out of the posts that stay and of whatever was made of those that had some."""
    posts = change_texts(traces.rest, OF_POSTS["posts"], traces.removed)
    changed = posts.filter(posts.hash_rows() != before.hash_rows())["post_id"].to_list()
    found = {"posts": posts}
    for name, columns in OF_POSTS.items():
        if name != "posts":
            found[name] = _rewritten(after[name], columns, changed, traces)
    found["texts"] = _retitled(found["texts"], posts)
    for name in ("texts", "segments"):
        found[name] = _rehashed(found[name], after[name])
    found["cursors"] = after["cursors"].filter(
        ~pl.col("position").map_elements(traces.in_cursor, return_dtype=pl.Boolean)
    )
    return found


def _rewritten(
    frame: pl.DataFrame, columns: tuple[str, ...], post_ids: list[str], traces: Traces
) -> pl.DataFrame:
    """Take traces out of the rows of some posts; the order of rows may change."""
    of_those = pl.col("post_id").is_in(post_ids)
    if not columns:
        return frame
    rows = change_texts(frame.filter(of_those), columns, traces.removed)
    key = [name for name in ("post_id", "number", "aspect") if name in frame.columns]
    return pl.concat([frame.filter(~of_those), rows]).sort(key)


def _retitled(texts: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    untitled = posts.filter(pl.col("title").is_null())["post_id"].to_list()
    return texts.with_columns(title=pl.when(~pl.col("post_id").is_in(untitled)).then("title"))


def _rehashed(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Hash the texts that changed; rows are in the order of their key in both."""
    titles = now["title"] if "title" in now.columns else [""] * len(now)
    hashes = [
        content_hash(title, text) if changed else old
        for title, text, old, changed in zip(
            titles, now["text"], now["content_hash"], now.hash_rows() != before.hash_rows(),
            strict=True,
        )
    ]  # fmt: skip
    return now.with_columns(content_hash=pl.Series(hashes, dtype=pl.String))


def _vectors(before: Tables, after: Tables) -> pl.DataFrame:
    """Keep the vectors of texts that stay; those of changed texts under their new hashes."""
    pairs = [
        before[name].select(*key, old="content_hash").join(after[name], on=key).select(
            "old", new="content_hash"
        )
        for name, key in (("texts", ["post_id"]), ("segments", ["post_id", "number"]))
    ]  # fmt: skip
    renamed = pl.concat(pairs).filter(pl.col("old") != pl.col("new")).unique("new")
    hashes = pl.concat([after["texts"]["content_hash"], after["segments"]["content_hash"]])
    vectors = before["vectors"]
    kept = vectors.filter(pl.col("content_hash").is_in(hashes.implode()))
    moved = (
        vectors.join(renamed, left_on="content_hash", right_on="old")
        .with_columns(content_hash="new")
        .select(vectors.columns)
    )
    return (
        pl.concat([kept, moved]).unique(["content_hash", "encoder"]).sort("content_hash", "encoder")
    )


def _with_labels_of_others(
    needs: pl.DataFrame, before: pl.DataFrame, ids: list[str]
) -> pl.DataFrame:
    """Name a group of needs after one that stays, where its name was an erased one."""
    erased = before.filter(pl.col("post_id").is_in(ids), pl.col("text") == pl.col("label"))
    groups = erased["group"].unique().to_list()
    first = pl.col("text").sort_by("post_id", "number").first().over("group")
    return needs.with_columns(
        label=pl.when(pl.col("group").is_in(groups)).then(first).otherwise("label")
    )


def _dropped(
    dropped: pl.DataFrame, ids: list[str], traces: Traces, erasure: Erasure
) -> pl.DataFrame:
    """Remove what later stages said of erased posts; rows of a collect stay, without ids."""
    of_stages = (pl.col("stage") != "collect") & pl.col("ref").is_in(ids)
    dropped = dropped.filter(~of_stages)
    refs = {*dropped["ref"], *dropped["other_ref"]}
    names = {i: erasure.sealer.name_of_sealed(i) for i in refs.intersection(ids)}
    dropped = dropped.with_columns(
        other_ref=pl.col("other_ref").replace(names), is_same=pl.col("other_ref").is_in(ids)
    )
    if not erasure.is_thorough:
        return dropped.drop("is_same")

    # Before there was ``other_ref``, only the detail told which post a row has the id of.
    quoted = contains(dropped["detail"], [repr(native) for native in traces.natives])
    is_old = (pl.col("reason") == "duplicate_id") & (pl.col("other_ref") == "")
    is_same = pl.col("is_same") | (is_old & quoted)
    return (
        dropped.with_columns(
            ref=pl.col("ref").replace(names),
            detail=pl.when(is_same).then(pl.lit(ERASED)).otherwise("detail"),
        )
        .drop("is_same")
        .unique(["stage", "ref"], keep="first", maintain_order=True)
        .sort("stage", "ref")
    )


def _counted_anew(
    before: Tables, after: Tables, settings: InsightSettings
) -> dict[str, pl.DataFrame]:
    """Count threads, members and claims again, where they were counted before."""
    found: dict[str, pl.DataFrame] = {}
    if len(before["threads"]) or len(before["members"]):
        signals = read_conversation(after["posts"], after["tags"])
        found = {"threads": signals.threads, "members": signals.members}
    if len(before["claims"]):
        tables = {name: {**after, **found}[name] for name in MINED}
        mined = mine_claims(**tables, settings=settings)
        others = after["dropped"].filter(pl.col("stage") != "insight")
        found["claims"] = mined.claims
        found["dropped"] = pl.concat([others, mined.dropped])
    return {name: frame.sort(TABLES[name].primary_key()) for name, frame in found.items()}
