"""What Prefect is told of a run: artifacts for people, events for automations.

Neither holds what members wrote or who they are: Prefect's database is no place that
``feedbackminer forget`` reaches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from feedbackminer.engine.stage import Outcome
from pipelines.context import Place, slug
from pipelines.events import DIGEST_PUBLISHED, HEALTH_WARNING, INSIGHT_NEW, tell

QUOTED = re.compile(r"“[^”]*”")


def show_account(place: Place, what: str, outcome: Outcome) -> None:
    """Publish the row account of a stage as a table."""
    account = outcome.account
    rows = [("in", account.rows_in), ("out", account.rows_out)]
    rows += [(f"dropped: {why}", n) for why, n in account.dropped.items()]
    show_table(
        place, f"account-{what}", [{"rows": name, "n": n} for name, n in rows], "Row account"
    )


def show_table(place: Place, name: str, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Publish a table; its key begins with the project's name."""
    create_table_artifact(
        [dict(row) for row in rows], key=f"{place.slug}-{slug(name)}", description=title
    )


def show_health(place: Place, checks: pl.DataFrame) -> None:
    """Publish the latest drift checks; an event for each that warns, once for the same data."""
    columns = ("check", "status", "value", "low", "high", "detail")
    show_table(place, "drift", checks.select(columns).to_dicts(), "Against the weeks before")
    fresh = checks.filter(pl.col("run_id") == place.run_id, pl.col("status") == "warning")
    for row in fresh.select(columns).to_dicts():
        tell(HEALTH_WARNING, place, **row)


def show_digest(place: Place, out: Path, known: frozenset[str]) -> None:
    """Link a digest, list its headlines, and announce each claim that was not known before."""
    page, claims = (out / "index.html").resolve(), claims_in(out)
    create_link_artifact(page.as_uri(), link_text="Open the digest", key=f"{place.slug}-digest")
    fresh = [claim for claim in claims if claim["claim_id"] not in known]
    text = _listed("New since the digest before", fresh) + _listed("All", claims)
    create_markdown_artifact(f"{page}\n\n{text}", key=f"{place.slug}-headlines")
    for claim in fresh:
        editions = list(claim.get("editions") or ())
        tell(INSIGHT_NEW, place, claim_id=claim["claim_id"], headline=_headline(claim),
             editions=editions, digest=str(page))  # fmt: skip
    tell(DIGEST_PUBLISHED, place, digest=str(page), claims=len(claims), new=len(fresh))


def claims_in(out: Path) -> list[dict[str, Any]]:
    """Return the claims that the digest in a folder shows; none where there is no digest."""
    file = out / "digest.json"
    if not file.is_file():
        return []
    claims: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["claims"]
    return [claim for claim in claims if claim.get("status", "shown") == "shown"]


def ids_in(out: Path) -> frozenset[str]:
    """Return the ids of the claims that the digest in a folder shows."""
    return frozenset(claim["claim_id"] for claim in claims_in(out))


def _listed(title: str, claims: Iterable[Mapping[str, Any]]) -> str:
    lines = "".join(f"- {_headline(claim)}\n" for claim in claims)
    return f"## {title}\n\n{lines or 'none'}\n\n"


def _headline(claim: Mapping[str, Any]) -> str:
    """Return a headline without the words of a member that it may quote."""
    return QUOTED.sub("“…”", str(claim["headline"]))
