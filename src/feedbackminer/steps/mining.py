"""The stages from posts to claims, in order: what each reads, writes and does.

This page is the table of contents. ``STAGES`` is the one declaration of their order and of their
tables; the command line and the Prefect flows both do them one by one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.embed.bi_encoder import matcher_hash
from feedbackminer.engine.run import Planned, Run
from feedbackminer.engine.stage import Context, Outcome, Stage, StageResult, StageTables
from feedbackminer.errors import InputError
from feedbackminer.health import weeks
from feedbackminer.insight import stage as insight
from feedbackminer.steps.events import events_of
from feedbackminer.steps.vectors import (
    encoded_texts,
    matrix_of,
    states_of,
    stored_vectors,
    topic_input,
)
from feedbackminer.tables import AlertLevels, passage
from feedbackminer.vectors import Matrix
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.tags import HEADLINE

if TYPE_CHECKING:
    from feedbackminer.embed.encoder import Encoder
    from feedbackminer.tagging.extract import Sentence
    from feedbackminer.tagging.tagger import Tagger
    from feedbackminer.text.product import Product


def _clean(tables: StageTables, context: Context) -> StageResult:
    """② Turn posts into texts; a body that was read before is not read again."""
    from feedbackminer.clean.stage import Earlier, clean_posts, marks

    posts = tables.read("posts")
    marked = marks(posts, reader=context.code)
    kept = tables.previous("prose").join(marked, on=["post_id", "read_as"], how="semi")
    new = marked.join(kept, on="post_id", how="anti", maintain_order="left")
    context.reporter.start("clean", len(new))
    tables.replace("prose", kept)
    for n in context.workers.fill("prose", _prose_of, new, tables, context):
        context.reporter.advance(n)

    earlier = Earlier(tables.previous("texts"), tables.previous("segments"))
    result = clean_posts(
        posts,
        settings=context.settings.clean,
        earlier=earlier if context.continues else None,
        prose=tables.previous("prose").select("post_id", "text"),
    )
    tables.replace("segments", result.segments)
    tables.replace("repeats", result.repeats)
    tables.replace("texts", result.texts)
    return StageResult(result.account, result.notices, dropped=result.dropped)


def _prose_of(tables: StageTables, _: Context, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield what bodies say in prose; ``rows`` has posts, and the marks of their bodies."""
    from feedbackminer.clean.stage import prose_of

    posts = tables.select("posts", rows.select("post_id"))
    for chunk in prose_of(posts):
        yield chunk.join(rows, on="post_id")


CLEAN = Stage(
    "clean",
    _clean,
    reads=("posts",),
    writes=("texts", "segments", "repeats", "prose"),
    settings=("clean",),
)


def _embed(tables: StageTables, context: Context) -> StageResult:
    """③ Encode the distinct texts that have no vector yet; each chunk is stored as it comes."""
    from feedbackminer.embed.load import backend_of

    encoder, reporter = context.models.encoder_name, context.reporter
    keys = ["post_id", "content_hash"]
    texts = tables.read("texts", keys)
    wanted = pl.concat([texts, tables.read("segments", keys)]).unique("content_hash", keep="first")
    stored = stored_vectors(tables, wanted["content_hash"], encoder)["content_hash"]
    new = wanted.filter(~pl.col("content_hash").is_in(stored.implode())).sort(keys)

    reporter.start("embed", len(new))
    began = time.perf_counter()
    for n in context.workers.fill("vectors", _vectors_of, new, tables, context):
        reporter.advance(n)

    detail = f"{len(new):,} of {len(wanted):,} distinct texts and parts encoded"
    if len(new):
        detail += f", {len(new) / (time.perf_counter() - began):,.0f} texts/s"
    backend = backend_of(context.settings.embed)
    notices = (f"vectors are computed by {backend.name}: {backend.why}",)
    return StageResult(
        Account("embed", len(texts), len(texts)),
        notices if backend.is_second_best or backend.name == "static" else (),
        models={"encoder": encoder},
        detail=detail,
    )


