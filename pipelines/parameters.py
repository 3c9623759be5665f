"""Types of flow parameters: what they refuse, the server refuses before a run is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, WithJsonSchema

from feedbackminer.settings.sections import ChannelName, SourceName
from feedbackminer.vocabulary.editions import PartName

Folder = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Export = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Head = Literal["sentiment", "kinds", "severity", "tone"]
# Prefect's server does not look at formats, so the pattern says what a date is.
_DATE = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d{2}-\d{2}([T ].+)?$"}
Moment = Annotated[datetime, WithJsonSchema(_DATE)] | None
Length = Literal["week", "month", "quarter", "year", "all"] | None
Seed = Annotated[int, Field(ge=0)]

__all__ = [
    "ChannelName",
    "Export",
    "Folder",
    "Head",
    "Length",
    "Moment",
    "PartName",
    "Seed",
    "SourceName",
]
