"""The flow that fits a head to a project does what the command does, and shows before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedbackminer.curation import labels
from feedbackminer.curation.review_file import as_label
from feedbackminer.engine.run import Run
from feedbackminer.project.project import open_project
from pipelines.training import adapt
from tests.support.command import Mined
from tests.support.standing import Standing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_a_head_is_fitted_to_the_project_s_labels_and_the_comparison_is_shown(
    sample: Mined, gold: dict[str, dict[str, Any]], tmp_path: Path, server: Standing
) -> None:
    mined = sample.copy_to(tmp_path)
    run = Run(open_project(mined.project))
    said = (
        {"post_id": i, "kinds": ",".join(gold[i.split(":", 1)[1]]["kinds"]) or "none"}
        for i in mined.table("tags")["post_id"]
    )
    labels.accept(run, [label for row in said if (label := as_label(row))])

    assert adapt("kinds", str(mined.project))

    assert (mined.project / "models" / "kinds" / "weights.safetensors").is_file()
    rows = server.artifact("project-comparison-kinds")
    told = {row["what"]: row["value"] for row in rows}
    assert float(told["after"]) < float(told["before"])
