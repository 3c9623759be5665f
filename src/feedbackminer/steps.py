"""The stages in order, each reading from the store and writing to it.

A step that was already done on the same input, with the same settings and code, is not done
again: its fingerprint stands in ``runs``. So a killed run continues where it was, and a second
run over the same export ends at once. The command line and the Prefect flows both call these.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.errors import InputError
from feedbackminer.project import Project
from feedbackminer.settings import fingerprint
from feedbackminer.tables import Account, Runs, check, column_types

COLLECT = "collect"
MINING = ("clean", "embed", "topics", "tag", "signals", "insight")
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


class Reporter(Protocol):
    """Shows a person what goes on."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` units of work where known."""

    def advance(self, done: int) -> None:
        """``done`` more units are finished."""

    def finish(self, outcome: Outcome) -> None:
        """The stage is over."""


class Silent:
    """Shows nothing."""

    def start(self, stage: str, total: int | None) -> None: ...
    def advance(self, done: int) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    account: Account
    seconds: float
    reused: bool
    notices: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Work:
    """What a stage did: its row account, and what the reader should know."""

    account: Account
    notices: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass
class Run:
    """One run over a project; ``started_at`` is the only clock that stages ever see."""

    project: Project
    reporter: Reporter = field(default_factory=Silent)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = ""

    def __post_init__(self) -> None:
        self.run_id = self.run_id or f"{self.started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    def step(
        self,
        stage: str,
        work: Callable[[], Work],
        *,
        reads: Sequence[str],
        writes: Sequence[str],
        settings: Sequence[BaseModel],
        extra: str = "",
        files: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Do a stage, unless ``runs`` says it was done on the same input already.

        Args:
            reads: tables that the stage reads; ``files`` those that come from outside, by hash.
            extra: whatever else decides the result, such as the name of a model.
        """
        store = self.project.store
        self.reporter.start(stage, None)
        read = {**store.versions(reads), **(files or {})}
        parts = [
            __version__,
            _code_mark(stage),
            stage,
            fingerprint(*settings),
            json.dumps(read),
            extra,
        ]
        mark = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
        began = time.perf_counter()
        done = self._done_before(stage, mark, writes)
        if done:
            outcome = Outcome(_account_of(done), 0.0, True, tuple(done["notices"]))
            models = json.loads(done["models"])
        else:
            result = work()
            seconds = time.perf_counter() - began
            outcome = Outcome(result.account, seconds, False, result.notices, result.detail)
            models = dict(result.models)
        self._record(stage, mark, outcome, models, read, store.versions(writes), settings)
        self.reporter.finish(outcome)
        return outcome

    def _done_before(self, stage: str, mark: str, writes: Sequence[str]) -> dict[str, Any] | None:
        """Return the row of an equal step whose outputs are still as it left them."""
        store = self.project.store
        rows = store.read("runs").filter(
            (pl.col("stage") == stage) & (pl.col("fingerprint") == mark)
        )
        latest = rows.sort("finished_at", "run_id").tail(1).to_dicts()
        now = json.dumps(store.versions(writes))
        same = latest and (stage == COLLECT or latest[0]["writes"] == now)
        return latest[0] if same else None

    def _record(
        self,
        stage: str,
        mark: str,
        outcome: Outcome,
        models: Mapping[str, str],
        read: Mapping[str, int | str | None],
        written: Mapping[str, int | None],
        settings: Sequence[BaseModel],
    ) -> None:
        row = {
            "run_id": self.run_id,
            "stage": stage,
            "fingerprint": mark,
            "reused": outcome.reused,
            "rows_in": outcome.account.rows_in,
            "rows_out": outcome.account.rows_out,
            "dropped": json.dumps(dict(outcome.account.dropped)),
            "seconds": outcome.seconds,
            "settings_hash": fingerprint(*settings),
            "code_version": __version__,
            "models": json.dumps(models),
            "reads": json.dumps(read),
            "writes": json.dumps(written),
            "notices": list(outcome.notices),
            "finished_at": datetime.now(UTC),
        }
        frame = pl.DataFrame([row], schema=column_types(Runs))
        self.project.store.append("runs", check(frame, Runs, where=stage))


def collect(run: Run, exports: Sequence[str], threads: Sequence[str] = ()) -> Outcome:
    """① Read exports into ``posts``.

    Args:
        exports: paths, or ``-`` for standard input.
        threads: files with a title and channel per thread.
    Raises:
        InputError: a file cannot be read, or none of its rows is a post.
    """
    from feedbackminer.collect import files as reading
    from feedbackminer.collect.posts import collect_posts, read_threads
    from feedbackminer.collect.pseudonyms import Pseudonyms, load_or_create_key

    settings, store = run.project.settings.collect, run.project.store
    contents = [(path, reading.open_file(path)) for path in exports]
    thread_files = [reading.open_file(path) for path in threads]
    sources = {content.sha256: settings.source or source_name(path) for path, content in contents}
    read = {f"{sources[c.sha256]}:{c.name}": c.sha256 for _, c in contents}
    read |= {f"threads:{content.name}": content.sha256 for content in thread_files}

    def work() -> Work:
        key = load_or_create_key(run.project.key_path)
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
                pseudonyms=Pseudonyms(key),
                now=run.started_at,
                threads=known,
            )
            for _, content in contents
        ]
        total = _sum_accounts(COLLECT, [result.account for result in results])
        if not total.rows_out:
            raise InputError(_nothing_read(exports, total))
        for result in results:
            store.merge("posts", result.posts, ignore=("collected_at",))
            store.merge("dropped", result.dropped)
        notices = [notice for result in results for notice in result.notices]
        if bad_threads:
            notices.append(
                f"{bad_threads} rows of the threads file have no thread id, or repeat one"
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
        store.replace("texts", result.texts)
        return Work(result.account, result.notices)

    return run.step("clean", work, reads=("posts",), writes=("texts",), settings=(settings,))


def embed(run: Run) -> Outcome:
    """③ Encode the distinct texts that have no vector yet; each chunk is stored as it comes."""
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.embed.texts import embed_texts, missing

    settings, store = run.project.settings.embed, run.project.store
    encoder = SentenceEncoder(settings)

    def work() -> Work:
        texts = store.read("texts")
        todo = missing(texts, _vectors_of(run, texts, encoder.name)["content_hash"])
        run.reporter.start("embed", len(todo))
        began = time.perf_counter()
        for chunk in embed_texts(todo, encoder=encoder):
            store.append("vectors", chunk)
            run.reporter.advance(len(chunk))
        rate = len(todo) / max(time.perf_counter() - began, 1e-9)
        detail = f"{len(todo):,} of {texts['content_hash'].n_unique():,} distinct texts encoded"
        detail += f", {rate:,.0f} texts/s" if len(todo) else ""
        account = Account("embed", len(texts), len(texts))
        return Work(account, models={"encoder": encoder.name}, detail=detail)

    return run.step(
        "embed", work, reads=("texts",), writes=(), settings=(settings,), extra=encoder.name
    )


def topics(run: Run) -> Outcome:
    """④ Group texts into topics that keep their ids."""
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.embed.texts import to_matrix
    from feedbackminer.topics.find import find_topics

    settings, store = run.project.settings, run.project.store
    encoder = SentenceEncoder(settings.embed)

    def work() -> Work:
        texts = store.read("texts")
        vectors = _vectors_of(run, texts, encoder.name)
        aligned = texts.join(vectors, on="content_hash", how="left", maintain_order="left")
        thread_ids = store.read("posts", ["post_id", "thread_id"])
        threads = texts.join(thread_ids, on="post_id", how="left", maintain_order="left")
        result = find_topics(
            texts,
            to_matrix(aligned["vector"]),
            threads["thread_id"],
            store.read("topics"),
            settings=settings.topics,
            run_id=run.run_id,
            ignore_words=tuple(settings.digest.product.split()),
        )
        store.replace("dropped", result.dropped, where=("stage", "topics"))
        told = ["event", "topic_id"]  # by a run that was killed before it stored its topics
        earlier = store.read("lineage").join(result.lineage, on=told, how="anti")
        store.replace("lineage", pl.concat([earlier, result.lineage]))
        store.replace("assignments", result.assignments)
        store.replace("topics", result.topics)
        return Work(result.account, result.notices, {"topics": "BERTopic"})

    return run.step(
        "topics",
        work,
        reads=("texts", "posts"),
        writes=("topics", "assignments"),
        settings=(settings.topics, settings.embed, settings.digest),
    )


def tag(run: Run) -> Outcome:
    """⑤ Say how each text sounds and what it does."""
    from feedbackminer.tag.posts import RuleTagger, tag_texts

    store, tagger = run.project.store, RuleTagger()

    def work() -> Work:
        texts = store.read("texts")
        run.reporter.start("tag", len(texts))
        result = tag_texts(texts, tagger=tagger, progress=run.reporter.advance)
        store.replace("tags", result.tags)
        return Work(result.account, models={"tagger": tagger.name})

    return run.step("tag", work, reads=("texts",), writes=("tags",), settings=(), extra=tagger.name)


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
    names = ("posts", "topics", "assignments", "tags", "threads", "members")

    def work() -> Work:
        tables = {name: store.read(name) for name in names}
        result = mine_claims(**tables, settings=settings)
        store.replace("dropped", result.dropped, where=("stage", "insight"))
        store.replace("claims", result.claims)
        return Work(result.account)

    return run.step("insight", work, reads=names, writes=("claims",), settings=(settings,))


def digest(run: Run, out: Path) -> Outcome:
    """⑧ Write the digest of what the store holds.

    Raises:
        InputError: nothing was mined yet, or ``out`` cannot be written.
    """
    from feedbackminer.digest.content import Provenance, build_digest
    from feedbackminer.digest.publish import publish

    project, store = run.project, run.project.store
    names = ("posts", "topics", "assignments", "tags", "threads", "members", "claims")
    run.reporter.start("digest", None)
    began = time.perf_counter()
    if store.version("claims") is None:
        raise InputError(f"{project.folder}: nothing was mined yet; run `feedbackminer mine` first")
    done = _steps_behind(store.read("runs"), store.read("posts", ["post_id"]))
    provenance = Provenance(
        run_id=run.run_id,
        made_at=run.started_at,
        code_version=__version__,
        models={k: v for row in done for k, v in json.loads(row["models"]).items()},
        versions=store.versions(names),
        settings=json.loads(
            project.settings.model_dump_json(exclude={"store", "collect", "max_dropped_share"})
        ),
        accounts=[_account_of(row) for row in done],
        seconds={row["stage"]: row["seconds"] for row in done},
        notices=list(dict.fromkeys(notice for row in done for notice in row["notices"])),
    )
    tables = {name: store.read(name) for name in names}
    content = build_digest(tables, settings=project.settings.digest, provenance=provenance)
    publish(content, out)
    outcome = Outcome(content.account, time.perf_counter() - began, False)
    run.reporter.finish(outcome)
    return outcome


def mine(run: Run) -> list[Outcome]:
    """Do ② to ⑦."""
    if run.project.store.version("posts") is None:
        raise InputError(
            f"{run.project.folder}: holds no posts; `feedbackminer import FILE` reads some in"
        )
    return [step(run) for step in (clean, embed, topics, tag, signals, insight)]


def source_name(path: str) -> str:
    """Name a source after its file, or after its folder where the file's name says nothing."""
    if path == "-":
        return "stdin"
    file = Path(path).resolve()
    name = file.name.split(".")[0].lower()
    name = file.parent.name if name in GENERIC_NAMES else name
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name) or "export"


