"""The stages in order, each reading from the store and writing to it.

Each is one step of a :class:`~feedbackminer.runs.Run`, which leaves out what was done already.
The command line and the Prefect flows both call these.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer import __version__, audit
from feedbackminer.errors import DriftError, InputError, OtherEncoderError
from feedbackminer.runs import COLLECT, Outcome, Run, Work, account_of, steps_behind, sum_accounts
from feedbackminer.tables import Account

if TYPE_CHECKING:
    from feedbackminer.embed.encoders import Encoded
    from feedbackminer.embed.encoders import Vectors as Matrix
    from feedbackminer.project import Project
    from feedbackminer.store import Store
    from feedbackminer.tag.posts import Tagger
    from feedbackminer.topics.corpus import Corpus, Detail

KNOWN = ("topics", "vocabulary", "assignments", "corrections")
GENERIC_NAMES = {
    "posts",
    "comments",
    "messages",
    "export",
    "data",
    "reviews",
    "submissions",
    "dump",
}


def collect(
    run: Run, exports: Sequence[str], threads: Sequence[str] = (), *, source: str = ""
) -> Outcome:
    """① Read exports into ``posts``.

    Args:
        exports: paths, or ``-`` for standard input.
        threads: files with a title and channel per thread.
        source: prefix of post ids; empty: as the settings say, else the name of the file.
    Raises:
        InputError: a file cannot be read, or none of its rows is a post.
    """
    from feedbackminer.collect import files as reading
    from feedbackminer.collect.posts import collect_posts, read_threads
    from feedbackminer.collect.pseudonyms import Pseudonyms, load_or_create_key
    from feedbackminer.collect.suppress import suppress

    settings, store = run.project.settings.collect, run.project.store
    contents = [(path, reading.open_file(path)) for path in exports]
    thread_files = [reading.open_file(path) for path in threads]
    prefix = source or settings.source
    sources = {content.sha256: prefix or source_name(path) for path, content in contents}
    read = {f"{sources[c.sha256]}:{c.name}": c.sha256 for _, c in contents}
    read |= {f"threads:{content.name}": content.sha256 for content in thread_files}

    def work() -> Work:
        pseudonyms = Pseudonyms(load_or_create_key(run.project.key_path))
        seals = frozenset(store.read("suppressed")["seal"])
        known = {}
        bad_threads = 0
        for content in thread_files:
            rows = reading.read_rows(content, encoding=settings.encoding)
            found, bad = read_threads(rows, name=content.name)
            known.update(found)
            bad_threads += bad
        results = [
            collect_posts(
                reading.read_rows(content, encoding=settings.encoding),
                name=content.name,
                source=sources[content.sha256],
                settings=settings,
                pseudonyms=pseudonyms,
                now=run.started_at,
                threads=known,
            )
            for _, content in contents
        ]
        total = sum_accounts(COLLECT, [result.account for result in results])
        if not total.rows_out:
            raise InputError(_nothing_read(exports, total))
        results = [suppress(result, seals, pseudonyms) for result in results]
        total = sum_accounts(COLLECT, [result.account for result in results])
        for (_, content), result in zip(contents, results, strict=True):
            store.merge("posts", result.posts, ignore=("collected_at",))
            store.merge("dropped", result.dropped)
            audit.record(run, "import", content.name, len(result.posts))
        notices = [notice for result in results for notice in result.notices]
        if bad_threads:
            notices.append(
                f"rows of the threads file without a thread id, or with one again: {bad_threads}"
            )
        return Work(total, tuple(dict.fromkeys(notices)))

    return run.step(COLLECT, work, reads=(), writes=("posts",), settings=(settings,), files=read)


def clean(run: Run) -> Outcome:
    """② Turn posts into texts."""
    from feedbackminer.clean.posts import clean_posts

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
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.embed.texts import embed_passages, missing

    settings, store = run.project.settings.embed, run.project.store
    encoder = SentenceEncoder(settings)

    def work() -> Work:
        texts, segments = store.read("texts"), store.read("segments")
        hashes = pl.concat([texts["content_hash"], segments["content_hash"]]).unique()
        todo = missing(texts, segments, _vectors_of(run, hashes, encoder.name)["content_hash"])
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
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.topics.find import find_topics
    from feedbackminer.topics.llm import EndpointLabeller
    from feedbackminer.topics.past import Known

    settings, store = run.project.settings, run.project.store
    encoder = SentenceEncoder(settings.embed)

    def work() -> Work:
        result = find_topics(
            *_texts_with_vectors(run, encoder.name),
            Known(**{name: store.recall(name) for name in KNOWN}),
            detail=_detail(run, encoder.name),
            settings=settings.topics,
            encoder=encoder.name,
            run_id=run.run_id,
            themes={
                name: encoder.encode(said).vectors for name, said in settings.topics.themes.items()
            },
            labeller=EndpointLabeller(settings.naming) if settings.naming.url else None,
            ignore_words=tuple(settings.digest.product.split()),
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
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.tag.posts import read_texts, tag_texts
    from feedbackminer.tag.told import collect_needs, find_aspects
    from feedbackminer.topics.find import load_spacy

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


def choose_tagger(project: Project) -> tuple[Tagger, tuple[str, ...]]:
    """Return the project's own heads, else those that were shipped; rules for another encoder.

    Raises:
        ModelError: a head is damaged.
    """
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.tag.by_heads import load_tagger
    from feedbackminer.tag.by_rules import RuleTagger

    try:
        return load_tagger(SentenceEncoder(project.settings.embed).name, project.heads), ()
    except OtherEncoderError as error:
        notice = f"{error}; until then kinds are found by rules and sentiment by a lexicon"
        return RuleTagger(), (notice,)


def signals(run: Run) -> Outcome:
    """⑥ Derive threads and members."""
    from feedbackminer.signals.conversation import read_conversation

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
    from feedbackminer.insight.mine import mine_claims

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
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.health.report import check_health
    from feedbackminer.health.weeks import read_weeks

    settings, store = run.project.settings, run.project.store
    encoder = SentenceEncoder(settings.embed).name
    sources = tuple(settings.sources)
    reads = ("posts", "texts", "tags", "assignments", "dropped", "cursors")

    def work() -> Work:
        recent = read_weeks(
            *(store.read(name) for name in reads),
            vectors_of=lambda hashes: _matrix_of(run, hashes, encoder),
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


def latest_checks(store: Store) -> pl.DataFrame:
    """Return the rows of ``health`` of the run that checked last.

    A run that found everything unchanged did not check again: these hold for it too.
    """
    checks = store.recall("health")
    last = checks.sort("checked_at", "run_id").tail(1).select("run_id")
    return checks.join(last, on="run_id", how="semi")


def digest(run: Run, out: Path, *, force: bool = False) -> Outcome:
    """⑧ Write the digest of what the store holds.

    Args:
        force: write it although a check warns that the settings let stop it.
    Raises:
        InputError: nothing was mined yet, or ``out`` cannot be written.
        DriftError: a check warns that the settings let stop a digest.
    """
    from feedbackminer.digest.content import Provenance, build_digest
    from feedbackminer.digest.publish import publish

    project, store = run.project, run.project.store
    names = (
        *("posts", "topics", "assignments", "tags", "threads", "members", "repeats"),
        *("dropped", "claims"),
    )
    run.reporter.start("digest", None)
    began = time.perf_counter()
    if store.version("claims") is None:
        raise InputError(f"{project.folder}: nothing was mined yet; run `feedbackminer mine` first")
    if not force:
        _refuse_unusual(project)
    erasures = store.read("audit").filter(pl.col("action").is_in(["erase", "retain"]))
    n_erased = int(erasures["rows"].sum())
    done = steps_behind(store.read("runs"), store.read("posts", ["post_id"]), n_erased)
    provenance = Provenance(
        run_id=run.run_id,
        made_at=run.started_at,
        code_version=__version__,
        models={k: v for row in done for k, v in json.loads(row["models"]).items()},
        versions=store.versions(names),
        settings=json.loads(
            project.settings.model_dump_json(
                exclude={"store", "collect", "log", "max_dropped_share"}
            )
        ),
        accounts=[account_of(row) for row in done],
        seconds={row["stage"]: row["seconds"] for row in done},
        notices=list(dict.fromkeys(notice for row in done for notice in row["notices"])),
        heads=choose_tagger(project)[0].cards,
    )
    tables = {name: store.read(name) for name in names}
    content = build_digest(tables, settings=project.settings.digest, provenance=provenance)
    publish(content, out)
    audit.record(run, "publish", str(out.resolve()), len(content.claims), "claims shown")
    outcome = Outcome(content.account, time.perf_counter() - began, False)
    run.record(outcome, reads=names, settings=(project.settings.digest,))
    return outcome


def _refuse_unusual(project: Project) -> None:
    """Raise DriftError where a check warns that ``drift.block`` names."""
    block = project.settings.drift.block
    warning = latest_checks(project.store).filter(pl.col("status") == "warning")
    stopping = warning if "all" in block else warning.filter(pl.col("check").is_in(block))
    if not len(stopping):
        return
    told = "; ".join(
        f"{row['check']}: got {row['value']:.3g}, expected {row['low']:.3g} to {row['high']:.3g} "
        f"({row['detail']})"
        for row in stopping.to_dicts()
    )
    raise DriftError(
        f"{project.folder}: the digest was stopped, for the latest week is unlike those before: "
        f"{told}. Look for the cause; then write it with --force, or take the check out of "
        "[drift] block"
    )


def mine(run: Run) -> list[Outcome]:
    """Do ② to ⑦, and check what came out."""
    if run.project.store.version("posts") is None:
        raise InputError(
            f"{run.project.folder}: holds no posts; `feedbackminer import FILE` reads some in"
        )
    choose_tagger(run.project)  # a damaged head is told of now, not after an hour of encoding
    return [step(run) for step in (clean, embed, topics, tag, signals, insight, health)]


def source_name(path: str) -> str:
    """Name a source after its file, or after its folder where the file's name says nothing."""
    if path == "-":
        return "stdin"
    file = Path(path).resolve()
    name = file.name.split(".")[0].lower()
    name = file.parent.name if name in GENERIC_NAMES else name
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name) or "export"


