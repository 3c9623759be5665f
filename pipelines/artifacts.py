"""What Prefect is told of a run: artifacts for people, events for automations.

Neither holds what members wrote or who they are: Prefect's database is no place that
``feedbackminer forget`` reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from feedbackminer.engine.stage import Outcome
from feedbackminer.steps.alerts import Checked
from pipelines.context import RunContext, slug
from pipelines.events import ALERT_TOLD, DIGEST_PUBLISHED, HEALTH_WARNING, INSIGHT_NEW, emit
from pipelines.published import Claim, Published


def show_account(context: RunContext, what: str, outcome: Outcome) -> None:
    """Publish the row account of a stage as a table."""
    account = outcome.account
    counts = [("in", account.rows_in), ("out", account.rows_out)]
    counts += [(f"dropped: {why}", n) for why, n in account.dropped.items()]
    show_table(
        context, f"account-{what}", [{"rows": name, "n": n} for name, n in counts], "Row account"
    )


def show_table(
    context: RunContext, name: str, rows: Sequence[Mapping[str, Any]], title: str
) -> None:
    """Publish a table; its key begins with the project's name."""
    create_table_artifact(
        [dict(row) for row in rows], key=f"{context.slug}-{slug(name)}", description=title
    )


def show_health(context: RunContext, checks: pl.DataFrame) -> None:
    """Publish the latest drift checks; an event for each that warns, once for the same data."""
    columns = ("check", "status", "value", "low", "high", "detail")
    show_table(context, "drift", checks.select(columns).to_dicts(), "Against the weeks before")
    warnings = checks.filter(pl.col("run_id") == context.run_id, pl.col("status") == "warning")
    for row in warnings.select(columns).to_dicts():
        emit(HEALTH_WARNING, context, **row)


def show_alerts(context: RunContext, checked: Checked) -> None:
    """Publish what stands out; an event for each alert of which a message was just written.

    What it is about may be a member's words, so it is told by its id.
    """
    columns = ("alert_id", "rule", "cause", "status", "n_members", "usual", "message")
    rows = [{name: getattr(alert, name) for name in columns} for alert in checked.alerts]
    if rows:
        show_table(context, "alerts", rows, f"Standing out at {checked.at:%Y-%m-%d %H:%M} UTC")
    for alert, row in zip(checked.alerts, rows, strict=True):
        if alert.told_at == checked.at:
            emit(ALERT_TOLD, context, **row)


def show_digest(context: RunContext, published: Published) -> None:
    """Link a digest, list its headlines, and announce each claim that is new."""
    page, claims, new = published.page, published.claims, published.new
    create_link_artifact(page.as_uri(), link_text="Open the digest", key=f"{context.slug}-digest")
    text = _listed("New since the digest before", new) + _listed("All", claims)
    create_markdown_artifact(f"{page}\n\n{text}", key=f"{context.slug}-headlines")

    for claim in new:
        editions = list(claim.get("editions") or ())
        emit(INSIGHT_NEW, context, claim_id=claim["claim_id"], headline=headline_for_prefect(claim),
             editions=editions, digest=str(page))  # fmt: skip
    emit(DIGEST_PUBLISHED, context, digest=str(page), claims=len(claims), new=len(new))


def _listed(title: str, claims: Iterable[Claim]) -> str:
    lines = "".join(f"- {headline_for_prefect(claim)}\n" for claim in claims)
    return f"## {title}\n\n{lines or 'none'}\n\n"


def headline_for_prefect(claim: Claim) -> str:
    """Return a headline without the words of a member that it may quote.

    What stands in Prefect's database no erasure reaches.
    """
    return str(claim["headline"]).replace(f"“{claim['quoted']}”", "“…”")
