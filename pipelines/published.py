"""What a digest brought that the one before it did not show."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedbackminer.engine.stage import Outcome

Claim = Mapping[str, Any]  # as digest.json has it


@dataclass(frozen=True)
class Published:
    """The claims that a digest shows, and those of them that the one before did not."""

    page: Path
    claims: Sequence[Claim]
    new: Sequence[Claim]


def publish(
    folder: Path, before: Path | None, write: Callable[[], Outcome]
) -> tuple[Outcome, Published]:
    """Have a digest written to a folder, and learn from its files what it shows and what is new.

    The one place where flows read a digest: once the step itself tells what it published, this
    module can go.

    Args:
        before: the folder of the digest before, which may be the same.
    """
    previous = {claim["claim_id"] for claim in (_claims_in(before) if before else ())}
    outcome = write()

    claims = _claims_in(folder)
    new = [claim for claim in claims if claim["claim_id"] not in previous]
    return outcome, Published((folder / "index.html").resolve(), claims, new)


def _claims_in(folder: Path) -> list[Claim]:
    """Return the claims that the digest in a folder shows; none where there is no digest."""
    file = folder / "digest.json"
    if not file.is_file():
        return []
    claims: list[Claim] = json.loads(file.read_text("utf-8"))["claims"]
    return [claim for claim in claims if claim.get("status", "shown") == "shown"]