def read_corpus(run: Run) -> tuple[Corpus, str]:
    """Return what the topics see of each post, and the name of the encoder behind it."""
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.topics.corpus import read_corpus

    settings = run.project.settings
    encoder = SentenceEncoder(settings.embed).name
    told = _texts_with_vectors(run, encoder)
    return read_corpus(
        *told, _detail(run, encoder), thread_weight=settings.topics.thread_weight
    ), encoder


def read_for_replay(run: Run) -> tuple[pl.DataFrame, Matrix, pl.DataFrame]:
    """Return texts, their vectors, and thread and time of each post."""
    from feedbackminer.embed.encoders import SentenceEncoder

    encoder = SentenceEncoder(run.project.settings.embed).name
    texts, vectors, _ = _texts_with_vectors(run, encoder)
    return texts, vectors, run.project.store.read("posts", ["post_id", "thread_id", "created_at"])


def _texts_with_vectors(run: Run, encoder: str) -> tuple[pl.DataFrame, Matrix, pl.Series]:
    """Return the texts, and of each its vector and its thread."""
    store = run.project.store
    texts = store.read("texts")
    thread_ids = store.read("posts", ["post_id", "thread_id"])
    threads = texts.join(thread_ids, on="post_id", how="left", maintain_order="left")
    return texts, _matrix_of(run, texts["content_hash"], encoder), threads["thread_id"]


