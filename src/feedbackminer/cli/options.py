"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectFolder = Annotated[
    Path, typer.Option("--project", help="Folder with the store and settings")
]
Config = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; default: the project's")
]
Identities = Annotated[
    Path | None,
    typer.Option("--identities", help="CSV or JSONL of source, author and person"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Write the log as JSON lines on stderr, and no progress")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON on stdout")]
