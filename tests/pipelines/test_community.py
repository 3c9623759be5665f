"""The Prefect flow does what the command does, and leaves its artifacts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from feedbackminer.runs import MINING
from pipelines.community import community_digest

pytestmark = [
    pytest.mark.slow,
    # Prefect's own server leaves sockets to the garbage collector when it stops.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "posts.jsonl"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The first sixty posts of the sample community."""
    path = tmp_path_factory.mktemp("export") / "forum.jsonl"
    path.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:60]), "utf-8")
    return str(path)


def test_flow_writes_a_digest_and_publishes_each_row_account(export: str, tmp_path: Path) -> None:
    page = community_digest([export], str(tmp_path / "digest"), str(tmp_path / "project"))

    digest = json.loads((tmp_path / "digest" / "digest.json").read_text("utf-8"))
    assert Path(page).is_file()
    assert [row["stage"] for row in digest["account"]] == ["collect", *MINING, "digest"]
    assert digest["account"][0]["in"] == 60
    collected = artifact("account-collect")
    assert {"rows": "in", "n": 60} in json.loads(str(collected.data))
    assert "index.html" in str(artifact("digest").data)


def artifact(key: str) -> Any:
    """Fetch an artifact; to a type checker Prefect's own call may be a coroutine."""
    found: Any = Artifact.get(key)
    assert found is not None, key
    return found
