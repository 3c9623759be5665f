"""Events for automations."""

from __future__ import annotations

from prefect.events import emit_event

from pipelines.context import Place

INSIGHT_NEW = "insight.new"
HEALTH_WARNING = "health.warning"
SOURCE_FAILED = "source.failed"
DIGEST_PUBLISHED = "digest.published"
DIGEST_BLOCKED = "digest.blocked"


def tell(event: str, place: Place, /, **payload: object) -> None:
    """Emit ``feedbackminer.EVENT`` about the project, for automations to react to."""
    emit_event(
        f"feedbackminer.{event}",
        resource={
            "prefect.resource.id": f"feedbackminer.project.{place.slug}",
            "prefect.resource.name": place.slug,
            "feedbackminer.folder": str(place.path.resolve()),
        },
        payload={"run_id": place.run_id, **payload},
    )
