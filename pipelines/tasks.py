"""The tasks of the flows, one per step; they exchange a ``RunContext``, frames only in a proof.

Prefect caches no results: ``runs`` knows by content what was done already, for the command line
too. Only what asks the network is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import State, Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from feedbackminer.engine.ledger import latest_checks
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import DeliveryError, DriftError, SettingsError, SourceError
from feedbackminer.privacy.secrets import mask_secrets
from feedbackminer.steps import alerts, sources
from feedbackminer.steps.archive import Destination
from feedbackminer.steps.erase import retain
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.publish import Request, channels_for
from feedbackminer.steps.publish import publish as publish_digest
from feedbackminer.steps.verify import Proof, prove
from feedbackminer.vocabulary.editions import PartName
from pipelines import artifacts
from pipelines.context import RunContext, secret
from pipelines.events import CHANNEL_FAILED, DIGEST_BLOCKED, SOURCE_FAILED, emit
from pipelines.published import publish
from pipelines.stages import FRESH, HOUR, STAGES, time_limit


def may_pass(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a failure is one of the network; a wrong setting stays wrong."""
    return isinstance(state.result(raise_on_failure=False), SourceError)


@task(
    task_run_name="collect-{name}",
    tags=["network"],
    cache_policy=NO_CACHE,
    timeout_seconds=6 * HOUR,
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5,
    retry_condition_fn=may_pass,
)
def read_source(context: RunContext, name: str) -> str:
    """Read what is new in a source, or its window again; returns the name."""
    run = context.run(attempt=task_run.run_count or 1)
    outcome = sources.collect_source(
        run, name, secret=secret(name), since=context.since, until=context.until
    )
    _report(context, f"collect-{name}", outcome)
    return name


@task(task_run_name="import", cache_policy=NO_CACHE, timeout_seconds=2 * HOUR)
def read_exports(context: RunContext, exports: Sequence[str], threads: Sequence[str]) -> None:
    """Read exports."""
    _report(context, "collect", collect_exports(context.run(), exports, threads))


@task(task_run_name="{stage}", cache_policy=NO_CACHE, timeout_seconds=2 * HOUR)
def do_stage(stage: str, context: RunContext) -> None:
    """Do one stage of mining; one that was done on the same input is not done again."""
    _report(context, stage, context.run().step(STAGES[stage]))