def _vectors_of(
    tables: StageTables, context: Context, rows: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Yield the vectors of texts and parts, of which ``rows`` has post and hash."""
    from feedbackminer.embed.stage import embed_passages, missing

    texts = tables.select("texts", rows).sort("post_id")
    segments = tables.select("segments", rows).sort("post_id", "number")
    yield from embed_passages(missing(texts, segments), encoder=context.models.encoder)


EMBED = Stage(
    "embed",
    _embed,
    reads=("texts", "segments"),
    writes=("vectors",),
    settings=("embed",),
    models=("encoder",),
    has_threads=True,
)


def _topics(tables: StageTables, context: Context, *, refit: bool = False) -> StageResult:
    """④ Group texts into topics that keep their ids; ``refit`` finds them anew."""
    from feedbackminer.topics.naming.llm import labeller_of
    from feedbackminer.topics.previous import TopicTables
    from feedbackminer.topics.stage import Naming, find_topics
    from feedbackminer.topics.topic_set import Provenance

    settings, encoder = context.settings, context.models.encoder
    previous = {name: tables.previous(name) for name in ("topics", "vocabulary", "assignments")}
    result = find_topics(
        topic_input(tables, encoder.name),
        TopicTables(corrections=tables.read("corrections"), **previous),
        settings=settings.topics,
        provenance=Provenance(encoder.name, context.run_id),
        themes={
            name: encoder.encode(examples).vectors
            for name, examples in settings.topics.themes.items()
        },
        naming=Naming(
            ignore_words=tuple(settings.digest.product.split()),
            labeller=labeller_of(settings.naming),
        ),
        refit=refit,
    )

    # A run that was killed before it stored topics has noted the same events.
    event = ["event", "from_id", "to_id", "by"]
    earlier = tables.previous("lineage").join(result.lineage, on=event, how="anti")
    tables.replace("lineage", pl.concat([earlier, result.lineage]))
    tables.replace("vocabulary", result.vocabulary)
    tables.replace("assignments", result.assignments)
    tables.replace("topics", result.topics)
    return StageResult(
        result.account,
        result.notices,
        models={"topics": "BERTopic"},
        detail=result.how,
        dropped=result.dropped,
    )


def _topics_depend(context: Context) -> str:
    """Return what decides on topics beside settings and models: parts of the user's own."""
    from feedbackminer.topics.naming.llm import namer_code
    from feedbackminer.topics.own_clusterer import clusterer_code

    settings = context.settings
    own = clusterer_code(settings.topics.clusterer) + namer_code(settings.naming)
    return settings.digest.product + own


TOPICS = Stage(
    "topics",
    _topics,
    reads=("texts", "segments", "repeats", "posts", "vectors", "corrections"),
    writes=("topics", "assignments", "vocabulary", "lineage"),
    settings=("topics", "naming", "embed"),
    models=("encoder", "nlp"),
    depends=_topics_depend,
    lasting=("topics", "lineage"),
)


def _refit(tables: StageTables, context: Context) -> StageResult:
    return _topics(tables, context, refit=True)


REFIT = replace(TOPICS, do=_refit, depends=lambda context: context.run_id)  # each time anew


def _tag(tables: StageTables, context: Context) -> StageResult:
    """⑤ Say how each text sounds, what it does, which components it judges and what it needs."""
    from feedbackminer.steps.wishes import compared
    from feedbackminer.tagging.extract import collect_needs, find_aspects, sentences_of
    from feedbackminer.tagging.likeness import fitted_to
    from feedbackminer.tagging.stage import marks, still_right
    from feedbackminer.text.product import find_product

    settings, models = context.settings.tag, context.models
    encoder = models.encoder
    texts = tables.read("texts")
    posts = tables.read("posts", ["post_id", "author_id", "rating"])
    posts = texts.join(posts, on="post_id", how="left", maintain_order="left")
    tagger, unlike = fitted_to(models.tagger, texts.select(passage()).to_series().to_list())
    marked = marks(posts, readers=(context.code, encoder.name, tagger.name))
    earlier = {name: tables.previous(name) for name in TAG.writes}
    kept = still_right(earlier["tags"], marked, tables.read("tag_labels"))
    n_new = _add_tags(tables, context, marked, kept, is_unlike=bool(unlike))

    tags = tables.previous("tags")
    sentences = list(sentences_of(texts, tags))
    known = frozenset(kept["post_id"]) if context.continues else frozenset()
    product = find_product([sentence.text for sentence in sentences], _product(context))
    phrases = _phrases(context, sentences, earlier["phrases"])
    aspects = find_aspects(
        sentences,
        tagger=tagger,
        states_of=partial(states_of, tables, texts, encoder.name),
        components=settings.components,
        parts=_parts(context, phrases, posts, product),
        earlier=earlier["aspects"],
        known=known,
    )
    how = compared(context, tagger, product)
    needs = collect_needs(
        sentences,
        encode=how.encode,
        alike=how.alike,
        tell=partial(_tell, tagger, encoder) if HEADLINE in tagger.cards else None,
        encoder=how.mark,
        earlier=earlier["needs"],
        known=known,
    )
    tables.replace("phrases", phrases)
    tables.replace("aspects", aspects)
    tables.replace("needs", needs)
    return StageResult(
        Account("tag", len(texts), len(tags)),
        models.tagger_notices + unlike,
        models={"tagger": tagger.name},
        detail=f"{n_new:,} of {len(texts):,} posts read anew",
    )


def _add_tags(
    tables: StageTables,
    context: Context,
    marked: pl.DataFrame,
    kept: pl.DataFrame,
    *,
    is_unlike: bool,
) -> int:
    """Tag posts that have no tags yet; return how many.

    Chunks are kept as they come, beside what can be kept of before: a killed run goes on there.
    """
    new = marked.join(kept, on="post_id", how="anti", maintain_order="left")
    context.reporter.start("tag", len(new))
    tables.replace("tags", kept)
    make = partial(_tags_of, is_unlike=is_unlike)
    for n in context.workers.fill("tags", make, new, tables, context):
        context.reporter.advance(n)
    return len(new)


def _tags_of(
    tables: StageTables, context: Context, rows: pl.DataFrame, *, is_unlike: bool
) -> Iterator[pl.DataFrame]:
    """Yield the tags of posts, of which ``rows`` has the id and the mark."""
    from feedbackminer.tagging.likeness import at_even_priors
    from feedbackminer.tagging.stage import CHUNK, read_texts, tag_texts

    tagger, labels = context.models.tagger, tables.read("tag_labels")
    tagger = at_even_priors(tagger) if is_unlike else tagger
    for some in rows.iter_slices(CHUNK):
        keys = some.select("post_id")
        texts = tables.select("texts", keys).sort("post_id")
        ratings = tables.select("posts", keys).sort("post_id")["rating"]
        encoded = encoded_texts(tables, texts["content_hash"], context.models.encoder_name)
        yield tag_texts(
            texts["post_id"].to_list(),
            read_texts(texts, encoded, ratings.is_not_null().to_list(), ratings.to_list()),
            tagger=tagger,
            labels=labels,
            read_as=some.sort("post_id")["read_as"].to_list(),
        )


def _phrases(
    context: Context, sentences: Sequence[Sentence], earlier: pl.DataFrame
) -> pl.DataFrame:
    """Return what sentences name that may tell of parts of the product, if these are wanted."""
    from feedbackminer.tagging.extract import read_phrases

    nlp = context.models.nlp
    if not (context.settings.tag.discovered and nlp.has_pipe("parser")):
        return earlier.clear()
    reader = " ".join([context.code, *context.models.names(["nlp"])])
    return read_phrases(sentences, nlp=nlp, reader=reader, earlier=earlier)


def _parts(
    context: Context, phrases: pl.DataFrame, posts: pl.DataFrame, product: Product
) -> dict[str, tuple[str, ...]]:
    """Return the parts of the product that no settings name: name -> spellings."""
    from feedbackminer.tagging.aspects import Components
    from feedbackminer.tagging.extract import said
    from feedbackminer.tagging.parts import discover

    settings = context.settings.tag
    voices = posts.select("post_id", voice=pl.coalesce("author_id", "post_id"))
    return discover(
        said(phrases, dict(voices.iter_rows())),
        named=Components(settings.components),
        product=product.names,
        limit=settings.discovered,
        least_voices=settings.least_voices,
    )


def _tell(tagger: Tagger, encoder: Encoder, sentences: Sequence[str]) -> Matrix:
    """Return what single sentences say, shape (sentences, HEADLINES)."""
    return tagger.headlines(sentences, encoder.encode(sentences).layer_mean)


def _product(context: Context) -> str:
    return context.settings.digest.product


def _compared_by(context: Context) -> str:
    """Return what decides which sentences say the same, beside models and settings of a stage."""
    return f"{matcher_hash()} {_product(context)}"


TAG = Stage(
    "tag",
    _tag,
    reads=("texts", "posts", "vectors", "tag_labels"),
    writes=("tags", "phrases", "aspects", "needs"),
    settings=("tag", "embed"),
    models=("encoder", "tagger", "nlp"),
    depends=_compared_by,
)


def _signals(tables: StageTables, context: Context) -> StageResult:
    """⑥ Derive threads and members."""
    from feedbackminer.signals.stage import read_conversation

    result = read_conversation(
        *(tables.read(name) for name in ("posts", "tags", "texts")),
        segments=context.settings.segments,
    )
    tables.replace("replies", result.replies)
    tables.replace("threads", result.threads)
    tables.replace("members", result.members)
    return StageResult(result.account)


SIGNALS = Stage(
    "signals",
    _signals,
    reads=("posts", "tags", "texts"),
    writes=("replies", "threads", "members"),
    settings=("segments",),
)


def _keypoints(tables: StageTables, context: Context) -> StageResult:
    """⑦ Find what many members say, in the words of one of them."""
    from feedbackminer.embed.bi_encoder import shipped_bi_encoder
    from feedbackminer.embed.load import backend_of
    from feedbackminer.keypoints.stage import find_key_points

    encoder, tagger, reporter = context.models.encoder, context.models.tagger, context.reporter
    matcher = shipped_bi_encoder()
    settings = context.settings.embed
    engine = backend_of(settings).engine
    read_as = f"{context.code} {encoder.name} {tagger.name} {matcher_hash()}"
    earlier = {name: tables.previous(name) for name in KEYPOINTS.writes}
    given = tables.read_all()
    if HEADLINE not in tagger.cards:  # rules do not tell what a sentence says when it stands alone
        given["tags"] = given["tags"].clear()

    def tell(sentences: Sequence[str]) -> Matrix:
        reporter.advance(len(sentences))
        return _tell(tagger, encoder, sentences)

    reporter.start("keypoints", None)
    # Chunks are kept as they come, beside what can be kept of before: a killed run goes on there.
    result = find_key_points(
        given,
        earlier,
        tell=tell,
        encode=partial(matcher.encode, engine=engine, threads=settings.threads),
        read_as=read_as,
        chances=matcher.chances,
        product=_product(context),
        begin=tables.replace,
        keep=tables.append,
    )
    tables.replace("sentences", result.sentences)
    tables.replace("clauses", result.clauses)
    tables.replace("matches", result.matches)
    tables.replace("key_points", result.key_points)
    detail = quantity(len(result.key_points), "key point")
    return StageResult(result.account, detail=detail)


KEYPOINTS = Stage(
    "keypoints",
    _keypoints,
    reads=("posts", "tags", "members", "repeats", "tag_labels"),
    writes=("sentences", "clauses", "key_points", "matches"),
    settings=("embed",),
    models=("encoder", "tagger"),
    depends=_compared_by,
    lasting=("key_points", "matches"),
)


def _insight(tables: StageTables, context: Context) -> StageResult:
    """⑧ Turn everything known into shares and claims."""
    from feedbackminer.insight.stage import mine_claims

    read = tables.read_all()
    read["events"] = events_of(read["events"], context.settings)
    result = mine_claims(read, settings=context.settings.insight)
    tables.replace("periods", result.periods)
    tables.replace("shares", result.shares)
    tables.replace("claims", result.claims)
    return StageResult(result.account, result.notices, dropped=result.dropped)


INSIGHT = Stage(
    "insight",
    _insight,
    reads=insight.READS,
    writes=("periods", "shares", "claims"),
    settings=("insight",),
    depends=lambda context: str(sorted(context.settings.events.items())),
)


LEVELS_HOLD = timedelta(days=7)  # what stands out by chance hardly changes in a week


def _alerts(tables: StageTables, context: Context) -> StageResult:
    """Measure from where something stands out; what was measured this week holds."""
    from feedbackminer.insight.alerts import (
        Watch,
        last_moment,
        levels_of,
        levels_row,
        recent_facts,
    )

    settings, read = context.settings.alerts, tables.read_all()
    at = last_moment(read["posts"], context.now)
    watch = Watch.of(recent_facts(read, at, settings.days), settings)
    n = len(watch.rows)
    account, detail = Account("alerts", n, n), f"{n:,} things are watched"
    if not watch.is_enough:
        tables.replace("alert_levels", AlertLevels.create_empty())
        return StageResult(account, detail=detail)

    before = levels_of(tables.previous("alert_levels")) if context.continues else None
    if before and watch.fits(before, at) and at - before.until < LEVELS_HOLD:
        return StageResult(account, detail=f"{detail}, by levels of {before.until:%F}")
    levels = levels_row(watch, watch.calibrate(), settings.false_alarms)
    tables.replace("alert_levels", levels)
    return StageResult(account, detail=detail)


ALERTS = Stage(
    "alerts",
    _alerts,
    reads=insight.READS,
    writes=("alert_levels",),
    settings=("alerts",),
)


def _health(tables: StageTables, context: Context) -> StageResult:
    """Hold the latest week against those before it; each check that warns becomes a notice."""
    from feedbackminer.health.stage import check_health
    from feedbackminer.health.weeks import read_weeks

    settings, encoder = context.settings, context.models.encoder_name
    recent = read_weeks(
        {name: tables.read(name) for name in weeks.READS},
        vectors_of=lambda hashes: matrix_of(tables, hashes, encoder),
        history=settings.drift.history,
        sources=tuple(settings.sources),
        until=settings.insight.until,
    )
    result = check_health(recent, settings=settings.drift, run_id=context.run_id, now=context.now)
    # A run that was killed before it noted this step has checked nothing.
    earlier = tables.previous("health").join(tables.finished_runs(), on="run_id", how="semi")
    tables.replace("health", pl.concat([earlier, result.checks]))
    counts = result.checks["status"].value_counts(sort=True).rows()
    detail = ", ".join(f"{n} {status}" for status, n in counts)
    return StageResult(result.account, result.notices, detail=detail)


HEALTH = Stage(
    "health",
    _health,
    reads=(*weeks.READS, "vectors"),
    writes=("health",),
    settings=("drift", "insight", "embed"),
    models=("encoder",),
    depends=lambda context: " ".join(context.settings.sources),
    lasting=("health",),
)

STAGES = (CLEAN, EMBED, TOPICS, TAG, SIGNALS, KEYPOINTS, INSIGHT, ALERTS, HEALTH)


def mine(run: Run) -> list[Outcome]:
    """Do ② to ⑧, and check what came out.

    Raises:
        InputError: the project holds no posts.
        ModelError: a head is damaged; this is told now, not after an hour of encoding.
    """
    _refuse_empty(run)
    _ = run.models.tagger
    return [run.step(stage) for stage in STAGES]


def plan(run: Run) -> list[Planned]:
    """Tell which of ② to ⑧ would be done anew, and why.

    Raises:
        InputError: the project holds no posts.
        ModelError: a head is damaged.
    """
    _refuse_empty(run)
    return run.plan(STAGES)


def _refuse_empty(run: Run) -> None:
    if run.project.store.version("posts") is None:
        raise InputError(
            f"{run.project.folder}: holds no posts; `feedbackminer import FILE` reads some in"
        )
