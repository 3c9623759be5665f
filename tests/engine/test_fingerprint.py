"""No change of code passes as work that was done: all that a stage reaches is hashed."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.engine.fingerprint import SOURCE, code_hash, reached_files
from feedbackminer.engine.models import loader_of
from feedbackminer.engine.stage import Stage
from feedbackminer.steps.mining import CLEAN, EMBED, HEALTH, INSIGHT, SIGNALS, STAGES, TAG, TOPICS
from tests.support.command import SAMPLE, environment, read_jsonl, whole_threads, write_jsonl

# What composes the stages, keeps their tables, tells of them and shares out their work decides no
# result of theirs.
AROUND = (
    "engine", "project", "settings", "steps", "privacy", "accounts.py", "tables.py", "threads.py",
)  # fmt: skip


def code_of(stage: Stage) -> list[Callable[..., Any]]:
    return [stage.do, *map(loader_of, stage.models)]


def changed_hash(stage: Stage, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the hash of a stage's code as if somebody had written a line into a file."""
    read_bytes = Path.read_bytes
    with monkeypatch.context() as patch:
        patch.setattr(
            Path, "read_bytes", lambda self: read_bytes(self) + (b"# new" if self == file else b"")
        )
        return code_hash.__wrapped__(*code_of(stage))


@pytest.mark.parametrize(
    ("stage", "file"),
    [
        (CLEAN, "clean/replies.py"),
        (CLEAN, "tables.py"),
        (CLEAN, "accounts.py"),
        (CLEAN, "text/words.py"),
        (EMBED, "embed/backends/torch.py"),
        (EMBED, "embed/backends/graph.py"),
        (EMBED, "vectors.py"),
        (TOPICS, "topics/naming/phrases.py"),
        (TOPICS, "text/nlp.py"),
        (TOPICS, "steps/vectors.py"),
        (TAG, "tagging/rules.toml"),
        (TAG, "vocabulary/tags.py"),
        (TAG, "tagging/heads.py"),
        (TAG, "embed/backends/torch.py"),
        (SIGNALS, "signals/members.py"),
        (INSIGHT, "insight/finders/change.py"),
        (INSIGHT, "vocabulary/claims.py"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_change_of_code_that_a_stage_rests_on_is_seen(
    stage: Stage, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (SOURCE / file).is_file()
    assert changed_hash(stage, SOURCE / file, monkeypatch) != code_hash(*code_of(stage))


@pytest.mark.parametrize(
    ("stage", "file"),
    [
        (CLEAN, "topics/fit.py"),
        (SIGNALS, "tagging/heads.py"),
        (TAG, "insight/stage.py"),
        (EMBED, "tagging/rules.toml"),
        (TOPICS, "tagging/heads.py"),
        (HEALTH, "project/upgrade.py"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_change_elsewhere_is_no_reason_to_do_a_stage_again(
    stage: Stage, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (SOURCE / file).is_file()
    assert changed_hash(stage, SOURCE / file, monkeypatch) == code_hash(*code_of(stage))


def test_a_change_of_the_step_itself_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {stage.name: code_hash(*code_of(stage)) for stage in STAGES}
    page = (SOURCE / "steps" / "mining.py").read_text("utf-8")
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda self, *_: (
            page.replace('"② Turn posts', '"② Turn all posts').replace('""②', '""② ')
            if self.name == "mining.py"
            else self.read_bytes().decode()
        ),
    )
    changed = {s.name for s in STAGES if code_hash.__wrapped__(*code_of(s)) != before[s.name]}
    assert changed == {"clean"}


@pytest.mark.slow
def test_whatever_code_a_stage_runs_is_hashed(tmp_path: Path) -> None:
    """A profiler notes every function of ours that is called while a stage works."""
    export = write_jsonl(tmp_path / "a.jsonl", whole_threads(read_jsonl(SAMPLE), 12))
    code = (
        "import json, pathlib, sys\n"
        "from feedbackminer.engine.run import Run\n"
        "from feedbackminer.project.project import open_project\n"
        "from feedbackminer.steps.exports import collect_exports\n"
        "from feedbackminer.steps.mining import STAGES\n"
        f"run = Run(open_project(pathlib.Path({str(tmp_path / 'p')!r})))\n"
        f"collect_exports(run, [{str(export)!r}])\n"
        "called = {}\n"
        "for stage in STAGES:\n"
        "    files = called[stage.name] = set()\n"
        "    sys.setprofile(lambda frame, *_: files.add(frame.f_code.co_filename))\n"
        "    run.step(stage)\n"
        "    sys.setprofile(None)\n"
        "print(json.dumps({name: sorted(files) for name, files in called.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    called = json.loads(done.stdout.splitlines()[-1])
    for stage in STAGES:
        ours = {Path(f) for f in called[stage.name] if Path(f).is_relative_to(SOURCE)}
        by_function = {Path(inspect.getfile(do)) for do in code_of(stage)}  # what they use of it
        strange = {
            file
            for file in ours - reached_files(*code_of(stage)) - by_function
            if file.relative_to(SOURCE).parts[0] not in AROUND
        }
        assert ours, stage.name
        assert not strange, stage.name