def _detail(run: Run, encoder: str) -> Detail:
    """Return which texts repeat others, and the parts of long ones with their vectors."""
    from feedbackminer.topics.corpus import Detail

    store = run.project.store
    segments = store.read("segments")
    vectors = _matrix_of(run, segments["content_hash"], encoder)
    return Detail(store.read("repeats"), segments, vectors)


def _matrix_of(run: Run, hashes: pl.Series, encoder: str) -> Matrix:
    """Return the vectors of texts, one row each."""
    return encoded_texts(run, hashes, encoder).vectors


def encoded_texts(run: Run, hashes: pl.Series, encoder: str) -> Encoded:
    """Return what the encoder told of texts, one row each."""
    from feedbackminer.embed.encoders import Encoded
    from feedbackminer.embed.texts import to_matrix

    known = _vectors_of(run, hashes.unique(), encoder)
    wanted = hashes.to_frame()
    aligned = wanted.join(known, on="content_hash", how="left", maintain_order="left")
    return Encoded(to_matrix(aligned["vector"]), to_matrix(aligned["middle"]))


def _vectors_of(run: Run, hashes: pl.Series, encoder: str) -> pl.DataFrame:
    keys = hashes.to_frame().with_columns(encoder=pl.lit(encoder))
    return run.project.store.select("vectors", keys)


def _nothing_read(exports: Sequence[str], total: Account) -> str:
    reasons = ", ".join(f"{reason}: {n}" for reason, n in total.dropped.items()) or "no rows"
    return (
        f"{', '.join(exports)}: none of the {total.rows_in} rows is a post ({reasons}); "
        "check that the columns are the right ones, name them with --map body=COLUMN"
    )
