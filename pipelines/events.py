"""Events for automations."""

from __future__ import annotations

from prefect.events import emit_event

from pipelines.context import RunContext

INSIGHT_NEW = "insight.new"
ALERT_TOLD = "alert.told"
HEALTH_WARNING = "health.warning"
SOURCE_FAILED = "source.failed"
CHANNEL_FAILED = "channel.failed"
DIGEST_PUBLISHED = "digest.published"
DIGEST_BLOCKED = "digest.blocked"


def emit(event: str, context: RunContext, /, **payload: object) -> None:
    """Emit ``feedbackminer.EVENT`` about the project, for automations to react to."""
    emit_event(
        f"feedbackminer.{event}",
        resource={
            "prefect.resource.id": f"feedbackminer.project.{context.slug}",
            "prefect.resource.name": context.slug,
            "feedbackminer.folder": str(context.path.resolve()),
        },
        payload={"run_id": context.run_id, **payload},
    )
