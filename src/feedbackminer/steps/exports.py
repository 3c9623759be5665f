"""① Read exports into ``posts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedbackminer.accounts import Account, sum_accounts
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import FileContent, open_file, read_rows
from feedbackminer.collect.stage import Collected, ThreadInfo, collect_posts, read_threads
from feedbackminer.collect.suppress import suppress
from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import COLLECT, Outcome, StageResult
from feedbackminer.errors import InputError
from feedbackminer.privacy.pseudonyms import Pseudonyms

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
    files = _opened(exports, threads, source or settings.source)
    return run.import_files(
        lambda: _collect(run, files), files=files.hashes(), settings=settings, code=collect_exports
    )


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
    """

    paths: Sequence[str]
    exports: Sequence[FileContent]
    threads: Sequence[FileContent]
    sources: Mapping[str, str]

    def hashes(self) -> dict[str, str]:
        """Return what was read -> its hash, for the fingerprint of the step."""
        exports = {f"{self.sources[c.sha256]}:{c.name}": c.sha256 for c in self.exports}
        return exports | {f"threads:{content.name}": content.sha256 for content in self.threads}


def _opened(exports: Sequence[str], threads: Sequence[str], source: str) -> _Files:
    contents = [open_file(path) for path in exports]
    sources = {
        content.sha256: source or source_name(path)
        for path, content in zip(exports, contents, strict=True)
    }
    return _Files(exports, contents, [open_file(path) for path in threads], sources)


def _collect(run: Run, files: _Files) -> StageResult:
    """Read all files, and store what is in them once all of them could be read."""
    store, encoding = run.project.store, run.project.settings.collect.encoding
    pseudonyms = Pseudonyms(run.project.pseudonym_key())
    threads, n_bad = _threads(files, encoding)

    results = [
        collect_posts(
            read_rows(content, encoding=encoding),
            CollectContext(
                name=content.name,
                source=files.sources[content.sha256],
                settings=run.project.settings.collect,
                pseudonyms=pseudonyms,
                now=run.started_at,
            ),
            threads=threads,
        )
        for content in files.exports
    ]
    _refuse_without_posts(files, results)

    seals = frozenset(store.read("suppressed")["seal"])
    results = [suppress(result, seals, pseudonyms) for result in results]
    for content, result in zip(files.exports, results, strict=True):
        store.merge("posts", result.posts, ignore=("collected_at",))
        store.merge("dropped", result.dropped)
        audit.record(run, "import", content.name, len(result.posts))
    return StageResult(_total(results), _notices(results, n_bad))


def _threads(files: _Files, encoding: str) -> tuple[dict[str, ThreadInfo], int]:
    """Return titles and channels by native thread id, and how many rows were bad."""
    threads: dict[str, ThreadInfo] = {}
    n_bad = 0
    for content in files.threads:
        more, bad = read_threads(read_rows(content, encoding=encoding), name=content.name)
        threads.update(more)
        n_bad += bad
    return threads, n_bad


def _refuse_without_posts(files: _Files, results: Sequence[Collected]) -> None:
    total = _total(results)
    if total.rows_out:
        return
    reasons = ", ".join(f"{reason}: {n}" for reason, n in total.dropped.items()) or "no rows"
    raise InputError(
        f"{', '.join(files.paths)}: none of the {total.rows_in} rows is a post ({reasons}); "
        "check that the columns are the right ones, name them with --map body=COLUMN"
    )


def _total(results: Sequence[Collected]) -> Account:
    return sum_accounts(COLLECT, [result.account for result in results])


def _notices(results: Sequence[Collected], n_bad: int) -> tuple[str, ...]:
    """Return each notice once, however many files gave it."""
    notices = [notice for result in results for notice in result.notices]
    if n_bad:
        notices.append(f"rows of the threads file without a thread id, or with one again: {n_bad}")
    return tuple(dict.fromkeys(notices))
