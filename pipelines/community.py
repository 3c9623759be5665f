"""The flows of a community: collect (and alert) → mine → digest → deliver, and retain.

Each holds the project while it works, so that two never overlap. Run one by hand with
``python -m pipelines.community EXPORT OUT [PROJECT]``, or deploy all with ``prefect deploy --all``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from prefect import flow

from feedbackminer.errors import FeedbackminerError
from pipelines.context import RunContext
from pipelines.parameters import ChannelName, Export, Folder, Length, Moment, PartName, SourceName
from pipelines.stages import HOUR
from pipelines.tasks import (
    check_for_alerts,
    check_what_is_new,
    deliver_to_channels,
    do_stage,
    erase_old,
    mine_stages,
    read_exports,
    read_sources,
    write_digest,
)


@flow(name="collect", log_prints=True, timeout_seconds=12 * HOUR)
def collect(
    project: Folder,
    sources: list[SourceName] | None = None,
    since: Moment = None,
    until: Moment = None,
) -> None:
    """Read what is new in the configured sources, and check whether anything stands out.

    Args:
        project: Folder of the project.
        sources: Names in [sources]; none: all.
        since: Read posts from this moment on again; the cursor stays.
        until: Read posts before this moment again; the cursor stays.
    """
    context = RunContext.begin(project, since, until)
    with context.locked():
        failure: FeedbackminerError | None = None
        try:
            read_sources(context, sources or ())
        except FeedbackminerError as error:  # it keeps nobody from hearing of the others
            failure = error
        check_what_is_new(context)
        if failure:
            raise failure


@flow(name="mine", log_prints=True, timeout_seconds=24 * HOUR)
def mine(project: Folder, since: Moment = None, until: Moment = None, period: Length = None) -> str:
    """Clean, embed, group, tag and count what the store holds; returns the run id.

    Args:
        project: Folder of the project.
        since: First moment of the period, in place of its length.
        until: Leave posts from this moment on out of the claims.
        period: What the digest is of; none: what the settings say.
    """
    context = RunContext.begin(project, since, until, period)
    with context.locked():
        mine_stages(context)
        check_for_alerts(context)
    return context.run_id


@flow(name="digest", log_prints=True, timeout_seconds=4 * HOUR)
def digest(
    project: Folder,
    out: Folder | None = None,
    since: Moment = None,
    until: Moment = None,
    period: Length = None,
    force: bool = False,
    archive: Folder | None = None,
) -> str:
    """Write the digest of what was mined and link it; returns the path of its front page.

    Args:
        project: Folder of the project.
        out: Folder of the digest, new or with an older one.
        since: Count anew for a period that begins at this moment.
        until: Count anew without posts from this moment on.
        period: Count anew for the latest of these; none: what was counted.
        force: Write it although a drift check warns that the settings let stop it.
        archive: In place of out: folder for the digest of each period, with an index of them.
    """
    context = RunContext.begin(project, since, until, period)
    with context.locked():
        if context.has_window:
            do_stage("insight", context)
        return write_digest(context, out, archive, force=force)


@flow(name="deliver", log_prints=True, timeout_seconds=4 * HOUR)
def deliver(
    project: Folder,
    digest: Folder,
    channels: list[ChannelName] | None = None,
    editions: list[PartName] | None = None,
) -> None:
    """Deliver a digest that holds to the configured channels, each part to each reader once.

    Args:
        project: Folder of the project.
        digest: Folder of the digest.
        channels: Names in [channels]; none: all.
        editions: What of it goes out, where a channel wants it; none: all.
    """
    context = RunContext.begin(project)
    with context.locked():
        deliver_to_channels(context, digest, channels or (), editions or ())


@flow(name="retain", log_prints=True, timeout_seconds=4 * HOUR)
def retain(project: Folder) -> None:
    """Erase posts that are older than the settings allow, with all that was made of them.

    Args:
        project: Folder of the project.
    """
    context = RunContext.begin(project)
    with context.locked():
        erase_old(context)


@flow(name="community-digest", log_prints=True, timeout_seconds=24 * HOUR)
def community_digest(
    exports: list[Export],
    out: Folder,
    project: Folder,
    threads: list[Export] | None = None,
    since: Moment = None,
    until: Moment = None,
    period: Length = None,
) -> str:
    """From exports to a digest in one run; returns the path of the digest's front page.

    Args:
        exports: Paths of JSONL, JSON, CSV or Parquet files.
        out: Folder of the digest, new or with an older one.
        project: Folder of the project.
        threads: Files with a title and channel per thread.
        since: First moment of the period, in place of its length.
        until: Leave posts from this moment on out of the claims.
        period: What the digest is of; none: what the settings say.
    """
    context = RunContext.begin(project, since, until, period)
    with context.locked():
        read_exports(context, exports, threads or [])
        mine_stages(context)
        return write_digest(context, out)


def main(arguments: Sequence[str]) -> None:
    """Run the flow once: EXPORT OUT [PROJECT]."""
    export, out, *rest = arguments
    community_digest([export], out, rest[0] if rest else "feedbackminer-project")


if __name__ == "__main__":
    main(sys.argv[1:])
