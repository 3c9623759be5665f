"""What the tests of the whole application share: the sample community, mined once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.command import ROOT, SAMPLE, Mined, Rows, process, read_jsonl

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # as the command itself does
# No deadline on busy machines; new examples where people look, the same ones where CI does.
hypothesis.settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("ours")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FEEDBACKMINER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sample_rows() -> Rows:
    """Return the posts of the sample community."""
    return read_jsonl(SAMPLE)


@pytest.fixture(scope="session")
def gold() -> dict[str, dict[str, Any]]:
    """Return the gold labels of the sample by native id."""
    return {row["id"]: row for row in read_jsonl(SAMPLE.with_name("gold.jsonl"))}


@pytest.fixture(scope="session")
def sample(request: pytest.FixtureRequest) -> Mined:
    """Mine the sample through the real command, once for this state of the code.

    It is kept in pytest's cache under a hash of everything that it depends on.
    """
    assert request.config.cache is not None
    cache = Path(request.config.cache.mkdir("mined-sample"))
    folder = cache / _state()
    if not (folder / "told.json").exists():
        for old in cache.iterdir():
            shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        began = time.perf_counter()
        done = process(
            "run",
            SAMPLE,
            "--project",
            draft / "project",
            "--out",
            draft / "digest",
            "--product",
            "Inkwren",
        )
        assert done.returncode == 0, done.stderr
        told = {"seconds": time.perf_counter() - began, "stderr": done.stderr}
        (draft / "told.json").write_text(json.dumps(told), "utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    told = json.loads((folder / "told.json").read_text("utf-8"))
    return Mined(folder / "project", folder / "digest", told["seconds"], told["stderr"])


def _state() -> str:
    """Hash the code, the rules, the sample and the versions of what it was mined with."""
    package = [p for p in (ROOT / "src").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    files = sorted([*package, *SAMPLE.parent.glob("posts.jsonl"), ROOT / "constraints.txt"])
    parts = [p.relative_to(ROOT).as_posix().encode() + p.read_bytes() for p in files if p.exists()]
    return hashlib.sha256(b"\0".join(parts) + sys.version.encode()).hexdigest()[:16]
