"""From an export to a digest, as a Prefect flow: collect → mine → digest.

Tasks exchange a reference (project folder and run id), never frames: what they work on lies in
the store. Run it with ``python -m pipelines.community EXPORT OUT [PROJECT]`` or serve it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from feedbackminer import steps
from feedbackminer.project import open_project
from feedbackminer.runs import MINING, Outcome, Run


@task(cache_policy=NO_CACHE, task_run_name="{stage}")
def do_stage(stage: str, project: str, run_id: str, arguments: tuple[object, ...] = ()) -> str:
    """Do one stage of a run, log its row account and publish it as an artifact."""
    run = Run(open_project(Path(project)), run_id=run_id)
    outcome = STAGES[stage](run, *arguments)
    account = outcome.account
    get_run_logger().info(
        "%s: %s in, %s out, dropped %s%s",
        stage,
        account.rows_in,
        account.rows_out,
        dict(account.dropped),
        " (unchanged)" if outcome.reused else f" in {outcome.seconds:.1f} s",
    )
    create_table_artifact(_rows(outcome), key=f"account-{stage}", description="Row account")
    for notice in outcome.notices:
        get_run_logger().warning(notice)
    return run_id


@flow(name="collect", log_prints=True)
def collect(exports: list[str], project: str, threads: list[str] | None = None) -> str:
    """Read exports into the project's store.

    Args:
        exports: paths of JSONL, JSON, CSV or Parquet files.
        project: folder of the project.
        threads: files with a title and channel per thread.
    Returns:
        the run id.
    """
    run_id = Run(open_project(Path(project))).run_id
    return do_stage("collect", project, run_id, (exports, threads or []))


@flow(name="mine")
def mine(project: str, run_id: str = "") -> str:
    """Clean, embed, group, tag and count what the store holds."""
    run_id = run_id or Run(open_project(Path(project))).run_id
    for stage in MINING:
        do_stage(stage, project, run_id)
    return run_id


@flow(name="digest")
def digest(project: str, out: str, run_id: str = "") -> str:
    """Write the digest of what was mined and link it; returns the path of its front page."""
    run_id = run_id or Run(open_project(Path(project))).run_id
    do_stage("digest", project, run_id, (Path(out),))
    page = (Path(out) / "index.html").resolve()
    create_link_artifact(page.as_uri(), link_text="Open the digest", key="digest")
    create_markdown_artifact((Path(out) / "digest.md").read_text("utf-8"), key="digest-text")
    return str(page)


@flow(name="community-digest")
def community_digest(
    exports: list[str], out: str, project: str, threads: list[str] | None = None
) -> str:
    """Collect, mine and digest in one run; returns the path of the digest's front page."""
    run_id = collect(exports, project, threads)
    mine(project, run_id)
    return digest(project, out, run_id)


STAGES: dict[str, Callable[..., Outcome]] = {
    name: getattr(steps, name) for name in ("collect", *MINING, "digest")
}


def _rows(outcome: Outcome) -> list[dict[str, object]]:
    account = outcome.account
    kept = {"rows": "in", "n": account.rows_in}, {"rows": "out", "n": account.rows_out}
    return [*kept, *({"rows": f"dropped: {why}", "n": n} for why, n in account.dropped.items())]


def main(arguments: Sequence[str]) -> None:
    """Run the flow once: EXPORT OUT [PROJECT]."""
    export, out, *rest = arguments
    community_digest([export], out, rest[0] if rest else "feedbackminer-project")


if __name__ == "__main__":
    main(sys.argv[1:])