@task(task_run_name="digest", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def write_digest(
    context: RunContext, out: str | None, archive: str | None = None, *, force: bool = False
) -> str:
    """Write the digest, link it and announce what is new in it; returns its front page."""
    run = context.run()
    destination = Destination(Path(out) if out else None, Path(archive) if archive else None)
    folder, before = destination.folder(run.project), destination.before(run.project)
    try:
        outcome, published = publish(folder, before, lambda: destination.write(run, force=force))
    except DriftError as error:
        emit(DIGEST_BLOCKED, context, why=str(error))
        raise
    _report(context, "digest", outcome)
    artifacts.show_digest(context, published)
    return str(published.page)


def may_be_delivered(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a channel may take in a while what it refused now."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, DeliveryError) and error.may_pass


@task(
    task_run_name="deliver-{name}",
    tags=["network"],
    cache_policy=NO_CACHE,
    timeout_seconds=HOUR,
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=60),
    retry_jitter_factor=0.5,
    retry_condition_fn=may_be_delivered,
)
def deliver_to(
    context: RunContext, digest: str, name: str, parts: Sequence[PartName], proof: Proof
) -> None:
    """Deliver parts of a digest that was proved to one channel; who has it gets it no more.

    Raises:
        DeliveryError: somebody did not get it, or nobody knows.
    """
    run = context.run(attempt=task_run.run_count or 1)
    deliveries = publish_digest(run, Path(digest), Request((name,), parts), proof=proof)
    # What is only planned may hold members' words, which Prefect is no place for.
    counts = Counter(
        (one.part, one.status, "" if one.status == "planned" else one.detail) for one in deliveries
    )
    rows = [{"edition": p, "status": s, "n": n, "what": d} for (p, s, d), n in counts.items()]
    if rows:
        artifacts.show_table(context, f"delivered-{name}", rows, "What became of it")
    failed = [one for one in deliveries if one.status in ("failed", "maybe")]
    if failed:
        why = "; ".join(dict.fromkeys(f"{one.part}: {one.detail}" for one in failed))
        raise DeliveryError(why, may_pass=any(one.may_pass for one in failed))


def deliver_to_channels(
    context: RunContext, digest: str, names: Sequence[str], parts: Sequence[PartName]
) -> None:
    """Deliver to channels one after the other; one that fails does not keep the others from it.

    Raises:
        DeliveryError: some did not get it; the message has them all.
    """
    project, failures = context.project(), []
    if not project.settings.channels:
        get_run_logger().info("no channel is configured; see [channels.NAME]")
        return
    names = list(channels_for(project, Request(names, parts)))
    # Quoted, for Prefect would walk through it; once, while the project is locked.
    proof = quote(prove(project, Path(digest))) if names else None
    for name in names:
        state = deliver_to(context, digest, name, parts, proof, return_state=True)
        if not state.is_completed():
            why = mask_secrets(str(state.result(raise_on_failure=False)))
            emit(CHANNEL_FAILED, context, channel=name, why=why)
            failures.append(f"{name}: {why}")
    if failures:
        raise DeliveryError("; ".join(failures))


@task(task_run_name="retain", cache_policy=NO_CACHE, timeout_seconds=2 * HOUR)
def erase_old(context: RunContext) -> None:
    """Erase what is older than the settings allow and publish the receipt."""
    lines = retain(context.run()).lines()
    get_run_logger().info("\n".join(lines))
    artifacts.show_table(
        context, "receipt", [{"receipt": line} for line in lines], "What was erased"
    )


def read_sources(context: RunContext, names: Sequence[str]) -> None:
    """Read sources one after the other; one that fails does not keep the others from being read.

    Raises:
        SettingsError: no source was named, and none is configured.
        SourceError: some could not be read, whatever the reason; the message has them all.
    """
    sources_to_read = list(dict.fromkeys(names)) or list(context.project().settings.sources)
    if not sources_to_read:
        raise SettingsError(f"{context.folder}: no source is configured; see [sources.NAME]")
    failures = []
    for name in sources_to_read:
        state = read_source(context, name, return_state=True)
        if not state.is_completed():
            why = mask_secrets(str(state.result(raise_on_failure=False)))
            emit(SOURCE_FAILED, context, source=name, why=why)
            failures.append(f"{name}: {why}")
    if failures:
        raise SourceError("; ".join(failures))


def mine_stages(context: RunContext) -> None:
    """Do the stages of mining in their order."""
    for stage in STAGES:
        do_stage.with_options(timeout_seconds=time_limit(stage))(stage, context)
    artifacts.show_health(context, latest_checks(context.project().store))


@task(task_run_name="alerts", tags=["network"], cache_policy=NO_CACHE, timeout_seconds=HOUR)
def check_for_alerts(context: RunContext) -> None:
    """Look at what stands out now, and send what is new to the channels that want alerts.

    What could not be sent is tried again at the next check.
    """
    run, log = context.run(), get_run_logger()
    checked = alerts.check_alerts(run)
    for notice in checked.notices:
        log.warning(notice)
    artifacts.show_alerts(context, checked)
    for one in alerts.send_alerts(run):
        if one.status in ("failed", "maybe"):
            log.warning("%s: %s: %s", one.channel, one.status, one.detail)
            emit(CHANNEL_FAILED, context, channel=one.channel, why=one.detail)


def check_what_is_new(context: RunContext) -> None:
    """Read new posts as far as alerts want it, and check; before all was mined once, nothing."""
    if context.project().store.version("claims") is None:
        get_run_logger().info("alerts begin once all was mined")
        return
    for stage in FRESH:
        do_stage.with_options(timeout_seconds=time_limit(stage))(stage, context)
    check_for_alerts(context)


def _report(context: RunContext, what: str, outcome: Outcome) -> None:
    """Log the row account of a stage and publish it."""
    account, log = outcome.account, get_run_logger()
    how = "unchanged" if outcome.reused else f"{outcome.seconds:.1f} s"
    dropped = dict(account.dropped)
    log.info("%s: %s in, %s out, dropped %s (%s)", what, account.rows_in, account.rows_out,
             dropped, how)  # fmt: skip
    for notice in outcome.notices:
        log.warning(notice)
    artifacts.show_account(context, what, outcome)
