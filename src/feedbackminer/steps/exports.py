"""① Read exports into ``posts``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from feedbackminer.accounts import COLLECT, Account, sum_accounts
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import FileContent, Row, open_file, read_rows
from feedbackminer.collect.finish import ThreadInfo
from feedbackminer.collect.formats import nested
from feedbackminer.collect.notices import apart_notice
from feedbackminer.collect.preview import Preview, described, preview
from feedbackminer.collect.stage import Collected, collect_posts, read_threads
from feedbackminer.collect.suppress import suppress
from feedbackminer.engine import audit
from feedbackminer.engine.stage import Outcome, StageResult
from feedbackminer.errors import InputError
from feedbackminer.privacy.accounts import Accounts
from feedbackminer.privacy.key import KEY_BYTES
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings
from feedbackminer.steps.accounts import accounts_of, identities_of

if TYPE_CHECKING:
    from feedbackminer.engine.reporting import Reporter
    from feedbackminer.engine.run import Run

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


def collect_exports(
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
    settings = run.project.settings.collect
    files = _opened(exports, threads, source or settings.source, identities_of(run.project))
    return run.import_files(
        lambda: _collect(run, files), files=files.hashes(), settings=settings, code=collect_exports
    )


def preview_exports(
    exports: Sequence[str], threads: Sequence[str], settings: CollectSettings, *, source: str = ""
) -> list[Preview]:
    """Tell how exports would be read; nothing is stored.

    Raises:
        InputError: a file cannot be read, or has no text.
    """
    files = _opened(exports, threads, source or settings.source, None)
    titles, _ = _threads(files, settings.encoding)
    pseudonyms = Pseudonyms(token_bytes(KEY_BYTES))  # that nobody can follow up
    now = datetime.now(UTC)
    previews = []
    for content in files.exports:
        context = CollectContext(
            content.name, files.sources[content.sha256], settings, pseudonyms, now
        )
        rows = read_rows(content, encoding=settings.encoding)
        previews.append(preview(rows, context, threads=titles))
    return previews


def source_name(path: str) -> str:
    """Name a source after its file, or after its folder where the file's name says nothing."""
    if path == "-":
        return "stdin"
    file = Path(path).resolve()
    name = file.name.split(".")[0].lower()
    name = file.parent.name if name in GENERIC_NAMES else name
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name) or "export"


@dataclass(frozen=True)
class _Files:
    """The files of one import, opened.

    Attributes:
        paths: of the exports, for messages.
        exports: their contents, in the same order.
        threads: contents of files with a title and channel per thread.
        sources: hash of an export -> prefix of its post ids.
        identities: hash of the file that says which accounts are one person's; empty: none.
    """

    paths: Sequence[str]
    exports: Sequence[FileContent]
    threads: Sequence[FileContent]
    sources: Mapping[str, str]
    identities: str

    def hashes(self) -> dict[str, str]:
        """Return what was read -> its hash, for the fingerprint of the step."""
        exports = {f"{self.sources[c.sha256]}:{c.name}": c.sha256 for c in self.exports}
        threads = {f"threads:{content.name}": content.sha256 for content in self.threads}
        return exports | threads | ({"identities": self.identities} if self.identities else {})


def _opened(
    exports: Sequence[str],
    threads: Sequence[str],
    source: str,
    identities: FileContent | None,
) -> _Files:
    contents = [open_file(path) for path in exports]
    sources = {
        content.sha256: source or source_name(path)
        for path, content in zip(exports, contents, strict=True)
    }
    return _Files(
        paths=exports,
        exports=contents,
        threads=[open_file(path) for path in threads],
        sources=sources,
        identities=identities.sha256 if identities else "",
    )


def collect_rows(run: Run, rows: Iterable[Row], *, name: str) -> Outcome:
    """① Read rows that are in memory into ``posts``; they are read each time anew.

    Args:
        name: of what they stand in, for messages; also the prefix of post ids.
    Raises:
        InputError: no column can hold the text, or none of the rows is a post.
    """
    run.reporter.start(COLLECT, None)
    began = time.perf_counter()
    context = _context(run, name, name, accounts_of(run.project))
    collected = collect_posts(list(nested.rows(rows)), context)
    _refuse_without_posts([name], [collected])
    _store(run, collected, name)
    seconds = time.perf_counter() - began
    outcome = Outcome(collected.account, seconds, reused=False, notices=collected.notices)
    run.record(outcome, read={}, settings=run.project.settings.collect, code=collect_rows)
    return outcome


def _collect(run: Run, files: _Files) -> StageResult:
    """Read all files, and store what is in them once all of them could be read."""
    encoding = run.project.settings.collect.encoding
    threads, n_bad = _threads(files, encoding)
    seals = frozenset(run.project.store.read("suppressed")["seal"])
    accounts = accounts_of(run.project)
    results = []
    for content in files.exports:
        source = files.sources[content.sha256]
        context = _context(run, content.name, source, accounts)
        rows = read_rows(content, encoding=encoding)
        collected = collect_posts(rows, context, threads=threads)
        _tell(run.reporter, content.name, collected)
        accounts = accounts.plus(source, collected.posts["author_id"].drop_nulls())
        results.append(suppress(collected, seals, context.pseudonyms))
    _refuse_without_posts(files.paths, results)

    for content, result in zip(files.exports, results, strict=True):
        _store(run, result, content.name)
    return StageResult(_total(results), _notices(results, n_bad))


def _tell(reporter: Reporter, name: str, collected: Collected) -> None:
    """Show how a file was read while there is time to stop and say it better."""
    reporter.tell(f"{name}: {described(collected.reading)}")
    for odd in collected.odd:
        reporter.tell(f"{name}: look twice: {odd}")


def _context(run: Run, name: str, source: str, accounts: Accounts) -> CollectContext:
    return CollectContext(
        name=name,
        source=source,
        settings=run.project.settings.collect,
        pseudonyms=Pseudonyms(run.project.pseudonym_key(), accounts, source),
        now=run.started_at,
    )


def _store(run: Run, collected: Collected, name: str) -> None:
    run.project.store.merge("posts", collected.posts, ignore=("collected_at",))
    run.project.store.merge("dropped", collected.dropped)
    audit.record(run, "import", name, len(collected.posts))


def _threads(files: _Files, encoding: str) -> tuple[dict[str, ThreadInfo], int]:
    """Return titles and channels by native thread id, and how many rows were bad."""
    threads: dict[str, ThreadInfo] = {}
    n_bad = 0
    for content in files.threads:
        more, bad = read_threads(read_rows(content, encoding=encoding))
        threads.update(more)
        n_bad += bad
    return threads, n_bad


def _refuse_without_posts(names: Sequence[str], results: Sequence[Collected]) -> None:
    total = _total(results)
    if total.rows_out:
        return
    reasons = ", ".join(f"{reason}: {n}" for reason, n in total.dropped.items()) or "no rows"
    raise InputError(
        f"{', '.join(names)}: none of the {total.rows_in} rows is a post ({reasons}); "
        "check that the columns are the right ones, name them with --map body=COLUMN"
    )


def _total(results: Sequence[Collected]) -> Account:
    return sum_accounts(COLLECT, [result.account for result in results])


def _notices(results: Sequence[Collected], n_bad: int) -> tuple[str, ...]:
    """Return each notice once, however many files gave it."""
    notices = [notice for result in results for notice in result.notices]
    if n_apart := len(frozenset().union(*(result.apart for result in results))):
        notices.append(apart_notice(n_apart))
    if n_bad:
        notices.append(f"rows of the threads file without a thread id, or with one again: {n_bad}")
    return tuple(dict.fromkeys(notices))