@cache
def _code_mark(stage: str) -> str:
    """Hash the code of a stage, so that a change of it is never mistaken for done work."""
    package = files(f"feedbackminer.{stage}")
    sources = sorted(package.iterdir(), key=lambda file: file.name)
    code = [f.read_bytes() for f in sources if f.name.endswith((".py", ".toml"))]
    return hashlib.sha256(b"".join(code)).hexdigest()[:16]


def _vectors_of(run: Run, texts: pl.DataFrame, encoder: str) -> pl.DataFrame:
    keys = texts.select("content_hash").unique().with_columns(encoder=pl.lit(encoder))
    return run.project.store.select("vectors", keys)


def _steps_behind(runs: pl.DataFrame, posts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the steps that the tables of today come from, in order, as rows of ``runs``.

    Of imports that is the last of each set of files; of the others the last that was not reused.
    """
    ordered = runs.sort("finished_at", "run_id")
    own = ordered.filter(~pl.col("reused"))
    imports = own.filter(pl.col("stage") == COLLECT)
    imports = imports.unique("reads", keep="last", maintain_order=True)
    rows = imports.to_dicts()
    known_twice = sum(row["rows_out"] for row in rows) - len(posts)
    if len(rows) > 1:
        merged = _sum_accounts(
            "merge", [Account("merge", row["rows_out"], row["rows_out"]) for row in rows]
        )
        dropped = {"in_several_imports": known_twice} if known_twice else {}
        rows.append(_row_of(Account("merge", merged.rows_in, len(posts), dropped), rows[-1]))
    for stage in MINING:
        latest = ordered.filter(pl.col("stage") == stage).tail(1).to_dicts()
        marks = [row["fingerprint"] for row in latest]
        rows += (
            own.filter((pl.col("stage") == stage) & pl.col("fingerprint").is_in(marks))
            .tail(1)
            .to_dicts()
        )
    return rows


def _row_of(account: Account, like: Mapping[str, Any]) -> dict[str, Any]:
    return dict(like) | {
        "stage": account.stage,
        "rows_in": account.rows_in,
        "rows_out": account.rows_out,
        "dropped": json.dumps(dict(account.dropped)),
        "seconds": 0.0,
        "notices": [],
        "models": "{}",
    }


def _account_of(row: Mapping[str, Any]) -> Account:
    return Account(row["stage"], row["rows_in"], row["rows_out"], json.loads(row["dropped"]))


def _sum_accounts(stage: str, accounts: Sequence[Account]) -> Account:
    dropped: dict[str, int] = {}
    for account in accounts:
        for reason, n in account.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + n
    return Account(
        stage, sum(a.rows_in for a in accounts), sum(a.rows_out for a in accounts), dropped
    )


def _nothing_read(exports: Sequence[str], total: Account) -> str:
    reasons = ", ".join(f"{reason}: {n}" for reason, n in total.dropped.items()) or "no rows"
    return (
        f"{', '.join(exports)}: none of the {total.rows_in} rows is a post ({reasons}); "
        "check that the columns are the right ones, name them with --map body=COLUMN"
    )
