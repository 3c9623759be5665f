"""No change of code passes as work that was done: all that a stage reaches is hashed."""

from __future__ import annotations

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
from feedbackminer.steps.mining import CLEAN, EMBED, INSIGHT, SIGNALS, STAGES, TAG, TOPICS
from tests.support.command import SAMPLE, environment, read_jsonl, whole_threads, write_jsonl

# What composes the stages, keeps their tables and tells of them decides no result of theirs.
AROUND = ("engine", "project", "settings", "cli", "admin", "steps", "privacy")


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
        (CLEAN, "clean/remove.py"),
        (CLEAN, "tables.py"),
        (CLEAN, "accounts.py"),
        (CLEAN, "text/words.py"),
        (EMBED, "embed/backends/torch.py"),
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
    [(CLEAN, "topics/fit.py"), (SIGNALS, "tagging/heads.py"), (TAG, "insight/stage.py")],
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
def test_whatever_a_stage_really_imports_is_hashed(tmp_path: Path) -> None:
    """Each stage in turn, in one process: what it brought in has to be among what is hashed."""
    export = write_jsonl(tmp_path / "a.jsonl", whole_threads(read_jsonl(SAMPLE), 12))
    code = (
        "import json, pathlib, sys\n"
        "from feedbackminer.engine.run import Run\n"
        "from feedbackminer.project.project import open_project\n"
        "from feedbackminer.steps.exports import collect_exports\n"
        "from feedbackminer.steps.mining import STAGES\n"
        f"run = Run(open_project(pathlib.Path({str(tmp_path / 'p')!r})))\n"
        f"collect_exports(run, [{str(export)!r}])\n"
        "ours = lambda: {n: m for n, m in sys.modules.items() if n.startswith('feedbackminer')}\n"
        "brought = {}\n"
        "for stage in STAGES:\n"
        "    before = set(ours())\n"
        "    run.step(stage)\n"
        "    brought[stage.name] = [m.__file__ for n, m in ours().items() if n not in before]\n"
        "print(json.dumps(brought))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    brought = json.loads(done.stdout.splitlines()[-1])
    for stage in STAGES:
        hashed = reached_files(*code_of(stage))
        files = {Path(file) for file in brought[stage.name]}
        strange = {
            file
            for file in files - hashed
            if file.relative_to(SOURCE).parts[0] not in AROUND and file.name != "errors.py"
        }
        assert not strange, stage.name
