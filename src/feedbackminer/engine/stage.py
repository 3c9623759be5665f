"""A stage: what it reads and writes, and what else decides its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from feedbackminer.accounts import Account

COLLECT = "collect"
LIVE = "source:"  # how the fingerprint of a collect from a live source begins
MINING = ("clean", "embed", "topics", "tag", "signals", "insight", "health")


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    account: Account
    seconds: float
    reused: bool
    notices: tuple[str, ...] = ()
    detail: str = ""
    source: str = ""  # that a collect read


@dataclass(frozen=True)
class Work:
    """What a stage did: its row account, and what the reader should know."""

    account: Account
    notices: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
