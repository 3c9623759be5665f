"""① Read exports into ``posts``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from feedbackminer.accounts import Account, sum_accounts
from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import COLLECT, Outcome, StageResult
from feedbackminer.errors import InputError

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
    from feedbackminer.collect import files as reading
    from feedbackminer.collect.stage import collect_posts, read_threads
    from feedbackminer.collect.suppress import suppress
    from feedbackminer.privacy.pseudonyms import Pseudonyms

    settings, store = run.project.settings.collect, run.project.store
    contents = [(path, reading.open_file(path)) for path in exports]
    thread_files = [reading.open_file(path) for path in threads]
    prefix = source or settings.source
    sources = {content.sha256: prefix or source_name(path) for path, content in contents}
    read = {f"{sources[c.sha256]}:{c.name}": c.sha256 for _, c in contents}
    read |= {f"threads:{content.name}": content.sha256 for content in thread_files}

    def work() -> StageResult:
        pseudonyms = Pseudonyms(run.project.pseudonym_key())
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
        return StageResult(total, tuple(dict.fromkeys(notices)))

    return run.import_files(work, files=read, settings=settings, code=collect_exports)


def source_name(path: str) -> str:
    """Name a source after its file, or after its folder where the file's name says nothing."""
    if path == "-":
        return "stdin"
    file = Path(path).resolve()
    name = file.name.split(".")[0].lower()
    name = file.parent.name if name in GENERIC_NAMES else name
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name) or "export"


def _nothing_read(exports: Sequence[str], total: Account) -> str:
    reasons = ", ".join(f"{reason}: {n}" for reason, n in total.dropped.items()) or "no rows"
    return (
        f"{', '.join(exports)}: none of the {total.rows_in} rows is a post ({reasons}); "
        "check that the columns are the right ones, name them with --map body=COLUMN"
    )
