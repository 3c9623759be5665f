"""What the tests of the whole application share: the sample community, mined once."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

from tests.support.command import ROOT, SAMPLE, Mined, Rows, process, processor_time, read_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from tests.support.mailbox import Mailbox

FLOWS = "tests/pipelines"

gc.set_threshold(50_000)  # looking for cycles among millions of small objects is 3 % of the suite
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # as the command itself does
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else Ray writes one to ~/.ray
# No deadline on busy machines; new examples where people look, the same ones where CI does.
hypothesis.settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("ours")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Give each worker one file after the other, and all flows to one, for their one server.

    By hand: ``--dist loadgroup`` groups nothing with pytest 9.2 (pytest-xdist, issue 1386).
    """
    return _ByFile(config, log)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]  # it comes without types
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return FLOWS if file.startswith(f"{FLOWS}/") else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files that take long begin, so that no worker waits for another one's at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        weights: dict[Path, int] = {}
        for item in items:
            weights[item.path] = max(weights.get(item.path, 0), _weight(item))
        items.sort(key=lambda item: -weights[item.path])


@pytest.fixture(scope="session")
def english() -> Any:
    """Return the trained pipeline, loaded once; nobody adds to it."""
    from feedbackminer.text.nlp import load_spacy

    return load_spacy()[0]


def _weight(item: pytest.Item) -> int:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    kinds = ("server" in fixtures, item.get_closest_marker("real"), "forkserver" in fixtures,
             "sample" in fixtures, item.get_closest_marker("slow"))  # fmt: skip
    return next((len(kinds) - n for n, is_so in enumerate(kinds) if is_so), 0)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FEEDBACKMINER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def forkserver() -> None:
    """Have the parent of processes that a test kills; see ``tests.support.kills``."""
    from tests.support import kills

    kills.killable()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have nobody wait where a site asks for a rest; return the seconds asked for."""
    from feedbackminer.collect.http.client import Web

    asked: list[float] = []
    monkeypatch.setattr(Web, "sleep", staticmethod(asked.append))
    return asked


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Have a server of mail."""
    from tests.support.mailbox import mailbox

    with mailbox() as box:
        yield box


@pytest.fixture(scope="module")
def s3_options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Have a server that speaks S3, with a bucket "community"; storage options."""
    from tests.support.object_store import object_store

    with object_store(tmp_path_factory.mktemp("s3") / "server.log") as options:
        yield options


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
    with FileLock(cache.with_suffix(".lock")):  # one worker mines it, the others wait
        if not (folder / "told.json").exists():
            for old in cache.iterdir():
                shutil.rmtree(old, ignore_errors=True)
            _mine_sample(Path(tempfile.mkdtemp(dir=cache))).rename(folder)
    told = json.loads((folder / "told.json").read_text("utf-8"))
    return Mined(folder / "project", folder / "digest", told["seconds"], told["stderr"])


def _mine_sample(draft: Path) -> Path:
    before = processor_time()
    done = process(
        *("run", SAMPLE, "--product", "Inkwren"),
        *("--project", draft / "project", "--out", draft / "digest"),
    )
    assert done.returncode == 0, done.stderr
    told = {"seconds": processor_time() - before, "stderr": done.stderr}
    (draft / "told.json").write_text(json.dumps(told), "utf-8")
    return draft


def _state() -> str:
    """Hash the code, the rules, the sample and the versions of what it was mined with."""
    package = [p for p in (ROOT / "src").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    files = sorted([*package, *SAMPLE.parent.glob("posts.jsonl"), ROOT / "constraints.txt"])
    parts = [p.relative_to(ROOT).as_posix().encode() + p.read_bytes() for p in files if p.exists()]
    return hashlib.sha256(b"\0".join(parts) + sys.version.encode()).hexdigest()[:16]
