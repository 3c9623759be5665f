"""What tables become when posts are erased: pure, from tables to tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.erasure.topics import without_topics_of
from feedbackminer.erasure.traces import Traces, change_texts, contains
from feedbackminer.insight.facts import headed
from feedbackminer.insight.stage import mine_claims
from feedbackminer.keypoints.stage import LEAST_VOICES
from feedbackminer.privacy.seals import ERASED, Sealer, conceal
from feedbackminer.settings.sections import InsightSettings, SegmentSettings
from feedbackminer.signals.stage import DEFAULT, read_conversation
from feedbackminer.tables import TABLES, KeyPoints
from feedbackminer.text.words import content_hash

Tables = Mapping[str, pl.DataFrame]
COUNTED = ("replies", "threads", "members", "periods", "shares", "claims")  # anew, from what stays
OF_TOPICS = ("topics", "vocabulary")  # their words are judged one by one, in ``topics.py``


def text_columns(schema: type[dy.Schema]) -> tuple[str, ...]:
    """Return the columns that may hold words of members or name a post."""
    return tuple(
        name for name, column in schema.columns().items() if (column.metadata or {}).get("text")
    )


# Tables with rows of a post -> their texts, if any.
OF_POSTS: Mapping[str, tuple[str, ...]] = {
    name: text_columns(schema)
    for name, schema in TABLES.items()
    if "post_id" in schema.primary_key()
}
# Tables whose texts may repeat a post's words or name it -> those texts.
OF_OTHERS: Mapping[str, tuple[str, ...]] = {
    name: text_columns(schema)
    for name, schema in TABLES.items()
    if text_columns(schema) and name not in {*OF_POSTS, *OF_TOPICS, *COUNTED}
}


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


@dataclass(frozen=True)
class Plan:
    """What an erasure takes out of the tables.

    Attributes:
        erasure: that was asked for.
        erased_ids: of every post that goes.
        kept: the rows of ``posts`` that stay, as they were.
        concealed: the same without what tells of the others, as far as that is asked for.
        traces: of the posts that go.
    """

    erasure: Erasure
    erased_ids: list[str]
    kept: pl.DataFrame
    concealed: pl.DataFrame
    traces: Traces


def plan_erasure(posts: pl.DataFrame, erasure: Erasure) -> Plan:
    """Decide which posts go, and what those that stay must not tell of them."""
    is_erased = erasure.chosen(posts)
    erased, kept = posts.filter(is_erased), posts.filter(~is_erased)
    erased_ids = erased["post_id"].to_list()

    answers_erased = pl.col("parent_id").is_in(erased_ids)
    concealed = kept.with_columns(parent_id=pl.when(~answers_erased).then("parent_id"))
    if erasure.is_thorough:
        concealed = conceal(concealed, erasure.sealer)

    return Plan(
        erasure=erasure,
        erased_ids=erased_ids,
        kept=kept,
        concealed=concealed,
        traces=Traces(erased, concealed, erasure.sealer),
    )


def erase_from(
    tables: Tables,
    erasure: Erasure,
    *,
    settings: InsightSettings,
    segments: SegmentSettings = DEFAULT,
    events: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Return every table as if the posts had never been there, as far as that can be known.

    Rows of the posts go. Threads, members, the period, shares and claims are counted anew. Done
    again, it changes nothing.

    Args:
        tables: all of ``tables.py``.
        settings: that claims are made with.
        segments: that members are counted by.
        events: likewise; None: those of the tables.
    """
    plan = plan_erasure(tables["posts"], erasure)

    # Each rests on what those before it have made of the tables.
    remaining = {**tables, **_without_rows(tables, plan)}
    if erasure.is_thorough:
        remaining |= _without_traces(remaining, plan)
    remaining |= _without_repeats(remaining, plan)
    remaining |= {"vectors": _vectors(tables, remaining)}
    remaining |= _key_points(remaining)
    remaining |= without_topics_of(tables, remaining, plan.erased_ids, plan.traces)
    known = {"events": tables["events"] if events is None else events}
    return remaining | _counted_anew(tables, remaining | known, settings, segments)


