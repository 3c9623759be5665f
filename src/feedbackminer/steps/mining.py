"""The stages in order, each reading from the store and writing to it.

Each is one step of a :class:`~feedbackminer.engine.run.Run`, which leaves out what was
done already. The command line and the Prefect flows both call these.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.engine.models import choose_tagger
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome, Work
from feedbackminer.errors import InputError
from feedbackminer.steps.vectors import (
    encoded_texts,
    matrix_of,
    stored_vectors,
    topic_input,
)

if TYPE_CHECKING:
    pass

KNOWN = ("topics", "vocabulary", "assignments", "corrections")


def clean(run: Run) -> Outcome:
    """② Turn posts into texts."""
    from feedbackminer.clean.stage import clean_posts

    settings, store = run.project.settings.clean, run.project.store

    def work() -> Work:
        result = clean_posts(store.read("posts"), settings=settings)
        store.replace("dropped", result.dropped, where=("stage", "clean"))
        store.replace("segments", result.segments)
        store.replace("repeats", result.repeats)
        store.replace("texts", result.texts)
        return Work(result.account, result.notices)

    writes = ("texts", "segments", "repeats")
    return run.step("clean", work, reads=("posts",), writes=writes, settings=(settings,))


def embed(run: Run) -> Outcome:
    """③ Encode the distinct texts that have no vector yet; each chunk is stored as it comes."""
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.embed.stage import embed_passages, missing

    settings, store = run.project.settings.embed, run.project.store
    encoder = SentenceEncoder(settings)

    def work() -> Work:
        texts, segments = store.read("texts"), store.read("segments")
        hashes = pl.concat([texts["content_hash"], segments["content_hash"]]).unique()
        todo = missing(texts, segments, stored_vectors(run, hashes, encoder.name)["content_hash"])
        run.reporter.start("embed", len(todo))
        began = time.perf_counter()
        for chunk in embed_passages(todo, encoder=encoder):
            store.append("vectors", chunk)
            run.reporter.advance(len(chunk))
        rate = len(todo) / max(time.perf_counter() - began, 1e-9)
        detail = f"{len(todo):,} of {len(hashes):,} distinct texts and parts encoded"
        detail += f", {rate:,.0f} texts/s" if len(todo) else ""
        account = Account("embed", len(texts), len(texts))
        return Work(account, models={"encoder": encoder.name}, detail=detail)

    return run.step(
        "embed",
        work,
        reads=("texts", "segments"),
        writes=(),
        settings=(settings,),
        extra=encoder.name,
    )


def topics(run: Run, *, refit: bool = False) -> Outcome:
    """④ Group texts into topics that keep their ids; ``refit`` finds them anew."""
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.topics.naming.llm import EndpointLabeller
    from feedbackminer.topics.previous import TopicTables
    from feedbackminer.topics.stage import Naming, find_topics
    from feedbackminer.topics.topic_set import Provenance

    settings, store = run.project.settings, run.project.store
    encoder = SentenceEncoder(settings.embed)

    def work() -> Work:
        result = find_topics(
            topic_input(run, encoder.name),
            TopicTables(**{name: store.recall(name) for name in KNOWN}),
            settings=settings.topics,
            provenance=Provenance(encoder.name, run.run_id),
            themes={
                name: encoder.encode(said).vectors for name, said in settings.topics.themes.items()
            },
            naming=Naming(
                ignore_words=tuple(settings.digest.product.split()),
                labeller=EndpointLabeller(settings.naming) if settings.naming.url else None,
            ),
            refit=refit,
        )
        store.replace("dropped", result.dropped, where=("stage", "topics"))
        # A run that was killed before it stored topics has told of the same events.
        told = ["event", "from_id", "to_id", "by"]
        earlier = store.recall("lineage").join(result.lineage, on=told, how="anti")
        store.replace("lineage", pl.concat([earlier, result.lineage]))
        store.replace("vocabulary", result.vocabulary)
        store.replace("assignments", result.assignments)
        store.replace("topics", result.topics)
        return Work(result.account, result.notices, {"topics": "BERTopic"}, result.how)

    return run.step(
        "topics",
        work,
        reads=("texts", "segments", "repeats", "posts", "corrections"),
        writes=("topics", "assignments"),
        settings=(settings.topics, settings.naming, settings.embed),
        extra=f"{settings.digest.product}|{run.run_id if refit else ''}",
    )


def tag(run: Run) -> Outcome:
    """⑤ Say how each text sounds, what it does, which components it judges and what it needs."""
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.tag.extract import collect_needs, find_aspects
    from feedbackminer.tag.stage import read_texts, tag_texts
    from feedbackminer.text.nlp import load_spacy

    store, settings = run.project.store, run.project.settings
    encoder = SentenceEncoder(settings.embed)
    tagger, notices = choose_tagger(run.project)

    def work() -> Work:
        texts = store.read("texts")
        run.reporter.start("tag", len(texts))
        post_ids = texts["post_id"].to_list()
        encoded = encoded_texts(run, texts["content_hash"], encoder.name)
        posts = store.read("posts", ["post_id", "author_id", "rating"])
        posts = texts.join(posts, on="post_id", how="left", maintain_order="left")
        are_reviews = posts["rating"].is_not_null().to_list()
        read = read_texts(texts, encoded.vectors, encoded.middle, are_reviews)
        result = tag_texts(
            post_ids,
            read,
            tagger=tagger,
            labels=store.read("tag_labels"),
            progress=run.reporter.advance,
        )
        nlp, _ = load_spacy()
        aspects = find_aspects(
            post_ids,
            read,
            posts.select(pl.coalesce("author_id", "post_id")).to_series().to_list(),
            tagger=tagger,
            nlp=nlp if nlp.has_pipe("parser") else None,
            settings=settings.tag,
        )
        needs = collect_needs(
            post_ids,
            read,
            encode=lambda said: encoder.encode(said).vectors,
            alike=settings.tag.alike_needs,
        )
        store.replace("aspects", aspects)
        store.replace("needs", needs)
        store.replace("tags", result.tags)
        return Work(result.account, notices, {"tagger": tagger.name})

    return run.step(
        "tag",
        work,
        reads=("texts", "posts", "tag_labels"),
        writes=("tags", "aspects", "needs"),
        settings=(settings.tag, settings.embed),
        extra=tagger.name,
    )


def signals(run: Run) -> Outcome:
    """⑥ Derive threads and members."""
    from feedbackminer.signals.stage import read_conversation

    store = run.project.store

    def work() -> Work:
        result = read_conversation(store.read("posts"), store.read("tags"))
        store.replace("threads", result.threads)
        store.replace("members", result.members)
        return Work(result.account)

    return run.step(
        "signals", work, reads=("posts", "tags"), writes=("threads", "members"), settings=()
    )


def insight(run: Run) -> Outcome:
    """⑦ Turn everything known into claims."""
    from feedbackminer.insight.stage import mine_claims

    settings, store = run.project.settings.insight, run.project.store
    names = (
        *("posts", "topics", "assignments", "tags", "threads", "members", "repeats"),
        *("aspects", "needs"),
    )

    def work() -> Work:
        tables = {name: store.read(name) for name in names}
        result = mine_claims(**tables, settings=settings)
        store.replace("dropped", result.dropped, where=("stage", "insight"))
        store.replace("claims", result.claims)
        return Work(result.account, result.notices)

    return run.step("insight", work, reads=names, writes=("claims",), settings=(settings,))


def health(run: Run) -> Outcome:
    """Hold the latest week against those before it; each check that warns becomes a notice."""
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.health.stage import check_health
    from feedbackminer.health.weeks import read_weeks

    settings, store = run.project.settings, run.project.store
    encoder = SentenceEncoder(settings.embed).name
    sources = tuple(settings.sources)
    reads = ("posts", "texts", "tags", "assignments", "dropped", "cursors")

    def work() -> Work:
        recent = read_weeks(
            *(store.read(name) for name in reads),
            vectors_of=lambda hashes: matrix_of(run, hashes, encoder),
            history=settings.drift.history,
            sources=sources,
            until=settings.insight.until,
        )
        result = check_health(
            recent, settings=settings.drift, run_id=run.run_id, now=run.started_at
        )
        # A run that was killed before it noted this step has checked nothing.
        ended = store.read("runs").filter(pl.col("stage") == "health").select("run_id")
        earlier = store.recall("health").join(ended, on="run_id", how="semi")
        store.replace("health", pl.concat([earlier, result.checks]))
        detail = ", ".join(
            f"{n} {status}" for status, n in result.checks["status"].value_counts(sort=True).rows()
        )
        return Work(result.account, result.notices, detail=detail)

    return run.step(
        "health",
        work,
        reads=reads,
        writes=("health",),
        settings=(settings.drift, settings.insight, settings.embed),
        extra=" ".join(sources),
    )


def mine(run: Run) -> list[Outcome]:
    """Do ② to ⑦, and check what came out."""
    if run.project.store.version("posts") is None:
        raise InputError(
            f"{run.project.folder}: holds no posts; `feedbackminer import FILE` reads some in"
        )
    choose_tagger(run.project)  # a damaged head is told of now, not after an hour of encoding
    return [step(run) for step in (clean, embed, topics, tag, signals, insight, health)]