def _without_rows(tables: Tables, plan: Plan) -> dict[str, pl.DataFrame]:
    """Take the rows of erased posts out of every table that has a row or more per post."""
    of_erased = pl.col("post_id").is_in(plan.erased_ids)
    remaining = {name: tables[name].filter(~of_erased) for name in OF_POSTS}
    named = pl.col("first_id", "copy_of", "wave_id")
    repeats_erased = pl.any_horizontal(named.is_in(plan.erased_ids))
    return remaining | {
        "posts": plan.concealed,
        "repeats": remaining["repeats"].filter(~repeats_erased.fill_null(False)),
        "needs": _with_labels_of_others(remaining["needs"], tables["needs"], plan.erased_ids),
    }


def _with_labels_of_others(
    needs: pl.DataFrame, before: pl.DataFrame, erased_ids: list[str]
) -> pl.DataFrame:
    """Name a group of needs after one that stays, where its name was an erased one."""
    erased = before.filter(pl.col("post_id").is_in(erased_ids), pl.col("text") == pl.col("label"))
    groups = erased["group"].unique().to_list()
    first = pl.col("text").sort_by("post_id", "number").first().over("group")
    return needs.with_columns(
        label=pl.when(pl.col("group").is_in(groups)).then(first).otherwise("label")
    )


def _without_traces(remaining: Tables, plan: Plan) -> dict[str, pl.DataFrame]:
    """Take traces out of the posts that stay and of whatever was made of those that had some."""
    posts = change_texts(plan.concealed, OF_POSTS["posts"], plan.traces.removed)
    is_changed = posts.hash_rows() != plan.kept.hash_rows()
    changed_ids = posts.filter(is_changed)["post_id"].to_list()
    cleaned = {
        name: _rewritten(remaining[name], columns, changed_ids, plan.traces)
        for name, columns in OF_POSTS.items()
        if columns and name != "posts"
    }

    # A hash stands for title and text, so titles change before texts are hashed again.
    cleaned["texts"] = _retitled(cleaned["texts"], posts)
    for name in ("texts", "segments"):
        cleaned[name] = _rehashed(cleaned[name], remaining[name])

    # A mark holds the hash of what a post was read from, a vector the meaning of what it was.
    is_old = pl.col("post_id").is_in(changed_ids)
    for name in ("prose", "tags", "phrases"):
        cleaned[name] = cleaned[name].with_columns(
            read_as=pl.when(is_old).then(pl.lit("")).otherwise("read_as")
        )
    for name in ("sentences", "clauses"):
        cleaned[name] = cleaned[name].with_columns(
            chances=pl.when(is_old).then(pl.lit([], pl.List(pl.Float32))).otherwise("chances"),
            vector=pl.when(is_old).then(pl.lit(b"")).otherwise("vector"),
            read_as=pl.when(is_old).then(pl.lit("")).otherwise("read_as"),
        )
    cleaned["needs"] = cleaned["needs"].with_columns(
        vector=pl.when(is_old).then(pl.lit(b"")).otherwise("vector"),
        encoder=pl.when(is_old).then(pl.lit("")).otherwise("encoder"),
    )

    names_erased = pl.col("position").map_elements(plan.traces.in_cursor, return_dtype=pl.Boolean)
    return cleaned | {"posts": posts, "cursors": remaining["cursors"].filter(~names_erased)}


def _rewritten(
    frame: pl.DataFrame, columns: tuple[str, ...], post_ids: list[str], traces: Traces
) -> pl.DataFrame:
    """Take traces out of the rows of some posts; the order of rows may change."""
    of_those = pl.col("post_id").is_in(post_ids)
    rows = change_texts(frame.filter(of_those), columns, traces.removed)
    key = [name for name in ("post_id", "number", "aspect") if name in frame.columns]
    return pl.concat([frame.filter(~of_those), rows]).sort(key)


def _retitled(texts: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    untitled = posts.filter(pl.col("title").is_null())["post_id"].to_list()
    return texts.with_columns(title=pl.when(~pl.col("post_id").is_in(untitled)).then("title"))


def _rehashed(texts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Hash the texts that changed; rows are in the order of their key in both."""
    titles = texts["title"] if "title" in texts.columns else [""] * len(texts)
    is_changed = texts.hash_rows() != before.hash_rows()
    hashes = [
        content_hash(title, text) if changed else old
        for title, text, old, changed in zip(
            titles, texts["text"], texts["content_hash"], is_changed, strict=True
        )
    ]
    return texts.with_columns(content_hash=pl.Series(hashes, dtype=pl.String))


def _without_repeats(remaining: Tables, plan: Plan) -> dict[str, pl.DataFrame]:
    """Take out of tables that have no row per post what repeats erased posts or names them.

    How many members an alert was told of stays: it was so, and names nobody.
    """
    cleaned = {
        name: change_texts(remaining[name], columns, plan.traces.without_repeats)
        for name, columns in OF_OTHERS.items()
    }
    alerts = cleaned["alerts"].with_columns(
        pl.col("evidence").list.filter(~pl.element().is_in(plan.erased_ids))
    )
    return cleaned | {"dropped": _dropped(cleaned["dropped"], plan), "alerts": alerts}


def _dropped(dropped: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Remove what later stages said of erased posts; rows of a collect stay, without ids."""
    ids, sealer = plan.erased_ids, plan.erasure.sealer
    of_stages = (pl.col("stage") != "collect") & pl.col("ref").is_in(ids)
    dropped = dropped.filter(~of_stages)
    refs = {*dropped["ref"], *dropped["other_ref"]}
    names = {post_id: sealer.name_of_sealed(post_id) for post_id in refs.intersection(ids)}
    dropped = dropped.with_columns(
        other_ref=pl.col("other_ref").replace(names), is_same=pl.col("other_ref").is_in(ids)
    )
    if not plan.erasure.is_thorough:
        return dropped.drop("is_same")

    # Before there was ``other_ref``, only the detail told which post a row has the id of.
    quoted = contains(dropped["detail"], [repr(native) for native in plan.traces.natives])
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


def _vectors(before: Tables, remaining: Tables) -> pl.DataFrame:
    """Keep the vectors of texts that stay; those of changed texts under their new hashes."""
    pairs = [
        before[name].select(*key, old="content_hash").join(remaining[name], on=key).select(
            "old", new="content_hash"
        )
        for name, key in (("texts", ["post_id"]), ("segments", ["post_id", "number"]))
    ]  # fmt: skip
    renamed = pl.concat(pairs).filter(pl.col("old") != pl.col("new")).unique("new")
    hashes = pl.concat([remaining[name]["content_hash"] for name in ("texts", "segments")])

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


def _key_points(remaining: Tables) -> dict[str, pl.DataFrame]:
    """Keep the points that enough members still say, headed by sentences that stay."""
    matches = remaining["matches"]
    voices = matches.join(remaining["posts"].select("post_id", "author_id"), on="post_id")
    n_voices = voices.group_by("key_point_id").agg(
        n_voices=pl.col("author_id").drop_nulls().n_unique().cast(pl.Int64)
    )
    kept = n_voices.filter(pl.col("n_voices") >= LEAST_VOICES)
    before = remaining["key_points"]
    points = headed(before, matches, remaining["sentences"]).join(kept, on="key_point_id")
    points = points.join(before.select("key_point_id", "near"), on="key_point_id")
    is_left = pl.col("near").is_in(points["key_point_id"].to_list())
    points = points.with_columns(near=pl.when(is_left).then("near"))
    return {
        "key_points": points.select(KeyPoints.column_names()).sort("key_point_id"),
        "matches": matches.join(points, on="key_point_id", how="semi"),
    }


def _counted_anew(
    before: Tables, remaining: Tables, settings: InsightSettings, segments: SegmentSettings
) -> dict[str, pl.DataFrame]:
    """Count what ``COUNTED`` names again, where it was counted before."""
    counted: dict[str, pl.DataFrame] = {}
    if len(before["threads"]) or len(before["members"]):
        signals = read_conversation(
            *(remaining[name] for name in ("posts", "tags", "texts")), segments=segments
        )
        counted = {
            "replies": signals.replies, "threads": signals.threads, "members": signals.members
        }  # fmt: skip
    if any(len(before[name]) for name in ("periods", "shares", "claims")):
        mined = mine_claims({**remaining, **counted}, settings=settings)
        others = remaining["dropped"].filter(pl.col("stage") != "insight")
        counted |= {"periods": mined.periods, "shares": mined.shares, "claims": mined.claims}
        counted["dropped"] = pl.concat([others, mined.dropped])
    return {name: frame.sort(TABLES[name].primary_key()) for name, frame in counted.items()}
